"""The consumers file that a `gwc keys` command is about."""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown

if TYPE_CHECKING:
    from gwc.keys.change import Change
    from gwc.policy.models import ConsumersSpec
    from gwc.source import Document, Workspace


SHOWN_DIGITS = 12


def invocation(verb: str, path: Path, consumer: str, *more: str) -> str:
    """The command to type."""
    return shlex.join(["gwc", "keys", verb, str(path), consumer, *more])


def short(digest: str) -> str:
    """The beginning of a digest, enough to find the key: 12 hexadecimal digits."""
    return digest[: len("sha256:") + SHOWN_DIGITS]


@dataclass(frozen=True, slots=True)
class ConsumersFile:
    """A consumers file without mistakes."""

    path: Path
    document: Document
    spec: ConsumersSpec
    workspace: Workspace

    def index(self, consumer: str) -> int | None:
        """Where in the list the consumer is. Raises Failure when it is there twice."""
        found = [i for i, each in enumerate(self.spec.consumers) if each.id == consumer]
        if len(found) > 1:
            raise Failure(exit_codes.INPUT, f"{self.path} has the consumer {consumer!r} twice: leave one")
        return found[0] if found else None

    def existing(self, consumer: str, help: str = "") -> int:
        """Where in the list the consumer is. Raises Failure when it is not there."""
        index = self.index(consumer)
        if index is not None:
            return index
        known = [each.id for each in self.spec.consumers]
        near = difflib.get_close_matches(consumer, known, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise Failure(exit_codes.INPUT, f"{self.path} has no consumer {consumer!r}{meant}{help}")

    def save(self, change: Change) -> None:
        """Writes the changed text; Failure, with nothing changed, when that can't be done exactly."""
        from gwc.keys.change import proved  # noqa: PLC0415
        from gwc.keys.save import replace  # noqa: PLC0415

        after = proved(self.document, change)
        replace(self.path, self.document.text.encode(), after.encode())


def loaded(path: Path, style: str | None = None) -> ConsumersFile:
    """The file's content. With mistakes in it: they are shown (without `style` on standard error) and Failure is raised."""
    from gwc.cli.loading import workspace_of  # noqa: PLC0415
    from gwc.diagnostics import Findings  # noqa: PLC0415
    from gwc.policy.loading import load_spec  # noqa: PLC0415
    from gwc.policy.models import ConsumersSpec  # noqa: PLC0415

    workspace, findings = workspace_of(path), Findings()
    name = path.resolve().relative_to(workspace.root.resolve()).as_posix()
    found = load_spec(workspace, name, ConsumersSpec, findings)
    if found is None:
        shown = Shown()
        shown.add(findings.diagnostics, workspace)
        _show(shown, style)
        raise Failure(exit_codes.INPUT)
    return ConsumersFile(path, workspace.load(name), found[0], workspace)


def _show(shown: Shown, style: str | None) -> None:
    from gwc.report import render_full  # noqa: PLC0415

    if style is not None:
        shown.show(style)
    else:
        click.echo(render_full(shown.diagnostics, shown.text_of, color=False), err=True, nl=False)
        click.echo("nothing was changed", err=True)


@contextmanager
def editing(path: Path) -> Iterator[ConsumersFile]:
    """The file, which no other gwc changes meanwhile. Raises Failure."""
    from gwc.keys.layout import Unchangeable  # noqa: PLC0415
    from gwc.keys.save import alone  # noqa: PLC0415
    from gwc.output.errors import OutputError  # noqa: PLC0415

    try:
        with alone(path):
            yield loaded(path)
    except OutputError as error:
        raise Failure(exit_codes.INPUT, str(error)) from None
    except Unchangeable as reason:
        raise Failure(exit_codes.INPUT, f"{path} was not changed: {reason}") from None


def named_file() -> Path:
    """The only consumers file that the policies of the nearest `gwc.yaml` name. Raises Failure."""
    from gwc.cli.selection import PROJECT_FILE, ProjectProblems, project_at  # noqa: PLC0415
    from gwc.policy.project import find_project  # noqa: PLC0415

    project = find_project(Path.cwd())
    if project is None:
        raise Failure(exit_codes.INPUT, f"name the consumers file: there is no {PROJECT_FILE} in this folder or above")
    try:
        policies = [project.parent / name for name in project_at(project).policies]
    except ProjectProblems:
        raise Failure(exit_codes.INPUT, f"name the consumers file: {project} has mistakes (gwc lint shows them)") from None
    found = list(dict.fromkeys(path for policy in policies for path in _consumers_of(policy)))
    if len(found) != 1:
        what = f"several: {', '.join(map(str, found))}" if found else "none"
        raise Failure(exit_codes.INPUT, f"name the consumers file: the policies of {project} name {what}")
    return found[0]


def _consumers_of(policy: Path) -> Iterator[Path]:
    from gwc.cli.loading import workspace_of  # noqa: PLC0415
    from gwc.diagnostics import Problems  # noqa: PLC0415

    workspace = workspace_of(policy)
    try:
        value = workspace.load(policy.resolve().relative_to(workspace.root.resolve()).as_posix()).value
    except Problems:
        raise Failure(exit_codes.INPUT, f"name the consumers file: {policy} has mistakes (gwc lint shows them)") from None
    schemes = value.get("authentication") if isinstance(value, dict) else None
    for scheme in schemes.values() if isinstance(schemes, dict) else ():
        name = scheme.get("consumers") if isinstance(scheme, dict) else None
        if isinstance(name, str):
            yield _beside(policy, name)


def _beside(policy: Path, name: str) -> Path:
    if "${" in name:
        raise Failure(exit_codes.INPUT, f"name the consumers file: {policy} has a variable in its name")
    return Path(os.path.relpath(policy.parent.resolve() / name))
