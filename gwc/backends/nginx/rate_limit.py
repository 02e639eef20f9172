"""Phase 4 on NGINX: `limit_req` where it counts exactly as the control says, else buckets in a shared dictionary by the script.

`limit_req` is a token bucket whose first request is free of charge: `burst=<burst - 1> nodelay` admits `burst` at once.
"""

from __future__ import annotations

import math

from gwc.backends.base import find_new
from gwc.backends.nginx.fragments import CONFIGURATION, POLICY, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, is_native, rate
from gwc.backends.nginx.quoting import directive, javascript, member
from gwc.controls.rate_limit import RateLimit
from gwc.templating import Verbatim

ZONE = "16m"
"""About 120,000 addresses for each limit of `limit_req`. A full zone forgets the address that was silent for the longest time."""
DICTIONARY = "32m"
"""For all limits of the script together, some 150,000 addresses; `evict` forgets the oldest entries.

Forgetting gives nothing away: who has so many addresses has as many full buckets.
"""


def emit(plan: Plan) -> Fragments:
    """Zones for all limits, `limit_req` in the lanes of covered operations, and the script's limits in its rules."""
    for problem in find_new(plan.gateway.rate_limits):
        raise problem
    native = [limit for limit in plan.gateway.rate_limits if is_native(plan.gateway, limit)]
    zones = {_zone(plan, limit): limit for limit in native}
    http = (
        *(line for prefix in sorted({_prefix(limit) for limit in native}) for line in _address(prefix)),
        *(_zone_directive(zone, limit) for zone, limit in zones.items()),
        directive("limit_req_status", 429),
        directive("limit_req_log_level", "notice"),
        Verbatim(f"js_shared_dict_zone zone=gwc_limits:{DICTIONARY} type=number timeout=1h evict;"),
    )
    return Fragments(
        http=http,
        lanes=tuple(_location(plan, lane.limit) if lane.limit else () for lane in plan.lanes),
        rules=tuple(member("limits", [_zone(plan, limit) for limit in rule.limits] or None, n) for n, rule in enumerate(plan.rules)),
        script=_script(plan),
        anchors=tuple(_anchor(plan, limit) for limit in plan.gateway.rate_limits),
    )


def _zone(plan: Plan, limit: RateLimit) -> str:
    return f"gwc_limit_{plan.gateway.rate_limits.index(limit)}"


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


def _zone_directive(zone: str, limit: RateLimit) -> Verbatim:
    return Verbatim(f"limit_req_zone $gwc_client_{_prefix(limit)} zone={zone}:{ZONE} rate={rate(limit)}; # {javascript(limit.id)}")


def _location(plan: Plan, limit: RateLimit) -> Lines:
    burst = f" burst={limit.burst - 1} nodelay" if limit.burst > 1 else ""
    wait_s = max(1, math.ceil(limit.seconds_per_token))
    return Verbatim(f"limit_req zone={_zone(plan, limit)}{burst};"), Verbatim(f"set $gwc_retry_after {wait_s};")


def _script(plan: Plan) -> Lines:
    """Bucket parameters by name; `interval` is the time of one token in milliseconds."""
    scripted = [limit for limit in plan.gateway.rate_limits if not is_native(plan.gateway, limit)]
    return (
        Verbatim("function limit(name) { switch (name) {"),
        *(_case(plan, limit) for limit in scripted),
        Verbatim("} return null; }"),
    )


def _case(plan: Plan, limit: RateLimit) -> Verbatim:
    bucket = {"interval": 1000 * limit.seconds_per_token, "burst": limit.burst, "ipv6Prefix": limit.ipv6_prefix}
    return Verbatim(f"case {javascript(_zone(plan, limit))}: return {javascript(bucket)}; // {javascript(limit.id)}")


def _anchor(plan: Plan, limit: RateLimit) -> Anchor:
    if is_native(plan.gateway, limit):
        return Anchor(limit.id, CONFIGURATION, _zone_directive(_zone(plan, limit), limit))
    return Anchor(limit.id, POLICY, _case(plan, limit))
