"""A policy with validation over one operation, compiled in a folder of the test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gwc.controls.validation import Validation
from gwc.diagnostics import Diagnostic, Problems
from gwc.ir import Gateway
from gwc.lowering import Lowered, compile_policy

DESCRIBED = {"200": {"description": "fine"}}


def policy(validation: Any, **more: Any) -> dict[str, Any]:
    """The least policy; `more` are further sections."""
    found: dict[str, Any] = {
        "apiVersion": "gwc/v1",
        "kind": "Policy",
        "metadata": {"name": "shop"},
        "apis": {"shop": {"openapi": "openapi.json", "hosts": ["api.test"], "upstream": "shop"}},
        "listener": {
            "tls": {"profile": "mozilla-intermediate-6.0", "certificate": "file:/etc/gw/a.pem", "privateKey": "file:/etc/gw/a.key"}
        },
        "authorization": {"public": ["asked"]},
        "upstreams": {"shop": {"url": "http://127.0.0.1:8080"}},
        "validation": validation,
    }
    return {name: value for name, value in {**found, **more}.items() if value is not None}


def document(path: str = "/things", *, method: str = "post", version: str = "3.1.0", **operation: Any) -> dict[str, Any]:
    """A document with the operation `asked`."""
    found = {"operationId": "asked", "security": [], "responses": DESCRIBED, **operation}
    return {"openapi": version, "info": {"title": "Shop", "version": "1"}, "paths": {path: {method: found}}}


def compiled(
    folder: Path, api: Mapping[str, Any], *, validation: Any = None, files: Mapping[str, Any] | None = None, **more: Any
) -> Lowered:
    """What the policy means. `files`: further ones, as values. Raises Problems."""
    asked = {"request": {}} if validation is None else validation
    written = {"policy.gwc.yaml": policy(asked, **more), "openapi.json": api, **(files or {})}
    for name, value in written.items():
        (folder / name).write_text(json.dumps(value, indent=1), encoding="utf-8")
    return compile_policy(folder / "policy.gwc.yaml", root=folder)


def rule(folder: Path, api: Mapping[str, Any], **more: Any) -> Validation:
    """The rule of the one operation."""
    return gateway(folder, api, **more).operations[0].validation


def gateway(folder: Path, api: Mapping[str, Any], **more: Any) -> Gateway:
    """The IR."""
    return compiled(folder, api, **more).gateway


def errors(folder: Path, api: Mapping[str, Any], **more: Any) -> Sequence[Diagnostic]:
    """The findings of a policy that does not compile."""
    try:
        compiled(folder, api, **more)
    except Problems as problems:
        return [d for d in problems.diagnostics if d.severity == "error"]
    raise AssertionError("it compiles")


def query(schema: Any, **more: Any) -> dict[str, Any]:
    """A document whose operation has the query parameter `p`."""
    return document(method="get", parameters=[{"name": "p", "in": "query", "schema": schema, **more}])


def body(media_type: str, schema: Any, **more: Any) -> dict[str, Any]:
    """A document whose operation takes this body."""
    return document(requestBody={"required": True, "content": {media_type: {"schema": schema, **more}}})
