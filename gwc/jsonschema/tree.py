"""The check tree: what a JSON value must fulfil, free of dialects, references and documents.

A `Schema` is a conjunction of checks in the order in which failures are reported. Each check speaks about one kind of value and holds for all
others. Numbers are exact decimals; strings are counted in code points; equality is that of JSON Schema (1 equals 1.0, members have no order).

A failure is `(pointer, keyword)`: the place of the value by names that the document declares and by indexes, and the word of the schema that
does not hold. What lies in members that the document doesn't name (patternProperties, additionalProperties, unevaluatedProperties,
propertyNames) is one failure of the object that has them: names that a client invents are never repeated. `AnyOf`, `OneOf`, `Not`,
`Contains` are one failure, too; the failures of `Apply`, `Call`, `If`, `DependentSchema`, properties and items are those of their schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

JsonType = Literal["null", "boolean", "integer", "number", "string", "array", "object"]
"""`integer`: a number without a fraction, however it is written (1.0, 1e2)."""


@dataclass(frozen=True, slots=True)
class Never:
    """Refuses every value. `keyword`: `false`, or that of the rule behind it (`readOnly`)."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Types:
    """The value is of one of the types, which are sorted; `number` includes `integer`. Keyword `type`."""

    types: tuple[JsonType, ...]


@dataclass(frozen=True, slots=True)
class Enum:
    """The value equals one of `values`: JSON texts in the form of `gwc.jsonschema.constant.canonical`, distinct, in the order of the document."""

    keyword: Literal["enum", "const"]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """For numbers. `format`: the smallest or largest value of int32 or int64."""

    keyword: Literal["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format"]
    comparison: Literal["<=", ">=", "<", ">"]  # value (comparison) limit
    limit: Decimal


@dataclass(frozen=True, slots=True)
class MultipleOf:
    """For numbers: the quotient is whole. `divisor` > 0 with at most 14 significant digits."""

    divisor: Decimal


@dataclass(frozen=True, slots=True)
class Count:
    """For strings (code points), arrays (items) or objects (members): at least, or at most, `limit` of them."""

    keyword: Literal["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]
    limit: int


@dataclass(frozen=True, slots=True)
class Matches:
    """For strings: the ECMA-262 expression (flag u) is found somewhere in it. `pattern` compiles by `gwc.patterns.compile_pattern`."""

    keyword: Literal["pattern", "format"]
    pattern: str


@dataclass(frozen=True, slots=True)
class Items:
    """For arrays: item i fulfils `prefix[i]`, those behind the prefix fulfil `rest` (None: anything, and not evaluated)."""

    prefix: tuple[Schema, ...]
    rest: Schema | None


@dataclass(frozen=True, slots=True)
class Contains:
    """For arrays: at least `minimum` and at most `maximum` (None: any number) items fulfil the schema.

    The keyword of the failure: `contains` for too few when `minimum` is 1, else `minContains`; `maxContains` for too many.
    `evaluates`: whether unevaluatedItems takes the items found as seen (2020-12).
    """

    schema: Schema
    minimum: int
    maximum: int | None
    evaluates: bool = True


@dataclass(frozen=True, slots=True)
class UniqueItems:
    """For arrays: no two items are equal."""


@dataclass(frozen=True, slots=True)
class Required:
    """For objects: has all the members; one failure for each that is missing, at the object. `names` in the order of the document, distinct."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DependentRequired:
    """For objects with the member `name`: has all of `required`. One failure at the object."""

    name: str
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """For objects. Each member fulfils its schema in `properties`, and that of each pattern found in its name; one with neither fulfils `additional`.

    `additional` None: anything, and not evaluated. `properties` and `patterns` are in the order of the document. Failures: those of the
    properties, then at most one of `patternProperties`, then at most one of `additionalProperties`, both at the object.
    """

    properties: tuple[tuple[str, Schema], ...]
    patterns: tuple[tuple[str, Schema], ...] = ()
    additional: Schema | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """For objects: every member is named, or matches a pattern. What `Unevaluated` is where all that evaluates is known; same failure."""

    keyword: Literal["additionalProperties", "unevaluatedProperties"]
    names: tuple[str, ...]  # sorted
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PropertyNames:
    """For objects: every name, as a string, fulfils the schema."""

    schema: Schema


@dataclass(frozen=True, slots=True)
class Apply:
    """The same value fulfils another schema, too: `allOf` of what can't be merged."""

    schema: Schema


@dataclass(frozen=True, slots=True)
class Call:
    """The same value fulfils the schema with this number in the `Table`."""

    number: int


@dataclass(frozen=True, slots=True)
class Discriminator:
    """Which alternative a failure is told of, by the text of one member. It never changes what is accepted (OpenAPI 3.1.1, 4.8.25)."""

    name: str
    alternatives: tuple[tuple[str, int], ...]  # value -> index of the alternative, sorted


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The value fulfils at least one. With a discriminator that names one, the failures are those of that alternative.

    `keyword`, that of the failure, is `oneOf` where strict mode asks for a closed alternative behind the open `OneOf` of the document.
    """

    schemas: tuple[Schema, ...]
    discriminator: Discriminator | None = None
    keyword: Literal["anyOf", "oneOf"] = "anyOf"


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value fulfils exactly one. With a discriminator that names one which doesn't hold, the failures are those of that alternative."""

    schemas: tuple[Schema, ...]
    discriminator: Discriminator | None = None


@dataclass(frozen=True, slots=True)
class Not:
    """The value does not fulfil the schema."""

    schema: Schema


@dataclass(frozen=True, slots=True)
class If:
    """Where `condition` holds, `then` does, else `otherwise`."""

    condition: Schema
    then: Schema
    otherwise: Schema


@dataclass(frozen=True, slots=True)
class DependentSchema:
    """For objects with the member `name`: fulfils the schema."""

    name: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class UnevaluatedProperties:
    """For objects: members that none of the other checks of the same `Schema` has evaluated fulfil `schema`; one failure at the object.

    Always the last check but `UnevaluatedItems`. `keyword` is `additionalProperties` where strict mode closes an object.
    """

    schema: Schema
    keyword: Literal["additionalProperties", "unevaluatedProperties"] = "unevaluatedProperties"


@dataclass(frozen=True, slots=True)
class UnevaluatedItems:
    """For arrays: items that none of the other checks of the same `Schema` has evaluated fulfil `schema`; one failure at the array."""

    schema: Schema


Check = (
    Never | Types | Enum | Bound | MultipleOf | Count | Matches | Items | Contains | UniqueItems | Required | DependentRequired | Members | Known
    | PropertyNames | Apply | Call | AnyOf | OneOf | Not | If | DependentSchema | UnevaluatedProperties | UnevaluatedItems
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schema:
    """All checks hold. No check at all: every value is fine."""

    checks: tuple[Check, ...] = ()


ANYTHING = Schema()
NOTHING = Schema((Never("false"),))

Table = tuple[Schema, ...]
"""What `Call` numbers: schemas that are used several times, or in themselves. No cycle of calls stays at one place of the instance."""
