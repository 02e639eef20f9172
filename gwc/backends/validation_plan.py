"""The validation rules of all operations as plain data: what the runtimes of all gateways interpret, with schemas and shapes by number.

Nothing in it is null, and no name of a document is a key: such data means the same in Lua and in JavaScript. docs/validation.md says what
the runtimes do with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gwc.controls.json_schema import Shape
from gwc.controls.validation import Field, Form, Limits, MediaType, Parameter, Reading, Response, Validation
from gwc.ir import Gateway
from gwc.jsonschema.tree import Schema, Table

Json = bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class ValidationPlan:
    """What all validation of a gateway consists of. `operations`: key -> rule, for those that have something to validate. A rule is an object.

    parameters: [{in, name, required, allowEmpty, takesRest, style, explode, text, array, object, shape, schema, (path only) segment, literals, number}]
    closedQuery, knownQuery: [name], matrixSegments: [index from 0], limits: {jsonDepth, jsonKeys, arrayItems, stringBytes}
    mediaTypes: [{range, opaque, json?: schema, form?: form, multipart?: form}], the most specific range first
    form: {schema, fields: [field], rest: field}; field: {name, mediaTypes: [range], style, explode, text, array, object, shape}
    responses: [{status, mediaTypes: [{range, schema}], others: [range]}]

    `roots`: schema number -> schema; `table`: what `Call` numbers; `shapes`: {types: [..], prefix: [n], items: n, properties: [[name, n]], additional: n}.
    """

    roots: tuple[Schema, ...]
    table: Table
    shapes: list[Json]
    operations: Mapping[str, dict[str, Json]]


@dataclass(slots=True)
class _Roots:
    """Schemas get numbers in the order in which they are met; equal ones share theirs."""

    numbers: dict[Schema, int] = field(default_factory=dict)

    def number(self, schema: Schema) -> int:
        return self.numbers.setdefault(schema, len(self.numbers))


def make_plan(gateway: Gateway) -> ValidationPlan:
    """The plan of the gateway."""
    roots = _Roots()
    operations = {o.key: _rule(o.validation, roots) for o in gateway.operations if not o.validation.is_off}
    known = gateway.json_schema
    return ValidationPlan(tuple(roots.numbers), known.table, [_shape(s) for s in known.shapes], operations)


def _rule(rule: Validation, roots: _Roots) -> dict[str, Json]:
    return {
        "parameters": [_parameter(p, roots) for p in rule.parameters],
        "closedQuery": rule.closed_query,
        "knownQuery": list(rule.known_query),
        "matrixSegments": list(rule.matrix_segments),
        "mediaTypes": [_media_type(m, roots) for m in sorted(rule.media_types, key=_generality)],
        "limits": limits(rule.limits),
        "responses": [_response(r, roots) for r in rule.responses],
    }


def limits(found: Limits) -> dict[str, Json]:
    """The limits by their names, which are the keywords of their failures."""
    return {
        "jsonDepth": found.json_depth,
        "jsonKeys": found.json_keys,
        "arrayItems": found.array_items,
        "stringBytes": found.string_bytes,
    }


def _generality(found: MediaType) -> tuple[int, str]:
    return (2 if found.range == "*/*" else int(found.range.endswith("/*")), found.range)


def _parameter(found: Parameter, roots: _Roots) -> dict[str, Json]:
    rule: dict[str, Json] = {
        "in": found.location,
        "name": found.name,
        "required": found.required,
        "allowEmpty": found.allow_empty,
        "takesRest": found.takes_rest,
        **_reading(found.reading),
        "schema": roots.number(found.schema),
    }
    if found.place is not None:
        rule |= {"segment": found.place.index, "literals": list(found.place.literals), "number": found.place.number}
    return rule


def _reading(found: Reading) -> dict[str, Json]:
    return {
        "style": found.style,
        "explode": found.explode,
        "text": "text" in found.kinds,
        "array": "array" in found.kinds,
        "object": "object" in found.kinds,
        "shape": found.shape,
    }


def _media_type(found: MediaType, roots: _Roots) -> dict[str, Json]:
    rule: dict[str, Json] = {"range": found.range, "opaque": found.opaque}
    if found.json is not None:
        rule["json"] = roots.number(found.json)
    if found.form is not None:
        rule["form"] = _form(found.form, roots)
    if found.multipart is not None:
        rule["multipart"] = _form(found.multipart, roots)
    return rule


def _form(found: Form, roots: _Roots) -> dict[str, Json]:
    return {"schema": roots.number(found.schema), "fields": [_field(f) for f in found.fields], "rest": _field(found.rest)}


def _field(found: Field) -> dict[str, Json]:
    return {"name": found.name, "mediaTypes": list(found.media_types), **_reading(found.reading)}


def _response(found: Response, roots: _Roots) -> dict[str, Json]:
    types: list[Json] = [{"range": t.range, "schema": roots.number(t.schema)} for t in found.media_types]
    return {"status": found.status, "mediaTypes": types, "others": list(found.others)}


def _shape(found: Shape) -> Json:
    return {
        "types": list(found.types),
        "prefix": list(found.prefix),
        "items": found.items,
        "properties": [[name, number] for name, number in found.properties],
        "additional": found.additional,
    }
