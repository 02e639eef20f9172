"""What every control has in common: a frozen node in the IR with a place in the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from gwc.diagnostics import NOWHERE, Span

Place = Literal["gateway", "gateway[]", "operation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file on the gateway's machine, read by the gateway at start; `path` is absolute. gwc itself never needs a private key."""

    path: str


def _nowhere() -> Span:
    return NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A control after lowering: complete (nothing in it means "default"), comparable, hashable.

    `STEM` is the name of the control's files everywhere; `PLACE` and `FIELD` say where in the `Gateway` it lives:
    one of the gateway, a tuple of the gateway, or one of each operation.
    """

    STEM: ClassVar[str]
    PLACE: ClassVar[Place]
    FIELD: ClassVar[str]

    at: Callable[[], Span] = field(default=_nowhere, compare=False, repr=False)
    """Finds the place in the user's files. Asked only for a message: positions in large documents are not free."""

    @property
    def span(self) -> Span:
        """Where the control was written."""
        return self.at()
