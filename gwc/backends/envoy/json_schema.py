"""Schemas: functions in the source of the Lua filter, called by the numbers of the plan."""

from __future__ import annotations

from gwc.backends.validation_plan import ValidationPlan, make_plan
from gwc.ir import Gateway
from gwc.jsonschema.lua import print_schemas

MODULE = "schemas"
"""`gwc.schemas`, as the runtime asks for it."""


def emit(gateway: Gateway) -> str:
    """The module's text."""
    return module_text(make_plan(gateway))


def module_text(plan: ValidationPlan) -> str:
    """The same, of a plan at hand."""
    return print_schemas(plan.table, plan.roots)
