"""Where a function counts the members of all objects in its value, so that none need be looked for.

A text has as many names as it has members; when all that were asked for, one by one, are as many, then no name is there twice and none is
unknown. For that each object must be counted once: by the schema that closes it, or as it is where nobody asks for its members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from gwc.jsonschema import tree
from gwc.jsonschema.constant import read
from gwc.jsonschema.tree import Schema

Counting = Literal["nothing", "own", "call", "walk"]
"""How the members in a value are counted: there are none; by what the schema asks for; by the one schema that it applies; all at once."""

_APPLIED = (tree.Apply, tree.Call)
_COMPOSED = (
    *_APPLIED, tree.AnyOf, tree.OneOf, tree.Not, tree.If, tree.DependentSchema, tree.UnevaluatedProperties, tree.UnevaluatedItems,
)  # fmt: skip
_ASKING = (tree.Members, tree.Known, tree.Items, tree.Contains)


def counting(schema: Schema) -> Counting:
    """How a value is counted that the schema takes."""
    containers = _containers(schema)
    if not containers:
        return "nothing"
    composed = [check for check in schema.checks if isinstance(check, _COMPOSED)]
    asking = [check for check in schema.checks if isinstance(check, _ASKING)]
    if not composed:
        return "own" if all(_counts_all(kind, asking) for kind in containers) else "walk"
    return "call" if len(composed) == 1 and isinstance(composed[0], _APPLIED) and not asking else "walk"


def _containers(schema: Schema) -> set[str]:
    kinds = {"object", "array"}
    for check in schema.checks:
        if isinstance(check, tree.Types):
            kinds &= set(check.types)
        elif isinstance(check, tree.Enum) and not any(isinstance(read(text), list | dict) for text in check.values):
            return set()
    return kinds


def _counts_all(kind: str, asking: Sequence[object]) -> bool:
    """Whether the checks ask for every member of an object, or every item of an array, once."""
    if kind == "array":
        items = [check for check in asking if isinstance(check, tree.Items)]
        return len(items) == 1 and items[0].rest is not None and all(s.checks for s in (*items[0].prefix, items[0].rest))
    members = [check for check in asking if isinstance(check, tree.Members)]
    known = [check for check in asking if isinstance(check, tree.Known)]
    if any(check.patterns or check.additional is not None for check in members):
        return False
    return len(members) <= 1 and len(known) == 1 and not known[0].patterns
