"""Phase 4: buckets in a dictionary that Kong's workers share; exact under load, where the bundled rate-limiting is not.

The dictionary never forgets a live bucket to make room: when it is full, requests of new addresses get 503.
"""

from __future__ import annotations

from gwc.backends.base import covering, find_new
from gwc.backends.kong.fragment import Fragment, Member
from gwc.ir import Gateway

DICTIONARY = "lua_shared_dict gwc_limits 16m;"


def emit(gateway: Gateway) -> Fragment:
    """The limits, and for each operation the numbers of those that cover it."""
    for problem in find_new(gateway.rate_limits):
        raise problem
    limits = {
        n: {"id": r.id, "limit": r.limit, "window_s": r.window_s, "burst": r.burst, "ipv6_prefix": r.ipv6_prefix}
        for n, r in enumerate(gateway.rate_limits, 1)
    }
    covered = covering(gateway.rate_limits)
    return Fragment(
        data=(Member("rate_limits", limits, {n: r.id for n, r in enumerate(gateway.rate_limits, 1)}),),
        operations={o.key: {"limits": list(covered.get(o.key, ()))} for o in gateway.operations},
        http=(DICTIONARY,),
    )
