"""Schemas on NGINX: a function of JavaScript for each, and the shapes of texts, both asked for by number."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.numbered import by_number
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.json_schema import Shape
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """Functions `schema` and `shape` of policy.js."""
    lines = tuple(_lines(plan))
    anchors = (Anchor("*", POLICY, lines[0]),) if plan.validation.operations else ()
    return Fragments(script=lines, anchors=anchors)


def _lines(plan: Plan) -> Iterator[Verbatim]:
    yield from map(Verbatim, plan.schemas.lines())
    used = plan.gateway.json_schema.shapes if plan.validation.operations else ()
    yield from by_number("shape", {n: (Verbatim(f"return {javascript(_shape(shape))};"),) for n, shape in enumerate(used)})


def _shape(shape: Shape) -> dict[str, object]:
    """Numbers as texts: that is what they are asked for by."""
    return {
        "types": shape.types,
        "prefix": [str(number) for number in shape.prefix],
        "items": str(shape.items),
        "names": [name for name, _ in shape.properties],
        "numbers": [str(number) for _, number in shape.properties],
        "additional": str(shape.additional),
    }
