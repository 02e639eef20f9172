"""What a policy makes of a key set that is not in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwc.controls.jwk import Algorithm, PublicKey
from gwc.controls.jwks import public_keys
from gwc.controls.spec import Located
from gwc.diagnostics import NOWHERE, Findings, Span


class _Nowhere:
    """Stands for the positions of a document."""

    def span(self, pointer: Sequence[str | int], *, key: bool = False) -> Span:
        return NOWHERE


def usable(document: Any, algorithms: Sequence[Algorithm]) -> tuple[tuple[PublicKey, ...], list[str]]:
    """The keys that are used, and the messages about the others."""
    findings = Findings()
    keys = public_keys(document, algorithms, Located(_Nowhere()), findings)
    return keys, [d.message for d in findings.diagnostics]
