"""The model tells the failures that the vectors have."""

from __future__ import annotations

from tests.jsonschema.given import value_of
from tests.support.schema_vectors import schema_vectors


def test_vectors(tmp_path):
    vectors = schema_vectors(tmp_path)
    wrong = [
        f"{v.about}: {text[:200]}: {told}, not {failures}"
        for v in vectors
        for text, failures in v.values
        if (told := v.built.failures(value_of(text))) != failures
    ]
    assert vectors
    assert not wrong, "\n".join(wrong)
