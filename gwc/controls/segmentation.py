"""Segmentation: what the network around the gateway lets it reach, as files for Kubernetes and for nftables beside the gateway's own.

Nothing is open by default: the gateway reaches its upstreams, identity providers and stores at their ports, and the name servers that are
given. Where something is that is known by a DNS name is said by the policy, because gwc asks no name server.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gwc.controls.base import Node, Place
from gwc.controls.networks import CidrText, canonical
from gwc.controls.spec import HOST_NAME, HostName, Located, Spec
from gwc.diagnostics import Findings, Span

DNS_PORT = 53
_MAX_UID = 2**32 - 2
Kind = Literal["upstream", "keys", "redis", "rateLimitService", "dns"]

_LABEL_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
LabelKey = Annotated[str, StringConstraints(pattern=rf"^(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL_NAME}$")]
LabelValue = Annotated[str, StringConstraints(pattern=rf"^(?:{_LABEL_NAME})?$")]
Labels = Annotated[dict[LabelKey, LabelValue], Field(min_length=1)]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]


class PodsSpec(Spec):
    """Pods by their labels; `namespace`: labels of their namespace, without them the gateway's own."""

    labels: Labels
    namespace: Labels | None = None


class PlaceSpec(Spec):
    """Where something is: networks, pods or both, of which each artefact takes what it can say."""

    networks: Annotated[list[CidrText], Field(min_length=1)] | None = None
    pods: PodsSpec | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.networks is None and self.pods is None:
            raise ValueError("a place needs networks or pods")
        if any(ipaddress.ip_network(n).prefixlen == 0 for n in self.networks or ()):
            raise ValueError("the whole internet is no place: a rule for it would be open")
        return self


class KubernetesSpec(Spec):
    """Which pods are the gateway."""

    namespace: DnsLabel
    labels: Labels


class NftablesSpec(Spec):
    """`uid`: of the gateway's processes; without it the rules are for the whole machine or network namespace."""

    uid: Annotated[int, Field(ge=0, le=_MAX_UID)] | None = None


class EgressSpec(Spec):
    """`network.egress`: the artefacts that are made, and where the things are that are known by name."""

    kubernetes: KubernetesSpec | None = None
    nftables: NftablesSpec | None = None
    destinations: dict[HostName, PlaceSpec] = {}
    dns: PlaceSpec | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.kubernetes is None and self.nftables is None:
            raise ValueError("egress is for kubernetes, nftables or both: say `nftables: {}` for instance")
        return self


Pairs = tuple[tuple[str, str], ...]
"""Labels, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """Pods by labels; `namespace` empty: those of the gateway's own namespace."""

    labels: Pairs
    namespace: Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What the gateway may reach: with TCP at `port`; name servers with UDP, too. `name`: of the thing, of `[A-Za-z0-9._-]`."""

    kind: Kind
    name: str
    port: int
    networks: tuple[str, ...]
    pods: Pods | None

    @property
    def is_local(self) -> bool:
        """Whether it is on the gateway's own machine, or in its pod."""
        return bool(self.networks) and all(ipaddress.ip_network(n).is_loopback for n in self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation(Node):
    """The gateway reaches `destinations` and nothing else. At least one of `kubernetes` and `nftables`."""

    STEM: ClassVar[str] = "segmentation"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "segmentation"

    kubernetes: tuple[str, Pairs] | None  # namespace and labels of the gateway's pods
    nftables: bool
    uid: int | None  # None: the whole machine
    destinations: tuple[Destination, ...]  # by kind, name, port


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Something that the gateway connects to: host is a DNS name or an address; `span`: where the policy says so."""

    kind: Kind
    name: str
    host: str
    port: int
    span: Span


def lower(spec: EgressSpec, needed: Iterable[Needed], place: Located, findings: Findings) -> Segmentation:
    """The artefacts for what is needed; a finding for everything whose place can't be said."""
    needed = tuple(needed)
    found = [d for one in needed for d in _destination(spec, one, findings)]
    named = {one.host for one in needed if HOST_NAME.fullmatch(one.host) and one.host != "localhost"}
    for host in spec.destinations:
        if host not in named:
            findings.warning("GWC711", f"nothing of this policy is at {host!r}", place.at("destinations", host).key_span())
    if spec.dns is None and named:
        text = (
            f"no name server can be reached, so {', '.join(sorted(named))} must be known to the machine: say where with network.egress.dns"
        )
        findings.warning("GWC711", text, place.key_span())
    if spec.dns is not None:
        found += _placed(spec, Needed(kind="dns", name="dns", host="dns", port=DNS_PORT, span=place.at("dns").span()), spec.dns, findings)
    gateway = spec.kubernetes
    return Segmentation(
        at=place.key_span,
        kubernetes=None if gateway is None else (gateway.namespace, _pairs(gateway.labels)),
        nftables=spec.nftables is not None,
        uid=spec.nftables.uid if spec.nftables else None,
        destinations=tuple(sorted(dict.fromkeys(found), key=lambda d: (d.kind, d.name, d.port, d.networks))),
    )


def _destination(spec: EgressSpec, one: Needed, findings: Findings) -> Iterator[Destination]:
    networks = _own_networks(one.host)
    if networks:
        yield Destination(kind=one.kind, name=_plain(one.name), port=one.port, networks=networks, pods=None)
    elif one.host in spec.destinations:
        yield from _placed(spec, one, spec.destinations[one.host], findings)
    else:
        text = f"{one.kind} {one.name!r}: where {one.host} is, is not said: no rule can be made that is not open"
        findings.error("GWC710", text, one.span, help=f"add network.egress.destinations: {{{one.host}: {{networks: [..]}}}}")


def _placed(spec: EgressSpec, one: Needed, where: PlaceSpec, findings: Findings) -> Iterator[Destination]:
    if spec.nftables is not None and where.networks is None:
        findings.error("GWC710", f"{one.kind} {one.name!r}: nftables knows networks only, no pods", one.span, help="add its networks")
    pods = None if where.pods is None else Pods(labels=_pairs(where.pods.labels), namespace=_pairs(where.pods.namespace or {}))
    yield Destination(kind=one.kind, name=_plain(one.name), port=one.port, networks=canonical(where.networks or ()), pods=pods)


def _own_networks(host: str) -> tuple[str, ...]:
    """The networks of an address; none for a name, but for that of the machine itself."""
    if host == "localhost":
        return ("127.0.0.1/32", "::1/128")
    return () if HOST_NAME.fullmatch(host) else (str(ipaddress.ip_network(host)),)


def _pairs(labels: Mapping[str, str]) -> Pairs:
    return tuple(sorted(labels.items()))


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:60]


def _example(**changed: object) -> Segmentation:
    upstream = Destination(kind="upstream", name="orders", port=8443, networks=("10.1.2.0/28",), pods=None)
    base = {"kubernetes": ("edge", (("app", "gwc"),)), "nftables": True, "uid": None, "destinations": (upstream,)}
    return Segmentation(**{**base, **changed})  # type: ignore[arg-type]


_PODS = Pods(labels=(("app", "orders"),), namespace=(("name", "orders"),))
EXAMPLES = (
    _example(),
    _example(kubernetes=None),
    _example(kubernetes=("other", (("app", "gwc"),))),
    _example(nftables=False),
    _example(uid=101),
    _example(destinations=(Destination(kind="upstream", name="orders", port=8444, networks=("10.1.2.0/28",), pods=None),)),
    _example(destinations=(Destination(kind="upstream", name="orders", port=8443, networks=("10.1.3.0/28",), pods=None),)),
    _example(destinations=(Destination(kind="upstream", name="orders", port=8443, networks=("10.1.2.0/28",), pods=_PODS),)),
)
