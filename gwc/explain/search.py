"""The smallest change that would allow a request: found by trying, and each proved by the reference evaluator.

Breadth first: all single changes, then all pairs, up to `MAX_CHANGES`. Only changes that may remove the reason of the refusal are tried next: every
way to allow the request has to remove it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from gwc.explain import change_address, change_body, change_caller, change_credentials, change_request, change_validation
from gwc.explain.asked import Asked
from gwc.explain.change import Change
from gwc.explain.change_credentials import rules_of
from gwc.explain.judge import Judged
from gwc.explain.rulings import denied_by, rulings
from gwc.explain.stand_in import StandIn
from gwc.explain.steps import Step, steps

MAX_CHANGES = 4
MAX_TRIALS = 3000
"""So many requests are decided at most; more are not worth waiting for."""
MAX_WAYS = 4

Proposal = Callable[[Judged], Iterator[Change]]
_PROPOSALS: Mapping[str, Sequence[Proposal]] = MappingProxyType(
    {
        "tls.handshake": (change_request.hosts, change_credentials.for_listener),
        "normalise.host": (change_request.hosts,),
        "normalise.path": (change_request.targets,),
        "normalise.request": (change_request.targets, change_request.fields),
        "normalise.uri": (change_request.shorter,),
        "normalise.headers": (change_request.fields,),
        "normalise.headerName": (change_request.fields,),
        "route.unknown": (change_request.paths, change_request.hosts),
        "route.method": (change_request.methods,),
        "network.denied": (change_address.networks,),
        "authn.missing": (change_credentials.missing,),
        "authn": (change_credentials.repaired, change_credentials.renewed, change_credentials.replaced, change_credentials.left_out),
        "authz.scope": (change_caller.scopes,),
        "authz.role": (change_caller.roles,),
        "authz.consumer": (change_caller.consumers,),
        "authz.zone": (change_address.zones,),
        "authz.claim": (change_caller.claims,),
        "authz.object": (change_caller.objects,),
        "body.missing": (change_body.missing,),
        "body.unexpected": (change_body.unexpected,),
        "body.size": (change_body.size,),
        "body.contentType": (change_body.media_type,),
        "body.encoding": (change_body.encoding,),
        "validate.parameters": (change_validation.parameters,),
        "validate": (change_validation.body,),
    }
)
"""Reason, or the part before its dot -> who knows changes that may remove it."""


@dataclass(frozen=True, slots=True)
class Advice:
    """`ways`: smallest sets of changes, each in words, the likeliest first; every one was found to allow the request.

    Without any: `blockers` are what no caller gets past; one of them would have to change. `gave_up`: more changes, or more combinations
    of them, could be tried.
    """

    ways: tuple[tuple[str, ...], ...]
    blockers: tuple[Step, ...] = ()
    gave_up: bool = False


@dataclass(slots=True)
class Search:
    """Looks for sets of changes under one policy; decides about at most `left` requests."""

    stand_in: StandIn
    left: int = MAX_TRIALS
    is_complete: bool = False
    """Whether there was nothing more to try."""

    def run(self, start: Judged) -> list[tuple[Change, ...]]:
        """The smallest sets of changes that allow the request."""
        level: list[tuple[Judged, tuple[Change, ...]]] = [(start, ())]
        seen: set[frozenset[tuple[str, str]]] = set()
        for _ in range(MAX_CHANGES):
            level = list(self._next(start.asked, level, seen))
            found = [changes for judged, changes in level if judged.is_allowed]
            if found:
                fewest = min(map(len, found))
                return [changes for changes in found if len(changes) == fewest]
        self.is_complete = not level and self.left > 0
        return []

    def _next(
        self, asked: Asked, level: Sequence[tuple[Judged, tuple[Change, ...]]], seen: set[frozenset[tuple[str, str]]]
    ) -> Iterator[tuple[Judged, tuple[Change, ...]]]:
        for judged, changes in level:
            for change in proposals(judged):
                after = (*(c for c in changes if not _is_void(c, change)), change)
                name = frozenset((c.family, c.value) for c in after)
                if name not in seen and self.left > 0:
                    seen.add(name)
                    self.left -= 1
                    yield Judged(self.stand_in, _applied(asked, after)), after


def _is_void(earlier: Change, change: Change) -> bool:
    """Whether the earlier change has no effect any more; roles and scopes add up."""
    adds_up = earlier.family.startswith(("role:", "consumerRole", "scopes"))
    return earlier.family in change.replaces or (earlier.family == change.family and not adds_up)


def _applied(asked: Asked, changes: Iterable[Change]) -> Asked:
    for change in changes:
        asked = change.apply(asked)
    return asked


def proposals(judged: Judged) -> Iterator[Change]:
    """Changes that may remove the first reason for which the request is refused."""
    reason = judged.faults[0].reason
    for propose in _PROPOSALS.get(reason) or _PROPOSALS.get(reason.partition(".")[0], ()):
        yield from propose(judged)


def smallest_changes(judged: Judged) -> Advice:
    """How the refused request could be allowed, or what is in the way of everybody."""
    search = Search(judged.stand_in)
    found = search.run(judged)
    if found:
        return Advice(tuple(_in_words(found))[:MAX_WAYS])
    return Advice((), tuple(_blockers(judged)), gave_up=not search.is_complete)


def _in_words(found: Sequence[tuple[Change, ...]]) -> Iterator[tuple[str, ...]]:
    """Sets that differ only in values of the same families are told as one, when every combination does."""
    families: dict[tuple[str, ...], list[tuple[Change, ...]]] = defaultdict(list)
    for changes in found:
        same = families[tuple(sorted(c.family for c in changes))]
        order = [c.family for c in (same or [changes])[0]]  # that in which they were found: what is refused first comes first
        same.append(tuple(sorted(changes, key=lambda c: order.index(c.family))))
    for same in sorted(families.values(), key=lambda sets: (sum(c.rank for c in sets[0]), [c.family for c in sets[0]])):
        yield _together(same)


def _together(same: Sequence[tuple[Change, ...]]) -> tuple[str, ...]:
    values = [list(dict.fromkeys(c.value for c in column)) for column in zip(*same, strict=True)]
    known = {tuple(c.value for c in changes) for changes in same}
    if not all(combination in known for combination in product(*values)):
        values = [[c.value] for c in same[0]]
    return tuple(c.words(v) for c, v in zip(same[0], values, strict=True))


def _blockers(judged: Judged) -> Iterator[Step]:
    """The rules of which one would have to go, each proved; else whatever denies the request."""
    found, rules = False, rules_of(judged)
    for rule in rules:
        without = judged.stand_in.without_rule(rule.id)
        start = Judged(without, judged.asked)
        if start.is_allowed or Search(without, MAX_TRIALS // len(rules)).run(start):
            found = True
            yield _step(judged, rule.id)
    if not found:
        denied = denied_by(rulings(judged))
        yield from [denied.step] if denied else []


def _step(judged: Judged, rule: str) -> Step:
    assert judged.operation is not None
    found = steps(judged.stand_in.original, judged.operation)
    return next(s for s in found if (s.control, s.subject) == ("authorization_rule", rule))
