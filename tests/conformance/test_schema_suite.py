"""That the translation of the suite to OpenAPI means what the suite means, told by an independent validator."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.support.schema_suite import Draft, Group, groups, read, text, write_document

FILES = "http://files.invalid/"

# Where the validator, not the translation, differs from the suite. All are optional.
DIFFERENT = {
    "draft4 optional/zeroTerminatedFloats: some languages do not distinguish between different types of numeric value",
}


def _validator(group: Group) -> Any:
    files = {name: json.loads(content, parse_float=Decimal) for name, content in group.files}
    kind = jsonschema_rs.Draft4Validator if group.draft == "draft4" else jsonschema_rs.Draft202012Validator
    draft = jsonschema_rs.Draft4 if group.draft == "draft4" else jsonschema_rs.Draft202012
    schema = json.loads(group.schema)
    if not isinstance(schema, dict):
        return kind(schema)
    name = schema["$ref"]
    registry = jsonschema_rs.Registry([(FILES + n, s) for n, s in files.items() if n != name], draft=draft) if len(files) > 1 else None
    return kind(files[name], validate_formats=group.asserts_formats, registry=registry, base_uri=FILES + name, offline=True)


@pytest.mark.parametrize(("draft", "count"), [("draft4", 406), ("draft2020-12", 793)])
def test_the_translated_schemas_mean_the_same(draft: Draft, count: int):
    wrong, seen = [], 0
    for group in groups(draft):
        if group.keyword in {"vocabulary", "optional/format-assertion"} or group.name in DIFFERENT:
            continue  # their meta-schemas are for gwc to refuse
        if group.keyword.startswith("optional/format/"):
            continue  # the validator has its own opinions there
        validator = _validator(group)
        for test in group.tests:
            seen += 1
            if validator.is_valid(json.loads(test.text, parse_float=Decimal)) != test.is_valid:
                wrong.append(f"{group.name}: {test.description}")
    assert not wrong, "\n".join(wrong)
    assert seen == count


def test_draft_4_leaves_no_word_that_openapi_does_not_have(tmp_path):
    document = write_document(groups("draft4"), tmp_path)
    for path in [document, *tmp_path.rglob("*/*.json")]:
        assert not _unknown(json.loads(path.read_text(encoding="utf-8"))), path


def _unknown(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [x for v in value for x in _unknown(v)]
    if not isinstance(value, dict):
        return []
    here = [value] if isinstance(value.get("type"), list) or value.get("type") == "null" else []
    return here + [x for k, v in value.items() if k not in {"enum", "const", "default"} for x in _unknown(v)]


def test_numbers_keep_their_text():
    assert text(read("[1.0, 1e400, -0, 12345678901234567890, {}]")) == "[1.0, 1e400, -0, 12345678901234567890, {}]"


def test_every_schema_is_an_operation(tmp_path: Path):
    chosen = groups("draft2020-12")[:40]
    document = json.loads(write_document(chosen, tmp_path).read_text(encoding="utf-8"))
    assert [o["post"]["operationId"] for o in document["paths"].values()] == [f"s{n}" for n in range(40)]
    assert all((tmp_path / name).is_file() for g in chosen for name, _ in g.files)
