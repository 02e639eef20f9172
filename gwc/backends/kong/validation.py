"""Phase 9: the plugin judges parameters and bodies by the plan of each operation, with the schemas as functions."""

from __future__ import annotations

from gwc.backends.kong.fragment import Fragment
from gwc.backends.validation_plan import make_plan
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The rule of each operation; `false` for those whose requests are not looked at."""
    plan = make_plan(gateway)
    return Fragment(operations={o.key: {"validation": plan.operations.get(o.key, False)} for o in gateway.operations})
