"""Phase 9 on NGINX: the rules of the validation plan, which runtime/js/validation.js follows."""

from __future__ import annotations

import json

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Plan, Rule
from gwc.backends.nginx.quoting import member
from gwc.controls.validation import Validation
from gwc.templating import Verbatim

MAX_JSON_DEPTH = 31
"""JSON.parse of njs goes no deeper (0.9.9)."""


def emit(plan: Plan) -> Fragments:
    """A member `validation` in every rule."""
    for operation in plan.gateway.operations:
        _refuse(operation.validation)
    rules = tuple(_rule(n, rule) for n, rule in enumerate(plan.rules))
    validated = {key: n for key, n in plan.rule_of.items() if key in plan.validation.operations}
    return Fragments(rules=rules, anchors=tuple(Anchor(key, POLICY, rules[n]) for key, n in validated.items()))


def _rule(number: int, rule: Rule) -> Verbatim:
    return member("validation", json.loads(rule.validation) if rule.validation else None, number)


def _refuse(control: Validation) -> None:
    if control.responses:
        raise Unenforceable(
            control.span,
            control.STEM,
            "responses",
            "NGINX passes answers on as they come and its script never sees a whole one",
            "set validation.response.mode to off for this gateway, or watch answers with Envoy or Kong",
        )
    if control.limits.json_depth > MAX_JSON_DEPTH:
        raise Unenforceable(
            control.span,
            control.STEM,
            "limits",
            f"the JSON reader of njs goes {MAX_JSON_DEPTH} deep",
            f"set jsonDepth to at most {MAX_JSON_DEPTH}",
        )
