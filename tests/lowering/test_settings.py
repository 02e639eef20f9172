"""Policy, baselines and operations: the strictest value counts, whoever has it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gwc.controls.validation import DEFAULT_LIMITS, OFF
from tests.lowering.given import body, errors, gateway, query, rule

TEXT = {"type": "string"}
BASELINE = {"apiVersion": "gwc/v1", "kind": "Baseline", "metadata": {"name": "base"}}


def _rule(folder, *, own: Any = None, base: Any = None, general: Any = None):
    more: dict[str, Any] = {}
    if base is not None:
        more = {"files": {"base.gwc.yaml": {**BASELINE, "validation": base}}, "extends": ["base.gwc.yaml"]}
    if own is not None:
        more["operations"] = {"asked": {"validation": own}}
    return rule(folder, query(TEXT), validation=general if general is not None else None, **more)


def test_without_a_section_nothing_is_validated(tmp_path):
    assert gateway(tmp_path, query(TEXT), validation={"request": {"mode": "off"}}).operations[0].validation == OFF


def test_no_section_at_all(tmp_path):
    import json  # noqa: PLC0415

    from gwc.lowering import compile_policy  # noqa: PLC0415
    from tests.lowering.given import policy  # noqa: PLC0415

    (tmp_path / "policy.gwc.yaml").write_text(json.dumps(policy(None)), encoding="utf-8")
    (tmp_path / "openapi.json").write_text(json.dumps(query(TEXT)), encoding="utf-8")
    assert compile_policy(tmp_path / "policy.gwc.yaml", root=tmp_path).gateway.operations[0].validation == OFF


@pytest.mark.parametrize(
    ("general", "base", "own", "closed", "count"),
    [
        ({}, None, None, True, 1),
        ({"request": {}}, None, None, True, 1),
        ({"request": {"parameters": "schema"}}, None, None, False, 1),
        ({"request": {"parameters": "off"}}, None, None, False, 0),
        ({"request": {"parameters": "off"}}, {"request": {"parameters": "schema"}}, None, False, 1),
        ({"request": {"parameters": "schema"}}, {"request": {"parameters": "off"}}, None, False, 1),
        ({"request": {"parameters": "schema"}}, None, {"request": {"parameters": "strict"}}, True, 1),
        ({"request": {"parameters": "strict"}}, None, {"request": {"parameters": "off"}}, True, 1),
        ({"request": {"mode": "off"}}, {"request": {"mode": "enforce", "parameters": "schema"}}, None, False, 1),
        ({"request": {"mode": "off"}}, None, {"request": {"mode": "enforce"}}, True, 1),
        ({"request": {"mode": "off"}}, None, None, False, 0),
        ({"request": {"mode": "off"}}, {}, None, True, 1),
        ({"request": {"mode": "off"}}, {"request": {"body": "strict"}}, None, True, 1),
        ({"request": {"mode": "off"}}, None, {"request": {"parameters": "schema"}}, False, 1),
        ({"request": {"mode": "off"}}, None, {"request": {}}, True, 1),
        ({"request": {"mode": "off"}}, {"request": {"parameters": "schema"}}, {"request": {}}, True, 1),
        ({"request": {"parameters": "schema"}}, {}, None, True, 1),
        ({}, {"request": {"parameters": "schema"}}, None, True, 1),
        ({"request": {"parameters": "schema"}}, None, {"request": {"body": "strict"}}, False, 1),
    ],
)
def test_the_strictest_value_counts(tmp_path, general, base, own, closed, count):
    found = _rule(tmp_path, general=general, base=base, own=own)
    assert (found.closed_query, len(found.parameters)) == (closed, count)


@pytest.mark.parametrize(
    ("general", "base", "depth"),
    [
        ({"jsonDepth": 64}, None, 64),
        ({"jsonDepth": 64}, {}, DEFAULT_LIMITS.json_depth),
        ({}, {"jsonDepth": 64}, DEFAULT_LIMITS.json_depth),
        ({"jsonDepth": 20}, {"jsonDepth": 64}, 20),
    ],
)
def test_silence_is_the_default_limit(tmp_path, general, base, depth):
    found = _rule(tmp_path, general={"limits": general}, base=None if base is None else {"limits": base})
    assert found.limits.json_depth == depth


def test_the_smallest_limit_counts(tmp_path):
    found = _rule(
        tmp_path,
        general={"limits": {"jsonDepth": 8, "stringBytes": "1KiB"}},
        base={"limits": {"jsonDepth": 20, "stringBytes": "512B"}},
        own={"limits": {"arrayItems": 5}},
    ).limits
    assert (found.json_depth, found.string_bytes, found.array_items, found.json_keys) == (8, 512, 5, DEFAULT_LIMITS.json_keys)


@pytest.mark.parametrize(("limit", "value"), [("jsonDepth", 65), ("jsonDepth", 0), ("jsonKeys", 100_001), ("arrayItems", 0)])
def test_limits_have_borders(tmp_path, limit, value):
    assert [f.code for f in errors(tmp_path, query(TEXT), validation={"limits": {limit: value}})] == ["GWC022"]


@pytest.mark.parametrize(
    ("section", "says"),
    [({"request": {"mode": "monitor"}}, "request.mode: monitor"), ({"response": {"mode": "enforce"}}, "response.mode: enforce")],
)
def test_values_of_later_versions_are_refused_by_name(tmp_path, section, says):
    found = errors(tmp_path, query(TEXT), validation=section)
    assert [f.code for f in found] == ["GWC021"]
    assert says in found[0].message
    assert found[0].span.path == "policy.gwc.yaml"


def test_a_media_type_that_is_none(tmp_path):
    found = errors(tmp_path, body("application/json", {}), validation={"request": {"mediaTypes": ["json"]}})
    assert "GWC022" in [f.code for f in found]


def test_formats(tmp_path):
    schema = {"type": "string", "format": "date"}
    asserted = rule(tmp_path, query(schema)).parameters[0].schema
    ignored = rule(tmp_path, query(schema), validation={"request": {"formats": "ignore"}}).parameters[0].schema
    assert len(asserted.checks) > len(ignored.checks)


def test_answers_are_watched_when_the_policy_says_so(tmp_path):
    api = body("application/json", {})
    api["paths"]["/things"]["post"]["responses"] = {
        "default": {"description": "x"},
        "2XX": {"description": "x", "content": {"application/json": {"schema": TEXT}, "image/png": {}}},
        "201": {"description": "x"},
    }
    found = rule(tmp_path, api, validation={"response": {"mode": "monitor"}})
    assert [(r.status, [t.range for t in r.media_types], r.others) for r in found.responses] == [
        ("201", [], ()),
        ("2XX", ["application/json"], ("image/png",)),
        ("default", [], ()),
    ]
    assert rule(tmp_path, api).responses == ()
    assert rule(tmp_path, api, validation={"response": {"mode": "off"}}).responses == ()


_ORDER = {"strict": 2, "schema": 1, "off": 0}
_LEVEL = st.fixed_dictionaries({}, optional={"parameters": st.sampled_from(list(_ORDER)), "mode": st.sampled_from(["enforce", "off"])}).map(
    lambda r: {"request": r}
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(general=_LEVEL, base=_LEVEL, own=_LEVEL)
def test_a_further_level_never_loosens(tmp_path, general, base, own):
    def strictness(**levels: Any) -> int:
        found = _rule(tmp_path, **levels)
        return 2 if found.closed_query else len(found.parameters)

    together = strictness(general=general, base=base, own=own)
    assert together >= strictness(general=general, base=base)
    assert together >= strictness(general=general, own=own)
    off = {"request": {"mode": "off"}}
    assert together >= strictness(general=off, base=base)
