"""The shape of a NetworkPolicy that Kubernetes takes and that opens nothing by an omission (API reference, networking.k8s.io/v1)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?\Z")
_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")


def mistakes(document: Any) -> list[str]:
    """What is wrong with the document; in `egress`, an empty or missing `to` or `ports` would be everything."""
    return list(_policy(document))


def _policy(document: Any) -> Iterator[str]:
    yield from _members(document, "the document", {"apiVersion", "kind", "metadata", "spec"})
    if (document.get("apiVersion"), document.get("kind")) != ("networking.k8s.io/v1", "NetworkPolicy"):
        yield "apiVersion or kind"
    metadata, spec = document.get("metadata", {}), document.get("spec", {})
    yield from _members(metadata, "metadata", {"name", "namespace", "annotations"})
    yield from (f"metadata.{key}" for key in ("name", "namespace") if not _NAME.match(str(metadata.get(key))))
    yield from (f"annotation {k}" for k, v in metadata.get("annotations", {}).items() if not _KEY.match(k) or not isinstance(v, str))
    yield from _members(spec, "spec", {"podSelector", "policyTypes", "egress"})
    if spec.get("policyTypes") != ["Egress"]:
        yield "policyTypes"
    yield from _selector(spec.get("podSelector"), "spec.podSelector")
    for i, rule in enumerate(spec.get("egress", ())):
        yield from (f"egress[{i}]: {text}" for text in _rule(rule))


def _rule(rule: Any) -> Iterator[str]:
    yield from _members(rule, "rule", {"to", "ports"})
    if not rule.get("to") or not rule.get("ports"):
        yield "an empty list is everything"
    for port in rule.get("ports", ()):
        yield from _members(port, "port", {"protocol", "port"})
        if port.get("protocol") not in {"TCP", "UDP"} or not isinstance(port.get("port"), int) or not 0 < port["port"] < 65536:
            yield f"port {port}"
    for peer in rule.get("to", ()):
        yield from _peer(peer)


def _peer(peer: Any) -> Iterator[str]:
    if set(peer) == {"ipBlock"}:
        yield from _members(peer["ipBlock"], "ipBlock", {"cidr"})
        if ipaddress.ip_network(peer["ipBlock"]["cidr"]).prefixlen == 0:
            yield "a block that is everything"
        return
    if "podSelector" not in peer or not set(peer) <= {"podSelector", "namespaceSelector"}:
        yield f"a peer with {sorted(peer)}"
    for name, selector in peer.items():
        yield from _selector(selector, name)


def _selector(value: Any, where: str) -> Iterator[str]:
    """An empty selector is everything."""
    labels = value.get("matchLabels") if isinstance(value, dict) and set(value) == {"matchLabels"} else None
    if not labels or not all(_KEY.match(k) and isinstance(v, str) and _LABEL.match(v) for k, v in labels.items()):
        yield where


def _members(value: Any, where: str, wanted: set[str]) -> Iterator[str]:
    if not isinstance(value, dict) or set(value) != wanted:
        yield f"{where}: members"
