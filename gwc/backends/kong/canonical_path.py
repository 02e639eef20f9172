"""Phase 1: the plugin checks the raw target before Kong's router sees its own, normalised one (`rewrite`).

NGINX's buffers hold a line of 128 KiB, well above the limits of the plugin, so that it is the plugin that answers 414 and 431
(for what does not fit Kong has 400); all of them together bound what a connection can cost before anything was decided.
"""

from __future__ import annotations

from gwc.backends.kong.fragment import WHOLE, Fragment, Member
from gwc.ir import Gateway

HEADER_BUFFERS = "2 128k"


def emit(gateway: Gateway) -> Fragment:
    """The longest target, in bytes, and whether paths may have semicolons."""
    control = gateway.canonical_path
    return Fragment(
        data=(
            Member("max_uri_bytes", control.max_uri_bytes, {WHOLE: "*"}),
            *((Member("matrix", control.matrix),) if control.matrix else ()),
        ),
        settings={"nginx_http_large_client_header_buffers": HEADER_BUFFERS},
    )
