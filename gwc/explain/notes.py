"""What there is to say about one request at one control. Values of claims are those that were asked about; nothing here is a secret."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from gwc.controls.authorization_rule import AuthorizationRule, Side
from gwc.controls.forwarding import CLAIMS, CONSUMER, SUBJECT
from gwc.explain.asked import Asked
from gwc.explain.credentials import Credential
from gwc.explain.judge import Judged
from gwc.explain.stand_in import payload_of
from gwc.explain.words import claim_text, shown, side_text
from gwc.ir import Operation
from gwc.semantics import Fault, Refusal, mutual_tls
from gwc.semantics.authorization_rule import claim_of, text_of
from gwc.semantics.zone import zones_of


def certificate(judged: Judged) -> str:
    """Which certificate the client shows."""
    asked, shows = judged.gateway.listener_tls.client_certificates, judged.asked.certificate
    if asked is None:
        return ""
    if shows is None:
        return "no client certificate: no handshake, or 400 normalise.certificate" if judged.certificate_faults else "no client certificate"
    names = [*(f"uri:{u}" for u in shows.uris), *(f"dns:{d}" for d in shows.dns_names)]
    return f"a trusted client certificate with {', '.join(names) or 'no alternative names'}"


def target(judged: Judged) -> str:
    """What is wrong with the target."""
    if any(f.reason == "normalise.uri" for f in judged.faults):
        return f"the target has {0 if isinstance(judged.request, Refusal) else len(judged.request.target)} bytes"
    return "the target is not in its one canonical spelling" if any(f.reason == "normalise.path" for f in judged.faults) else ""


def route(judged: Judged) -> str:
    """What the path has instead."""
    allow = next((v for f in judged.faults for k, v in f.headers if f.reason == "route.method" and k == "allow"), "")
    return f"the path has {allow}" if allow else ""


def verified(judged: Judged, scheme: str) -> str:
    """Whom a good credential stands for."""
    identity = judged.identity
    control = next((c for c, _ in identity.tokens if c.scheme == scheme), None)
    if control is None:
        return f"consumer {consumer_of(judged, scheme)}"
    scopes = " ".join(sorted(identity.schemes[scheme])) or "none"
    return f"subject {identity.subject}, scopes: {scopes}"


def consumer_of(judged: Judged, scheme: str) -> str:
    """The consumer whose credential was presented for the scheme."""
    mapping = next((c for c in judged.gateway.mutual_tls if c.scheme == scheme), None)
    found = mutual_tls.consumer_of(mapping, judged.asked.certificate) if mapping else named(judged.asked).get(scheme)
    return found or "-"


def named(asked: Asked) -> dict[str, str]:
    """The consumer whose key was asked about, by scheme."""
    return dict([*asked.keys, *([asked.basic] if asked.basic else [])])


def broken(judged: Judged, found: Credential) -> str:
    """What is wrong with a credential."""
    if found.unfit and not found.faults:
        return f"the token is none of this scheme ({', '.join(found.unfit)}), but of another"
    owner = named(judged.asked).get(found.scheme)
    if owner is not None:
        return f"no key of consumer {owner} is valid at that time"
    rest = [f.reason for f in found.faults[1:]]
    parts = [*_at_fault(judged, found.faults[0].reason if found.faults else ""), *([f"also {', '.join(rest)}"] if rest else [])]
    return "; ".join(parts)


_CLAIMS_OF = MappingProxyType(
    {
        "authn.claims": ("iss", "aud", "sub", "exp", "nbf", "iat", "jti"),
        "authn.expired": ("exp",),
        "authn.notBefore": ("nbf",),
        "authn.issuedAt": ("iat",),
        "authn.lifetime": ("iat", "exp"),
        "authn.issuer": ("iss",),
        "authn.audience": ("aud",),
        "authn.subject": ("sub",),
    }
)
"""Reason -> the claims that it is about."""


def _at_fault(judged: Judged, reason: str) -> list[str]:
    """The claims that the reason is about, as the token has them."""
    asked = judged.asked.token
    control = next((c for c in judged.stand_in.original.jwts if asked and c.scheme == asked.scheme), None)
    if asked is None or control is None:
        return []
    payload = payload_of(control, asked.claims, judged.asked.now_s)
    return [f"{name} is {shown(payload[name])}" for name in _CLAIMS_OF.get(reason, ()) if name in payload]


def forwarded(judged: Judged) -> str:
    """What the upstream sees, apart from the values of the client's own fields."""
    if judged.decision.forwarded is None:
        return ""
    known = {**dict.fromkeys(("host", "x-forwarded-for", SUBJECT, CONSUMER)), CLAIMS: "the payload of the token"}
    headers = judged.decision.forwarded.headers
    target = judged.decision.forwarded.target
    told = [f"{judged.asked.method} {judged.asked.path}{' with its query' if '?' in target else ''}"]
    told += [f"{_title(n)}: {known[n] or v}" for n, v in headers if n in known]
    told += ["the token in Authorization"] if any(n == "authorization" for n, _ in headers) else []
    names = [n for n, _ in judged.asked.headers]
    passed, gone = ([n for n in names if any(n.lower() == h for h, _ in headers) is there] for there in (True, False))
    told += [f"of the client's fields {', '.join(passed)}"] if passed else []
    return f"the upstream sees {', '.join(told)}" + (f"; removed: {', '.join(gone)}" if gone else "")


def _title(name: str) -> str:
    return "-".join("WWW" if part == "www" else part.capitalize() for part in name.split("-"))


def answered(judged: Judged) -> str:
    """The gateway's own answer."""
    decision = judged.decision
    headers = "".join(f", {_title(name)} {value}" for name, value in decision.headers)
    return f"answers {decision.status} with the reason {decision.reason}{headers}" if decision.status > 0 else ""


def caller(judged: Judged) -> str:
    """Who the upstream will believe is calling, as a relative clause."""
    subject, consumer = judged.decision.subject, judged.decision.consumer
    known = [f"subject {subject} ({_title(SUBJECT)})"] if subject != "-" else []
    known += [f"consumer {consumer} ({_title(CONSUMER)})"] if consumer != "-" else []
    return f"which will believe the caller is {' and '.join(known)}" if known else "which is told of no caller"


def security(judged: Judged, faults: Sequence[Fault]) -> str:
    """What of the alternatives there is."""
    reasons = {f.reason for f in faults}
    there = [f"{scheme} with {scopes_text(scopes)}" if scopes else scheme for scheme, scopes in sorted(judged.identity.schemes.items())]
    if "authn.missing" in reasons:
        return f"verified: {', '.join(there) or 'nobody'}"
    if "authz.consumer" in reasons:
        return f"credentials of several consumers: {', '.join(sorted(judged.identity.consumers))}"
    return f"verified: {', '.join(there)}" if "authz.scope" in reasons else ""


def scopes_text(scopes: Iterable[str]) -> str:
    """`scope a b`."""
    return f"scope {' '.join(sorted(scopes))}"


def rule(judged: Judged, operation: Operation, name: str, faults: Sequence[Fault]) -> str:
    """What of the request the rule does not like."""
    one = next(r for r in judged.gateway.rules if r.id == name)
    reasons = {f.reason for f in faults}
    identity = judged.identity
    parts = [
        f"scopes: {' '.join(sorted(identity.scopes)) or 'none'}" if "authz.scope" in reasons else "",
        f"roles: {', '.join(sorted(identity.roles)) or 'none'}" if "authz.role" in reasons else "",
        f"consumer: {identity.consumer if identity.consumer != '-' else 'none'}" if "authz.consumer" in reasons else "",
        _zones(judged) if "authz.zone" in reasons else "",
        *(_claims(judged, one) if "authz.claim" in reasons else ()),
        *(_sides(judged, operation, pair) for pair in one.equal if "authz.object" in reasons),
    ]
    return "; ".join(p for p in parts if p)


def _zones(judged: Judged) -> str:
    found = sorted(zones_of(judged.gateway.zones, judged.client))
    return f"{judged.client} is in {'zone ' + ', '.join(found) if found else 'no zone'}"


def _claims(judged: Judged, one: AuthorizationRule) -> list[str]:
    return [f"{claim_name(judged, c.name)} is {_value(claim_of(judged.identity, c.name))}" for c in one.claims]


def claim_name(judged: Judged, name: str) -> str:
    """The path of the claim that the policy calls so, by the scheme that counts."""
    tokens = judged.identity.tokens
    return claim_text(dict(tokens[0][0].claims).get(name, (name,)) if tokens else (name,))


def _value(value: object) -> str:
    return "not there" if value is None else shown(value)


def _sides(judged: Judged, operation: Operation, pair: tuple[Side, Side]) -> str:
    texts = [text_of(side, operation, judged.identity, judged.asked.path) for side in pair]
    return ", ".join(
        f"{side_text(side)} is {'not there, or no text' if text is None else shown(text.decode('utf-8', 'replace'))}"
        for side, text in zip(pair, texts, strict=True)
    )


def zone(judged: Judged, name: str) -> str:
    """Whether the client is in the zone."""
    is_inside = name in zones_of(judged.gateway.zones, judged.client)
    return f"{judged.client} is {'' if is_inside else 'not '}in it"


def body(judged: Judged) -> str:
    """What body there is."""
    if isinstance(judged.request, Refusal):
        return ""
    types, size = judged.request.values("content-type"), len(judged.request.body)
    if not size:
        return "there is none"
    assumed = ", assumed: say otherwise with --body-type and --body-bytes" if judged.asked.body is None else ""
    return f"{size} bytes of {', '.join(types) or 'no media type'}{assumed}"


def validation(judged: Judged) -> str:
    """What does not hold, or that nobody said what is in the body."""
    found = next((f for f in judged.faults if f.reason.startswith("validate.")), None)
    if found is not None:
        return "; ".join(f"{place} {pointer or '(whole)'}: {keyword}" for place, pointer, keyword in found.errors)
    body = judged.asked.body
    is_unknown = not isinstance(judged.request, Refusal) and judged.request.body and (body is None or body.content is None)
    return "the body is taken to be valid: say what is in it with --body" if is_unknown else ""


def presents(judged: Judged) -> str:
    """What the caller presents."""
    asked, shows = judged.asked, judged.asked.certificate
    filled = [n for n in ("aud", "exp", "iat", "iss", "sub") if asked.token and n not in asked.token.claims]
    parts = [f"a token for scheme {asked.token.scheme}" + (f" ({', '.join(filled)} filled in)" if filled else "")] if asked.token else []
    parts += [f"a key of {consumer} for scheme {scheme}" for scheme, consumer in asked.keys]
    parts += [f"Basic with a key of {asked.basic[1]} for scheme {asked.basic[0]}"] if asked.basic else []
    parts += [certificate(judged)] if shows is not None else []
    return ", ".join(parts) or "no credential"
