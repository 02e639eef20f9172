"""What the script knows about parameters besides the validation plan: which ones are judged without looking closely."""

from __future__ import annotations

from gwc.backends.validation_plan import Json
from gwc.controls.json_schema import Shape
from gwc.controls.validation import Limits, Parameter
from gwc.jsonschema.tree import JsonType, Schema, Types

_TYPES: tuple[JsonType, ...] = ("boolean", "integer", "string")


def is_bare(parameter: Parameter, limits: Limits, max_uri_bytes: int, shapes: tuple[Shape, ...]) -> bool:
    """Whether the parameter is good in every request without a query and without escapes in its path."""
    if parameter.location == "query":
        return not parameter.required
    is_any_text = _only_type(parameter, shapes) == "string" and _takes_all(parameter.schema, "string")
    return parameter.location == "path" and is_any_text and max_uri_bytes <= limits.string_bytes


def details(parameter: Parameter, schema: int, shapes: tuple[Shape, ...]) -> dict[str, Json | None]:
    """Members for runtime/js/plain_parameters.js. `schema`: the number of its function."""
    found: dict[str, Json | None] = {}
    if parameter.location == "header":
        found["field"] = "http_" + parameter.name.lower().replace("-", "_")
    kind = _only_type(parameter, shapes)
    if kind is not None and parameter.location in {"path", "query"}:
        found["plain"] = [kind, None if _takes_all(parameter.schema, kind) else schema]  # type: ignore[list-item]
    return found


def _only_type(parameter: Parameter, shapes: tuple[Shape, ...]) -> JsonType | None:
    """The type of a parameter that is one text of one type, all of its segment."""
    reading, types = parameter.reading, shapes[parameter.reading.shape].types
    is_text = reading.kinds == ("text",) and reading.style in {"simple", "form"}
    is_alone = parameter.place is None or parameter.place.literals == ("", "")
    return types[0] if is_text and is_alone and len(types) == 1 and types[0] in _TYPES else None


def _takes_all(schema: Schema, kind: JsonType) -> bool:
    return schema.checks in ((), (Types((kind,)),))
