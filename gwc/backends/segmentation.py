"""The files of segmentation, the same for every target but for what its gateway connects to: a NetworkPolicy and a rule set of nftables."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gwc.backends.base import LedgerRow
from gwc.controls.segmentation import Destination, Pairs, Pods, Segmentation
from gwc.ir import Gateway

NETWORK_POLICY, RULE_SET = "segmentation/network-policy.json", "segmentation/egress.nft"
_STORES = {"nginx": frozenset[str](), "envoy": frozenset({"rateLimitService"}), "kong": frozenset({"redis"})}
Json = dict[str, Any]


def files(gateway: Gateway, target: str) -> dict[str, str]:
    """The files that the policy asks for, by path."""
    made: dict[str, str] = {}
    for control in gateway.segmentation:
        reached = _reached(control, target)
        if control.kubernetes is not None:
            made[NETWORK_POLICY] = json.dumps(_network_policy(gateway.name, control, reached), indent=1) + "\n"
        if control.nftables:
            made[RULE_SET] = "".join(f"{line}\n" for line in _rule_set(gateway.name, control.uid, reached))
    return made


def row(made: Mapping[str, str]) -> tuple[LedgerRow, ...]:
    """Where the files say that nothing else is reached."""
    marks = {NETWORK_POLICY: '"policyTypes": [', RULE_SET: "  chain output {"}
    name = next(iter(made), None)
    if name is None:
        return ()
    number = next(n for n, line in enumerate(made[name].split("\n"), 1) if line.strip() == marks[name].strip())
    return (LedgerRow(Segmentation.STEM, "*", name, number),)


def _reached(control: Segmentation, target: str) -> list[Destination]:
    """What this gateway connects to: not every one has a use for every store."""
    others = {"redis", "rateLimitService"} - _STORES[target]
    return [d for d in control.destinations if d.kind not in others]


# --- Kubernetes ------------------------------------------------------------------------------------------------------------


def _network_policy(name: str, control: Segmentation, reached: Iterable[Destination]) -> Json:
    """What is in the gateway's own pod is judged by no NetworkPolicy, so it has no rule."""
    assert control.kubernetes is not None
    namespace, labels = control.kubernetes
    far = [d for d in reached if not d.is_local]
    annotations = {"gwc/destinations": "; ".join(f"{d.kind} {d.name}" for d in far)}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"gwc-{name}", "namespace": namespace, "annotations": annotations},
        "spec": {"podSelector": _selector(labels), "policyTypes": ["Egress"], "egress": [_egress(d) for d in far]},
    }


def _egress(destination: Destination) -> Json:
    protocols = ("UDP", "TCP") if destination.kind == "dns" else ("TCP",)
    peers: list[Json] = [{"ipBlock": {"cidr": network}} for network in destination.networks]
    peers += [_pods(destination.pods)] if destination.pods else []
    assert peers, "a rule without a peer would be open"
    return {"to": peers, "ports": [{"protocol": p, "port": destination.port} for p in protocols]}


def _pods(pods: Pods) -> Json:
    namespace = {"namespaceSelector": _selector(pods.namespace)} if pods.namespace else {}
    return {**namespace, "podSelector": _selector(pods.labels)}


def _selector(labels: Pairs) -> Json:
    assert labels, "a selector without labels would be everything"
    return {"matchLabels": dict(labels)}


# --- nftables --------------------------------------------------------------------------------------------------------------


def _rule_set(name: str, uid: int | None, reached: Iterable[Destination]) -> Iterator[str]:
    """Loading the file again puts the table in the place of the old one, in one step."""
    table = f"inet gwc_{name.replace('-', '_')}"
    yield "#!/usr/sbin/nft -f"
    yield "# Written by gwc. What the gateway reaches; everything else is refused. Load: nft -f egress.nft"
    yield from (f"table {table}", f"delete table {table}", f"table {table} {{", "  chain gateway {")
    yield "    ct state established,related accept"
    if uid is None:  # addresses of IPv6 are found with these (RFC 4861); they stay on the link
        yield "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept"
    for destination in reached:
        yield from _rules(destination)
    yield from ("    counter reject with icmpx type admin-prohibited", "  }", "", "  chain output {")
    yield f"    type filter hook output priority 0; policy {'drop' if uid is None else 'accept'};"
    yield "    jump gateway" if uid is None else f"    meta skuid {uid} jump gateway"
    yield from ("  }", "}")


def _rules(destination: Destination) -> Iterator[str]:
    protocols = ("udp", "tcp") if destination.kind == "dns" else ("tcp",)
    for family, version in (("ip", 4), ("ip6", 6)):
        networks = [n for n in destination.networks if ipaddress.ip_network(n).version == version]
        for protocol in protocols if networks else ():
            where = f"{family} daddr {{ {', '.join(networks)} }}"
            yield f'    {where} {protocol} dport {destination.port} accept comment "{destination.kind} {destination.name}"'
