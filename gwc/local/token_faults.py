"""Broken tokens, one fault each: what a gateway must refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gwc.controls.jwt import MAX_LIFETIME_S
from gwc.local import forged_tokens
from gwc.local.forged_tokens import Break, decoded
from gwc.local.identity_provider import IdentityProvider, TokenRequest, part
from gwc.semantics.base64url import encode


def broken_token(provider: IdentityProvider, wanted: TokenRequest, name: str) -> str:
    """The token with the fault `name` of `FAULTS`, `TYPE_FAULTS` or `LIFETIME_FAULTS`."""
    return {**FAULTS, **TYPE_FAULTS, **LIFETIME_FAULTS}[name](provider, wanted)


def _header(**changed: object) -> Break:
    """Members of the header replaced; None removes one."""
    return lambda idp, want: idp.sign(_merged(want.header, changed), want.payload, want.algorithm)


def _claims(**changed: object) -> Break:
    """Claims replaced; None removes one."""
    return lambda idp, want: idp.sign(want.header, _merged(want.payload, changed), want.algorithm)


def _text(change: Callable[[str, str, str], str]) -> Break:
    """The three parts of a good token put together in another way."""
    return lambda idp, want: change(*idp.token(want).split("."))


def _merged(base: Mapping[str, object], changed: Mapping[str, object]) -> dict[str, object]:
    return {k: v for k, v in {**base, **changed}.items() if v is not None}


def _encoded(header: Callable[[TokenRequest], str], payload: Callable[[TokenRequest], str]) -> Break:
    return lambda idp, want: idp.sign_parts(header(want), payload(want), want.algorithm)


def _good_header(want: TokenRequest) -> str:
    return part(want.header)


def _good_payload(want: TokenRequest) -> str:
    return part(want.payload)


def _raw_payload(text: str) -> Break:
    return _encoded(_good_header, lambda _: encode(text.encode()))


def _doubled(value: dict[str, object], member: str) -> str:
    """The object with `member`, as it is written in JSON, a second time at the end."""
    return encode(decoded(part(value))[:-1] + f',"{member}":"x"}}'.encode())


FAULTS: Mapping[str, Break] = MappingProxyType(
    {
        "expired": lambda idp, want: _claims(exp=want.now_s - 3600)(idp, want),
        "noExp": _claims(exp=None),
        "expText": _claims(exp="4102444800"),
        "expNull": lambda idp, want: idp.sign(want.header, {**want.payload, "exp": None}, want.algorithm),
        "expBoolean": _claims(exp=True),
        "expHuge": _claims(exp=10**30),
        "expNegative": _claims(exp=-1),
        "expBeyond": _claims(exp=2**53),
        "iatText": _claims(iat="0"),
        "iatFuture": lambda idp, want: _claims(iat=want.now_s + 3600)(idp, want),
        "jtiNumber": _claims(jti=7),
        "issuerNumber": _claims(iss=7),
        "issuerList": lambda idp, want: _claims(iss=[want.issuer])(idp, want),
        "audienceNumber": _claims(aud=7),
        "audienceMixed": lambda idp, want: _claims(aud=[want.audience, 7])(idp, want),
        "audienceObject": _claims(aud={"a": "b"}),
        "notYet": lambda idp, want: _claims(nbf=want.now_s + 3600)(idp, want),
        "nbfText": _claims(nbf="0"),
        "wrongIssuer": _claims(iss="https://evil.example/"),
        "issuerPrefix": lambda idp, want: _claims(iss=want.issuer + "x")(idp, want),
        "noIssuer": _claims(iss=None),
        "wrongAudience": _claims(aud="https://other.example"),
        "audienceList": _claims(aud=["https://other.example", "x"]),
        "audienceEmpty": _claims(aud=[]),
        "noAudience": _claims(aud=None),
        "noSubject": _claims(sub=None),
        "emptySubject": _claims(sub=""),
        "longSubject": _claims(sub="s" * 256),
        "subjectWithSpace": _claims(sub="a b"),
        "subjectNobody": _claims(sub="-"),
        "subjectWithNewline": _claims(sub="a\nb"),
        "subjectNumber": _claims(sub=7),
        "unknownKid": _header(kid="nobody"),
        "noKid": _header(kid=None),
        "kidNumber": _header(kid=7),
        "kidOfOtherKey": forged_tokens.kid_of_other_key,
        "keyOfOtherAlgorithm": forged_tokens.key_of_other_algorithm,
        "algNone": _header(alg="none"),
        "algMissing": _header(alg=None),
        "algRs512": lambda idp, want: _header(alg="RS512" if want.algorithm != "RS512" else "RS256")(idp, want),
        "algNoneUnsigned": lambda idp, want: _header(alg="none")(idp, want).rpartition(".")[0] + ".",
        "algNoneSpelling": _header(alg="nOnE"),
        "algSpelling": lambda idp, want: _header(alg=want.algorithm.swapcase())(idp, want),
        "algNumber": _header(alg=256),
        "confusion": forged_tokens.confused("pem"),
        "confusionDer": forged_tokens.confused("der"),
        "crit": _header(crit=["exp"]),
        "critEmpty": _header(crit=[]),
        "critB64": _header(b64=False, crit=["b64"]),
        "foreignKey": forged_tokens.foreign,
        "embeddedJwk": forged_tokens.embedded("jwk"),
        "jku": forged_tokens.embedded("jku"),
        "x5u": forged_tokens.embedded("x5u"),
        "keyOfOtherCurve": forged_tokens.key_of_other_curve,
        "otherScheme": forged_tokens.other_scheme,
        "derSignature": forged_tokens.der,
        "zeroSignature": forged_tokens.other_signature(lambda s: bytes(len(s))),
        "shortSignature": forged_tokens.other_signature(lambda s: s[:-1]),
        "longSignature": forged_tokens.other_signature(lambda s: s + b"\0"),
        "tampered": forged_tokens.other_signature(forged_tokens.flipped),
        "otherPayload": forged_tokens.other_payload,
        "noSignature": _text(lambda h, p, _: f"{h}.{p}."),
        "twoParts": _text(lambda h, p, _: f"{h}.{p}"),
        "fourParts": _text(lambda h, p, s: f"{h}.{p}.{s}.{s}"),
        "padding": _text(lambda h, p, s: f"{h}.{p}.{s}=="),
        "nonCanonicalTail": forged_tokens.not_canonical,
        "spaceInside": _text(lambda h, p, s: f"{h}. {p}.{s}"),
        "notBase64": _text(lambda h, p, s: f"{h}.{p}.{s[:-2]}*{s[-1]}"),
        "payloadArray": _raw_payload("[]"),
        "payloadNull": _raw_payload("null"),
        "payloadNotJson": _raw_payload("{"),
        "payloadEmpty": _raw_payload(""),
        "headerNotJson": _encoded(lambda _: encode(b"{"), _good_payload),
        "headerTwice": _encoded(lambda want: _doubled(want.header, "kid"), _good_payload),
        "headerTwiceEscaped": _encoded(lambda want: _doubled(want.header, "k\\u0069d"), _good_payload),
        "algTwice": _encoded(lambda want: _doubled(want.header, "alg"), _good_payload),
        "claimTwice": _encoded(_good_header, lambda want: _doubled(want.payload, "sub")),
        "claimTwiceEscaped": _encoded(_good_header, lambda want: _doubled(want.payload, "s\\u0075b")),
        "claimTwiceInside": _encoded(_good_header, lambda want: encode(decoded(part(want.payload))[:-1] + b',"x":{"a":1,"a":1}}')),
        "notUtf8": _encoded(_good_header, lambda want: encode(decoded(part(want.payload))[:-1] + b',"x":"\xff"}')),
        "garbage": lambda _idp, _want: "garbage",
        "empty": lambda _idp, _want: "",
    }
)
"""By name, in the spelling of `fault:` in the tests' request files."""

TYPE_FAULTS: Mapping[str, Break] = MappingProxyType(
    {
        "typWrong": _header(typ="JWT"),
        "noTyp": _header(typ=None),
        "typNumber": _header(typ=7),
        "typList": lambda idp, want: _header(typ=[want.typ])(idp, want),
        "typLonger": lambda idp, want: _header(typ=f"{want.typ}x")(idp, want),
        "typWithSpace": lambda idp, want: _header(typ=f"{want.typ} ")(idp, want),
        "typPrefixTwice": lambda idp, want: _header(typ=f"application/application/{want.typ}")(idp, want),
    }
)
"""Faults for a policy that demands a `typ` other than `JWT`."""

LIFETIME_FAULTS: Mapping[str, Break] = MappingProxyType(
    {
        "noIat": _claims(iat=None),
        "longLived": lambda idp, want: _claims(exp=want.now_s + MAX_LIFETIME_S + 1)(idp, want),
        "longAgo": lambda idp, want: _claims(iat=want.now_s - MAX_LIFETIME_S)(idp, want),
    }
)
"""Faults for a policy that demands a maximum lifetime, whatever it is: a policy can't ask for more than MAX_LIFETIME_S."""
