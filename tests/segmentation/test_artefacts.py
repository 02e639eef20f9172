"""NetworkPolicy and rule set: what they say, that nothing in them is open, and that the kernel does what the rules say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwc.backends import envoy, kong, nginx
from gwc.backends.segmentation import NETWORK_POLICY, RULE_SET, files
from gwc.controls.segmentation import EXAMPLES, Destination
from gwc.diagnostics import Problems
from tests.lowering.given import compiled, document, errors
from tests.support.network_policy import mistakes
from tests.support.sample import gateway

API = document()
EDGE = {"namespace": "edge", "labels": {"app.kubernetes.io/name": "gwc"}}
NAMED = {"shop": {"url": "https://shop.internal:8443", "tls": {"serverName": "shop.internal", "ca": "file:/etc/gw/ca.pem"}}}
PODS = {"labels": {"app": "shop"}, "namespace": {"kubernetes.io/metadata.name": "shop"}}
DNS = {
    "networks": ["10.0.0.53/32"],
    "pods": {"labels": {"k8s-app": "kube-dns"}, "namespace": {"kubernetes.io/metadata.name": "kube-system"}},
}


def egress(**sections: Any) -> dict[str, Any]:
    """The sections of a policy whose upstream is known by name."""
    return {"network": {"egress": sections}, "upstreams": NAMED}


def made(folder: Path, **sections: Any) -> dict[str, str]:
    """The files for NGINX."""
    return files(compiled(folder, API, **egress(**sections)).gateway, "nginx")


def test_a_network_policy_opens_what_is_needed(tmp_path: Path):
    found = json.loads(made(tmp_path, kubernetes=EDGE, dns=DNS, destinations={"shop.internal": {"pods": PODS}})[NETWORK_POLICY])
    assert mistakes(found) == []
    assert found["spec"]["podSelector"] == {"matchLabels": EDGE["labels"]}
    selectors = {"namespaceSelector": {"matchLabels": PODS["namespace"]}, "podSelector": {"matchLabels": PODS["labels"]}}
    names, shop = found["spec"]["egress"]
    assert shop == {"to": [selectors], "ports": [{"protocol": "TCP", "port": 8443}]}
    assert names["to"][0] == {"ipBlock": {"cidr": "10.0.0.53/32"}}
    assert names["ports"] == [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def test_the_check_sees_what_is_open():
    """An empty list or selector is everything in Kubernetes."""
    good = json.loads(files(gateway(segmentation=(EXAMPLES[0],)), "nginx")[NETWORK_POLICY])
    assert mistakes(good) == []
    for name, value in (("to", []), ("ports", []), ("to", [{"podSelector": {}}]), ("to", [{"ipBlock": {"cidr": "0.0.0.0/0"}}])):
        broken = json.loads(json.dumps(good))
        broken["spec"]["egress"][0][name] = value
        assert mistakes(broken)
    assert mistakes({**good, "spec": {**good["spec"], "podSelector": {}}})
    assert mistakes({**good, "spec": {**good["spec"], "policyTypes": ["Ingress"]}})


@pytest.mark.parametrize("backend", [nginx, envoy, kong], ids=["nginx", "envoy", "kong"])
def test_every_target_has_the_files_and_a_row(backend: Any):
    output = backend.compile(gateway(segmentation=(EXAMPLES[0],)))
    assert {NETWORK_POLICY, RULE_SET} <= set(output.files)
    row = next(r for r in output.ledger if r.control == "segmentation")
    assert "Egress" in output.files[row.file].decode().split("\n")[row.line]


def test_each_gateway_reaches_the_store_that_it_counts_in():
    stores = tuple(
        Destination(kind=k, name="store", port=n, networks=("10.0.0.1/32",), pods=None)
        for k, n in (("rateLimitService", 8081), ("redis", 6379))
    )
    source = gateway(segmentation=(replace(EXAMPLES[0], destinations=stores),))
    ports = {
        t: [e["ports"][0]["port"] for e in json.loads(files(source, t)[NETWORK_POLICY])["spec"]["egress"]]
        for t in ("nginx", "envoy", "kong")
    }
    assert ports == {"nginx": [], "envoy": [8081], "kong": [6379]}


@pytest.mark.parametrize(
    ("sections", "code", "words"),
    [
        ({"kubernetes": EDGE}, "GWC710", "where shop.internal is, is not said"),
        ({"nftables": {}, "destinations": {"shop.internal": {"pods": PODS}}}, "GWC710", "networks only"),
        ({"nftables": {}, "destinations": {"shop.internal": {"networks": ["0.0.0.0/0"]}}}, "GWC022", "would be open"),
        ({"nftables": {}, "destinations": {"shop.internal": {"networks": ["10.0.0.1/8"]}}}, "GWC022", "host bits"),
        ({"destinations": {}}, "GWC022", "kubernetes, nftables or both"),
        ({"kubernetes": {"namespace": "edge", "labels": {}}}, "GWC022", "at least 1 item"),
        ({"kubernetes": {"namespace": "e\nx", "labels": {"a": "b"}}}, "GWC022", "pattern"),
        ({"kubernetes": {"namespace": "edge", "labels": {"a": "b c"}}}, "GWC022", "pattern"),
        ({"nftables": {"uid": -1}}, "GWC022", "greater than or equal to 0"),
    ],
)  # fmt: skip
def test_what_can_not_be_said_is_an_error(tmp_path: Path, sections: dict[str, Any], code: str, words: str):
    assert any(d.code == code and words in d.message for d in errors(tmp_path, API, **egress(**sections)))


def test_names_and_unused_places_are_warned_of(tmp_path: Path):
    places = {"shop.internal": {"networks": ["10.1.0.0/24"]}, "other.internal": {"networks": ["10.2.0.0/24"]}}
    found = compiled(tmp_path, API, **egress(nftables={}, destinations=places)).diagnostics
    words = sorted(d.message for d in found if d.code == "GWC711")
    assert len(words) == 2
    assert "no name server" in words[0]
    assert "'other.internal'" in words[1]


def test_a_baseline_has_no_egress(tmp_path: Path):
    floor = {"apiVersion": "gwc/v1", "kind": "Baseline", "metadata": {"name": "floor"}, "network": {"egress": {"nftables": {}}}}
    with pytest.raises(Problems, match="unknown key 'egress'"):
        compiled(tmp_path, API, files={"floor.gwc.yaml": floor}, extends=["floor.gwc.yaml"])


# --- nftables --------------------------------------------------------------------------------------------------------------


def needs_namespaces() -> None:
    """Root, nft and namespaces: in CI they are there."""
    lacks = os.geteuid() != 0 or not all(map(shutil.which, ("nft", "ip", "unshare")))
    if lacks and os.environ.get("CI") == "true":
        pytest.fail("root, nftables, iproute2 and util-linux are needed in CI")
    if lacks:
        pytest.skip("needs root, nft, ip and unshare")


def rule_set(folder: Path, uid: int | None) -> Path:
    """The rules for an upstream of both families and a name server."""
    networks = ("10.1.2.0/28", "2001:db8:1::/64")
    found = (
        Destination(kind="dns", name="dns", port=53, networks=("10.0.0.53/32",), pods=None),
        Destination(kind="upstream", name="orders", port=8443, networks=networks, pods=None),
    )
    path = folder / "egress.nft"
    path.write_text(files(gateway(segmentation=(replace(EXAMPLES[0], uid=uid, destinations=found),)), "nginx")[RULE_SET], encoding="ascii")
    return path


@pytest.mark.parametrize("uid", [None, 101])
def test_nft_takes_the_rules(tmp_path: Path, uid: int | None):
    needs_namespaces()
    checked = subprocess.run(
        ["unshare", "-n", "nft", "-c", "-f", str(rule_set(tmp_path, uid))], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(("uid", "caller"), [(None, 0), (101, 101), (101, 0)], ids=["the whole machine", "the gateway", "somebody else"])
def test_the_kernel_does_what_the_rules_say(tmp_path: Path, uid: int | None, caller: int):
    needs_namespaces()
    addresses = ["10.1.2.0", "10.1.2.15", "10.1.2.16", "10.0.0.53", "2001:db8:1::7", "2001:db8:2::7"]
    script = [sys.executable, str(Path(__file__).with_name("connects.py")), str(rule_set(tmp_path, uid)), "8443", str(caller), *addresses]
    done = subprocess.run(["unshare", "-n", *script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(found["before"].values())
    is_bound = uid is None or caller == uid
    allowed = {"10.1.2.0", "10.1.2.15", "2001:db8:1::7"} if is_bound else set(addresses)
    assert {a for a, ok in found["after"].items() if ok} == allowed
    assert {a for a, ok in found["otherPort"].items() if ok} == (set() if is_bound else set(addresses))
