"""Ways to tighten a policy, and requests of all kinds of callers, for the promise that a restriction never allows a new request.

Which credentials OpenAPI's `security` asks for is the contract, not a restriction of the policy: with an alternative less, a bad credential may no longer be
looked at; with a scheme more, the caller has the roles of another credential, too. So these two are not among them; more scopes are.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition, ClaimSide
from gwc.controls.consumer import ConsumerLimit
from gwc.controls.jwt import FileKeys
from gwc.controls.network_rule import Kind, NetworkRule
from gwc.controls.security import Requirement
from gwc.controls.side import ConsumerSide, PathSide
from gwc.controls.validation import MediaType
from gwc.controls.zone import Zone
from gwc.ir import Gateway, Operation
from gwc.jsonschema.tree import Required, Schema, Types
from gwc.lowering import compile_policy
from tests.support.cases import CASES
from tests.support.sample import address_limit
from tests.support.tokens import identity_provider, token_for

Tighten = Callable[[Gateway], Gateway]
POLICY = CASES / "policies" / "identity" / "policy.gwc.yaml"


@functools.cache
def base_gateway() -> Gateway:
    """The policy with every kind of credential and rule, with keys of the test's identity provider and without limits."""
    found = compile_policy(POLICY, root=POLICY.parent).gateway
    jwts = tuple(replace(j, source=FileKeys(keys=identity_provider().keys_for(j))) for j in found.jwts)
    return replace(found, jwts=jwts, consumers=tuple(replace(c, limits=()) for c in found.consumers))


# --- requests ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request and where it comes from. `dns_names`: of the client's certificate, None for none."""

    target: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    source: str = "127.0.0.1"
    dns_names: tuple[str, ...] | None = None
    body: bytes = field(default=b"", repr=False)

    def raw(self) -> bytes:
        fields = ["Host: api.test", *self.headers, *([f"Content-Length: {len(self.body)}"] if self.body else [])]
        return "\r\n".join([f"{self.method} {self.target} HTTP/1.1", *fields]).encode("latin-1") + b"\r\n\r\n" + self.body


_TARGETS = (
    "/v1/open", "/v1/maybe", "/v1/token", "/v1/header", "/v1/query", "/v1/query?api_key=acme-key", "/v1/cookie", "/v1/login", "/v1/either",
    "/v1/certificate", "/v1/bound", "/v1/any", "/v1/any?api_key=globex-key", "/v1/admin", "/v1/scoped", "/v1/buyers", "/v1/tier", "/v1/groups",
    "/v1/near", "/v1/far", "/v1/open-near", "/v1/open-far", "/v1/tenants/t1", "/v1/tenants/t1/orders/7", "/v1/tenants/t2", "/v1/files/t-t1.json",
    "/v1/partners/acme", "/v1/partners/globex", "/v1/nope", "//v1/open", "/v1/open?aaaaaaaaaaaaaaaaaaaa",
)  # fmt: skip
_TOKENS: tuple[dict[str, Any], ...] = (
    {},
    {"scope": "read"},
    {"scope": "read write audit", "alg": "RS256"},
    {"scope": "read", "claims": {"realm_access": {"roles": ["admin"]}}},
    {"scope": "read write", "claims": {"org": {"id": "t1"}, "tier": "gold", "https://example.com/groups": ["staff"]}},
    {"scope": "read write", "claims": {"org": {"id": "t2"}, "tier": 7}, "aud": ["x", "https://api.example.com"]},
    {"scope": "read", "fault": "expired"},
    {"scope": "read", "fault": "foreignKey"},
    {"scope": "read", "lifetime": -15},
    {"scope": "read", "lifetime": 90000},
    {"scope": "read", "header": {"typ": "JWT"}},
)
_FIELDS = (
    (), ("X-Partner-Key: acme-key",), ("X-Partner-Key: globex-key",), ("X-Partner-Key: nope",), ("Cookie: session_key=acme-key",),
    ("Cookie: session_key=initech-key; a=b",), ("X-A: 1",), ("X_A: 1",), ("Content-Type: application/json",),
)  # fmt: skip
_BASIC = ("Basic YWNtZTpnd2NfQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==", "Basic eDp5", "Bearer x")


def _tokens() -> tuple[str, ...]:
    return _tokens_at(int(time.time()) // 60)


@functools.lru_cache(maxsize=1)
def _tokens_at(_minute: int) -> tuple[str, ...]:
    """New ones each minute: they expire while a long run goes on."""
    return tuple(f"Bearer {token_for(base_gateway().jwts[0], described)}" for described in _TOKENS)


def new_tokens() -> None:
    """Makes all tokens anew."""
    _tokens_at.cache_clear()


def any_request(pick: random.Random) -> Asked:
    """A request; about one in three is allowed by the policy."""
    if pick.random() < 0.1:
        return _any_write(pick)
    credentials = pick.choice(((), (), _tokens(), _tokens(), _tokens(), _BASIC))
    authorization = (f"Authorization: {pick.choice(credentials)}",) if credentials else ()
    headers = (*authorization, *pick.choice(_FIELDS))
    names = pick.choice((None, None, None, ("acme.example.com",), ("globex.example.com",), ("nobody.example.com",)))
    source = pick.choice(("127.0.0.1", "127.0.0.1", "127.0.0.5", "127.0.0.9"))
    return Asked(pick.choice(_TARGETS), "GET", headers, source, names)


def _any_write(pick: random.Random) -> Asked:
    """A request with a body; every second one is allowed."""
    headers = (f"Authorization: {pick.choice((_tokens()[4], pick.choice(_tokens())))}", "Content-Type: application/json")
    return Asked("/v1/tenants/t1/orders/7", "POST", headers, body=b"{}" * pick.choice((0, 1, 300)))


# --- restrictions -----------------------------------------------------------------------------------------------------------


def _each(change: Callable[[Operation], Operation]) -> Tighten:
    return lambda of: replace(of, operations=tuple(map(change, of.operations)))


def _rule(**required: Any) -> Tighten:
    """A rule over every operation."""

    def tighten(of: Gateway) -> Gateway:
        empty: dict[str, Any] = dict.fromkeys(("scopes", "roles", "consumers", "zones", "claims", "equal"), ())
        keys = tuple(sorted(o.key for o in of.operations))
        rule = AuthorizationRule(id=f"more{len(of.rules)}", operations=keys, **{**empty, **required})
        return replace(of, rules=(*of.rules, rule))

    return tighten


def _tenant_rule(of: Gateway) -> Gateway:
    """An `equal` can cover operations with the parameter only."""
    keys = tuple(sorted(o.key for o in of.operations if "{tenantId}" in o.route.template.text))
    empty: dict[str, Any] = dict.fromkeys(("scopes", "roles", "consumers", "zones", "claims"), ())
    rule = AuthorizationRule(
        id=f"more{len(of.rules)}", operations=keys, equal=((ClaimSide(name="sub"), PathSide(name="tenantId")),), **empty
    )
    return replace(of, rules=(*of.rules, rule))


def _more_scopes(operation: Operation) -> Operation:
    def stricter(requirement: Requirement) -> Requirement:
        more = tuple(sorted({*requirement.scopes, "write"}))
        return replace(requirement, scopes=more) if requirement.scheme == "oauth" else requirement

    return _with_alternatives(operation, [tuple(map(stricter, a)) for a in operation.security.alternatives])


def _with_alternatives(operation: Operation, alternatives: Sequence[tuple[Requirement, ...]]) -> Operation:
    ordered = tuple(sorted(set(alternatives), key=lambda a: [(r.scheme, r.scopes) for r in a]))
    return replace(operation, security=replace(operation.security, alternatives=ordered))


def _tokens_with(**changed: Any) -> Tighten:
    return lambda of: replace(of, jwts=tuple(replace(j, **changed) for j in of.jwts))


def _limit(of: Gateway) -> Gateway:
    keys = tuple(sorted(o.key for o in of.operations))
    return replace(
        of, rate_limits=(*of.rate_limits, address_limit(id=f"l{len(of.rate_limits)}", limit=1, window_s=3600, burst=40, operations=keys))
    )


def _judged_bodies(operation: Operation) -> Operation:
    """JSON objects with a certain member only."""
    schema = Schema((Types(("object",)), Required(("id",))))
    types = tuple(
        MediaType(range=name, json=schema, form=None, multipart=None, opaque=False) for name in operation.body.media_types if "json" in name
    )
    return replace(operation, validation=replace(operation.validation, media_types=types))


def _network(kind: Kind, *networks: str) -> Tighten:
    """A rule of phase 3 over every operation."""

    def tighten(of: Gateway) -> Gateway:
        keys = tuple(sorted(o.key for o in of.operations))
        rule = NetworkRule(id=f"n{len(of.network_rules)}", kind=kind, networks=networks, operations=keys)
        return replace(of, network_rules=(*of.network_rules, rule))

    return tighten


RESTRICTIONS: dict[str, Tighten] = {
    "more scopes": _each(_more_scopes),
    "shorter targets": lambda of: replace(of, canonical_path=replace(of.canonical_path, max_uri_bytes=20)),
    "smaller bodies": _each(lambda o: replace(o, body=replace(o.body, max_bytes=100))),
    "bodies required": _each(lambda o: replace(o, body=replace(o.body, required=True))),
    "an operation less": lambda of: replace(of, operations=of.operations[1:], rules=_without(of, of.operations[0].key)),
    "no keys": lambda of: replace(
        of, api_keys=tuple(replace(k, keys=()) for k in of.api_keys), basics=tuple(replace(b, keys=()) for b in of.basics)
    ),
    "no certificates": lambda of: replace(of, mutual_tls=tuple(replace(m, names=m.names[:1]) for m in of.mutual_tls)),
    "no roles": lambda of: replace(of, consumers=tuple(replace(c, roles=()) for c in of.consumers)),
    "limits of consumers": lambda of: replace(
        of, consumers=tuple(replace(c, limits=(ConsumerLimit(id="x", limit=1, window_s=3600, burst=1),)) for c in of.consumers)
    ),
    "one audience": _tokens_with(audiences=("https://other.example.com",)),
    "one algorithm": lambda of: replace(of, jwts=tuple(_only_es256(j) for j in of.jwts)),
    "no clock skew": _tokens_with(clock_skew_s=0),
    "short lives": _tokens_with(max_lifetime_s=7200),
    "typed tokens": _tokens_with(typ="at+jwt"),
    "a limit": _limit,
    "closed queries": _each(lambda o: replace(o, validation=replace(o.validation, closed_query=True))),
    "bodies by a schema": _each(_judged_bodies),
    "a rule for scopes": _rule(scopes=("audit",)),
    "a rule for roles": _rule(roles=("admin", "buyer")),
    "a rule for consumers": _rule(consumers=("acme",)),
    "a rule for zones": _rule(zones=("near",)),
    "a rule for claims": _rule(claims=(ClaimCondition(name="tier", kind="oneOf", values=("gold",)),)),
    "a rule for groups": _rule(claims=(ClaimCondition(name="groups", kind="contains", values=("staff",)),)),
    "a rule for the subject": _tenant_rule,
    "a rule for owners": _rule(equal=((ConsumerSide(), ClaimSide(name="sub")),)),
    "a place to come from": _network("allow", "127.0.0.0/30"),
    "a place not to come from": _network("deny", "127.0.0.8/29"),
    "smaller zones": lambda of: replace(of, zones=tuple(Zone(name=z.name, networks=z.networks[:1]) for z in of.zones)),
}


def _only_es256(control: Any) -> Any:
    keys = tuple(k for k in control.source.keys if k.algorithm == "ES256")
    return replace(control, algorithms=("ES256",), source=FileKeys(keys=keys))


def _without(of: Gateway, key: str) -> tuple[AuthorizationRule, ...]:
    left = (replace(r, operations=tuple(k for k in r.operations if k != key)) for r in of.rules)
    return tuple(r for r in left if r.operations)
