"""Which schemas of a table are used in themselves."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.jsonschema import tree
from gwc.jsonschema.tree import Call, Check, Schema, Table


def parts(check: Check) -> Iterator[Schema]:
    """The schemas directly inside a check."""
    match check:
        case (
            tree.Apply()
            | tree.Contains()
            | tree.Not()
            | tree.DependentSchema()
            | tree.PropertyNames()
            | tree.UnevaluatedProperties()
            | tree.UnevaluatedItems()
        ):
            yield check.schema
        case tree.AnyOf() | tree.OneOf():
            yield from check.schemas
        case tree.If():
            yield from (check.condition, check.then, check.otherwise)
        case tree.Items():
            yield from check.prefix
            if check.rest is not None:
                yield check.rest
        case tree.Members():
            yield from (schema for _, schema in (*check.properties, *check.patterns))
            if check.additional is not None:
                yield check.additional
        case _:
            pass


def called(schema: Schema) -> frozenset[int]:
    """The numbers of all calls in a schema."""
    found, waiting = set[int](), [schema]
    while waiting:
        for check in waiting.pop().checks:
            if isinstance(check, Call):
                found.add(check.number)
            waiting += parts(check)
    return frozenset(found)


def recursive(table: Table) -> frozenset[int]:
    """The numbers of the schemas that call themselves, directly or through others: the components of more than one (Kosaraju), and loops."""
    calls = [called(schema) for schema in table]
    callers: list[list[int]] = [[] for _ in table]
    for number, others in enumerate(calls):
        for other in others:
            callers[other].append(number)
    found, seen = {number for number, others in enumerate(calls) if number in others}, set[int]()
    for number in reversed(_finished([sorted(others) for others in calls])):
        component = _reached(number, callers, seen)
        if len(component) > 1:
            found |= component
    return frozenset(found)


def _finished(edges: list[list[int]]) -> list[int]:
    """All nodes in the order in which a depth-first search leaves them."""
    seen, order = set[int](), list[int]()
    for start in range(len(edges)):
        waiting = [] if start in seen else [(start, iter(edges[start]))]
        seen.add(start)
        while waiting:
            node, following = waiting[-1]
            new = next((other for other in following if other not in seen), None)
            if new is None:
                waiting.pop()
                order.append(node)
            else:
                seen.add(new)
                waiting.append((new, iter(edges[new])))
    return order


def _reached(start: int, edges: list[list[int]], seen: set[int]) -> set[int]:
    """What is reached from a node without those seen, which become seen."""
    found, waiting = set[int](), [start]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            found.add(node)
            waiting += edges[node]
    return found
