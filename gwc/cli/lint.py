"""`gwc lint`: everything that loading and lowering find, for policies, other documents of gwc and OpenAPI files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.console import tell
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown, format_option

if TYPE_CHECKING:
    from gwc.diagnostics import Diagnostic
    from gwc.source import Workspace


_ERRORS_HERE = frozenset({"GWC104"})
"""Warnings of `gwc compile`, which a network of one's own may answer for, but which nobody should merge unseen: `gwc lint` is the gate."""


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--env", "environment", envvar="GWC_ENV", metavar="NAME", help="Environment of gwc.yaml whose variables are used.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Value of a variable; may be repeated.")
@format_option
def command(paths: tuple[Path, ...], environment: str | None, variables: tuple[str, ...], style: str) -> int:
    """Check policies (with the OpenAPI documents they name) and OpenAPI documents.

    PATHS are files, or folders that are searched for *.gwc.yaml; without any, the policies of the nearest gwc.yaml.
    """
    files = list(dict.fromkeys(_files(paths)))
    if not files:
        raise Failure(exit_codes.NOTHING, "there is nothing to check: no *.gwc.yaml here")
    shown = Shown()
    for path in files:
        _lint(path, environment, variables, shown)
    shown.diagnostics[:] = [replace(d, severity="error") if d.code in _ERRORS_HERE else d for d in shown.diagnostics]
    shown.show(style)
    if not shown.diagnostics:
        tell(f"{len(files)} file{'s' if len(files) > 1 else ''} checked, no findings")
    return shown.code


def _files(paths: tuple[Path, ...]) -> Iterable[Path]:
    from gwc.policy.project import find_project  # noqa: PLC0415

    if not paths:
        project = find_project(Path.cwd())
        if project is not None:
            yield project
        else:
            yield from _documents_in(Path())
    for path in paths:
        if path.is_dir():
            yield from _documents_in(path)
        else:
            yield path


def _documents_in(folder: Path) -> list[Path]:
    found = [*folder.rglob("*.gwc.yaml"), *folder.rglob("*.gwc.yml"), *folder.rglob("gwc.yaml")]
    return sorted(p for p in found if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _lint(path: Path, environment: str | None, variables: tuple[str, ...], shown: Shown) -> None:
    from gwc.cli.loading import workspace_of  # noqa: PLC0415
    from gwc.diagnostics import Problems  # noqa: PLC0415

    workspace = workspace_of(path)
    try:
        document = workspace.load(path.resolve().relative_to(workspace.root.resolve()).as_posix())
        kind = _kind(document.value)
        if kind == "Policy":
            _lint_policy(path, environment, variables, shown)
        elif kind == "Project":
            _lint_project(path, environment, variables, shown)
        else:
            shown.add(_other_findings(workspace, document.path, kind), workspace)
    except Problems as problems:
        shown.add(problems.diagnostics, workspace)


def _kind(value: object) -> str:
    """The kind of a document of gwc, `OpenAPI`, or an empty text."""
    if not isinstance(value, dict):
        return ""
    if "kind" not in value and ("openapi" in value or "swagger" in value):
        return "OpenAPI"
    kind = value.get("kind", "Policy")
    return kind if isinstance(kind, str) else "Policy"


def _lint_policy(path: Path, environment: str | None, variables: tuple[str, ...], shown: Shown) -> None:
    from gwc.cli.loading import lowered  # noqa: PLC0415
    from gwc.cli.selection import Selection, variables_of  # noqa: PLC0415
    from gwc.policy.project import find_project, load_project  # noqa: PLC0415

    found = find_project(path.parent)
    needed = load_project(found) if found is not None and environment is not None else None
    lowered(path, variables_of(Selection((path,), needed), environment, variables), shown)


def _lint_project(path: Path, environment: str | None, variables: tuple[str, ...], shown: Shown) -> None:
    from gwc.policy.project import load_project  # noqa: PLC0415

    for name in load_project(path).policies:
        _lint(path.parent / name, environment, variables, shown)


def _other_findings(workspace: Workspace, path: str, kind: str) -> list[Diagnostic]:
    from gwc.diagnostics import Findings  # noqa: PLC0415
    from gwc.policy.loading import load_spec  # noqa: PLC0415
    from gwc.policy.models import KINDS, PolicySpec  # noqa: PLC0415
    from gwc.source.openapi import load_openapi  # noqa: PLC0415

    findings = Findings()
    if kind == "OpenAPI":
        load_openapi(workspace, path, findings)
    else:
        load_spec(workspace, path, KINDS.get(kind, PolicySpec), findings)
    return findings.diagnostics
