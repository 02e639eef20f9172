"""The client's address on Envoy: the Lua filter in front of all others walks the list and says who it is in X-Real-IP, which everything goes by.

Envoy's own ways read lists otherwise, and with them addresses would not be "internal" any more, as the seal needs it. X-Forwarded-For, too, would
make them external: so it has another name before Envoy looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence

from gwc.backends.envoy.document import Json, header
from gwc.controls.client_ip import ClientIp
from gwc.controls.rate_limit import RateLimit
from gwc.ir import Gateway

FORWARDED = "x-gwc-forwarded"
CLIENT = "x-real-ip"


def emit(control: Sequence[ClientIp], limits: Sequence[RateLimit]) -> Json:
    """What the filter must know: whom to believe, and by which prefixes limits count."""
    prefixes = sorted(_prefixes(limits)) if control else []
    return (
        {"trusted_proxies": [n for one in control for n in one.trusted_proxies], "prefixes": {str(p): network_header(p) for p in prefixes}}
        if control
        else {}
    )


def early(gateway: Gateway) -> list[Json]:
    """Mutations before all others: the list gets another name, which clients can't send."""
    return [{"remove": FORWARDED}, {"append": header(FORWARDED, "%REQ(X-FORWARDED-FOR)%")}] if gateway.client_ip else []


def headers(gateway: Gateway) -> tuple[str, ...]:
    """Headers of the gateway's own that upstreams never see."""
    return tuple(network_header(p) for p in sorted(_prefixes(gateway.rate_limits))) if gateway.client_ip else ()


def network_header(ipv6_prefix: int) -> str:
    """Where what counts as one client is for limits with this prefix."""
    return f"x-gwc-client-{ipv6_prefix}"


def _prefixes(limits: Sequence[RateLimit]) -> set[int]:
    return {limit.ipv6_prefix for limit in limits if limit.ipv6_prefix is not None}
