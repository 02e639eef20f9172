"""The kinds of documents. Every mapping is closed; keys of later versions are refused by name."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from gwc.controls.access_log import AccessLogSpec
from gwc.controls.api_key import ApiKeySpec
from gwc.controls.authorization_rule import OperationRuleSpec, RuleSpec
from gwc.controls.basic import BasicSpec
from gwc.controls.body import OperationLimitsSpec
from gwc.controls.canonical_path import LimitsSpec
from gwc.controls.client_ip import ClientIpSpec
from gwc.controls.consumer import ConsumerSpec
from gwc.controls.jwt import JwtSpec
from gwc.controls.listener_tls import TlsSpec
from gwc.controls.metrics import MetricsSpec
from gwc.controls.mutual_tls import MutualTlsSpec
from gwc.controls.network import NetworkSpec, PolicyNetworkSpec
from gwc.controls.rate_limit import OperationRateLimitSpec, RateLimitSpec
from gwc.controls.spec import HostName, Name, Spec
from gwc.controls.store import StoreSpec
from gwc.controls.upstream import UpstreamSpec
from gwc.controls.validation import ValidationSpec

ApiVersion = Literal["gwc/v1"]
Scalar = str | int | bool
PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
BasePath = Annotated[str, StringConstraints(pattern=r"^(?:/|(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$", max_length=512)]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class MetadataSpec(Spec):
    """Who answers for the document."""

    name: PolicyName
    owner: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class ApiSpec(Spec):
    """An OpenAPI document and where it is served."""

    openapi: FilePath
    hosts: Annotated[list[HostName], Field(min_length=1)]
    base_path: BasePath = "/"
    upstream: Name


class ListenerSpec(Spec):
    """Where clients connect."""

    LATER: ClassVar[tuple[str, ...]] = ("redirect", "http")

    address: str = "0.0.0.0:8443"
    tls: TlsSpec
    client_ip: ClientIpSpec | None = None
    limits: LimitsSpec = LimitsSpec()


class BaselineListenerSpec(Spec):
    """What a platform may demand of every listener."""

    tls: TlsSpec | None = None
    limits: LimitsSpec = LimitsSpec()


BINDINGS = JwtSpec | ApiKeySpec | BasicSpec | MutualTlsSpec
Binding = JwtSpec | ApiKeySpec | BasicSpec | MutualTlsSpec


class AuthenticationSpec(Spec):
    """Each other key is the name of an OpenAPI security scheme. `default` names one for documents that say nothing at all."""

    model_config: ClassVar[Any] = {"extra": "allow", "strict": True, "frozen": True}
    __pydantic_extra__: dict[str, Annotated[BINDINGS, Field(discriminator="type")]] = Field(init=False)

    default: str | None = None

    @property
    def schemes(self) -> dict[str, Binding]:
        """The bindings by name of the OpenAPI security scheme."""
        return dict(self.__pydantic_extra__)


class AuthorizationSpec(Spec):
    """`public` lists exactly the operations whose document says `security: []` or has the alternative `{}`. All `rules` that cover an operation must hold."""

    public: list[str] = []
    rules: list[RuleSpec] = []


class BaselineAuthorizationSpec(Spec):
    """Rules that a platform demands of every policy."""

    rules: list[RuleSpec] = []


class OperationAuthorizationSpec(Spec):
    """Rules of one operation."""

    rules: list[OperationRuleSpec] = []


class ObservabilitySpec(Spec):
    """What is written down."""

    LATER: ClassVar[tuple[str, ...]] = ("alerts", "tracing")

    access_log: AccessLogSpec = AccessLogSpec()
    metrics: MetricsSpec | None = None


class OperationSpec(Spec):
    """Further restrictions of one operation."""

    LATER: ClassVar[tuple[str, ...]] = ("timeouts", "threats", "cors", "responseHeaders")

    authorization: OperationAuthorizationSpec = OperationAuthorizationSpec()
    rate_limits: list[OperationRateLimitSpec] = []
    limits: OperationLimitsSpec = OperationLimitsSpec()
    validation: ValidationSpec | None = None


_LATER_SECTIONS = ("threats", "cors", "responseHeaders", "exceptions", "alerts")


class PolicySpec(Spec):
    """kind: Policy."""

    LATER: ClassVar[tuple[str, ...]] = _LATER_SECTIONS

    api_version: ApiVersion
    kind: Literal["Policy"]
    metadata: MetadataSpec
    extends: list[FilePath] = []
    vars: dict[str, Scalar] = {}
    apis: Annotated[dict[Name, ApiSpec], Field(min_length=1)]
    listener: ListenerSpec
    authentication: AuthenticationSpec = AuthenticationSpec()
    authorization: AuthorizationSpec = AuthorizationSpec()
    network: PolicyNetworkSpec = PolicyNetworkSpec()
    rate_limits: list[RateLimitSpec] = []
    validation: ValidationSpec | None = None
    upstreams: Annotated[dict[Name, UpstreamSpec], Field(min_length=1)]
    observability: ObservabilitySpec = ObservabilitySpec()
    operations: dict[str, OperationSpec] = {}


class BaselineSpec(Spec):
    """kind: Baseline: the floor of a platform; policies that extend it may only tighten it."""

    LATER: ClassVar[tuple[str, ...]] = (*_LATER_SECTIONS, "authentication", "observability")

    api_version: ApiVersion
    kind: Literal["Baseline"]
    metadata: MetadataSpec
    extends: list[FilePath] = []
    vars: dict[str, Scalar] = {}
    listener: BaselineListenerSpec = BaselineListenerSpec()
    authorization: BaselineAuthorizationSpec = BaselineAuthorizationSpec()
    network: NetworkSpec = NetworkSpec()
    rate_limits: list[RateLimitSpec] = []
    validation: ValidationSpec | None = None


class ConsumersSpec(Spec):
    """kind: Consumers: callers with API keys, in a file of their own so that keys rotate without touching the policy."""

    api_version: ApiVersion
    kind: Literal["Consumers"]
    metadata: MetadataSpec | None = None
    consumers: list[ConsumerSpec]


class TargetSpec(Spec):
    """A gateway to compile for."""

    LATER: ClassVar[tuple[str, ...]] = ("version",)

    name: Literal["nginx", "envoy", "kong"]
    folder: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._@+=,/-]*$")] | None = None


class EnvironmentSpec(Spec):
    """Values that differ between installations: variables only, never a restriction."""

    LATER: ClassVar[tuple[str, ...]] = ("upstreams", "certificates")

    vars: dict[str, Scalar] = {}


class ProjectSpec(Spec):
    """kind: Project (`gwc.yaml`)."""

    api_version: ApiVersion
    kind: Literal["Project"]
    policies: Annotated[list[FilePath], Field(min_length=1)]
    targets: Annotated[list[TargetSpec], Field(min_length=1)]
    environments: dict[Name, EnvironmentSpec] = {}
    vars: dict[str, Scalar] = {}
    store: StoreSpec | None = None
    out: FilePath = "out"


LATER_KINDS = ("Tests",)
KINDS: dict[str, type[Spec]] = {
    "Policy": PolicySpec,
    "Baseline": BaselineSpec,
    "Consumers": ConsumersSpec,
    "Project": ProjectSpec,
}
