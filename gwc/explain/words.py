"""What controls ask for, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from gwc.controls.api_key import ApiKey, KeyDigest
from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition, ClaimSide, Side
from gwc.controls.body import Body
from gwc.controls.consumer import Consumer
from gwc.controls.jwt import FileKeys, Jwt, KeySource, RemoteKeys
from gwc.controls.listener_tls import ListenerTls
from gwc.controls.mutual_tls import MutualTls
from gwc.controls.network_rule import NetworkRule
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import ClientAddress, KeyPart, part_text
from gwc.controls.security import Security
from gwc.controls.side import PathSide
from gwc.controls.upstream import Upstream, VerifiedTls
from gwc.controls.validation import Validation

_NAMED = 8


def listener_text(listener: ListenerTls) -> str:
    """Where connections arrive, and what they must bring."""
    asked = listener.client_certificates
    certificates = f", client certificates {asked.mode}, of {asked.ca.path}" if asked else ""
    return f"{listener.address} port {listener.port}, {listener.profile}{certificates}"


def jwt_text(jwt: Jwt) -> str:
    """Which tokens are taken."""
    lifetime = f", living at most {jwt.max_lifetime_s} s" if jwt.max_lifetime_s is not None else ""
    typ = f", typ {jwt.typ}" if jwt.typ is not None else ""
    kinds = f"{any_of(jwt.audiences)}, {any_of(jwt.algorithms)}{typ}{lifetime}"
    return f"token of {jwt.issuer} for {kinds}, {_source(jwt.source)}"


def _source(source: KeySource) -> str:
    if isinstance(source, FileKeys):
        return f"keys {', '.join(k.kid for k in source.keys)}"
    if isinstance(source, RemoteKeys):
        where = f"https://{source.authority}{source.path}"
        return f"keys from {where}, fetched anew after {source.cache_for_s} s, at most {source.max_stale_s} s stale"
    return f"shared keys in {source.file.path}"


def api_key_text(control: ApiKey) -> str:
    """Where the key is, and whose there are."""
    return f"key in {carrier(control)} of {', '.join(owners(control.keys))}"


def carrier(control: ApiKey) -> str:
    """The place of a key in the request."""
    return f"the {'query parameter' if control.location == 'query' else control.location} {control.name}"


def owners(keys: Iterable[KeyDigest]) -> list[str]:
    """The consumers of the keys, sorted, each once."""
    return sorted({k.consumer for k in keys})


def mutual_tls_text(control: MutualTls) -> str:
    """Which names of certificates are known."""
    return "certificate with " + ", ".join(f"{n.kind}:{n.value} ({n.consumer})" for n in control.names)


def security_text(security: Security) -> str:
    """The alternatives in words."""
    if security.is_public:
        return "public: no credential is asked for"
    alternatives = (
        " and ".join(r.scheme + (f" with scope {' '.join(r.scopes)}" if r.scopes else "") for r in alternative) or "nobody in particular"
        for alternative in sorted(security.alternatives, key=lambda a: not a)
    )
    return ", or ".join(alternatives)


def rule_text(rule: AuthorizationRule) -> str:
    """Everything that the rule requires."""
    parts = [
        ("scope " + " and ".join(rule.scopes)) if rule.scopes else "",
        f"role {any_of(rule.roles)}" if rule.roles else "",
        f"consumer {any_of(rule.consumers)}" if rule.consumers else "",
        f"zone {any_of(rule.zones)}" if rule.zones else "",
        *(condition_text(c) for c in rule.claims),
        *(f"{side_text(a)} equals {side_text(b)}" for a, b in rule.equal),
    ]
    return f"rule {rule.id} requires " + "; ".join(p for p in parts if p)


def network_text(rule: NetworkRule) -> str:
    """Which addresses the rule is about, the first of them by name."""
    named, more = rule.networks[:_NAMED], len(rule.networks) - _NAMED
    who = ", ".join(named) + (f" and {more} more networks" if more > 0 else "")
    return f"only callers from {who}" if rule.kind == "allow" else f"no callers from {who}"


def condition_text(condition: ClaimCondition) -> str:
    """The condition on a claim."""
    verb = "contains" if condition.kind == "contains" else "is"
    return f"claim {condition.name} {verb} {any_of([shown(v) for v in condition.values])}"


def side_text(side: Side) -> str:
    """A side of `equal`, as policies write it."""
    if isinstance(side, ClaimSide):
        return f"jwt.{side.name}"
    return f"path.{side.name}" if isinstance(side, PathSide) else "consumer"


def limit_text(limit: RateLimit, operation_key: str) -> str:
    """Whose requests are counted together, how many, and what one to this operation takes."""
    tokens = dict(limit.costs)[operation_key]
    parts = [f"{limit.limit} in {limit.window_s} s for each {' and '.join(map(_part_text, limit.key))}"]
    parts += [f"{limit.burst} at once"] if limit.algorithm == "tokenBucket" else ["counted anew in each window"]
    parts += [f"this operation takes {tokens}"] if tokens > 1 else []
    parts += ["told in RateLimit fields"] if limit.has_fields else []
    if limit.store_failure is not None:
        lost = "refused" if limit.store_failure == "deny" else "let through"
        parts += [f"counted by all instances together in the store, without which requests are {lost}"]
    return ", ".join(parts)


def _part_text(part: KeyPart) -> str:
    if isinstance(part, ClientAddress):
        return f"client address (IPv6 by /{part.ipv6_prefix})"
    return part_text(part)


def consumer_text(consumer: Consumer) -> str:
    """Roles and limits."""
    roles = [f"roles {', '.join(consumer.roles)}"] if consumer.roles else []
    limits = [f"{x.limit} in {x.window_s} s, {x.burst} at once" for x in consumer.limits]
    return f"consumer {consumer.id}, {'; '.join((*roles, *limits)) or 'without limits'}"


def body_text(body: Body) -> str:
    """What the operation takes, in words."""
    if not body.media_types:
        return "no body"
    need = "required" if body.required else "optional"
    return f"{need}, {any_of(body.media_types)}, at most {body.max_bytes} bytes"


def validation_text(rule: Validation) -> str:
    """What of a request is compared with the document."""
    named = [f"{p.location} {p.name}" for p in rule.parameters]
    shown_names = ", ".join(named[:9]) + (f" and {len(named) - 9} more" if len(named) > 9 else "")
    parts = [f"parameters {shown_names}"] if named else []
    parts += ["no other query parameters"] if rule.closed_query else []
    parts += [f"bodies of {any_of(m.range for m in rule.media_types)} by their schemas"] if rule.media_types else []
    parts += ["answers are watched"] if rule.responses else []
    return "; ".join(parts)


def upstream_text(upstream: Upstream) -> str:
    """Where requests go, in words."""
    secured = f"verified TLS as {upstream.transport.server_name}" if isinstance(upstream.transport, VerifiedTls) else "plain text"
    return f"{upstream.host} port {upstream.port}, {secured}, answers within {upstream.response_timeout_ms} ms"


def claim_text(path: Sequence[str]) -> str:
    """The path of a claim as policies write it: with dots, or as a list where a name has dots itself."""
    return ".".join(path) if all("." not in name for name in path) else json.dumps(list(path))


def any_of(values: Iterable[str]) -> str:
    """One of the values, in words; at most ten are named."""
    known = list(values)
    return " or ".join(known) if len(known) <= 10 else f"{' or '.join(known[:9])} or one of {len(known) - 9} more"


def shown(value: object) -> str:
    """A claim's value as JSON, cut after 60 characters."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
