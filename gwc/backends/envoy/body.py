"""Body: a rule for the Lua filters, which wait for the end of a body and judge it with the shared core.

What they may wait for is bounded by the listener's buffer, which a route can raise, not lower: more is answered with 413 by Envoy itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gwc.backends.envoy.document import Json
from gwc.controls.body import Body
from gwc.ir import Operation

BUFFER_BYTES = 64 * 1024
"""What Envoy holds of a request where no route says otherwise."""
Rules = Mapping[Body, str]
"""Each distinct rule with the name that the Lua filters know it by."""


def collect(operations: Iterable[Operation]) -> Rules:
    """The rules of the operations, numbered in their order."""
    return {rule: f"b{i}" for i, rule in enumerate(dict.fromkeys(o.body for o in operations))}


def emit(known: Rules) -> Json:
    """Name -> rule."""
    return {name: plain(rule) for rule, name in known.items()}


def route(rule: Body) -> Json:
    """Members of a route that takes larger bodies than the listener."""
    return {"request_body_buffer_limit": rule.max_bytes} if rule.max_bytes > BUFFER_BYTES else {}


def plain(rule: Body) -> Json:
    """The rule as the shared core wants it."""
    ranges = [m.removesuffix("/*") for m in rule.media_types if m.endswith("/*") and m != "*/*"]
    types = [m for m in rule.media_types if not m.endswith("/*")]
    return {
        "types": dict.fromkeys(types, True),
        "ranges": dict.fromkeys(ranges, True),
        "any": "*/*" in rule.media_types,
        "none": not rule.media_types,
        "required": rule.required,
        "max_bytes": rule.max_bytes,
    }
