"""Phases 4, 7 and 9: limits counted by the plugin; exact under load, where the bundled rate-limiting is not.

Limits of the instance have a dictionary each, which Kong's workers share, with room for `max_keys` buckets (BUCKET_BYTES measured). Where every caller
can make keys as he likes, a full one forgets the bucket that was not used for longest: who has so many keys has as many full buckets. Otherwise it
forgets nobody: when it is full, requests with new keys get 503. Limits of a cluster are counted in Redis (gwc.shared_buckets).
"""

from __future__ import annotations

from collections.abc import Mapping

from gwc.backends.base import covering
from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import BodyKey, ClaimKey, ClientAddress, CookieKey, HeaderKey, KeyPart
from gwc.controls.routing import parameter_place
from gwc.controls.side import ConsumerSide, PathSide
from gwc.ir import Gateway, Operation

BUCKET_BYTES = 128
"""Of one bucket in a dictionary, whatever its key: measured, tests/kong/test_limit_memory.py."""
_OVERHEAD = 1.05
"""Of a dictionary's pages, which NGINX also keeps in it."""
_SMALLEST = 64 * 1024
LOCKS = "lua_shared_dict gwc_limits 1m;"
"""Of buckets that are being changed: at most one for each worker, at any moment."""


def emit(gateway: Gateway) -> Fragment:
    """The limits, for each operation the numbers of those that cover it with their costs, and the dictionaries."""
    prefix = next((control.redis.prefix for control in gateway.store if control.redis), "")
    numbered = dict(enumerate(gateway.rate_limits, 1))
    described = tuple((n, _described(r, prefix)) for n, r in numbered.items())
    return Fragment(
        data=(Member("rate_limits", {}),),
        fillings=(Filling(("rate_limits",), described, {n: r.id for n, r in numbered.items()}),),
        operations=_operations(gateway),
        http=dictionaries(gateway),
    )


def dictionaries(gateway: Gateway) -> tuple[str, ...]:
    """The directives. Names are those of limits, so that no reload gives the buckets of one limit to another."""
    own = [r for r in gateway.rate_limits if r.store_failure is None]
    of_consumers = sum(len(c.limits) for c in gateway.consumers)
    lines = [f"lua_shared_dict {_dictionary(r)} {_size(r.max_keys)};" for r in own]
    return (LOCKS, *([f"lua_shared_dict gwc_consumers {_size(of_consumers)};"] if of_consumers else ()), *lines)


def _size(buckets: int) -> str:
    return f"{-(-max(_SMALLEST, int(buckets * BUCKET_BYTES * _OVERHEAD)) // 1024)}k"


def _dictionary(limit: RateLimit) -> str:
    return f"gwc_limit_{limit.id}"


def _described(limit: RateLimit, prefix: str) -> Mapping[str, LuaValue]:
    described: dict[str, LuaValue] = {
        "id": limit.id,
        "phase": limit.phase,
        "key": [_part(part) for part in limit.key],
        "limit": limit.limit,
        "window_s": limit.window_s,
        "burst": limit.burst,
        "has_fields": limit.has_fields,
        "is_fixed": limit.algorithm == "fixedWindow",
    }
    if limit.store_failure is None:
        return {**described, "store": _dictionary(limit), "may_forget": limit.is_minted}
    return {**described, "store": f"{prefix}{limit.id}:", "on_failure": limit.store_failure}


def _part(part: KeyPart) -> LuaValue:
    if isinstance(part, ClientAddress):
        return {"kind": "client", "ipv6_prefix": part.ipv6_prefix}
    if isinstance(part, ConsumerSide):
        return {"kind": "consumer"}
    if isinstance(part, BodyKey):
        return {"kind": "body", "path": list(part.path)}
    kind = {ClaimKey: "claim", PathSide: "path", HeaderKey: "header", CookieKey: "cookie"}[type(part)]
    return {"kind": kind, "name": part.name}


def _operations(gateway: Gateway) -> Mapping[str, Mapping[str, LuaValue]]:
    covered = covering(gateway.rate_limits)
    costs = [dict(r.costs) for r in gateway.rate_limits]
    found: dict[str, Mapping[str, LuaValue]] = {}
    for operation in gateway.operations:
        numbers = covered.get(operation.key, ())
        places = _places(operation, [gateway.rate_limits[n - 1] for n in numbers])
        members: dict[str, LuaValue] = {"limits": [[n, costs[n - 1][operation.key]] for n in numbers]}
        found[operation.key] = {**members, "limit_places": places} if places else members
    return found


def _places(operation: Operation, limits: list[RateLimit]) -> Mapping[str, LuaValue]:
    """Where the path parameters of the limits' keys are."""
    names = sorted({part.name for r in limits for part in r.key if isinstance(part, PathSide)})
    places = {name: parameter_place(operation.route.template, name) for name in names}
    return {name: {"segment": p.index + 1, "prefix": p.prefix, "suffix": p.suffix} for name, p in places.items()}
