"""`possible_types` has the type of every value that the schema takes."""

from __future__ import annotations

from random import Random

import pytest

from gwc.jsonschema.constant import canonical
from gwc.jsonschema.types import ALL, possible_types, type_of
from tests.jsonschema.given import built, value_of
from tests.jsonschema.test_random import build
from tests.support.schema_strategies import random_case

EXAMPLES = [
    ({}, ALL),
    (False, frozenset()),
    ({"type": "integer"}, {"integer"}),
    ({"type": "number"}, {"integer", "number"}),
    ({"type": ["string", "null"]}, {"string", "null"}),
    ({"enum": [1, "a", None]}, {"integer", "string", "null"}),
    ({"const": 1.5}, {"integer", "number"}),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"integer", "string"}),
    ({"type": "number", "allOf": [{"type": "integer"}]}, {"integer"}),
    ({"type": "string", "allOf": [{"type": "integer"}]}, frozenset()),
    ({"oneOf": [{"$ref": "#/components/schemas/Id"}, {"type": "boolean"}]}, {"string", "boolean"}),
    ({"if": {}, "then": {"type": "string"}, "else": {"type": "array"}}, {"string", "array"}),
]


@pytest.mark.parametrize(("schema", "expected"), EXAMPLES)
def test_types_in_place(schema, expected, tmp_path):
    made = built(tmp_path, schema, components={"Id": {"type": "string", "anyOf": [{"minLength": 1}, {"pattern": "x"}]}})
    assert possible_types(made.schema, made.table) == expected


def test_every_value_that_is_taken_has_a_possible_type():
    taken = 0
    for seed in range(300):
        case = random_case(Random(seed), "3.1" if seed % 2 else "3.0")
        made = build(case)
        for value in map(value_of, case.instances):
            if made.takes(value):
                assert type_of(canonical(value)) in possible_types(made.schema, made.table), (seed, value)
                taken += 1
    assert taken > 500
