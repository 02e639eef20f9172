"""JavaScript for the items of arrays."""

from __future__ import annotations

from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_evaluated import is_marked, print_marks
from gwc.jsonschema.tree import Check, Contains, Items, UnevaluatedItems


def print_items(body: Body, check: Items, place: Place) -> None:
    """Items of the prefix one by one, the others in a loop."""
    if place.counts:
        body.add(f"if (x.counts && {place.value}.length > x.items) return false;")
    for number, schema in enumerate(check.prefix):
        if schema.checks:
            with body.block(f"if ({place.value}.length > {number})"):
                value = body.new("i")
                body.add(f"{value} = {place.value}[{number}];")
                body.print_schema(body, schema, place.member(str(number), value))
    if check.rest is not None and check.rest.checks:
        index, value = body.new("n"), body.new("i")
        with body.loop(f"for ({index} = {len(check.prefix)}; {index} < {place.value}.length; {index}++)"):
            body.add(f"{value} = {place.value}[{index}];")
            body.print_schema(body, check.rest, place.item(index, value))


def print_contains(body: Body, check: Contains, place: Place) -> None:
    """Counts the items that fulfil the schema."""
    index, value, count = body.new("n"), body.new("i"), body.new("n")
    body.add(f"{count} = 0;")
    with body.loop(f"for ({index} = 0; {index} < {place.value}.length; {index}++)"):
        body.add(f"{value} = {place.value}[{index}];")
        body.add(f"if ({body.holds(check.schema, value)}) {count}++;")
    few = f"if ({count} < {check.minimum}) {{ {place.refuse('contains' if check.minimum == 1 else 'minContains')} }}"
    body.add(few)
    if check.maximum is not None:
        many = f"{count} >= {check.minimum} && {count} > {check.maximum}"
        body.add(f"if ({many}) {{ {place.refuse('maxContains')} }}")


def print_unevaluated_items(body: Body, before: tuple[Check, ...], check: UnevaluatedItems, place: Place) -> None:
    """The items that none of the checks before has evaluated."""
    marks = print_marks(body, before, place.value)
    index, value, wrong = body.new("n"), body.new("i"), body.new("h")
    body.add(f"{wrong} = false;")
    with body.loop(f"for ({index} = 0; {index} < {place.value}.length; {index}++)"):
        body.add(f"if ({is_marked(marks, index)}) continue;", f"{value} = {place.value}[{index}];")
        body.add(f"if (!{body.holds(check.schema, value)}) {{ {wrong} = true; break; }}")
    body.add(f"if ({wrong}) {{ {place.refuse('unevaluatedItems')} }}")
