"""The store of the project around a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gwc.controls import store
from gwc.controls.rate_limit import RateLimit
from gwc.controls.store import Store
from gwc.diagnostics import Findings
from gwc.policy.loading import load_spec
from gwc.policy.models import ProjectSpec
from gwc.policy.project import FILE_NAME
from gwc.source import Workspace


def of_project(workspace: Workspace, policy: str, variables: Mapping[str, str], findings: Findings) -> Store | None:
    """The store that the project's file names, with the values of these variables; None without one, or after a finding."""
    if not (workspace.root / FILE_NAME).is_file():
        return None
    loaded = load_spec(workspace, FILE_NAME, ProjectSpec, findings, variables)
    spec = loaded[0].store if loaded is not None else None
    if loaded is None or spec is None:
        return None
    return store.lower(spec, policy, loaded[1].at("store"), findings)


def used(found: Store | None, limits: Iterable[RateLimit], findings: Findings) -> tuple[Store, ...]:
    """The store when a limit counts in it; otherwise none, after a warning."""
    if found is None:
        return ()
    if any(limit.store_failure is not None for limit in limits):
        return (found,)
    findings.warning("GWC512", "no limit of this policy counts in the project's store (scope: cluster)", found.span)
    return ()
