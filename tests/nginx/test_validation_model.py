"""Parameters and bodies in njs against the model: random rules and texts, the values that schemas would judge, and what does not hold."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gwc.backends.nginx.json_schema import plain
from gwc.backends.nginx.plan import make_plan
from gwc.controls.json_schema import JsonSchema
from gwc.controls.validation import Validation
from tests.support.judged_values import WORDS, Model, Outcome, comparable
from tests.support.nginx_process import scripting
from tests.support.sample import JSON, PUBLIC, gateway, operation
from tests.support.validation_rules import Asked, random_request, random_rule

pytestmark = pytest.mark.gateway

EACH = """x.map(function (one) {
  let seen = [];
  function shown(v) {
    if (typeof v === 'symbol') return ['decimal', v.description];
    if (typeof v === 'number') return ['decimal', String(v)];
    if (Array.isArray(v)) return ['array', v.map(shown)];
    if (typeof v === 'object' && v !== null) return ['object', Object.keys(v).map(function (name) { return [name, shown(v[name])]; })];
    return ['other', v];
  }
  policy.shape = function (number) { return one.shapes[Number(number)]; };
  policy.schema = function () { return function (v) { seen.push(shown(v)); return true; }; };
  function joined(fields, name, by) {
    const found = fields.filter(function (field) { return field[0] === name; }).map(function (field) { return field[1]; }).join(by);
    return fields.some(function (field) { return field[0] === name; }) ? Buffer.from(found, 'hex') : undefined;
  }
  return one.asked.map(function (asked) {
    const rawVariables = { http_cookie: joined(asked.headers, 'cookie', '3b20') }, type = joined(asked.headers, 'content-type', '2c20');
    asked.headers.forEach(function (field) { if (field[0] !== 'cookie') rawVariables['http_' + field[0]] = joined(asked.headers, field[0], '2c20'); });
    const rawHeadersIn = asked.headers.map(function (field) { return [field[0], Buffer.from(field[1], 'hex').toString()]; });
    const r = { variables: { request_uri: asked.target }, rawVariables, rawHeadersIn }, judge = validation();
    seen = [];
    const isPlain = plainParameters(r, one.rule, policy.schema, null);
    seen = [];
    const failures = judge.checkParameters(r, one.rule), body = Buffer.from(asked.body, 'hex');
    if (failures.length > 0) return [[isPlain ? 'taken for good' : 'validate.parameters', failures], seen];
    return [body.length === 0 || one.rule.mediaTypes.length === 0 ? null : judge.checkBody(one.rule, type.toString(), body), seen];
  });
})"""


def in_ascii(asked: Asked) -> Asked:
    """NGINX refuses targets with other bytes before the script sees them."""
    return replace(asked, target="".join(c if c.isascii() else f"%{ord(c):02X}" for c in asked.target))


def as_asked(asked: Asked) -> dict[str, object]:
    fields = [[name.lower(), value.encode("latin-1").hex()] for name, value in asked.headers]
    return {"target": asked.target, "headers": fields, "body": asked.body.hex()}


def as_rule(rule: Validation, schemas: JsonSchema) -> dict[str, object]:
    """The rule and the shapes as the script has them."""
    one = replace(operation("POST", "/x/{a}/y", PUBLIC, JSON, "orders.x"), validation=rule)
    plan = make_plan(gateway(operations=(one,), json_schema=schemas))
    return {"rule": json.loads(plan.rules[0].validation), "shapes": [plain(shape) for shape in schemas.shapes]}


def python_value(shown: Any) -> Any:
    """The value with numbers as texts, so that 1 is not true."""
    kind, what = shown
    if kind == "array":
        return [python_value(item) for item in what]
    if kind == "object":
        return {name: python_value(member) for name, member in what}
    return comparable(Decimal(what)) if kind == "decimal" else what


def as_told(outcome: Any) -> Outcome | None:
    """At most five failures, as a problem document has them."""
    return outcome and (outcome[0], tuple(map(tuple, (outcome[1] or [])[:5])))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with scripting(tmp_path_factory.mktemp("validation"), EACH) as call:
        yield call


@pytest.mark.parametrize("part", range(3))
def test_values_and_failures_are_those_of_the_model(run, part, monkeypatch) -> None:
    truth, seen, wrong = Model(monkeypatch), Counter[str](), list[str]()
    for start in range(part * 400, part * 400 + 400, 20):
        picks = [random.Random(seed) for seed in range(start, start + 20)]
        rules = [(*random_rule(pick), pick) for pick in picks]
        asked = [
            (rule, schemas, [in_ascii(random_request(pick, rule)) for _ in range(12)]) for rule, schemas, pick in rules if not rule.is_off
        ]
        found = run([{**as_rule(rule, schemas), "asked": list(map(as_asked, some))} for rule, schemas, some in asked])
        for (rule, schemas, some), outcomes in zip(asked, found, strict=True):
            for one, (outcome, shown) in zip(some, outcomes, strict=True):
                word, fault = truth.difference(as_told(outcome), [python_value(v) for v in shown], rule, schemas, one)
                seen[word] += 1
                if fault:
                    wrong.append(f"from seed {start}: {one}\n  {fault}")
    assert min(seen[w] for w in WORDS) > 10
    if wrong:
        pytest.fail(f"{len(wrong)} of {sum(seen.values())} differ\n" + "\n".join(wrong[:12]))
