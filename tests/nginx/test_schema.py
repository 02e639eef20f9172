"""Schemas on the engine of njs, against the model and the suite that others wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.jsonschema.js_objects import INHERITED
from gwc.jsonschema.tree import AnyOf, Call, Items, Known, Members, Schema, Table, Types
from gwc.lowering.schema import SchemaBuilder
from gwc.semantics.json_schema import failures
from tests.jsonschema.given import body_schema, load, value_of
from tests.support.nginx_process import scripting
from tests.support.njs_schemas import LIMITS, judging
from tests.support.schema_suite import Draft, Group, groups, write_document

pytestmark = pytest.mark.gateway


def build(group: Group, folder: Path) -> tuple[Schema, Table] | None:
    """The schema of a group; None where it is refused by name (tests/jsonschema/test_suite.py says which may be)."""
    api = load(write_document((group,), folder), Findings())
    if api is None:
        return None
    findings = Findings()
    builder = SchemaBuilder(findings, version=api.version, direction="request", formats=group.asserts_formats)
    root = builder.root(body_schema(api, 0), closed=False)
    return None if findings.has_errors else (root, builder.table)


@pytest.mark.parametrize("draft", ["draft4", "draft2020-12"])
def test_the_suite(draft: Draft, tmp_path: Path) -> None:
    """Every verdict, and every failure that is told, is the model's; the model's are right (tests/jsonschema/test_suite.py)."""
    roots, pairs, wanted = [], [], []
    for number, group in enumerate(groups(draft)):
        (tmp_path / str(number)).mkdir()
        built = build(group, tmp_path / str(number))
        if built is None:
            continue
        for test in group.tests:
            pairs.append((len(roots), test.text))
            wanted.append([list(f) for f in failures(*built, value_of(test.text))])
        roots.append(built)
    (tmp_path / "nginx").mkdir()
    with judging(tmp_path / "nginx", roots) as judge:
        found = judge(pairs)
    check(pairs, wanted, found)
    assert len(pairs) > 400


_OBJECT, _ARRAY = (
    Schema((Types(("object",)), Members((("a", Schema((Call(1),))),)), Known("additionalProperties", ("a",), ()))),
    Schema((Call(2),)),
)
TREES = (
    _OBJECT,
    Schema((AnyOf((Schema((Call(0),)), _ARRAY, Schema((Types(("string",)),)))),)),
    Schema((Types(("array",)), Items((), Schema((Call(1),))))),
)
NESTED = (Schema((Types(("object",)), Members((("a", Schema((Call(0),))),)), Known("additionalProperties", ("a",), ()))),)
LISTS = (Schema((Types(("array",)), Items((), Schema((Types(("array", "null")), Items((), Schema((Types(("integer",)),)))))))),)


def nested(depth: int) -> str:
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


@pytest.mark.parametrize(
    ("table", "limit", "within", "beyond"),
    [
        (NESTED, {"jsonDepth": 5}, nested(5), nested(6)),
        (TREES, {"jsonDepth": 5}, '{"a":{"a":[[["x"]]]}}', '{"a":{"a":[[[["x"]]]]}}'),
        (NESTED, {"jsonKeys": 4}, nested(5), nested(6)),
        (LISTS, {"arrayItems": 3}, "[[1,2,3],null,[]]", "[[1,2,3,4]]"),
        (LISTS, {"arrayItems": 3}, "[null,[],[3]]", "[null,null,[],null]"),
        (LISTS, {"jsonDepth": 2}, "[[1]]", "[[[1]]]"),
        (TREES, {"stringBytes": 64}, '{"a":"1234567890"}', '{"a":"' + "x" * 65 + '"}'),
    ],
)
def test_limits_of_the_quick_way(tmp_path: Path, table: Table, limit: dict[str, int], within: str, beyond: str) -> None:
    """At the limit it is quick, beyond it the other way has the last word, and refuses."""
    with judging(tmp_path, [(Schema((Call(0),)), table)]) as judge:
        assert judge([(0, within)], {**LIMITS, **limit}) == [[]]
        assert judge.quick == [within]
        assert judge([(0, beyond)], {**LIMITS, **limit}) != [[]]
        assert not judge.quick


@pytest.mark.parametrize(
    ("text", "failures"),
    [
        ('{"a":{}}', []),
        ('{"a":{},"a":{}}', ["syntax", "json"]),
        ('{"a":{"a":{}},"b":{}}', [["", "additionalProperties"]]),
        ('{"a":{"b":{}}}', [["/a", "additionalProperties"]]),
        ('{"a":{"a":{},"a":{}}}', ["syntax", "json"]),
        ('{"a" :{"a":{},"a":{}}}', ["syntax", "json"]),  # one name more, and one that is not counted
        ('{"a":{"b":{}} ,"a":{"a":{}}}', ["syntax", "json"]),
    ],
)
def test_what_the_quick_way_counts(tmp_path: Path, text: str, failures: list[Any]) -> None:
    with judging(tmp_path, [(Schema((Call(0),)), NESTED)]) as judge:
        assert judge([(0, text)]) == [failures]
        assert bool(judge.quick) == (not failures)


def test_inherited_names_are_known(tmp_path: Path) -> None:
    """A member with any other name is undefined where it is not there."""
    with scripting(tmp_path, "Object.getOwnPropertyNames(Object.prototype)") as run:
        assert set(run(None)) <= INHERITED


def check(pairs: list[Any], wanted: list[Any], found: list[Any]) -> None:
    """All at once: the instances of a request are many."""
    wrong = [(p, w, f) for p, w, f in zip(pairs, wanted, found, strict=True) if w != f]
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(pairs)}: " + "\n".join(map(repr, wrong[:20]))[:4000])
