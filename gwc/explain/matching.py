"""Which operations a method and a path lead to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gwc.ir import Gateway, Operation
from gwc.ir.dispatch import path_regex


@dataclass(frozen=True, slots=True)
class Match:
    """What a method and path lead to: operations (one for each set of hosts), or the methods that the path has instead."""

    operations: tuple[Operation, ...]
    other_methods: tuple[str, ...]


def match(gateway: Gateway, method: str, path: str, host: str | None = None) -> Match:
    """The operations of the most specific template of each host that has the path; `path` may be a template's own text."""
    chosen: list[Operation] = []
    methods: set[str] = set()
    for name in gateway.host_names.names:
        found = _on_host(gateway, name, path) if host in (None, name) else []
        chosen += [o for o in found if o.route.method == method and o not in chosen]
        methods |= {o.route.method for o in found}
    return Match(tuple(chosen), tuple(sorted(methods)))


def _on_host(gateway: Gateway, host: str, path: str) -> list[Operation]:
    served = [o for o in gateway.operations if host in o.route.hosts]
    exact = [o for o in served if o.route.template.text == path]
    matching = exact or [o for o in served if re.fullmatch(path_regex(o.route.template), path)]
    best = min((o.route.template.specificity() for o in matching), default=None)
    return [o for o in matching if o.route.template.specificity() == best]
