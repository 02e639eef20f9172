"""Phase 8: the plugin decides for each operation; NGINX's own limit bounds what a chunked body of unknown length can cost.

NGINX refuses a declared length before anything else runs, without operation and identity in the log: its limit is above that of
the plugin, which refuses a declared length without reading a byte. Kong's own default is no limit at all.
"""

from __future__ import annotations

from gwc.backends.kong.fragment import Fragment
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.body import Body
from gwc.ir import Gateway

_ABOVE_BYTES = 1024 * 1024
# Larger bodies wait in a file: the memory of a request stays bounded. The plugin needs only their length.
_LARGEST_BUFFER = 1024 * 1024


def emit(gateway: Gateway) -> Fragment:
    """The rule of each operation, and NGINX's limit in bytes."""
    return Fragment(
        operations={o.key: {"body": rule(o.body)} for o in gateway.operations},
        settings={
            "nginx_http_client_max_body_size": str(nginx_limit(gateway)),
            "nginx_http_client_body_buffer_size": str(buffered(gateway)),
        },
    )


def nginx_limit(gateway: Gateway) -> int:
    """Bytes that NGINX takes at most; never 0, which would mean no limit."""
    return 2 * _largest(gateway) + _ABOVE_BYTES


def buffered(gateway: Gateway) -> int:
    """Bytes of a body that are kept in memory."""
    return max(1, min(_largest(gateway), _LARGEST_BUFFER))


def _largest(gateway: Gateway) -> int:
    return max((o.body.max_bytes for o in gateway.operations), default=0)


def rule(body: Body) -> LuaValue:
    """The rule as gwc/runtime/lua/gwc/body.lua takes it."""
    ranges = [m for m in body.media_types if m.endswith("/*")]
    return {
        "types": {m: True for m in body.media_types if m not in ranges},
        "ranges": {m.removesuffix("/*"): True for m in ranges if m != "*/*"},
        "any": "*/*" in body.media_types,
        "required": body.required,
        "max_bytes": body.max_bytes,
        "none": not body.media_types,
    }
