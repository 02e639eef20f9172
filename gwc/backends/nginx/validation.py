"""Phase 9 on NGINX: the rules of the validation plan, which runtime/js/validation.js follows."""

from __future__ import annotations

import json
from typing import Any

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.numbered import by_number
from gwc.backends.nginx.plan import Plan, Rule
from gwc.backends.nginx.quoting import javascript, member
from gwc.backends.nginx.security import asked_of_caller
from gwc.controls.validation import Validation
from gwc.templating import Verbatim

MAX_JSON_DEPTH = 31
"""JSON.parse of njs goes no deeper (0.9.9)."""


_RANGES = ("application/json", "application/*", "*/*")
_SIGNED = (
    'map $request_uri $gwc_bare { default ""; "~^[^?%]*+$" +; }',
    'map "$gwc_framed:$gwc_bare:$http_content_type:$http_content_encoding" $gwc_sign {',
    "  default +;",
    '  "~^:[^+]" ?;',
    '  "~^:" "";',
    *(
        f'  "+:+:{media_type}:" j;'
        for media_type in ("application/json", "application/json; charset=utf-8", "application/json;charset=utf-8")
    ),
    "}",
    "map $gwc_sign $gwc_case { default $gwc_rule$gwc_sign; }",
    'map "$gwc_scripted:$gwc_bare" $gwc_scripted_bare { default +; ":+" ""; }',
)
"""Where something is validated. No sign: no body, no query and no escapes in the path; `?`: only no body; `j`: a body that is JSON without the others."""
_UNSIGNED = ("map $gwc_framed $gwc_case { default $gwc_rule$gwc_framed; }",)


def emit(plan: Plan) -> Fragments:
    """A member `validation` in every rule; a function `json` of policy.js where bodies of a rule are JSON that nothing but a token goes before."""
    for operation in plan.gateway.operations:
        _refuse(operation.validation)
    rules = tuple(_rule(n, rule) for n, rule in enumerate(plan.rules))
    validated = {key: n for key, n in plan.rule_of.items() if key in plan.validation.operations}
    usual = {n: found for n, rule in enumerate(plan.rules) if (found := _json(plan, rule))}
    lines = by_number("json", {n: (Verbatim(f"return {javascript(found)};"),) for n, found in usual.items()})
    return Fragments(
        rules=rules,
        case=tuple(map(Verbatim, _SIGNED if validated else _UNSIGNED)),
        judged={"json": lines} if validated else {},
        anchors=tuple(Anchor(key, POLICY, rules[n]) for key, n in validated.items()),
    )


def _json(plan: Plan, rule: Rule) -> list[Any]:
    """[what is asked of the caller, number of the schema, limits] of JSON bodies; empty for rules that ask for more."""
    asked = asked_of_caller(plan, rule)
    if not asked or not rule.validation or not rule.is_bare or not rule.body.max_bytes:
        return []
    validation = json.loads(rule.validation)
    found: dict[str, Any] = next((m for m in validation["mediaTypes"] if m["range"] in _RANGES), {})
    is_taken = any(taken in _RANGES for taken in rule.body.media_types)
    return [asked, found["json"], validation["limits"]] if is_taken and "json" in found else []


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
