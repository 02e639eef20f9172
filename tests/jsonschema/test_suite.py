"""The JSON-Schema-Test-Suite through documents, the builder and the model."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.lowering.schema import SchemaBuilder
from gwc.semantics.json_schema import is_valid
from tests.jsonschema.given import body_schema, load, value_of
from tests.support.schema_suite import Draft, Group, groups, write_document

REFUSED = {
    "draft2020-12 vocabulary: schema that uses custom metaschema with with no validation vocabulary": "GWC819",
    "draft2020-12 vocabulary: ignore unrecognized optional vocabulary": "GWC819",
    "draft2020-12 optional/format-assertion: schema that uses custom metaschema with format-assertion: false": "GWC819",
    "draft2020-12 optional/format-assertion: schema that uses custom metaschema with format-assertion: true": "GWC819",
    "draft4 optional/id: id inside an enum is not a real identifier": "GWC802",
}
"""Groups that gwc refuses by name: meta-schemas of one's own, and `const`, which OpenAPI 3.0 does not have."""

REFUSED_FORMATS = {"optional/format/ecmascript-regex", "optional/format/idn-hostname"}

DECLARED = {
    "draft4 optional/zeroTerminatedFloats: some languages do not distinguish between different types of numeric value",
}
"""By gwc's rule for numbers, 1.0 is an integer in all versions of OpenAPI."""


@functools.cache
def _names(draft: Draft) -> list[str]:
    return [g.name for g in groups(draft)]


def _verdicts(group: Group, folder: Any) -> list[str]:
    """What is wrong: empty when every verdict is right."""
    findings = Findings()
    api = load(write_document((group,), folder), findings)
    expected = REFUSED.get(group.name)
    if api is None:
        codes = sorted({d.code for d in findings.diagnostics if d.severity == "error"})
        return (
            []
            if codes == [expected]
            else [f"{group.name} does not load: {[(d.code, d.message, str(d.span)) for d in findings.diagnostics]}"]
        )
    mine = Findings()
    builder = SchemaBuilder(mine, version=api.version, direction="request", formats=group.asserts_formats)
    schema = builder.root(body_schema(api, 0), closed=False)
    if group.keyword in REFUSED_FORMATS:
        return [] if {d.code for d in mine.diagnostics} == {"GWC422"} else [f"{group.name} is not refused"]
    if mine.has_errors:
        return [f"{group.name} is refused: {[(d.code, d.message) for d in mine.diagnostics]}"]
    table = builder.table
    return [f"{group.name}: {t.description}: {t.text}" for t in group.tests if is_valid(schema, table, value_of(t.text)) != t.is_valid]


@pytest.mark.parametrize("draft", ["draft4", "draft2020-12"])
def test_every_mandatory_verdict_is_right(draft: Draft, tmp_path):
    wrong = []
    for number, group in enumerate(groups(draft)):
        if not group.is_optional:
            (tmp_path / str(number)).mkdir()
            wrong += _verdicts(group, tmp_path / str(number))
    if wrong:
        pytest.fail(f"{len(wrong)} wrong\n" + "\n".join(wrong))


@pytest.mark.parametrize("draft", ["draft4", "draft2020-12"])
def test_every_optional_verdict_is_right_or_refused_by_name(draft: Draft, tmp_path):
    wrong = []
    for number, group in enumerate(groups(draft)):
        if group.is_optional and group.name not in DECLARED:
            (tmp_path / str(number)).mkdir()
            wrong += _verdicts(group, tmp_path / str(number))
    if wrong:
        pytest.fail(f"{len(wrong)} wrong\n" + "\n".join(wrong))
