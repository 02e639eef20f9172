"""The schemas of a gateway: what its validation rules refer to by number.

`table` holds the schemas that `Call` numbers. `shapes` says how texts of parameters and forms become values before a schema judges them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.jsonschema.tree import JsonType, Schema, Table, Types


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What may stand at one place, as far as texts are concerned: the types that the schemas of the place allow, and the shapes below it.

    `types` is sorted; `number` stands for `integer`, too. Item i has shape `prefix[i]`, those behind it `items`; a member has the shape that
    `properties` gives its name, else `additional`. All numbers are indexes of `JsonSchema.shapes`; a cycle is possible.
    """

    types: tuple[JsonType, ...]
    prefix: tuple[int, ...] = ()
    items: int = 0
    properties: tuple[tuple[str, int], ...] = ()  # in the order of the document
    additional: int = 0


ANY_SHAPE = Shape(types=("array", "boolean", "null", "number", "object", "string"))
"""Always number 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Node):
    """Schemas and shapes that several rules share. Whether a rule uses them is its own matter: `Validation` has its schemas by value."""

    STEM: ClassVar[str] = "json_schema"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "json_schema"

    table: Table
    shapes: tuple[Shape, ...]


EXAMPLES = (
    JsonSchema(table=(Schema((Types(("string",)),)),), shapes=(ANY_SHAPE,)),
    JsonSchema(table=(Schema((Types(("null",)),)),), shapes=(ANY_SHAPE,)),
    JsonSchema(table=(Schema((Types(("string",)),)),), shapes=(ANY_SHAPE, Shape(types=("integer",)))),
)
