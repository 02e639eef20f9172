"""The controls: each module holds the whole meaning of one. Their realisation is a file of the same name in every backend."""

from __future__ import annotations

from types import ModuleType

from gwc.controls import (
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

CONTROLS: tuple[ModuleType, ...] = (
    listener_tls,
    host_names,
    canonical_path,
    client_ip,
    routing,
    network_rule,
    store,
    rate_limit,
    jwt,
    api_key,
    basic,
    mutual_tls,
    consumer,
    security,
    zone,
    authorization_rule,
    body,
    json_schema,
    validation,
    upstream,
    forwarding,
    problem_details,
    access_log,
    metrics,
    segmentation,
)
"""In the order of decisions."""

STEMS: tuple[str, ...] = tuple(m.__name__.rpartition(".")[2] for m in CONTROLS)
