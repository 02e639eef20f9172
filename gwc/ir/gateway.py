"""The root of the IR. Everything is frozen, complete and in a fixed order, so equal policies are equal values."""

from __future__ import annotations

from dataclasses import dataclass

from gwc.controls.access_log import AccessLog
from gwc.controls.api_key import ApiKey
from gwc.controls.authorization_rule import AuthorizationRule
from gwc.controls.basic import Basic
from gwc.controls.body import Body
from gwc.controls.canonical_path import CanonicalPath
from gwc.controls.client_ip import ClientIp
from gwc.controls.consumer import Consumer
from gwc.controls.forwarding import Forwarding
from gwc.controls.host_names import HostNames
from gwc.controls.json_schema import JsonSchema
from gwc.controls.jwt import Jwt
from gwc.controls.listener_tls import ListenerTls
from gwc.controls.metrics import Metrics
from gwc.controls.mutual_tls import MutualTls
from gwc.controls.network_rule import NetworkRule
from gwc.controls.problem_details import ProblemDetails
from gwc.controls.rate_limit import RateLimit
from gwc.controls.routing import Route
from gwc.controls.security import Security
from gwc.controls.segmentation import Segmentation
from gwc.controls.store import Store
from gwc.controls.upstream import Upstream
from gwc.controls.validation import Validation
from gwc.controls.zone import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One OpenAPI operation. `key` is unique in the gateway and made of `[A-Za-z0-9._-]`, at most 100 characters: safe in every output and log."""

    key: str
    api: str
    id: str  # as the document says, or `METHOD path`: never put into a configuration
    tags: tuple[str, ...]
    upstream: str  # name of one of the gateway's upstreams
    route: Route
    security: Security
    body: Body
    validation: Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A whole policy. Tuples are sorted: operations by (template text, method), the others by name, scheme or id."""

    name: str  # [a-z0-9-]
    listener_tls: ListenerTls
    host_names: HostNames
    canonical_path: CanonicalPath
    client_ip: tuple[ClientIp, ...]  # at most one; without it the peer is the client
    operations: tuple[Operation, ...]
    network_rules: tuple[NetworkRule, ...]  # by id
    store: tuple[Store, ...]  # at most one, and only when a limit counts in it
    rate_limits: tuple[RateLimit, ...]
    jwts: tuple[Jwt, ...]  # by scheme
    api_keys: tuple[ApiKey, ...]  # by scheme
    basics: tuple[Basic, ...]  # by scheme
    mutual_tls: tuple[MutualTls, ...]  # by scheme
    consumers: tuple[Consumer, ...]  # by id: every consumer of the files that a scheme names
    zones: tuple[Zone, ...]  # by name
    rules: tuple[AuthorizationRule, ...]  # by id
    json_schema: JsonSchema
    upstreams: tuple[Upstream, ...]  # by name
    forwarding: Forwarding
    problem_details: ProblemDetails
    access_log: AccessLog
    metrics: tuple[Metrics, ...]  # at most one
    segmentation: tuple[Segmentation, ...]  # at most one

    @property
    def watches_responses(self) -> bool:
        """Whether answers of upstreams are compared with the document."""
        return any(operation.validation.responses for operation in self.operations)
