"""Schemas: functions in a file of their own beside the plugin, called by the numbers of the plan."""

from __future__ import annotations

from gwc.backends.kong.fragment import WHOLE, Fragment, Member
from gwc.backends.validation_plan import ValidationPlan, make_plan
from gwc.ir import Gateway
from gwc.jsonschema.lua import print_schemas

MODULE = "schemas"
"""`gwc.schemas`, as the core asks for it."""


def emit(gateway: Gateway) -> Fragment:
    """The shapes: how texts become values. Nothing where nothing is validated."""
    plan = make_plan(gateway)
    return Fragment(data=(Member("shapes", plan.shapes, {WHOLE: "*"}),)) if plan.operations else Fragment()


def module_text(plan: ValidationPlan) -> str:
    """The file with the functions."""
    return print_schemas(plan.table, plan.roots)
