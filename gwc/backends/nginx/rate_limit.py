"""Phases 4, 7 and 9 on NGINX: `limit_req` where it counts exactly as the control says, else buckets in a shared dictionary by the script.

`limit_req` is a token bucket whose first request is free of charge: `burst=<burst - 1> nodelay` admits `burst` at once.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from typing import Any

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.checked_text import check, checked
from gwc.backends.nginx.fragments import CONFIGURATION, POLICY, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Charge, Lane, Plan, is_native, rate
from gwc.backends.nginx.quoting import directive, javascript, literal, member
from gwc.controls.rate_limit import Phase, RateLimit
from gwc.controls.rate_limit_key import BodyKey, ClaimKey, ClientAddress, CookieKey, HeaderKey, KeyPart
from gwc.controls.side import ConsumerSide, PathSide
from gwc.templating import Verbatim

ZONE_BYTES = 136
"""What an address takes in a zone of `limit_req` (measured: 16 MiB hold some 120,000). A full zone forgets the one that was silent for longest."""
SHORT_BYTES, DIGEST_BYTES = 131, 262
"""What a bucket takes in a dictionary by a key of up to 16 characters (an IPv4 address, a /64) and by a SHA-256 digest. Measured with njs 0.9.9:
1 MiB holds 8,064 and 4,047."""
SHORT_PREFIX = 88
"""Addresses by more bits of IPv6 have more than 16 characters."""
LEAST_BYTES = 128 * 1024
_PLAIN = re.compile("[A-Za-z0-9_-]+")
_PHASES: tuple[Phase, ...] = ("flood", "throttle", "body")
_LOCKS = Verbatim("js_shared_dict_zone zone=gwc_locks:128k type=number timeout=1s evict; # one bucket of each worker at a time")
_FIELD_VARIABLES = tuple(line for name in ("gwc_limits_policy", "gwc_limits_left") for line in (Verbatim(f"js_var ${name};"), check(name)))
_FIELDS = (
    Verbatim(f"add_header RateLimit-Policy ${checked('gwc_limits_policy')} always;"),
    Verbatim(f"add_header RateLimit ${checked('gwc_limits_left')} always;"),
)
"""An empty value is no field."""


def emit(plan: Plan) -> Fragments:
    """Zones or dictionaries for all limits, `limit_req` in the lanes of covered operations, and the script's charges in its rules."""
    for limit in plan.gateway.rate_limits:
        _refuse(limit)
    native = [limit for limit in plan.gateway.rate_limits if is_native(plan.gateway, limit)]
    scripted = [limit for limit in plan.gateway.rate_limits if limit not in native]
    has_buckets = scripted or any(consumer.limits for consumer in plan.gateway.consumers)
    http = (
        *(line for prefix in sorted({_prefix(limit) for limit in native}) for line in _address(prefix)),
        *(_zone_directive(limit) for limit in native),
        directive("limit_req_status", 429),
        directive("limit_req_log_level", "notice"),
        *(_dictionary(limit) for limit in scripted),
        *((_LOCKS,) if has_buckets else ()),
        *(_FIELD_VARIABLES if any(x.announces for x in plan.lanes) else ()),
    )
    return Fragments(
        http=http,
        lanes=tuple(tuple(_lane(lane)) for lane in plan.lanes),
        rules=tuple(member("limits", _charges(rule.charges), n) for n, rule in enumerate(plan.rules)),
        script=(Verbatim("function limit(name) { switch (name) {"), *(_case(x) for x in scripted), Verbatim("} return null; }")),
        anchors=tuple(_anchor(plan, limit) for limit in plan.gateway.rate_limits),
    )


def _refuse(limit: RateLimit) -> None:
    if limit.store_failure is not None:
        instead = "use scope: instance here, or Envoy or Kong, which share counters"
        raise Unenforceable(limit.span, limit.STEM, "store_failure", "NGINX has nothing that counts for several instances", instead)
    if limit.algorithm != "tokenBucket":
        raise Unenforceable(limit.span, limit.STEM, "algorithm", "NGINX counts token buckets here", "use algorithm: tokenBucket")


def _zone(limit: RateLimit) -> str:
    """By the limit's own name, so that no reload gives its buckets to another one; by a digest of a name that is not one of the language."""
    return f"gwc_limit_{_name(limit)}"


def _native_zone(limit: RateLimit) -> str:
    """The same for `limit_req`, also by what is counted in it: NGINX refuses to reload with another key in a zone."""
    return f"gwc_flood_{_prefix(limit)}_{_name(limit)}"


def _name(limit: RateLimit) -> str:
    return limit.id if _PLAIN.fullmatch(limit.id) else hashlib.sha256(limit.id.encode()).hexdigest()


# --- limit_req ------------------------------------------------------------------------------------------------------------


def _prefix(limit: RateLimit) -> int:
    assert limit.ipv6_prefix is not None, "limit_req counts by addresses"
    return limit.ipv6_prefix


def _address(ipv6_prefix: int) -> Lines:
    """The variable of what counts as one client; an IPv4 address has 4 bytes, what stands for an IPv6 address a letter before its own."""
    kept = ipv6_prefix // 8
    return (
        Verbatim(f"map $binary_remote_addr $gwc_client_{ipv6_prefix} {{"),
        Verbatim("  default $binary_remote_addr;"),
        Verbatim(r'  "~(?s)^\x00{10}\xff\xff(?<gwc_mapped>.{4})\z" $gwc_mapped;'),
        Verbatim(f'  "~(?s)^(?<gwc_network_{ipv6_prefix}>.{{{kept}}}).{{{16 - kept}}}\\z" "6$gwc_network_{ipv6_prefix}";'),
        Verbatim("}"),
    )


def _zone_directive(limit: RateLimit) -> Verbatim:
    zone, size = _native_zone(limit), _kibibytes(limit.max_keys * ZONE_BYTES)
    return Verbatim(
        f"limit_req_zone $gwc_client_{_prefix(limit)} zone={literal(f'{zone}:{size}')} rate={rate(limit)}; # {javascript(limit.id)}"
    )


def _lane(lane: Lane) -> Iterator[Verbatim]:
    if lane.limit is not None:
        burst = f" burst={lane.limit.burst - 1} nodelay" if lane.limit.burst > 1 else ""
        yield Verbatim(f"limit_req zone={literal(_native_zone(lane.limit))}{burst};")
        yield Verbatim(f"set $gwc_retry_after {max(1, math.ceil(lane.limit.seconds_per_token))};")
    if lane.announces:
        yield from _FIELDS


# --- the script -----------------------------------------------------------------------------------------------------------


def _dictionary(limit: RateLimit) -> Verbatim:
    """`evict` only for keys that a client makes as he likes: who has so many has as many full buckets. A full dictionary refuses everybody else's."""
    is_short = limit.phase == "flood" and _prefix(limit) <= SHORT_PREFIX
    size = _kibibytes(limit.max_keys * (SHORT_BYTES if is_short else DIGEST_BYTES))
    evict = " evict" if limit.is_minted else ""
    return Verbatim(f"js_shared_dict_zone zone={literal(f'{_zone(limit)}:{size}')} type=number timeout=1h{evict}; # {javascript(limit.id)}")


def _kibibytes(size: int) -> str:
    return f"{math.ceil(max(LEAST_BYTES, size) / 1024)}k"


def _charges(charges: tuple[Charge, ...]) -> list[list[Any]] | None:
    """For each phase [name of the limit, tokens, parts of the key] of its limits."""
    if not charges:
        return None
    return [
        [[_zone(c.limit), c.tokens, [_part(p, c) for p in c.limit.key]] for c in charges if c.limit.phase == phase] for phase in _PHASES
    ]


def _part(part: KeyPart, charge: Charge) -> list[Any]:
    if isinstance(part, PathSide):
        place = dict(charge.places)[part.name]
        return ["path", place.index, place.prefix, place.suffix]
    if isinstance(part, ClientAddress):
        return ["ip", part.ipv6_prefix]
    if isinstance(part, ConsumerSide):
        return ["consumer"]
    if isinstance(part, BodyKey):
        return ["body", part.path]
    return [{ClaimKey: "claim", HeaderKey: "header", CookieKey: "cookie"}[type(part)], part.name]


def _case(limit: RateLimit) -> Verbatim:
    """`interval`: the time of one token in milliseconds; `announced`: name and policy of the RateLimit fields."""
    named = f'"{limit.id}"'
    announced = [named, f"{named};q={limit.limit};w={limit.window_s}"] if limit.has_fields else None
    bucket = {"interval": 1000 * limit.seconds_per_token, "burst": limit.burst, "announced": announced}
    return Verbatim(f"case {javascript(_zone(limit))}: return {javascript(bucket)}; // {javascript(limit.id)}")


def _anchor(plan: Plan, limit: RateLimit) -> Anchor:
    if is_native(plan.gateway, limit):
        return Anchor(limit.id, CONFIGURATION, _zone_directive(limit))
    return Anchor(limit.id, POLICY, _case(limit))
