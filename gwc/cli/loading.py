"""Loads a policy for a command and collects what there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gwc.cli import exit_codes
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown
from gwc.diagnostics import Problems
from gwc.lowering import Lowered, compile_policy, project_root
from gwc.source import Workspace


def lowered(path: Path, variables: Mapping[str, str], shown: Shown) -> tuple[Workspace, Lowered | None]:
    """The policy's meaning, or None after errors; findings of both cases are kept in `shown`."""
    workspace = workspace_of(path)
    try:
        policy = compile_policy(path, workspace=workspace, variables=variables)
    except Problems as problems:
        shown.add(problems.diagnostics, workspace)
        return workspace, None
    shown.add(policy.diagnostics, workspace)
    return workspace, policy


def workspace_of(path: Path) -> Workspace:
    """The files of the project around the path. Raises Failure when a symlink leads the path out of it."""
    # The project of the folder that the name lies in: a symlink must not choose its own project.
    root = project_root(path.parent.resolve() / "_")
    if not path.resolve().is_relative_to(root.resolve()):
        raise Failure(exit_codes.INPUT, f"{path} leads out of its project's folder {root}")
    return Workspace(root)
