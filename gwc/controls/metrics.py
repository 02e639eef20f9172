"""Phase 12: counters in the text format of Prometheus, on an address of their own that is no part of the API.

`gwc_requests_total{consumer,reason}` counts every answer to a request once: `consumer` is who was verified, "-" for nobody; `reason` is that of
the access log ("allowed", or why it was refused). Both come from the policy and gwc's tables, never from a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.controls.listener_tls import parse_address
from gwc.controls.spec import Located, Spec
from gwc.diagnostics import Findings

METRIC = "gwc_requests_total"


class MetricsSpec(Spec):
    """`observability.metrics`. Plain HTTP: `listen` belongs on loopback or a network of the operators' own."""

    listen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics(Node):
    """`GET /metrics` on this address and port answers with the counters; every other path with 404. A restart sets them back."""

    STEM: ClassVar[str] = "metrics"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "metrics"

    address: str  # an IP address, IPv6 without brackets
    port: int


def lower(spec: MetricsSpec | None, place: Located, findings: Findings) -> tuple[Metrics, ...]:
    """None, or the one."""
    if spec is None:
        return ()
    try:
        address, port = parse_address(spec.listen)
    except ValueError as error:
        findings.error("GWC022", f"observability.metrics.listen: {error}", place.at("listen").span())
        return ()
    return (Metrics(at=place.key_span, address=address, port=port),)


EXAMPLES = (
    Metrics(address="127.0.0.1", port=9145),
    Metrics(address="127.0.0.2", port=9145),
    Metrics(address="127.0.0.1", port=9146),
)
