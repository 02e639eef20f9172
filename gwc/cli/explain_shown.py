"""What `gwc explain` found out about one policy, and where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gwc.backends.base import LedgerRow, Output, TargetProblems
from gwc.cli.findings import seen_from_here
from gwc.explain import Judged, Match, Step
from gwc.ir import Gateway
from gwc.source import Workspace


@dataclass(frozen=True, slots=True)
class Listing:
    """Operations of a policy, without a decision."""

    method: str
    path: str
    found: Match


@dataclass(slots=True)
class Explained:
    """The listing or the decision of one policy. `outputs`: what was generated, by target; `problems`: what other targets can't enforce."""

    workspace: Workspace
    gateway: Gateway
    about: Listing | Judged
    outputs: dict[str, Output] = field(default_factory=dict)
    problems: list[TargetProblems] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        """Whether there is such an operation, or the request is allowed."""
        return self.about.is_allowed if isinstance(self.about, Judged) else bool(self.about.found.operations)

    def place(self, step: Step) -> tuple[str, int, int] | None:
        """File, line and column where the policy or the OpenAPI document says it, seen from here; None for what is built in."""
        span = step.span
        return None if span.path.startswith("<") else (seen_from_here(span.path, self.workspace), span.line, span.column)

    def rows(self, step: Step) -> Iterator[tuple[str, LedgerRow]]:
        """The generated lines that enforce it, with their target."""
        for target, output in self.outputs.items():
            yield from ((target, row) for row in output.ledger if (row.control, row.subject) == (step.control, step.subject))
