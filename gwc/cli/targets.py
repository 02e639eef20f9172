"""Runs the backends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from gwc.backends.base import Output, TargetProblems

if TYPE_CHECKING:
    from gwc.ir import Gateway
    from gwc.policy.project import Target


TAKES_FOLDER = frozenset({"kong"})
"""Targets whose configuration has absolute paths of its own files; for the others `folder` says nothing."""


@dataclass(slots=True)
class Results:
    """The output of each target that can enforce the policy, and the problems of the others."""

    outputs: dict[str, Output] = field(default_factory=dict)
    problems: list[TargetProblems] = field(default_factory=list)


def compile_for(gateway: Gateway, targets: Iterable[Target]) -> Results:
    """Compiles for each target; what one can't enforce does not keep the others from being tried."""
    results = Results()
    for target in targets:
        options = {"folder": target.folder} if target.folder is not None and target.name in TAKES_FOLDER else {}
        backend = import_module(f"gwc.backends.{target.name}")
        try:
            results.outputs[target.name] = backend.compile(gateway, **options)
        except TargetProblems as problems:
            results.problems.append(problems)
    return results
