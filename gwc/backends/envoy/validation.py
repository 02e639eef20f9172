"""Phase 9 on Envoy: not yet."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.backends.base import Unenforceable
from gwc.controls.validation import OFF, Validation
from gwc.ir import Gateway


def check(gateway: Gateway) -> Iterator[Unenforceable]:
    """Every operation that has something to validate."""
    for operation in gateway.operations:
        if operation.validation != OFF:
            yield Unenforceable(operation.validation.span, Validation.STEM, "parameters", "Envoy does not validate requests yet")


def emit(gateway: Gateway) -> None:
    """Nothing."""
