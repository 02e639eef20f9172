"""What the model's schemas are asked about, and how a runtime differs from it in the values that its own schemas see, or in what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from gwc.controls.json_schema import JsonSchema
from gwc.controls.validation import Validation
from gwc.semantics import parameters as model_of_parameters
from gwc.semantics import validation as model
from gwc.semantics.http1 import Request
from tests.support.validation_rules import Asked

Outcome = tuple[str, tuple[tuple[str, str, str], ...]]
"""A reason and its errors."""

WORDS = ("holds", "validate.parameters", "validate.syntax", "validate.limits", "validate.body", "body.contentType")
"""Outcomes that random requests must have, each of them often."""


def comparable(value: Any) -> Any:
    """Numbers as they are written, so that 1 is not true."""
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {name: comparable(member) for name, member in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return f"number {Decimal(value).normalize() if value else 0}"


class Model:
    """The model, and what its schemas were asked about, which then always hold."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values = list[Any]()
        for where in (model, model_of_parameters):
            monkeypatch.setattr(where, "failures", self._note)

    def _note(self, _schema: object, _table: object, value: Any) -> tuple[()]:
        self.values.append(comparable(value))
        return ()

    def outcomes(self, rule: Validation, schemas: JsonSchema, asked: Asked) -> list[Outcome]:
        """All that are right."""
        self.values.clear()
        request = Request("POST", asked.target, (1, 1), asked.headers, asked.body, 0)
        faults = [(f.reason, f.errors) for f in model.find_faults(rule, schemas, request)]
        return [f for f in faults if f[0] == "validate.parameters"] or faults

    def difference(
        self, told: Outcome | None, values: Sequence[Any], rule: Validation, schemas: JsonSchema, asked: Asked
    ) -> tuple[str, str]:
        """The outcome, and how it is wrong (empty: it is right). `values`: what the runtime's schemas were asked about, comparable."""
        right = self.outcomes(rule, schemas, asked)
        word = told[0] if told else "holds"
        if told not in (right or [None]):
            return word, f"{told} instead of {right}"
        theirs = self.values[: len(values)] if word == "validate.parameters" else self.values
        return word, "" if list(values) == theirs else f"values {values} instead of {theirs}"
