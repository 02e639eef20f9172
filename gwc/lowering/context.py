"""What all steps of the lowering share."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from gwc.controls.routing import Template
from gwc.controls.spec import Located
from gwc.controls.store import Store
from gwc.diagnostics import Findings
from gwc.policy.models import BaselineSpec, PolicySpec
from gwc.source import Workspace
from gwc.source.openapi_model import ApiOperation

_SAFE_KEY = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Context:
    """One run over one policy. Each step returns what it could make and leaves findings for the rest."""

    workspace: Workspace
    path: str  # of the policy, relative to the workspace
    spec: PolicySpec
    place: Located
    baselines: tuple[tuple[BaselineSpec, Located], ...]
    findings: Findings
    store: Store | None = None  # that of the project


@dataclass(frozen=True, slots=True)
class Served:
    """An operation before the policy's restrictions: with the API and the document that it came from."""

    api: str
    source: ApiOperation
    key: str
    template: Template


def operation_id(source: ApiOperation) -> str:
    """The name by which the policy selects the operation."""
    return source.operation_id or f"{source.method} {source.path}"


def operation_key(api: str, source: ApiOperation) -> str:
    """The name that outputs and logs use: safe characters only, unique in the gateway."""
    name = f"{api}.{operation_id(source)}"
    if _SAFE_KEY.fullmatch(name):
        return name
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80].strip("-")
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
