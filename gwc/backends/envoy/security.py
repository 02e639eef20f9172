"""Security: default deny for all routes, and per route the alternatives of the operation, over what other filters have verified.

The Lua filter `gwc.credentials` refuses with exact reasons what it can know before the signature is verified, and stamps the rest.
A lack of scopes it leaves to the authorisation here, which comes after the signature: then the log can name the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import api_key, chain, jwt
from gwc.backends.envoy.document import ANY, HTTP_FILTER, PRESENT, Json, all_of, extension, metadata, rules, typed
from gwc.backends.envoy.lua import per_route as lua_per_route
from gwc.controls.jwt import Jwt
from gwc.controls.security import Requirement, Security
from gwc.ir import Gateway, Operation


@dataclass(frozen=True, slots=True)
class Securities:
    """What the operations of a gateway ask for: each distinct security once, with a name that the Lua filter knows it by."""

    names: Mapping[Security, str]
    jwts: Mapping[str, Jwt]

    def token_schemes(self, security: Security) -> tuple[str, ...]:
        """The schemes of the security that are tokens, sorted."""
        return tuple(s for s in security.schemes if s in self.jwts)

    def requirements(self) -> list[tuple[str, ...]]:
        """The sets of token schemes that operations have."""
        found = {self.token_schemes(security) for security in self.names}
        return sorted(schemes for schemes in found if schemes)


def collect(gateway: Gateway) -> Securities:
    """The securities of the gateway, numbered in the order of the operations."""
    distinct = dict.fromkeys(o.security for o in gateway.operations if not o.security.is_public)
    return Securities({security: f"s{i}" for i, security in enumerate(distinct)}, {j.scheme: j for j in gateway.jwts})


def emit() -> Json:
    """The filter: denies every route that does not say who may call it."""
    return extension(chain.AUTHORIZATION, HTTP_FILTER + "rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {}})


def per_route(security: Security, known: Securities) -> Json:
    """The filters that a route turns on or configures for its security."""
    if security.is_public:
        return {chain.AUTHORIZATION: _allow([ANY])}
    schemes = known.token_schemes(security)
    return {
        chain.CREDENTIALS: lua_per_route(security=known.names[security]),
        **({chain.TOKENS: jwt.per_route(schemes)} if schemes else {}),
        chain.AUTHORIZATION: _allow([_holds(alternative, known) for alternative in security.alternatives]),
    }


def lua_data(known: Securities) -> Json:
    """Name -> the alternatives, and the schemes by kind, as the shared core wants them."""
    return {name: _plain(security, known) for security, name in known.names.items()}


def check(operations: Iterable[Operation], known: Securities) -> Iterable[Unenforceable]:
    """What cannot be had exactly: one Authorization header holds one token, and `jwt_authn` stops at the first issuer that takes it."""
    for security in known.names:
        schemes = known.token_schemes(security)
        issuers = [known.jwts[s].issuer for s in schemes]
        if any(sum(r.scheme in known.jwts for r in a) > 1 for a in security.alternatives) or len(set(issuers)) < len(issuers):
            span = next(o.security.span for o in operations if o.security == security)
            why = "one request carries one token: two token schemes together, or of one issuer, can't be told apart"
            yield Unenforceable(span, Security.STEM, "alternatives", why, "use one scheme for each issuer")


def _allow(principals: list[Json]) -> Json:
    return typed(HTTP_FILTER + "rbac.v3.RBACPerRoute", rbac={"rules": rules("ALLOW", {"gwc": principals})})


def _holds(alternative: Iterable[Requirement], known: Securities) -> Json:
    """A principal: the credentials filter let the request through, and every scheme of the alternative was verified with its scopes."""
    stamp = metadata(chain.STAMP, ["credentials"], {"bool_match": True})
    return all_of([stamp, *(p for r in alternative for p in _requirement(r, known))])


def _requirement(requirement: Requirement, known: Securities) -> Iterable[Json]:
    control = known.jwts.get(requirement.scheme)
    if control is None:
        yield api_key.verified(requirement.scheme)
        return
    payload = chain.payload_key(control.scheme)
    yield metadata(chain.TOKEN_METADATA, [payload, "sub"], PRESENT)
    for scope in requirement.scopes:
        is_scope = {"list_match": {"one_of": {"string_match": {"exact": scope}}}}
        yield metadata(chain.TOKEN_METADATA, [payload, control.scopes_claim], is_scope)


def _plain(security: Security, known: Securities) -> Json:
    tokens = known.token_schemes(security)
    return {
        "alternatives": [[{"scheme": r.scheme, "scopes": list(r.scopes)} for r in a] for a in security.alternatives],
        "jwts": list(tokens),
        "keys": [s for s in security.schemes if s not in tokens],
    }
