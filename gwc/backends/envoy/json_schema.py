"""Schemas on Envoy: not yet."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.backends.base import Unenforceable
from gwc.controls.json_schema import EXAMPLES, JsonSchema
from gwc.ir import Gateway


def check(gateway: Gateway) -> Iterator[Unenforceable]:
    """Any schema at all."""
    if gateway.json_schema != EXAMPLES[0]:
        yield Unenforceable(gateway.json_schema.span, JsonSchema.STEM, "table", "Envoy does not judge schemas yet")


def emit(gateway: Gateway) -> None:
    """Nothing."""
