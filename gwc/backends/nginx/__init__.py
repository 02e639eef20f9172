"""NGINX >= 1.31.3 with njs >= 0.9.9: native limits, TLS and routing; a script of njs takes the other decisions.

The script's verdict is the name of the upstream: whatever goes wrong leaves it empty, and an empty name has no server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gwc.backends.base import Output, emit_all
from gwc.backends.nginx import (
    access_log,
    api_key,
    authorization_rule,
    basic,
    body,
    canonical_path,
    client_ip,
    consumer,
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
from gwc.backends.nginx.fragments import Fragments
from gwc.backends.nginx.output import assemble
from gwc.backends.nginx.plan import Plan, make_plan
from gwc.ir import Gateway

Emitter = Callable[[Plan], Fragments]

NAME = "nginx"
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


def compile(gateway: Gateway) -> Output:  # noqa: A001 - the name that every backend has
    """nginx.conf, policy.js and the runtime beside them. Raises TargetProblems with everything that NGINX cannot enforce."""
    plan = make_plan(gateway)
    return assemble(plan, emit_all(NAME, EMITTERS, plan))
