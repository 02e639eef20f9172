"""Kong OSS 3.9, without a database: one global plugin behind one catch-all route takes every decision.

Kong's core keeps TLS, upstreams and balancing. No bundled plugin is used: their order is fixed and other than gwc's, and their
meaning differs (the controls' modules say how).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gwc.backends.base import LedgerRow, Output, TargetProblems, Unenforceable, emit_all, subjects
from gwc.backends.kong import (
    access_log,
    api_key,
    authorization_rule,
    basic,
    body,
    canonical_path,
    client_ip,
    consumer,
    file_paths,
    forwarding,
    host_names,
    json_schema,
    jwt,
    listener_tls,
    metrics,
    mutual_tls,
    network_rule,
    problem_details,
    rate_limit,
    routing,
    security,
    segmentation,
    store,
    upstream,
    validation,
    zone,
)
from gwc.backends.kong.data import write_data
from gwc.backends.kong.fragment import DATA, ENTITIES, HTTP, PROXY, SETTINGS, Anchor, Emitter, Fragment, setting_line
from gwc.backends.kong.lua_quoting import LuaValue, quote
from gwc.backends.validation_plan import make_plan
from gwc.diagnostics import NOWHERE
from gwc.ir import Gateway
from gwc.resources import runtime_text
from gwc.templating import Verbatim, environment

NAME = "kong"

EMITTERS: Mapping[str, Emitter] = MappingProxyType(
    {
        "listener_tls": listener_tls.emit,
        "host_names": host_names.emit,
        "canonical_path": canonical_path.emit,
        "client_ip": client_ip.emit,
        "routing": routing.emit,
        "network_rule": network_rule.emit,
        "store": store.emit,
        "rate_limit": rate_limit.emit,
        "jwt": jwt.emit,
        "api_key": api_key.emit,
        "basic": basic.emit,
        "mutual_tls": mutual_tls.emit,
        "consumer": consumer.emit,
        "security": security.emit,
        "zone": zone.emit,
        "authorization_rule": authorization_rule.emit,
        "body": body.emit,
        "json_schema": json_schema.emit,
        "validation": validation.emit,
        "upstream": upstream.emit,
        "forwarding": forwarding.emit,
        "problem_details": problem_details.emit,
        "access_log": access_log.emit,
        "metrics": metrics.emit,
        "segmentation": segmentation.emit,
    }
)

CORE_MODULES = (
    "answers",
    "api_key",
    "authorization",
    "base64url",
    "basic",
    "body",
    "canonical_path",
    "carrier",
    "certificate",
    "decide",
    "decimal",
    "deep_object",
    "failures",
    "form",
    "forwarding",
    "host_certificates",
    "hsts",
    "http_response",
    "https_get",
    "json",
    "json_reader",
    "json_value",
    "jwk",
    "jwt",
    "key_source",
    "media_type",
    "metrics",
    "multipart",
    "mutual_tls",
    "network_rule",
    "nginx_host",
    "nginx_request",
    "parameters",
    "pattern",
    "percent",
    "problem_details",
    "rate_limit",
    "rate_limit_key",
    "reading",
    "redis",
    "resp",
    "response_validation",
    "routing",
    "schema",
    "security",
    "shape",
    "shared_buckets",
    "spki",
    "style",
    "token_buckets",
    "token_cache",
    "trimmed",
    "validation",
    "zone",
)
"""Of gwc/runtime/lua/gwc: what every host that is NGINX inside needs."""

_KONG_MODULES = ("kong_cryptography", "host_kong")
_PER_OPERATION = ("routing", "security", "body", "validation")
_LUA, _PLUGIN = "lua/gwc", "lua/kong/plugins/gwc"
_DIGEST_PLACE = "local data = {"


def compile(gateway: Gateway, *, folder: str = "/etc/gwc/kong") -> Output:  # noqa: A001 - the name that every backend has
    """kong.yml, kong.conf, two files that NGINX includes, and the plugin. `folder`: where they will lie on Kong's machine.

    Raises TargetProblems with everything that Kong cannot enforce exactly.
    """
    fragments = emit_all(NAME, EMITTERS, gateway)
    if not file_paths.is_safe(folder):
        raise TargetProblems(NAME, [Unenforceable(NOWHERE, "listener_tls", "folder", f"kong.conf can't hold the path {folder!r}")])
    data, rows = data_text(gateway, fragments)
    entities = _entities(fragments)
    modules = {**_modules(), **validation_modules(gateway)}
    digest = _digest(data, entities, modules)
    files = {
        DATA: with_digest(data, digest),
        ENTITIES: _document({**entities, "plugins": [{"name": "gwc", "config": {"digest": digest}}]}),
        SETTINGS: _settings(fragments, folder),
        HTTP: _lines(f for x in fragments.values() for f in x.http),
        PROXY: _lines(f for x in fragments.values() for f in x.proxy),
        **modules,
        **{name: text for f in fragments.values() for name, text in f.files.items()},
    }
    return finish(gateway, files, DATA, rows, fragments)


def data_text(gateway: Gateway, fragments: Mapping[str, Fragment]) -> tuple[str, dict[tuple[str, str], int]]:
    """data.lua without its digest, and the line of each row of the ledger."""
    members = [(stem, m) for stem, f in fragments.items() for m in f.data]
    fillings = [(stem, x) for stem, f in fragments.items() for x in f.fillings]
    operations: dict[str, dict[str, LuaValue]] = {o.key: {} for o in gateway.operations}
    for fragment in fragments.values():
        for key, parts in fragment.operations.items():
            operations[key].update(parts)
    return write_data(members, fillings, operations, _PER_OPERATION)


def with_digest(data: str, digest: str) -> str:
    """The text with the digest in the line of the table's head: no other line moves."""
    head, found, rest = data.partition(_DIGEST_PLACE)
    assert found, "data.lua has no place for the digest"
    return f"{head}{found} digest = {quote(digest)},{rest}"


def finish(
    gateway: Gateway, files: Mapping[str, str], data: str, rows: Mapping[tuple[str, str], int], fragments: Mapping[str, Fragment]
) -> Output:
    """The output with its ledger; a constraint without a line is an error of gwc. `data`: name of the file that `rows` is about."""
    ledger = [LedgerRow(control, subject, data, line) for (control, subject), line in rows.items()]
    line_of = _line_finder(files)
    ledger += [LedgerRow(stem, a.subject, a.file, line_of(a)) for stem, f in fragments.items() for a in f.anchors]
    ledger += [row for f in fragments.values() for row in f.rows]
    missing = set(subjects(gateway)) ^ {(r.control, r.subject) for r in ledger}
    assert not missing, f"constraints without a line, or lines without a constraint: {sorted(missing)[:5]}"
    ledger.sort(key=lambda r: (r.control, r.subject))
    notes = tuple(n for f in fragments.values() for n in f.notes)
    return Output({name: text.encode("utf-8") for name, text in files.items()}, tuple(ledger), notes)


def _line_finder(files: Mapping[str, str]) -> Callable[[Anchor], int]:
    split = {name: [line.strip() for line in text.split("\n")] for name, text in files.items() if name in {ENTITIES, SETTINGS, HTTP, PROXY}}

    def line_of(anchor: Anchor) -> int:
        lines = split[anchor.file]
        assert lines.count(anchor.line) == 1, f"{anchor.file} has not exactly one line {anchor.line!r}"
        return lines.index(anchor.line) + 1

    return line_of


def _modules() -> dict[str, str]:
    core = {f"{_LUA}/{name}.lua": runtime_text(f"lua/gwc/{name}.lua") for name in (*CORE_MODULES, *_KONG_MODULES)}
    return {**core, **{f"{_PLUGIN}/{name}.lua": runtime_text(f"lua/kong/{name}.lua") for name in ("handler", "schema")}}


def validation_modules(gateway: Gateway) -> dict[str, str]:
    """The compiled schemas; none where nothing is validated."""
    plan = make_plan(gateway)
    return {f"{_LUA}/{json_schema.MODULE}.lua": json_schema.module_text(plan)} if plan.operations else {}


def _entities(fragments: Mapping[str, Fragment]) -> dict[str, Any]:
    """The document without its plugin."""
    document: dict[str, Any] = {"_format_version": "3.0", "_transform": True}
    for fragment in fragments.values():
        for kind, entities in fragment.entities.items():
            document.setdefault(kind, []).extend(entities)
    return document


def _document(value: Mapping[str, Any]) -> str:
    """JSON, which is YAML: no other quoting is needed, and no text of the policy can be read as anything else."""
    return json.dumps(value, indent=1) + "\n"


def _digest(data: str, entities: Mapping[str, Any], modules: Mapping[str, str]) -> str:
    """Binds kong.yml to the Lua files of the same build: the plugin refuses everything when they differ."""
    parts = [data, _document(entities), *(f"{name}\n{text}" for name, text in sorted(modules.items()))]
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


def _settings(fragments: Mapping[str, Fragment], folder: str) -> str:
    settings = [Verbatim(setting_line(k, v)) for f in fragments.values() for k, v in f.settings.items()]
    return environment(NAME, _quote_setting).get_template(SETTINGS).render(folder=folder, settings=settings)


def _quote_setting(value: str | int) -> Verbatim:
    if not file_paths.is_safe(str(value)):
        raise ValueError(f"not a path that kong.conf can hold: {value!r}")
    return Verbatim(value)


def _lines(lines: Any) -> str:
    return "".join(f"{line}\n" for line in lines)
