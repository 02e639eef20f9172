"""Which credentials could be presented, repaired or left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gwc.controls.api_key import ApiKey, KeyDigest
from gwc.controls.authorization_rule import AuthorizationRule
from gwc.controls.basic import Basic
from gwc.controls.jwt import Jwt
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.controls.side import ConsumerSide
from gwc.explain.asked import Asked
from gwc.explain.change import MAX_VALUES, Apply, Change, Words, editing, one_of, plain, setting
from gwc.explain.change_claims import scopes_text, with_scopes
from gwc.explain.credentials import Credential, credentials
from gwc.explain.judge import Judged
from gwc.explain.notes import named
from gwc.explain.words import carrier
from gwc.ir import Operation
from gwc.semantics import Certificate
from gwc.semantics.api_key import out_of_time
from gwc.semantics.authorization_rule import text_of

_REGISTERED = ("iss", "aud", "sub", "exp", "nbf", "iat", "jti")
_REPAIRS: Mapping[str, tuple[Sequence[str], Callable[[Jwt], str]]] = MappingProxyType(
    {
        "authn.claims": (_REGISTERED, lambda _: "give the registered claims (iss, aud, sub, exp, nbf, iat, jti) the types of RFC 7519"),
        "authn.expired": (("exp", "iat"), lambda _: "present a token that has not expired (exp)"),
        "authn.notBefore": (("nbf",), lambda _: "present a token that is valid already (nbf)"),
        "authn.issuedAt": (("iat",), lambda _: "present a token that was not issued in the future (iat)"),
        "authn.lifetime": (("exp", "iat"), lambda c: f"present a token that lives at most {c.max_lifetime_s} s from its iat to its exp"),
        "authn.issuer": (("iss",), lambda c: f"present a token whose iss is {c.issuer}"),
        "authn.audience": (("aud",), lambda c: f"present a token for the audience (aud) {one_of(c.audiences)}"),
        "authn.subject": (("sub",), lambda _: "present a token whose sub is 1 to 255 visible ASCII characters, and not a hyphen alone"),
    }
)
"""Reason -> the claims that are at fault, and what to do about them."""


def missing(judged: Judged) -> Iterator[Change]:
    """Every credential that an alternative of the operation's security lacks."""
    for alternative in judged.operation.security.alternatives if judged.operation else ():
        for requirement in alternative:
            if requirement.scheme not in judged.identity.schemes:
                yield from present(judged, requirement.scheme, requirement.scopes)


def present(judged: Judged, scheme: str, scopes: Sequence[str] = (), only: Collection[str] | None = None) -> Iterator[Change]:
    """Good credentials for the scheme; `only` those of certain consumers, otherwise those that promise most."""
    original = judged.stand_in.original
    for jwt in (c for c in original.jwts if c.scheme == scheme and only is None):
        yield _token(judged, jwt, scopes)
    for key in (c for c in original.api_keys if c.scheme == scheme):
        yield from _keys(judged, key, only)
    for login in (c for c in original.basics if c.scheme == scheme):
        yield from _basics(judged, login, only)
    for mapping in (c for c in original.mutual_tls if c.scheme == scheme):
        yield from _certificates(judged, mapping, only)


def _token(judged: Judged, control: Jwt, scopes: Sequence[str]) -> Change:
    wanted = sorted({*scopes, *rule_scopes(judged)})
    words = f"present a token of {control.issuer} for {one_of(control.audiences)} (scheme {control.scheme})"
    words += f" with {scopes_text(control, wanted)}" if wanted else ""
    return Change(f"token:{control.scheme}", "", plain(words), _with_token(control, wanted), 2, ("leave:authorization",))


def _with_token(control: Jwt, scopes: Sequence[str]) -> Apply:
    """Presents a token that says what the earlier one says, apart from what depends on the scheme."""

    def apply(asked: Asked) -> Asked:
        before = {k: v for k, v in asked.token.claims.items() if k not in _REGISTERED} if asked.token else {}
        return asked.with_token(control.scheme, with_scopes(before, control, scopes))

    return apply


def rule_scopes(judged: Judged) -> frozenset[str]:
    """The scopes that rules ask for."""
    return frozenset(scope for rule in rules_of(judged) for scope in rule.scopes)


def rules_of(judged: Judged) -> tuple[AuthorizationRule, ...]:
    """The rules that cover the operation."""
    return tuple(r for r in judged.gateway.rules if judged.operation is not None and judged.operation.key in r.operations)


def _keys(judged: Judged, control: ApiKey, only: Collection[str] | None) -> Iterator[Change]:
    live = _live(control.keys, judged.asked.now_s)
    words = _whose("a key", f" (scheme {control.scheme}, {carrier(control)})", live)
    for consumer in promising(judged, live, only):
        yield Change(f"credential:{control.scheme}", consumer, words, _with_key(control.scheme, consumer), 2, (f"leave:{control.scheme}",))


def _with_key(scheme: str, consumer: str) -> Apply:
    return lambda asked: asked.with_key(scheme, consumer)


def _basics(judged: Judged, control: Basic, only: Collection[str] | None) -> Iterator[Change]:
    live = _live(control.keys, judged.asked.now_s)
    words = _whose("Basic with a generated key", f" (scheme {control.scheme})", live)
    for consumer in promising(judged, live, only):
        yield Change(f"credential:{control.scheme}", consumer, words, _with_basic(control.scheme, consumer), 2, ("leave:authorization",))


def _with_basic(scheme: str, consumer: str) -> Apply:
    return setting(basic=(scheme, consumer), token=None)


def _live(keys: Iterable[KeyDigest], now_s: float) -> frozenset[str]:
    return frozenset(k.consumer for k in keys if not list(out_of_time(k, now_s)))


def _whose(what: str, where: str, everybody: Collection[str]) -> Words:
    def words(values: Sequence[str]) -> str:
        if len(values) > 1 and len(values) == len(everybody):
            return f"present {what} of any consumer, such as {values[0]}{where}"
        return f"present {what} of {one_of(values)}{where}"

    return words


def _certificates(judged: Judged, control: MutualTls, only: Collection[str] | None) -> Iterator[Change]:
    names = {n.consumer: n for n in reversed(control.names)}
    words = _whose_certificate(control.scheme, names)
    for consumer in promising(judged, names, only):
        yield Change(f"credential:{control.scheme}", consumer, words, _with_certificate(names[consumer]), 2, (f"leave:{control.scheme}",))


def _whose_certificate(scheme: str, names: Mapping[str, CertificateName]) -> Words:
    def words(values: Sequence[str]) -> str:
        one = names[values[0]]
        return _whose("a client certificate", f" (scheme {scheme}, {one.kind}:{one.value})", names)(values)

    return words


def _with_certificate(name: CertificateName) -> Apply:
    certificate = Certificate(uris=(name.value,)) if name.kind == "uri" else Certificate(dns_names=(name.value,))
    return setting(certificate=certificate)


def for_listener(judged: Judged) -> Iterator[Change]:
    """A certificate, where the listener insists on one."""
    asked = judged.gateway.listener_tls.client_certificates
    if asked is None or not judged.certificate_faults:
        return
    for control in judged.gateway.mutual_tls:
        yield from _certificates(judged, control, None)
    yield Change(
        "certificate", "", plain(f"present a client certificate that {asked.ca.path} certifies"), setting(certificate=Certificate()), 3
    )


def promising(judged: Judged, known: Iterable[str], only: Collection[str] | None) -> list[str]:
    """The consumers worth trying: of those who are there already, else those whom the rules like best."""
    there = judged.identity.consumers
    allowed = [c for c in sorted(known) if only is None or c in only]
    same = [c for c in allowed if c in there] if only is None else []
    liked = {c: -_liking(judged, c) for c in allowed}
    return (same or sorted(allowed, key=lambda c: (liked[c], c)))[:MAX_VALUES]


def _liking(judged: Judged, consumer: str) -> int:
    """How many wishes of rules the consumer fulfils."""
    operation, roles = judged.operation, next((set(c.roles) for c in judged.gateway.consumers if c.id == consumer), set())
    if operation is None:
        return 0
    rules = rules_of(judged)
    named = sum(consumer in r.consumers for r in rules) + sum(bool(roles & set(r.roles)) for r in rules)
    return named + sum(_is_other_side(judged, operation, r, consumer) for r in rules)


def _is_other_side(judged: Judged, operation: Operation, rule: AuthorizationRule, consumer: str) -> bool:
    sides = [side for pair in rule.equal if ConsumerSide() in pair for side in pair if side != ConsumerSide()]
    return any(text_of(s, operation, judged.identity, judged.asked.path) == consumer.encode() for s in sides)


def repaired(judged: Judged) -> Iterator[Change]:
    """The token without the first thing that is wrong with it, or a token of a scheme that the operation takes."""
    asked = judged.asked.token
    for found in credentials(judged):
        control = next((c for c in judged.stand_in.original.jwts if c.scheme == found.scheme), None)
        if control is None or not found.faults:
            continue
        reason = found.faults[0].reason
        if asked is not None and asked.scheme == found.scheme and reason in _REPAIRS:
            names, words = _REPAIRS[reason]
            yield Change(f"token:{reason}", "", plain(words(control)), editing(_without(names)), 1)
        else:
            yield from present(judged, found.scheme, _wanted(judged, found.scheme))


def _without(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda claims: {k: v for k, v in claims.items() if k not in names}


def _wanted(judged: Judged, scheme: str) -> tuple[str, ...]:
    alternatives = judged.operation.security.alternatives if judged.operation else ()
    return next((r.scopes for a in alternatives for r in a if r.scheme == scheme), ())


def replaced(judged: Judged) -> Iterator[Change]:
    """Another credential in the place of each broken one that is no token."""
    tokens = {c.scheme for c in judged.gateway.jwts}
    for found in credentials(judged):
        if found.faults and found.scheme not in tokens:
            yield from present(judged, found.scheme)


def renewed(judged: Judged) -> Iterator[Change]:
    """A new key for a consumer who has none that is valid now."""
    for found in credentials(judged):
        owner = named(judged.asked).get(found.scheme)
        if found.faults and owner is not None:
            text = f"give the consumer {owner} a new key (gwc keys rotate) and present that"
            yield Change("renewed", owner, plain(text), setting(renewed=(*judged.asked.renewed, owner)), 1)


def left_out(judged: Judged) -> Iterator[Change]:
    """Without one of the credentials that are broken, or that belong to another consumer than the rest."""
    several = len(judged.identity.consumers) > 1
    tokens = {c.scheme for c in judged.gateway.jwts}
    for found in credentials(judged):
        if found.faults or (several and found.is_verified and found.scheme not in tokens):
            yield _leave_out(judged, found)


def _leave_out(judged: Judged, found: Credential) -> Change:
    asked, scheme = judged.asked, found.scheme
    keys = tuple(k for k in asked.keys if k[0] != scheme)
    if len(keys) < len(asked.keys):
        return Change(f"leave:{scheme}", "", plain(f"leave out the API key of scheme {scheme}"), setting(keys=keys), 3)
    if any(c.scheme == scheme for c in judged.gateway.mutual_tls):
        return Change(f"leave:{scheme}", "", plain("leave out the client certificate"), setting(certificate=None), 3)
    return Change("leave:authorization", "", plain("leave out Authorization"), setting(token=None, basic=None), 3)
