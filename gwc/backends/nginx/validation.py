"""Phase 9 on NGINX: the rules of the validation plan, which runtime/js/validation.js follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments, Lines
from gwc.backends.nginx.numbered import by_number
from gwc.backends.nginx.plan import Plan, Rule
from gwc.backends.nginx.quoting import javascript, member
from gwc.backends.nginx.security import asked_of_caller
from gwc.controls.validation import Validation
from gwc.templating import Verbatim

MAX_JSON_DEPTH = 31
"""JSON.parse of njs goes no deeper (0.9.9)."""


_RANGES = ("application/json", "application/*", "*/*")
_JSON = ("application/json", "application/json; charset=utf-8", "application/json;charset=utf-8")
_SIGNED = (
    'map $request_uri $gwc_bare { default ""; "~^[^?%]*$" +; }',
    'map "$gwc_framed:$gwc_bare:$http_content_type:$http_content_encoding" $gwc_sign {',
    "  default +;",
    '  "~^:[^+]" ?;',
    '  "~^:" "";',
    *(f'  "+:+:{media_type}:" j;' for media_type in _JSON),
    *(f'  "+::{media_type}:" J;' for media_type in _JSON),
    "}",
    "map $gwc_sign $gwc_case { default $gwc_rule$gwc_sign; }",
    'map "$gwc_scripted:$gwc_bare" $gwc_scripted_bare { default +; ":+" ""; }',
)
"""Where something is validated. No sign: no body, no query and no escapes in the path; `?`: only no body; `j`: a body that is JSON without the
others; `J`: only a body that is JSON; `+`: anything else."""
_UNSIGNED = ("map $gwc_framed $gwc_case { default $gwc_rule$gwc_framed; }",)


def emit(plan: Plan) -> Fragments:
    """Functions `parameters` and `bodies` of policy.js, which give the parts of a rule, and `validated`, for rules before which nothing but a token goes."""
    for operation in plan.gateway.operations:
        _refuse(operation.validation)
    rules = {n: json.loads(rule.validation) for n, rule in enumerate(plan.rules) if rule.validation}
    validated = {key: n for key, n in plan.rule_of.items() if key in plan.validation.operations}
    parts = {"parameters": _part(rules, "parameters", "closedQuery", "knownQuery"), "bodies": _part(_judged(rules), "mediaTypes")}
    rows = {n: found for n in rules if (found := _row(plan, plan.rules[n], rules[n]))}
    judged = {**{name: by_number(name, cases) for name, cases in parts.items()}, "validated": by_number("validated", _returned(rows))}
    return Fragments(
        rules=tuple(_member(n, rules) for n in range(len(plan.rules))),
        case=tuple(map(Verbatim, _SIGNED if rules else _UNSIGNED)),
        judged=judged if rules else {},
        anchors=tuple(Anchor(key, POLICY, f'case "{n}": {parts["parameters"][n][0]}') for key, n in validated.items()),
    )


def _member(number: int, rules: Mapping[int, dict[str, Any]]) -> Verbatim:
    """[number by which the parts are asked for, whether bodies are judged], or null."""
    return member("validation", [str(number), bool(rules[number]["mediaTypes"])] if number in rules else None, number)


def _part(rules: Mapping[int, dict[str, Any]], *names: str) -> dict[int, Lines]:
    """These members of each rule, and its limits."""
    return _returned({n: {k: v for k, v in rule.items() if k in {*names, "limits"}} for n, rule in rules.items()})


def _returned(values: Mapping[int, Any]) -> dict[int, Lines]:
    return {n: (Verbatim(f"return {javascript(value)};"),) for n, value in values.items()}


def _judged(rules: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {n: rule for n, rule in rules.items() if rule["mediaTypes"]}


def _row(plan: Plan, rule: Rule, validation: dict[str, Any]) -> list[Any]:
    """[what is asked of the caller, whether bare requests have good parameters, schema of JSON bodies or null, limits, whether a body must be there].

    Empty for rules that ask for more.
    """
    asked = asked_of_caller(plan, rule)
    if not asked or not rule.body.max_bytes:
        return []
    found: dict[str, Any] = next((m for m in validation["mediaTypes"] if m["range"] in _RANGES), {})
    is_taken = any(taken in _RANGES for taken in rule.body.media_types)
    return [asked, rule.is_bare, found.get("json") if is_taken else None, validation["limits"], rule.body.required]


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
