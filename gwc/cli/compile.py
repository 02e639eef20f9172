"""`gwc compile`: policies to configuration, written whole or not at all; `--check` is the drift gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.console import emit, tell
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown, format_option

if TYPE_CHECKING:
    from gwc.cli.selection import Selection
    from gwc.output.manifest import Compiled
    from gwc.policy.project import Target


@click.command("compile")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[POLICY|DIR]...")
@click.option(
    "--target", "targets", envvar="GWC_TARGET", metavar="NAME,...", help="nginx, envoy, kong; default: those of gwc.yaml, else all."
)
@click.option("--out", type=click.Path(path_type=Path), envvar="GWC_OUT", help="Output folder; default: that of gwc.yaml, else ./out.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the output folder is not what would be written.")
@click.option("--force", is_flag=True, help="Replace the output folder even if it holds files that gwc did not write.")
@click.option("--env", "environment", envvar="GWC_ENV", metavar="NAME", help="Environment of gwc.yaml whose variables are used.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Value of a variable; may be repeated.")
@format_option
def command(
    paths: tuple[Path, ...],
    targets: str | None,
    out: Path | None,
    environment: str | None,
    variables: tuple[str, ...],
    style: str,
    *,
    check: bool,
    force: bool,
) -> int:
    """Compile policies into NGINX, Envoy and Kong configuration.

    A POLICY is a *.gwc.yaml file, a DIR one with a gwc.yaml; without either, the gwc.yaml of this folder or the nearest
    one above is compiled. Either everything is written, or nothing.
    """
    from gwc.cli.selection import output_folder, targets_of, variables_of  # noqa: PLC0415
    from gwc.source.document import without_collections  # noqa: PLC0415

    selection = selected(paths, style)
    folder = output_folder(selection, out)
    run = _Run(targets_of(selection, targets), variables_of(selection, environment, variables))
    with without_collections():  # a tenth of the time with large documents; all that is built is needed until the end
        compiled = run.compile(selection)
    run.shown.show(style)
    if run.code != exit_codes.FINE:
        tell("nothing was written")
        return run.code
    return _check(folder, compiled) if check else _write(folder, compiled, selection, force=force)


def selected(paths: tuple[Path, ...], style: str) -> Selection:
    """What the paths name. Findings in a `gwc.yaml` are shown and end the command."""
    from gwc.cli.selection import ProjectProblems, select  # noqa: PLC0415
    from gwc.source import Workspace  # noqa: PLC0415

    try:
        return select(paths)
    except ProjectProblems as problems:
        shown = Shown()
        shown.add(problems.diagnostics, Workspace(problems.root))
        shown.show(style)
        raise Failure(exit_codes.INPUT) from None


@dataclass(slots=True)
class _Run:
    """One compile of several policies for several targets: everything that is wrong is found before anything is written."""

    targets: tuple[Target, ...]
    variables: Mapping[str, str]
    shown: Shown = field(default_factory=Shown)
    code: int = exit_codes.FINE

    def compile(self, selection: Selection) -> list[Compiled]:
        """What could be compiled; `code` tells whether that is everything."""
        found = [c for p in selection.policies if (c := self._policy(p, is_alone=len(selection.policies) == 1)) is not None]
        names = [c.name for c in found]
        for name in sorted({n for n in names if names.count(n) > 1}):
            raise Failure(exit_codes.INPUT, f"two policies have the name {name!r}: their outputs would lie in one folder")
        return found

    def _policy(self, path: Path, *, is_alone: bool) -> Compiled | None:
        from gwc.cli.findings import of_notes, of_target  # noqa: PLC0415
        from gwc.cli.loading import lowered  # noqa: PLC0415
        from gwc.cli.targets import compile_for  # noqa: PLC0415
        from gwc.output.manifest import Compiled  # noqa: PLC0415

        workspace, policy = lowered(path, self.variables, self.shown)
        if policy is None:
            self.code = exit_codes.INPUT
            return None
        results = compile_for(policy.gateway, self.targets)
        for problems in results.problems:
            self.shown.add(of_target(problems), workspace)
            self.code = self.code or exit_codes.UNENFORCEABLE
        for target, output in results.outputs.items():
            self.shown.add(of_notes(target, output), workspace)
        return Compiled(policy.name, "" if is_alone else f"{policy.name}/", policy.inputs, results.outputs)


def _check(folder: Path, compiled: list[Compiled]) -> int:
    from gwc.output.drift import drift  # noqa: PLC0415
    from gwc.output.errors import OutputError  # noqa: PLC0415
    from gwc.output.manifest import files_of  # noqa: PLC0415

    try:
        changes = drift(folder, files_of(compiled))
    except OutputError as error:
        raise Failure(exit_codes.INPUT, str(error)) from None
    emit("".join(f"{change.change}: {folder / change.path}\n" for change in changes))
    tell(f"{folder}: {len(changes)} files differ: run gwc compile" if changes else f"{folder}: up to date")
    return exit_codes.FINDINGS if changes else exit_codes.FINE


def _write(folder: Path, compiled: list[Compiled], selection: Selection, *, force: bool) -> int:
    from gwc.output.errors import OutputError  # noqa: PLC0415
    from gwc.output.manifest import files_of  # noqa: PLC0415
    from gwc.output.writer import publish  # noqa: PLC0415

    _require_no_sources(folder, selection)
    files = files_of(compiled)
    try:
        is_new = publish(folder, files, force=force)
    except OutputError as error:
        raise Failure(exit_codes.INPUT, str(error)) from None
    done = f"wrote {len(files)} files to {folder}" if is_new else f"{folder} is up to date"
    tell(f"{done} ({', '.join(sorted({t for c in compiled for t in c.outputs}))})")
    return exit_codes.FINE


def _require_no_sources(folder: Path, selection: Selection) -> None:
    """The output folder is replaced as a whole, so that not even --force may point it at the sources."""
    kept = [Path.cwd(), *(p.resolve() for p in selection.policies)]
    if selection.project is not None:
        kept.append(selection.project.root)
    if any(path.is_relative_to(folder.resolve()) for path in kept):
        raise Failure(exit_codes.INPUT, f"{folder} holds the policy or the current folder: choose an output folder of its own")
