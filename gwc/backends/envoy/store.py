"""Counters that instances share: this version has no configuration of Envoy's global rate limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gwc.backends.base import Unenforceable
from gwc.controls.store import Store


def check(controls: Sequence[Store]) -> Iterator[Unenforceable]:
    """What Envoy can't enforce."""
    for control in controls:
        instead = "use scope: instance, or compile for Kong"
        yield Unenforceable(control.span, control.STEM, "rate_limit_service", "limits of a cluster are not yet realised on Envoy", instead)
