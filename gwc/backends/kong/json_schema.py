"""Schemas on Kong: not yet."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.kong.fragment import Fragment
from gwc.controls.json_schema import EXAMPLES, JsonSchema
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """Nothing; any schema at all is refused."""
    if gateway.json_schema != EXAMPLES[0]:
        raise Unenforceable(gateway.json_schema.span, JsonSchema.STEM, "table", "Kong does not judge schemas yet")
    return Fragment()
