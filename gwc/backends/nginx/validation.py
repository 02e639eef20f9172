"""Phase 9 on NGINX: not yet."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import Fragments
from gwc.backends.nginx.plan import Plan
from gwc.controls.validation import OFF, Validation


def emit(plan: Plan) -> Fragments:
    """Nothing; an operation that has something to validate is refused."""
    for operation in plan.gateway.operations:
        if operation.validation != OFF:
            raise Unenforceable(operation.validation.span, Validation.STEM, "parameters", "NGINX does not validate requests yet")
    return Fragments()
