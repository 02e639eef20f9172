"""Alternatives that no value fulfils two of are asked one after the other; all others keep "exactly one"."""

from __future__ import annotations

from typing import Any

import pytest

from gwc.jsonschema.tree import AnyOf, If, OneOf
from tests.jsonschema.given import built


def _tagged(*tags: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"kind": {"enum": list(tags)}, "n": {"type": "integer"}}, "required": ["kind"], **more}


CAT, DOG = "#/components/schemas/Cat", "#/components/schemas/Dog"
APART: list[tuple[str, list[Any]]] = [
    ("types", [{"type": "string"}, {"type": "integer"}, {"type": "array"}]),
    ("types of constants", [{"enum": ["a", "b"]}, {"type": "integer"}]),
    ("constants", [{"enum": ["a", "b"]}, {"const": "c"}]),
    ("required members with other constants", [_tagged("cat"), _tagged("dog", "wolf")]),
    ("in references", [{"$ref": CAT}, {"$ref": DOG}]),
    ("in parts", [{"allOf": [{"$ref": CAT}, {"maxProperties": 3}]}, {"$ref": DOG, "minProperties": 1}]),
    ("objects and text", [{"$ref": CAT}, {"$ref": DOG}, {"type": "string"}]),
]
NOT_APART: list[tuple[str, list[Any]]] = [
    ("numbers are integers, too", [{"type": "number"}, {"type": "integer"}]),
    ("no type", [{"type": "string"}, {"minimum": 1}]),
    ("equal constants", [{"enum": ["a", 1]}, {"enum": [1.0]}]),
    ("one constant in common", [_tagged("cat", "dog"), _tagged("dog")]),
    ("not required", [_tagged("cat"), _tagged("dog", required=["n"])]),
    ("not only objects", [_tagged("cat", type=["object", "null"]), _tagged("dog", type=["object", "null"])]),
    ("in a condition", [{"anyOf": [{"$ref": CAT}]}, {"$ref": DOG}]),
    ("the other direction's member", [_tagged("cat"), {**_tagged(), "properties": {"kind": {"const": "dog", "readOnly": True}}}]),
]


@pytest.mark.parametrize(
    ("name", "alternatives", "kind"),
    [(*a, AnyOf) for a in APART] + [(*a, OneOf) for a in NOT_APART],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_exactly_one(name, alternatives, kind, tmp_path):
    components = {
        "Cat": _tagged("cat"),
        "Dog": {"allOf": [{"required": ["kind"]}, {"type": "object", "properties": {"kind": {"$ref": "#/components/schemas/Tag"}}}]},
        "Tag": {"const": "dog"},
    }
    for closed in (False, True):
        made = built(tmp_path, {"oneOf": alternatives}, components=components, closed=closed)
        check = made.schema.checks[0]
        if isinstance(check, If):
            (check,) = check.condition.checks
        assert isinstance(check, kind)


def test_the_failure_is_that_of_one_of(tmp_path):
    for schema in ({"oneOf": [_tagged("cat"), _tagged("dog")]}, {"oneOf": [_tagged("cat"), _tagged("cat")]}):
        assert built(tmp_path, schema).failures({"kind": "cow"}) == (("", "oneOf"),)


def test_something_or_null_tells_what_is_wrong_with_something(tmp_path):
    for keyword in ("oneOf", "anyOf"):
        made = built(tmp_path, {keyword: [{"type": "null"}, _tagged("cat")]}, closed=True)
        assert isinstance(made.schema.checks[0], If)
        assert made.takes(None)
        assert made.takes({"kind": "cat"})
        assert made.failures({"kind": "cat", "n": "x"}) == (("/n", "type"),)
        assert made.failures({"kind": "cat", "m": 1}) == (("", "additionalProperties"),)
    assert built(tmp_path, {"oneOf": [{"type": "null"}, {"minimum": 1}]}).failures(None) == (("", "oneOf"),)
