"""Which policies a command is about, and the settings around them: flag before GWC_* before gwc.yaml before default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gwc.cli import exit_codes
from gwc.cli.failure import Failure

if TYPE_CHECKING:
    from gwc.diagnostics import Problems
    from gwc.policy.project import Project, Target

PROJECT_FILE = "gwc.yaml"
TARGETS = ("nginx", "envoy", "kong")
_NO_PROJECT = f"no policy was named, and there is no {PROJECT_FILE} in this folder or above"


class ProjectProblems(Exception):  # noqa: N818 - findings, not an error of gwc
    """Findings in a `gwc.yaml`; their paths are relative to `root`."""

    def __init__(self, root: Path, problems: Problems) -> None:
        super().__init__(str(problems))
        self.root, self.diagnostics = root, problems.diagnostics


@dataclass(frozen=True, slots=True)
class Selection:
    """Policies, and the project that they belong to, when there is one."""

    policies: tuple[Path, ...]
    project: Project | None

    @property
    def is_whole_project(self) -> bool:
        """Whether exactly the project's policies are selected: then its output folder is meant."""
        if self.project is None:
            return False
        return {p.resolve() for p in self.policies} == {(self.project.root / p).resolve() for p in self.project.policies}


def select(paths: Iterable[Path]) -> Selection:
    """What the paths name: policies, `gwc.yaml` files or folders with one; without any path the project around. Raises ProjectProblems, Failure."""
    from gwc.policy.project import find_project  # noqa: PLC0415

    paths = tuple(paths)
    if not paths:
        found = find_project(Path.cwd())
        if found is None:
            raise Failure(exit_codes.NOTHING, _NO_PROJECT)
        paths = (found,)
    policies: list[Path] = []
    for path in paths:
        policies += _policies(path)
    around = find_project(policies[0].parent)
    return Selection(tuple(dict.fromkeys(policies)), project_at(around) if around else None)


def project_at(path: Path) -> Project:
    """The project of this `gwc.yaml`. Raises ProjectProblems, or Failure for a symlink out of its folder."""
    from gwc.diagnostics import Problems  # noqa: PLC0415
    from gwc.policy.project import load_project  # noqa: PLC0415

    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise Failure(exit_codes.INPUT, f"{path} is a symlink out of its folder")
    try:
        return load_project(path)
    except Problems as problems:
        raise ProjectProblems(path.resolve().parent, problems) from None


def _policies(path: Path) -> list[Path]:
    if path.is_dir():
        if not (path / PROJECT_FILE).is_file():
            raise Failure(exit_codes.NOTHING, f"{path} has no {PROJECT_FILE}: name a policy in it")
        path = path / PROJECT_FILE
    if path.name == PROJECT_FILE:
        return [path.parent / name for name in project_at(path).policies]
    return [path]


def targets_of(selection: Selection, names: str | None) -> tuple[Target, ...]:
    """The targets of a list such as `nginx,envoy`, else the project's, else all. Raises Failure for an unknown name."""
    from gwc.policy.project import Target  # noqa: PLC0415

    declared = {t.name: t for t in selection.project.targets} if selection.project else {}
    if names is None:
        return tuple(declared.values()) or tuple(Target(name, None) for name in TARGETS)
    wanted = list(dict.fromkeys(part.strip() for part in names.split(",")))
    for name in wanted:
        if name not in TARGETS:
            raise Failure(exit_codes.INPUT, f"there is no target {name!r}: choose from {', '.join(TARGETS)}")
    return tuple(declared.get(name) or Target(name, None) for name in wanted)


def variables_of(selection: Selection, environment: str | None, given: Iterable[str]) -> Mapping[str, str]:
    """The values of the environment, overridden by `name=value` texts. Raises Failure."""
    variables = dict(_environment(selection.project, environment))
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Failure(exit_codes.INPUT, f"--var needs name=value, not {name!r}")
        variables[name] = value
    return variables


def _environment(project: Project | None, name: str | None) -> Mapping[str, str]:
    if name is None:
        return {}
    known = project.environments if project else {}
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise Failure(exit_codes.INPUT, f"there is no environment {name!r}; {PROJECT_FILE} has: {listed}")
    return known[name]


def output_folder(selection: Selection, given: Path | None) -> Path:
    """The folder to write to. Raises Failure where the project's folder would lose the output of policies that were not named."""
    if given is not None:
        return given
    if selection.project is None:
        return Path("out")
    if not selection.is_whole_project:
        text = f"{selection.project.out} is the output of all policies of {PROJECT_FILE}: compile them all, or choose another folder with --out"
        raise Failure(exit_codes.INPUT, text)
    return selection.project.root / selection.project.out
