"""Phase 10: the plugin removes what clients must not send and sets what was verified; Kong's own headers come from its variables.

NGINX would silently leave out headers with unusual names: the plugin gets them all and refuses those that are no tokens.
Kong removes the headers that `Connection` names after the plugins: the plugin makes it forget the client's `Connection`.
"""

from __future__ import annotations

from gwc.backends.kong.fragment import WHOLE, Fragment, Member
from gwc.controls.forwarding import IDENTITY, OVERWRITTEN
from gwc.ir import Gateway

KEEP_UNUSUAL_NAMES = "ignore_invalid_headers off;"


def emit(gateway: Gateway) -> Fragment:
    """What is taken away before the verified headers are set: names of headers, parameters and cookies. Host is a variable of its own."""
    control = gateway.forwarding
    names = sorted({*control.removed, *IDENTITY, *OVERWRITTEN} - {"host"})
    return Fragment(
        data=(
            Member("removed", names, {WHOLE: "*"}),
            Member("removed_query", dict.fromkeys(control.removed_query, True)),
            Member("removed_cookies", dict.fromkeys(control.removed_cookies, True)),
        ),
        http=(KEEP_UNUSUAL_NAMES,),
        settings={"headers": "off", "headers_upstream": "off"},
    )
