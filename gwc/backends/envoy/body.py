"""Body: `buffer` ends a body that is too long, the Lua filter `gwc.body` decides with the shared core and stamps what it let pass.

An uncaught error in Lua lets a request continue (measured), so the filter after it refuses what has no stamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gwc.backends.envoy import chain
from gwc.backends.envoy.document import ANY, HTTP_FILTER, Json, all_of, extension, metadata, none_of, rules, typed
from gwc.backends.envoy.lua import lua_filter
from gwc.backends.envoy.lua import per_route as lua_per_route
from gwc.controls.body import Body
from gwc.ir import Operation

BUFFER_BYTES = 1024 * 1024
"""What Envoy holds of a request where no route says otherwise."""
Rules = Mapping[Body, str]
"""Each distinct rule with the name that the Lua filter knows it by."""


def collect(operations: Iterable[Operation]) -> Rules:
    """The rules of the operations, numbered in their order."""
    return {rule: f"b{i}" for i, rule in enumerate(dict.fromkeys(o.body for o in operations))}


def emit(known: Rules, statuses: Json) -> list[Json]:
    """The filters. `statuses`: reason -> status of the Lua filter's answer."""
    data = {"statuses": statuses, "rules": {name: _plain(rule) for rule, name in known.items()}}
    stamp = metadata(chain.STAMP, ["body"], {"bool_match": True})
    unproven = rules("DENY", {"internal.error": [all_of([ANY, none_of(stamp)])]})
    return [
        {**extension(chain.BODY_SIZE, HTTP_FILTER + "buffer.v3.Buffer", max_request_bytes=1), "disabled": True},
        lua_filter(chain.BODY, "body", ["body"], data),
        extension(chain.PROOF, HTTP_FILTER + "rbac.v3.RBAC", rules=unproven),
    ]


def per_route(rule: Body, known: Rules) -> Json:
    """The filters that a route turns on. A body that is not to be there is left to Lua, as far as Envoy's own buffer goes."""
    size = typed(HTTP_FILTER + "buffer.v3.BufferPerRoute", buffer={"max_request_bytes": rule.max_bytes})
    return {
        **({chain.BODY_SIZE: size} if rule.media_types or rule.max_bytes > BUFFER_BYTES else {}),
        chain.BODY: lua_per_route(rule=known[rule]),
    }


def _plain(rule: Body) -> Json:
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
