"""Phase 9 on Kong: not yet."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.kong.fragment import Fragment
from gwc.controls.validation import OFF, Validation
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """Nothing; an operation that has something to validate is refused."""
    for operation in gateway.operations:
        if operation.validation != OFF:
            raise Unenforceable(operation.validation.span, Validation.STEM, "parameters", "Kong does not validate requests yet")
    return Fragment()
