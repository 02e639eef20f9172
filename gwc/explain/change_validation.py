"""What could be different about parameters and body of a request that they are not what the document says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from gwc.controls.validation import Parameter
from gwc.explain.asked import Asked
from gwc.explain.change import Change, plain, setting
from gwc.explain.judge import Judged
from gwc.semantics.answers import Failure
from gwc.semantics.dealing import claimant, deal, pairs_of
from gwc.semantics.parameters import pointer_to


def parameters(judged: Judged) -> Iterator[Change]:
    """Leaves out what nothing declares, and optional parameters that don't hold."""
    if judged.operation is None:
        return
    rule, failing = judged.operation.validation, judged.faults[0].errors
    if ("query", "", "unknown") in failing:
        known = {name for name, _ in pairs_of(judged.asked.target.partition("?")[2]) if name is not None} - _unclaimed(judged)
        yield Change("unknownQuery", "", plain("leave out the query parameters that the document does not have"), _keeping(known), 3)
    for parameter in rule.parameters:
        if parameter.location == "query" and not parameter.required and _fails(parameter, failing):
            others = {name for name, _ in pairs_of(judged.asked.target.partition("?")[2]) if name is not None}
            words = plain(f"leave out the query parameter {parameter.name}")
            yield Change(f"query:{parameter.name}", "", words, _keeping(others - {parameter.name}), 3)


def body(judged: Judged) -> Iterator[Change]:
    """Another content."""
    asked, failing = judged.asked.body, judged.faults[0].errors
    if asked is not None and asked.content is not None:
        told = ", ".join(f"{keyword} at {pointer or 'the top'}" for _, pointer, keyword in failing)
        valid = replace(asked, content=None)
        yield Change("bodyContent", "", plain(f"send a body that is what the document says ({told})"), setting(body=valid), 3)


def _fails(parameter: Parameter, failing: Collection[Failure]) -> bool:
    start = pointer_to(parameter.name)
    return any(place == parameter.location and (p == start or p.startswith(start + "/")) for place, p, _ in failing)


def _unclaimed(judged: Judged) -> set[str]:
    assert judged.operation is not None
    rule, shapes = judged.operation.validation, judged.gateway.json_schema.shapes
    queried = [p for p in rule.parameters if p.location == "query"]
    claimants = [claimant(p.name, p.reading, shapes, takes_rest=p.takes_rest) for p in queried]
    _, others = deal(claimants, pairs_of(judged.asked.target.partition("?")[2]), rule.known_query)
    return {name for name, _ in others if name is not None and name not in rule.known_query}


def _keeping(names: Collection[str]) -> Callable[[Asked], Asked]:
    """The query with the parts of these names only."""

    def apply(asked: Asked) -> Asked:
        path, _, query = asked.target.partition("?")
        kept = [part for part in query.split("&") if part and pairs_of(part)[0][0] in names]
        return replace(asked, target=f"{path}?{'&'.join(kept)}" if kept else path)

    return apply
