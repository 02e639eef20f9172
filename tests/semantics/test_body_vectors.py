"""The strict readers of bodies: the model says what the vectors of the runtimes say."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.validation import Limits
from gwc.jsonschema.constant import JsonValue, parts
from gwc.semantics import media_type, multipart
from gwc.semantics.strict_json import Reading
from gwc.semantics.text_value import UnreadableError, percent_decoded
from tests.support.shared import corpora

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def _vectors(name: str) -> dict[str, Any]:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


JSON = _vectors("json_reader")


def _limits(changed: dict[str, int]) -> Limits:
    found = JSON["limits"] | changed
    return Limits(
        json_depth=found["jsonDepth"], json_keys=found["jsonKeys"], array_items=found["arrayItems"], string_bytes=found["stringBytes"]
    )


def _described(value: JsonValue) -> Any:
    """In the form of the vectors."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_described(v) for v in value]
    if isinstance(value, dict):
        return {"object": {k: _described(v) for k, v in value.items()}}
    return _number(Decimal(value))


def _number(value: Decimal) -> Any:
    sign, digits, exponent = parts(value)
    if not digits:
        return {"plain": "0"}
    is_plain = len(digits) <= 15 or (exponent >= 0 and abs(value) <= 2**53)
    return {"plain" if is_plain else "long": f"{'-' if sign else ''}{digits}e{exponent + len(digits) - 1}"}


@pytest.mark.parametrize("case", JSON["cases"], ids=lambda c: c["text"][:40])
def test_json(case):
    found = Reading(case["text"].encode("latin-1"), _limits(case.get("limits", {})))
    if "fault" in case:
        assert case["fault"][1] in found.faults
    else:
        assert not found.faults
        assert _described(found.value) == case["value"]


@pytest.mark.parametrize("case", _vectors("percent")["cases"], ids=lambda c: c["text"])
def test_escapes(case):
    try:
        found = percent_decoded(case["text"], plus=case["plus"])
    except UnreadableError:
        found = None
    assert found == case["value"]


@pytest.mark.parametrize("case", _vectors("media_type_parameters")["cases"], ids=lambda c: c["value"])
def test_parameters_of_media_types(case):
    found = media_type.read(case["value"])
    assert found is not None
    assert found.parameters == case["parameters"]


@pytest.mark.parametrize("case", _vectors("multipart")["cases"], ids=lambda c: c["name"])
def test_multipart(case):
    try:
        found = multipart.read(case["body"].encode("latin-1"), case["boundary"])
    except multipart.MalformedError:
        assert case["parts"] is None
        return
    wanted = [(p["name"].encode("latin-1").decode(), p["contentType"], p["value"].encode("latin-1")) for p in case["parts"]]
    assert [(p.name, p.content_type, p.content) for p in found] == wanted


def _texts() -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(corpora("json-parsing").glob("**/*.json"))]


def test_the_parsing_corpus():
    limits = _limits({"jsonDepth": 64, "arrayItems": 100_000, "jsonKeys": 100_000, "stringBytes": 10**6})
    wrong = [
        name
        for name, raw in _texts()
        if (name.startswith("y_") and Reading(raw, limits).faults and "duplicated" not in name)
        or (name.startswith("n_") and not Reading(raw, limits).faults)
    ]
    assert not wrong
