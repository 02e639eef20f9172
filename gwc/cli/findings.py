"""Shows diagnostics in the chosen format, with paths as seen from the current folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.console import emit, tell, wants_color

if TYPE_CHECKING:
    from gwc.backends.base import Output, TargetProblems
    from gwc.diagnostics import Diagnostic
    from gwc.source import Workspace

FORMATS = ("full", "concise", "json", "sarif", "github")

format_option = click.option(
    "--format", "style", type=click.Choice(FORMATS), default="full", envvar="GWC_FORMAT", show_default=True, help="Form of the findings."
)


@dataclass(slots=True)
class Shown:
    """Diagnostics of several workspaces, collected to be shown once."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    _known: set[Diagnostic] = field(default_factory=set)
    _texts: dict[str, Callable[[], str | None]] = field(default_factory=dict)

    def add(self, diagnostics: Iterable[Diagnostic], workspace: Workspace) -> None:
        """Keeps diagnostics whose paths are relative to the workspace's root; one that is already there is not kept again."""
        names: dict[str, str] = {}
        for diagnostic in diagnostics:
            for path in {label.span.path for label in diagnostic.labels} - names.keys():
                names[path] = self._shown_name(path, workspace)
            labels = tuple(replace(label, span=replace(label.span, path=names[label.span.path])) for label in diagnostic.labels)
            moved = replace(diagnostic, labels=labels)
            if moved not in self._known:
                self._known.add(moved)
                self.diagnostics.append(moved)

    def _shown_name(self, path: str, workspace: Workspace) -> str:
        shown = seen_from_here(path, workspace)
        self._texts[shown] = lambda: workspace.text(path)
        return shown

    def text_of(self, path: str) -> str | None:
        """The text of a file that was shown."""
        return self._texts[path]() if path in self._texts else None

    def show(self, style: str) -> None:
        """Writes the findings to standard output and their count to standard error."""
        self.diagnostics.sort(key=lambda d: (d.span, d.code, d.message))
        emit(self._rendered(style))
        if self.diagnostics:
            tell(self.summary())

    def _rendered(self, style: str) -> str:
        from gwc import report  # noqa: PLC0415

        if style == "full":
            return report.render_full(self.diagnostics, self.text_of, color=wants_color())
        render: Mapping[str, Callable[[Iterable[Diagnostic]], str]] = {
            "concise": report.render_concise,
            "json": report.render_json,
            "sarif": report.render_sarif,
            "github": report.render_github,
        }
        return render[style](self.diagnostics)

    def summary(self) -> str:
        """For example `2 errors, 1 warning`."""
        parts = []
        for severity in ("error", "warning", "note"):
            count = sum(d.severity == severity for d in self.diagnostics)
            if count:
                parts.append(f"{count} {severity}{'s' if count > 1 else ''}")
        return ", ".join(parts) or "no findings"

    @property
    def code(self) -> int:
        """2 for errors (the input can't be used), 1 for warnings, 0 when there are only notes or nothing."""
        severities = {d.severity for d in self.diagnostics}
        if "error" in severities:
            return exit_codes.INPUT
        return exit_codes.FINDINGS if "warning" in severities else exit_codes.FINE


def seen_from_here(path: str, workspace: Workspace) -> str:
    """The path of a file of the workspace relative to the current folder; names such as `<built-in>` stay."""
    return path if path.startswith("<") else os.path.relpath(workspace.root.resolve() / path, Path.cwd())


def of_target(problems: TargetProblems) -> list[Diagnostic]:
    """GWC901, one for each value that the target can't enforce."""
    from gwc.diagnostics import Diagnostic, Label  # noqa: PLC0415

    return [
        Diagnostic("GWC901", "error", f"{problems.target} can't enforce {p.stem}.{p.field}: {p.why}", (Label(p.span),), p.instead)
        for p in problems.problems
    ]


def of_notes(target: str, output: Output) -> list[Diagnostic]:
    """GWC902, one for each choice that the target made."""
    from gwc.diagnostics import Diagnostic, Label  # noqa: PLC0415

    return [Diagnostic("GWC902", "note", f"{target}: {n.message.removeprefix(f'{target}: ')}", (Label(n.span),)) for n in output.notes]
