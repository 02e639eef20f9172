"""The same Lua core and data in plain NGINX with ngx_http_lua, so that they run in a real server also where there is no Kong.

A host for tests: no target of its own, without a ledger and without a promise of support. It looks up no names: of identity
providers it reaches `localhost` only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from gwc.backends import client_ip as shared
from gwc.backends.base import Output, emit_all
from gwc.backends.kong import (
    CORE_MODULES,
    EMITTERS,
    NAME,
    access_log,
    body,
    canonical_path,
    client_ip,
    data_text,
    file_paths,
    forwarding,
    jwt,
    listener_tls,
    metrics,
    rate_limit,
    upstream,
    validation_modules,
    with_digest,
)
from gwc.backends.kong.fragment import Fragment, Member
from gwc.controls.listener_tls import PROFILES, FileRef
from gwc.controls.upstream import Upstream, VerifiedTls
from gwc.diagnostics import Span
from gwc.ir import Gateway
from gwc.resources import runtime_text
from gwc.templating import Verbatim, environment

_DATA = "lua/gwc/data.lua"
_PLAIN = re.compile(r"[A-Za-z0-9._:/@+=~\[\]-]+\Z")


def openresty_output(gateway: Gateway) -> Output:
    """nginx.conf and the Lua files beside it, for `nginx -p <folder>/ -c nginx.conf`. Raises TargetProblems."""
    fragments = emit_all(NAME, {**EMITTERS, "upstream": _emit_upstream}, gateway)
    data, _ = data_text(gateway, fragments)
    files = {f"lua/gwc/{m}.lua": runtime_text(f"lua/gwc/{m}.lua") for m in (*CORE_MODULES, "libcrypto", "host_openresty")}
    files |= validation_modules(gateway)
    files[_DATA] = with_digest(data, hashlib.sha256(data.encode()).hexdigest())
    files["nginx.conf"] = environment("kong", _quote).get_template("openresty.conf").render(_names(gateway))
    return Output({name: text.encode() for name, text in files.items()}, ())


def _emit_upstream(gateway: Gateway) -> Fragment:
    """Every upstream has a location of its own here, so that their transports may differ."""
    names = {u.name: {"name": f"gwc-upstream-{n}", "authority": u.authority} for n, u in enumerate(gateway.upstreams, 1)}
    return Fragment(data=(Member("upstreams", names),), operations={o.key: {"upstream": o.upstream} for o in gateway.operations})


def _quote(value: str | int) -> Verbatim:
    """Values of nginx.conf are single words here."""
    if not _PLAIN.match(str(value)):
        raise ValueError(f"not a plain word of nginx.conf: {value!r}")
    return Verbatim(value)


def _names(gateway: Gateway) -> Mapping[str, Any]:
    """What the template prints."""
    listener = gateway.listener_tls
    profile = PROFILES[listener.profile]
    return {
        "listen": listener_tls.authority(listener),
        "certificate": _path(listener.certificate, listener.span),
        "private_key": _path(listener.private_key, listener.span),
        "versions": Verbatim(" ".join(profile.versions)),
        "ciphers": ":".join(profile.ciphers or PROFILES["mozilla-intermediate-6.0"].ciphers),
        "groups": listener_tls.groups(profile),
        "max_body_bytes": body.nginx_limit(gateway),
        "buffer_bytes": body.buffered(gateway),
        "header_buffers": Verbatim(canonical_path.HEADER_BUFFERS),
        "http": [Verbatim(x) for x in _http(gateway)],
        "metrics": [Verbatim(line) for control in gateway.metrics for line in metrics.server(control)],
        "client_certificates": [Verbatim(f"{k} {v};") for k, v in listener_tls.client_certificates(listener).items()],
        "proxying": [Verbatim(x) for x in upstream.PROXYING],
        "variables": access_log.variables(gateway),
        "watches": gateway.watches_responses,
        "has_limit_fields": any(limit.has_fields for limit in gateway.rate_limits),
        "upstreams": [_described(u, n) for n, u in enumerate(gateway.upstreams, 1)],
    }


def _http(gateway: Gateway) -> list[str]:
    """Directives of the level `http`."""
    trusted = jwt.trusted_certificates(gateway)
    return [
        *rate_limit.dictionaries(gateway),
        *jwt.dictionary(gateway.jwts),
        *metrics.dictionary(gateway),
        forwarding.KEEP_UNUSUAL_NAMES,
        *(line for c in gateway.client_ip for line in (*shared.directives(c), *client_ip.variables(c))),
        *access_log.MAPS,
        f"log_format gwc escape=json {access_log.format_text('$request_id', gateway)};",
        *((f"lua_ssl_trusted_certificate {trusted};", f"lua_ssl_verify_depth {jwt.VERIFY_DEPTH};") if trusted else ()),
        f"lua_ssl_protocols {jwt.PROTOCOLS};",
    ]


def _described(one: Upstream, number: int) -> Mapping[str, Any]:
    host = f"[{one.host}]" if ":" in one.host else one.host
    return {
        "name": f"gwc-upstream-{number}",
        "server": f"{host}:{one.port}",
        "authority": one.authority,
        "connect_ms": one.connect_timeout_ms,
        "response_ms": one.response_timeout_ms,
        "scheme": "https" if isinstance(one.transport, VerifiedTls) else "http",
        "tls": [Verbatim(x) for x in _tls(one)],
    }


def _tls(one: Upstream) -> list[str]:
    transport = one.transport
    if not isinstance(transport, VerifiedTls):
        return []
    lines = [
        "proxy_ssl_verify on;",
        "proxy_ssl_verify_depth 2;",
        "proxy_ssl_server_name on;",
        f"proxy_ssl_name {_quote(transport.server_name)};",
        f"proxy_ssl_trusted_certificate {_path(transport.ca, one.span)};",
    ]
    if transport.client is not None:
        lines.append(f"proxy_ssl_certificate {_path(transport.client.certificate, one.span)};")
        lines.append(f"proxy_ssl_certificate_key {_path(transport.client.private_key, one.span)};")
    return lines


def _path(reference: FileRef, span: Span) -> str:
    return file_paths.emit(reference, span, "listener_tls", "certificate")
