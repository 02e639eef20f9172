"""Broken tokens, one fault each: what a gateway must refuse."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType

from gwc.local.identity_provider import KIDS, IdentityProvider, TokenRequest, encode, part

Break = Callable[[IdentityProvider, TokenRequest], str]

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def broken_token(provider: IdentityProvider, wanted: TokenRequest, name: str) -> str:
    """The token with the fault `name` of `FAULTS`."""
    return FAULTS[name](provider, wanted)


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


def _doubled(encoded_object: dict[str, object], member: str) -> str:
    """The object with `member` written a second time at the end."""
    first = part(encoded_object)
    return encode(_decoded(first)[:-1] + f',"{member}":"x"}}'.encode())


def _decoded(text: str) -> bytes:
    import base64  # noqa: PLC0415

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _flipped(text: str) -> str:
    """Another character in the middle: other bytes, still canonical."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _other_tail(text: str) -> str:
    """The last character with one of its unused bits set (64 and 256 bytes leave four of them): the same bytes, not canonical."""
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) + 1]


def _confused(idp: IdentityProvider, want: TokenRequest) -> str:
    """HMAC with the public key's text as the secret (RFC 8725, section 2.1)."""
    signed = f"{part({**want.header, 'alg': 'HS256'})}.{_good_payload(want)}"
    secret = str(idp.jwks()).encode()
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _foreign(_: IdentityProvider, want: TokenRequest) -> str:
    return IdentityProvider().token(want)


def _der(idp: IdentityProvider, want: TokenRequest) -> str:
    """An ECDSA signature as ASN.1, as it is not allowed in a JWS."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415

    header, payload, _ = idp.token(want).split(".")
    raw = idp.signature(f"{header}.{payload}".encode(), "ES256")
    return f"{header}.{payload}.{encode(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))}"


def _key_of_other_algorithm(idp: IdentityProvider, want: TokenRequest) -> str:
    """The kid of one key, algorithm and signature of the other."""
    other = "RS256" if want.algorithm == "ES256" else "ES256"
    return idp.sign({**want.header, "alg": other}, want.payload, other)  # type: ignore[arg-type]


def _swapped(idp: IdentityProvider, want: TokenRequest) -> str:
    """The signature of one payload under another."""
    header, _, signature = idp.token(want).split(".")
    return f"{header}.{part({**want.payload, 'sub': 'root'})}.{signature}"


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
        "kidOfOtherKey": lambda idp, want: _header(kid=KIDS["RS256" if want.algorithm == "ES256" else "ES256"])(idp, want),
        "keyOfOtherAlgorithm": _key_of_other_algorithm,
        "algNone": _header(alg="none"),
        "algMissing": _header(alg=None),
        "algRs512": _header(alg="RS512"),
        "confusion": _confused,
        "crit": _header(crit=["exp"]),
        "critEmpty": _header(crit=[]),
        "foreignKey": _foreign,
        "derSignature": _der,
        "tampered": _text(lambda h, p, s: f"{h}.{p}.{_flipped(s)}"),
        "otherPayload": _swapped,
        "noSignature": _text(lambda h, p, _: f"{h}.{p}."),
        "twoParts": _text(lambda h, p, _: f"{h}.{p}"),
        "fourParts": _text(lambda h, p, s: f"{h}.{p}.{s}.{s}"),
        "padding": _text(lambda h, p, s: f"{h}.{p}.{s}=="),
        "nonCanonicalTail": _text(lambda h, p, s: f"{h}.{p}.{_other_tail(s)}"),
        "spaceInside": _text(lambda h, p, s: f"{h}. {p}.{s}"),
        "notBase64": _text(lambda h, p, s: f"{h}.{p}.{s[:-2]}*{s[-1]}"),
        "payloadArray": _raw_payload("[]"),
        "payloadNull": _raw_payload("null"),
        "payloadNotJson": _raw_payload("{"),
        "payloadEmpty": _raw_payload(""),
        "headerNotJson": _encoded(lambda _: encode(b"{"), _good_payload),
        "headerTwice": _encoded(lambda want: _doubled(want.header, "kid"), _good_payload),
        "claimTwice": _encoded(_good_header, lambda want: _doubled(want.payload, "sub")),
        "notUtf8": _encoded(_good_header, lambda want: encode(_decoded(part(want.payload))[:-1] + b',"x":"\xff"}')),
        "garbage": lambda _idp, _want: "garbage",
        "empty": lambda _idp, _want: "",
    }
)
"""By name, in the spelling of `fault:` in the tests' request files."""
