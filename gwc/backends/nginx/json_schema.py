"""Schemas on NGINX: a function of JavaScript for each, and the shapes of texts, both asked for by number."""

from __future__ import annotations

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.numbered import by_number
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.json_schema import Shape
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """Functions `schema` and `shape` of policy.js, where something is validated."""
    if not plan.validation.operations:
        return Fragments()
    schemas = tuple(map(Verbatim, plan.schemas.lines()))
    shapes = {n: (Verbatim(f"return {javascript(plain(shape))};"),) for n, shape in enumerate(plan.gateway.json_schema.shapes)}
    return Fragments(judged={"schema": schemas, "shape": by_number("shape", shapes)}, anchors=(Anchor("*", POLICY, schemas[0]),))


def plain(shape: Shape) -> dict[str, object]:
    """As the script has it; numbers as texts: that is what they are asked for by."""
    return {
        "types": shape.types,
        "prefix": [str(number) for number in shape.prefix],
        "items": str(shape.items),
        "names": [name for name, _ in shape.properties],
        "numbers": [str(number) for _, number in shape.properties],
        "additional": str(shape.additional),
    }
