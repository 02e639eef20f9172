"""Rules of validation are named by what they say: a route that is newer or older than the listener names the same rule, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwc.backends.envoy import validation
from gwc.controls.json_schema import ANY_SHAPE, JsonSchema, Shape
from gwc.controls.validation import Validation
from gwc.ir import Gateway
from gwc.jsonschema.tree import Call, Members, Schema, Types
from tests.support.sample import NO_BODY, PUBLIC, gateway, operation
from tests.support.validated import RULE, validated_gateway, validated_operation

TABLE = (Schema((Members((("a", Schema((Call(1),))),)),)), Schema((Types(("string",)),)), Schema((Types(("null",)),)))
SHAPES = (ANY_SHAPE, Shape(types=("object",), properties=(("a", 2),)), Shape(types=("integer",)), Shape(types=("null",)))


def calling(number: int, shape: int = 1) -> Validation:
    """The rule with a parameter whose schema is one of the table."""
    (limit,) = RULE.parameters
    return replace(RULE, parameters=(replace(limit, schema=Schema((Call(number),)), reading=replace(limit.reading, shape=shape)),))


def name(rule: Validation, table: tuple[Schema, ...] = TABLE, shapes: tuple[Shape, ...] = SHAPES) -> str:
    one = replace(validated_operation(), validation=rule)
    source = gateway(operations=(one,), json_schema=JsonSchema(table=table, shapes=shapes))
    return validation.collect(source).names[one.key]


def test_the_same_rule_has_the_same_name():
    assert name(calling(0)) == name(calling(0))


@pytest.mark.parametrize(
    "changed",
    [
        lambda: name(calling(1)),
        lambda: name(calling(0), table=(TABLE[0], Schema((Types(("number",)),)), TABLE[2])),
        lambda: name(calling(0, shape=3)),
        lambda: name(calling(0), shapes=(*SHAPES[:2], Shape(types=("number",)), SHAPES[3])),
        lambda: name(replace(calling(0), closed_query=False)),
        lambda: name(replace(calling(0), limits=replace(RULE.limits, json_depth=3))),
    ],
    ids=["schema", "schema below", "shape", "shape below", "rule", "limit"],
)
def test_whatever_changes_the_rule_changes_the_name(changed):
    assert changed() != name(calling(0))


def test_what_the_rule_does_not_reach_changes_nothing():
    assert name(calling(0), table=(*TABLE[:2], Schema((Types(("boolean",)),)))) == name(calling(0))
    assert name(calling(0), shapes=(*SHAPES[:3], Shape(types=("boolean",)))) == name(calling(0))


def test_answers_to_head_have_rules_of_their_own():
    watched = replace(RULE, parameters=(), closed_query=False, media_types=(), responses=())
    rule = replace(watched, closed_query=True)
    get, head = (replace(operation(m, "/v1/h", PUBLIC, NO_BODY, f"orders.{m}"), validation=rule) for m in ("GET", "HEAD"))
    names = validation.collect(gateway(operations=(get, head))).names
    assert names["orders.GET"] != names["orders.HEAD"]


def test_operations_with_one_rule_share_it():
    base: Gateway = validated_gateway()
    both = replace(base, operations=(*base.operations, validated_operation("/v1/too", "orders.too")))
    known = validation.collect(both)
    assert known.names["orders.open"] == known.names["orders.too"]
    assert known.names["orders.getHealth"] == validation.OFF
    assert len(known.named(known.names)) == 2


def test_without_validation_there_are_no_rules():
    assert not validation.collect(gateway()).names
