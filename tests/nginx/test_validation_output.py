"""What NGINX refuses of validation rules, where their lines are, and that nothing of them stands outside of functions."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gwc.backends import nginx
from gwc.backends.base import TargetProblems, subjects
from gwc.backends.nginx.plan import make_plan
from gwc.controls.validation import DEFAULT_LIMITS, OFF, Response, Validation
from gwc.ir import Gateway
from tests.nginx.validated import ORDER_JSON, SCHEMAS, number_in_path, number_in_query
from tests.support.nginx_process import gateway
from tests.support.sample import JSON, NO_BODY, PUBLIC, operation


def source(*rules: Validation) -> Gateway:
    """An operation for each rule."""
    made = (operation("POST", f"/v1/r{n}", PUBLIC, JSON, f"r{n}") for n in range(len(rules)))
    return gateway(operations=tuple(replace(o, validation=rule) for o, rule in zip(made, rules, strict=True)), json_schema=SCHEMAS)


RULE = replace(OFF, media_types=(ORDER_JSON,))


def problem(rule: Validation) -> tuple[str, str]:
    with pytest.raises(TargetProblems) as raised:
        nginx.compile(source(rule))
    (found,) = raised.value.problems
    return f"{found.stem}.{found.field}", found.instead


def test_the_deepest_json() -> None:
    nginx.compile(source(replace(RULE, limits=replace(DEFAULT_LIMITS, json_depth=31))))
    assert problem(replace(RULE, limits=replace(DEFAULT_LIMITS, json_depth=32))) == ("validation.limits", "set jsonDepth to at most 31")


def test_answers_are_not_watched() -> None:
    field, instead = problem(replace(RULE, responses=(Response(status="200", media_types=(), others=()),)))
    assert field == "validation.responses"
    assert "validation.response.mode" in instead


def test_the_ledger_points_at_the_rule_of_the_operation() -> None:
    gateway_of_two = source(RULE, replace(OFF, parameters=(number_in_query(),)))
    output = nginx.compile(gateway_of_two)
    assert {(r.control, r.subject) for r in output.ledger} == set(subjects(gateway_of_two))
    lines = output.files["policy.js"].decode().split("\n")
    rows = {r.subject: lines[r.line - 1] for r in output.ledger if r.control == "validation"}
    assert rows["r0"].startswith('case "0": return {"parameters": []')
    assert '"name": "n"' in rows["r1"]


def test_equal_rules_are_one() -> None:
    plan = make_plan(source(RULE, RULE, replace(RULE, closed_query=True)))
    assert plan.rule_of == {"r0": 0, "r1": 0, "r2": 1}
    text = nginx.compile(source(RULE, RULE)).files["policy.js"].decode()
    assert text.count("return function (v)") == nginx.compile(source(RULE)).files["policy.js"].decode().count("return function (v)")


def test_what_is_validated_is_made_when_it_is_asked_for() -> None:
    """njs runs the top level for each request: functions only."""
    get = operation("GET", "/v1/{id}", PUBLIC, NO_BODY, "get")
    one = replace(get, validation=replace(OFF, parameters=(number_in_path(get),)))
    text = nginx.compile(gateway(operations=(one,), json_schema=SCHEMAS)).files["policy.js"].decode()
    assert "export default { bodies, parameters, schema, shape, validated, tables, usual };" in text
    for name in ("bodies", "parameters", "schema", "shape", "validated"):
        assert len(re.findall(rf"^function {name}\(", text, re.MULTILINE)) == 1
    assert not re.search(r"^(?:const|let|var) ", text[: text.index("function schema(")], re.MULTILINE)


def test_who_validates_nothing_has_nothing_of_it() -> None:
    text = nginx.compile(source(OFF)).files["policy.js"].decode()
    assert "export default { tables, usual };" in text
    assert "gwc_bare" not in nginx.compile(source(OFF)).files["nginx.conf"].decode()
