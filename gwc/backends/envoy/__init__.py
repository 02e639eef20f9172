"""Envoy 1.40: native filters decide, Lua decides what they can't, and nothing passes that Lua has not let through to its last statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gwc.backends import segmentation as shared
from gwc.backends.base import Output, TargetProblems, Unenforceable
from gwc.backends.envoy import (
    access_log,
    api_key,
    authorization_rule,
    basic,
    body,
    bootstrap,
    canonical_path,
    checks,
    client_ip,
    connection_manager,
    consumer,
    forwarding,
    host_names,
    json_schema,
    jwt,
    lanes,
    ledger,
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
from gwc.backends.envoy.document import render
from gwc.ir import Gateway

NAME: Final = "envoy"

EMITTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "listener_tls": listener_tls.emit,
    "host_names": host_names.emit,
    "canonical_path": canonical_path.emit,
    "client_ip": client_ip.emit,
    "routing": routing.emit,
    "network_rule": network_rule.emit,
    "store": store.check,
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


def compile(gateway: Gateway) -> Output:  # noqa: A001 - the name that every backend has
    """`envoy.json`, which can be started from any folder, and `xds/`, whose bootstrap is to be started from the folder above it."""
    problems = list(_problems(gateway))
    if problems:
        raise TargetProblems(NAME, problems)
    known = lanes.collect(gateway)
    routes = connection_manager.routes(known)
    checks.check_routes(known, routes)
    filters = connection_manager.http_filters(known)
    documents = {ledger.FILE: bootstrap.static(known, routes, filters), **bootstrap.files(known, routes, filters)}
    files, beside = render(documents), segmentation.emit(gateway)
    rows = (*ledger.rows(gateway, files[ledger.FILE].decode("ascii")), *shared.row(beside))
    return Output(
        {**files, **{name: text.encode("ascii") for name, text in beside.items()}},
        tuple(sorted(rows, key=lambda r: (r.control, r.subject))),
    )


def _problems(gateway: Gateway) -> list[Unenforceable]:
    """Everything that Envoy can't enforce exactly, all at once."""
    return [
        *store.check(gateway.store),
        *rate_limit.check(gateway.rate_limits),
        *(problem for control in gateway.jwts for problem in jwt.check(control)),
        *consumer.check(gateway.consumers),
        *security.check(gateway, security.schemes(gateway)),
    ]
