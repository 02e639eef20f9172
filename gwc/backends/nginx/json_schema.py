"""Schemas on NGINX: not yet."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import Fragments
from gwc.backends.nginx.plan import Plan
from gwc.controls.json_schema import EXAMPLES, JsonSchema


def emit(plan: Plan) -> Fragments:
    """Nothing; any schema at all is refused."""
    if plan.gateway.json_schema != EXAMPLES[0]:
        raise Unenforceable(plan.gateway.json_schema.span, JsonSchema.STEM, "table", "NGINX does not judge schemas yet")
    return Fragments()
