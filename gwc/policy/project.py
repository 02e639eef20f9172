"""`gwc.yaml`: which policies are compiled for which gateways, and the values of each environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gwc.diagnostics import Findings
from gwc.policy.loading import load_spec
from gwc.policy.models import ProjectSpec
from gwc.policy.variables import Scalar
from gwc.source import Workspace

FILE_NAME = "gwc.yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway to compile for; `folder` is where its files will lie on the gateway's machine (needed by Kong only)."""

    name: str
    folder: str | None


@dataclass(frozen=True, slots=True)
class Project:
    """A checked `gwc.yaml`. Paths are relative to `root`, the folder that it lies in."""

    root: Path
    policies: tuple[str, ...]
    targets: tuple[Target, ...]
    environments: Mapping[str, Mapping[str, str]]
    out: str


def find_project(start: Path) -> Path | None:
    """The `gwc.yaml` of the folder `start` or of the nearest folder above it."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load_project(path: Path) -> Project:
    """The project of this file. Raises Problems."""
    findings = Findings()
    root = path.resolve().parent
    loaded = load_spec(Workspace(root), path.name, ProjectSpec, findings)
    findings.raise_errors()
    if loaded is None:
        raise AssertionError("a document that was not loaded without an error")
    spec, place = loaded
    names = [t.name for t in spec.targets]
    for i, name in enumerate(names):
        if name in names[:i]:
            findings.error("GWC022", f"target {name!r} is there twice", place.at("targets", i).span())
    findings.raise_errors()
    return Project(
        root=root,
        policies=tuple(spec.policies),
        targets=tuple(Target(t.name, t.folder) for t in spec.targets),
        environments={name: {k: _text(v) for k, v in e.vars.items()} for name, e in spec.environments.items()},
        out=spec.out,
    )


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
