"""JavaScript for schemas that are put together of others."""

from __future__ import annotations

from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_literal import literal
from gwc.jsonschema.tree import AnyOf, Apply, Call, Discriminator, If, JsonType, Not, OneOf, Schema


def print_apply(body: Body, check: Apply, place: Place) -> None:
    """The same value by another schema."""
    body.print_schema(body, check.schema, place)


def print_call(body: Body, check: Call, place: Place) -> None:
    """The same value by the function of another schema."""
    if place.pointer is not None:
        body.reach(check.number)
        body.add(f"if (!x.tell({check.number})({place.value}, c, {place.pointer})) return false;")
        return
    call = f"{body.function(check.number)}({place.value})"
    body.add(f"if (!{call if place.counts else body.uncounted(call)}) {place.leave()}")


def print_not(body: Body, check: Not, place: Place) -> None:
    """The value must not fulfil the schema."""
    body.add(f"if ({body.holds(check.schema, place.value, place.kind)}) {{ {place.refuse('not')} }}")


def print_if(body: Body, check: If, place: Place) -> None:
    """One of two schemas, as the condition has it."""
    condition = body.holds(check.condition, place.value, place.kind)
    if check.then.checks:
        with body.block(f"if ({condition})"):
            body.print_schema(body, check.then, place)
    if check.otherwise.checks:
        with body.block("else" if check.then.checks else f"if (!{condition})"):
            body.print_schema(body, check.otherwise, place)


def print_alternatives(body: Body, check: AnyOf | OneOf, place: Place) -> None:
    """At least one, or exactly one, of the schemas."""
    schemas = [_apart(body, schema) for schema in check.schemas] if check.discriminator and place.pointer else list(check.schemas)
    count, held = print_count(body, schemas, place.value, most=1 if isinstance(check, AnyOf) else 2, kind=place.kind)
    body.hold(check, place.value, count, held)
    keyword = check.keyword if isinstance(check, AnyOf) else "oneOf"
    with body.block(f"if ({count} !== 1)"):
        if check.discriminator is None or place.pointer is None:
            body.add(place.refuse(keyword))
        else:
            _print_chosen(body, check.discriminator, schemas, place, keyword)


def _apart(body: Body, schema: Schema) -> Schema:
    """The schema as a function of its own: it is asked for twice."""
    is_call = len(schema.checks) == 1 and isinstance(schema.checks[0], Call)
    return schema if is_call else Schema((Call(body.number_of(schema)),))


def print_count(body: Body, schemas: list[Schema], value: str, most: int, kind: JsonType | None = None) -> tuple[str, tuple[str, ...]]:
    """Variables: the number of schemas that hold, and for each whether it does; the count ends with `most`."""
    count, held = body.new("n"), tuple(body.new("h") for _ in schemas)
    label = f"b{count}"
    body.add(f"{' = '.join(held)} = false;", f"{count} = 0;")
    with body.block(f"{label}:"):
        for name, schema in zip(held, schemas, strict=True):
            body.add(f"{name} = {body.holds(schema, value, kind)};", f"if ({name} && ++{count} === {most}) break {label};")
    return count, held


def _print_chosen(body: Body, discriminator: Discriminator, schemas: list[Schema], place: Place, keyword: str) -> None:
    """The failures of the alternative that the discriminator names, else one of them all."""
    chosen, told = body.new("d"), body.new("h")
    body.add(f"{chosen} = x.more().named({place.value}, {literal(discriminator.name)});", f"{told} = c.length;")
    for text, index in discriminator.alternatives:
        with body.block(f"if ({chosen} === {literal(text)})"):
            body.print_schema(body, schemas[index], place)
    body.add(f"if ({told} === c.length) {{ {place.refuse(keyword)} }}")
