"""The least policy under which a foreign OpenAPI document can be compiled: each scheme bound, each open operation listed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from gwc.diagnostics import Findings
from gwc.source import Workspace
from gwc.source.openapi import load_openapi
from tests.support.project import CONSUMERS, JWKS

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DEFAULT = "gwcDefault"


def put(document: Path, folder: Path, *, tree: Path | None = None) -> Path:
    """Copies the document (or the whole `tree` that it lies in) into `folder` and writes a policy for it; returns the policy's path."""
    if tree is None:
        name = document.name
        shutil.copyfile(document, folder / name)
    else:
        shutil.copytree(tree, folder / "api")
        name = "api/" + document.relative_to(tree).as_posix()
    (folder / "consumers.gwc.yaml").write_text(CONSUMERS + "    certificates: [{dns: acme.example.com}]\n", encoding="utf-8")
    (folder / "jwks.json").write_text(json.dumps(JWKS), encoding="utf-8")
    path = folder / "policy.gwc.yaml"
    path.write_text(json.dumps(_policy(name, _resolved(folder, name) or _read(document)), indent=1), encoding="utf-8")
    return path


def _resolved(folder: Path, name: str) -> dict[str, Any]:
    """Operations and schemes of a document that gwc can load, of all its files; an empty mapping otherwise."""
    api = load_openapi(Workspace(folder), name, Findings())
    if api is None:
        return {}
    paths: dict[str, Any] = {}
    for operation in api.operations:
        entry: dict[str, Any] = {"operationId": operation.operation_id}
        if operation.security is not None:
            entry["security"] = [{scheme: list(scopes) for scheme, scopes in a} for a in operation.security.alternatives]
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    return {"paths": paths, "components": {"securitySchemes": {s.name: s.cursor.resolve().value for s in api.security_schemes}}}


def _read(document: Path) -> dict[str, Any]:
    """What a lenient reader makes of it; an empty mapping when even that fails."""
    try:
        text = document.read_text(encoding="utf-8")
        value = json.loads(text) if document.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def _policy(name: str, document: dict[str, Any]) -> dict[str, Any]:
    operations = list(_operations(document))
    schemes = _mapping(_mapping(document.get("components")).get("securitySchemes"))
    used = {s for _, security in operations for a in security or [] if isinstance(a, dict) for s in a}
    bindings = {s: _binding(_mapping(schemes.get(s))) for s in sorted(used)}
    authentication: dict[str, Any] = {s: b for s, b in bindings.items() if b}
    if any(security is None for _, security in operations) or not operations:
        authentication |= {"default": _DEFAULT, _DEFAULT: _jwt()}
    return {
        "apiVersion": "gwc/v1",
        "kind": "Policy",
        "metadata": {"name": "minimal"},
        "apis": {"api": {"openapi": name, "hosts": ["api.test"], "upstream": "backend"}},
        "listener": {"address": "127.0.0.1:8443", "tls": _tls(any(b["type"] == "mutualTLS" for b in bindings.values() if b))},
        "authentication": authentication,
        "authorization": {"public": [n for n, security in operations if security is not None and not all(security or [{}])]},
        "upstreams": {"backend": {"url": "http://127.0.0.1:9000"}},
    }


def _tls(asks_for_certificates: bool) -> dict[str, Any]:
    tls = {"profile": "mozilla-intermediate-6.0", "certificate": "file:/tls/server.pem", "privateKey": "file:/tls/server.key"}
    return {**tls, "clientCertificates": {"mode": "optional", "ca": "file:/tls/ca.pem"}} if asks_for_certificates else tls


def _operations(document: dict[str, Any]) -> Any:
    for path, item in _mapping(document.get("paths")).items():
        for method, operation in _mapping(item).items():
            if method in _METHODS and isinstance(operation, dict):
                security = operation.get("security", document.get("security"))
                yield operation.get("operationId") or f"{method.upper()} {path}", security if isinstance(security, list) else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _jwt() -> dict[str, Any]:
    return {
        "type": "jwt",
        "issuer": "https://id.example.com/",
        "audiences": ["https://api.test"],
        "jwks": {"file": "jwks.json"},
        "algorithms": ["ES256"],
    }


def _binding(scheme: dict[str, Any]) -> dict[str, Any] | None:
    if scheme.get("type") in ("oauth2", "openIdConnect") or (scheme.get("type"), str(scheme.get("scheme")).lower()) == ("http", "bearer"):
        return _jwt()
    if (scheme.get("type"), str(scheme.get("name")).lower()) == ("apiKey", "authorization"):
        return _jwt()
    if (scheme.get("type"), str(scheme.get("scheme")).lower()) == ("http", "basic"):
        return {"type": "basic", "consumers": "consumers.gwc.yaml"}
    kind = scheme.get("type")
    return {"type": kind, "consumers": "consumers.gwc.yaml"} if kind in ("apiKey", "mutualTLS") else None
