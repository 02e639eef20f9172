"""Rules about addresses: what is refused, with its place, and what is warned of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gwc.controls.networks import EVERYWHERE, addresses, canonical
from tests.lowering.given import compiled, document, errors

API = document()


def network(**sections: Any) -> dict[str, Any]:
    """The section `network` with rules that have ids."""
    numbered = {kind: [{"id": f"{kind}{i}", **rule} for i, rule in enumerate(sections.pop(kind, []))] for kind in ("allow", "deny")}
    return {"network": {**numbered, **sections}}


@pytest.mark.parametrize(
    ("given", "code", "line", "words"),
    [
        (network(allow=[{"networks": ["10.1.2.3/8"]}]), "GWC022", '"10.1.2.3/8"', "has host bits set"),
        (network(deny=[{"networks": ["2001:db8::1/32"]}]), "GWC022", '"2001:db8::1/32"', "has host bits set"),
        (network(deny=[{"networks": ["::ffff:10.0.0.0/104"]}]), "GWC022", "::ffff:10.0.0.0/104", "written as one"),
        (network(deny=[{"networks": ["fe80::%eth0/64"]}]), "GWC022", "fe80::%eth0/64", "not a network"),
        (network(deny=[{"networks": ["everybody"]}]), "GWC022", '"everybody"', "not a network"),
        (network(allow=[{"networks": []}]), "GWC022", '"networks"', "at least 1 item"),
        (network(allow=[{"zones": []}]), "GWC022", '"zones"', "at least 1 item"),
        (network(allow=[{}]), "GWC022", '"allow0"', "zones or networks"),
        (network(allow=[{"zones": ["nowhere"]}]), "GWC702", '"nowhere"', "zone 'nowhere' is not defined"),
        (network(allow=[{"id": "x", "networks": ["10.0.0.0/8"]}], deny=[{"id": "x", "networks": ["11.0.0.0/8"]}]), "GWC702", '"x"', "two network rules"),
        (network(allow=[{"networks": ["10.0.0.0/8"], "operations": {"ids": ["nope"]}}]), "GWC302", '"nope"', "no operation has 'nope'"),
        (network(allow=[{"networks": ["10.0.0.0/8"], "mode": "off"}]), "GWC021", '"mode"', "not yet supported"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place(tmp_path: Path, given: dict[str, Any], code: str, line: str, words: str):
    found = [d for d in errors(tmp_path, API, **given) if d.code == code]
    text = (tmp_path / "policy.gwc.yaml").read_text().split("\n")
    assert found
    assert words in found[0].message
    around = text[found[0].span.line - 1 : found[0].span.line + 2]
    assert line in "".join(around)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (network(allow=[{"networks": ["0.0.0.0/0", "::/0"]}]), ["lets everybody through"]),
        (network(allow=[{"networks": ["0.0.0.0/0"]}]), []),
        (network(deny=[{"networks": ["::/0", "0.0.0.0/1", "128.0.0.0/1"]}]), ["can be called by nobody"]),
        (network(allow=[{"networks": ["10.0.0.0/8"]}, {"networks": ["11.0.0.0/8"]}]), ["can be called by nobody"]),
        (network(allow=[{"networks": ["10.0.0.0/8"]}], deny=[{"networks": ["10.0.0.0/9"]}, {"networks": ["10.128.0.0/9"]}]), ["called by nobody"]),
        (network(allow=[{"networks": ["10.0.0.0/8"]}], deny=[{"networks": ["11.0.0.0/8"]}]), ["never refuses anybody"]),
        (network(allow=[{"networks": ["10.0.0.0/8"]}], deny=[{"networks": ["10.0.0.1/32"]}]), []),
        (network(zones={"corp": ["10.0.0.0/8"]}, allow=[{"zones": ["corp"], "networks": ["2001:db8::/32"]}]), []),
    ],
)  # fmt: skip
def test_rules_without_effect_are_warned_of(tmp_path: Path, given: dict[str, Any], words: list[str]):
    found = [d.message for d in compiled(tmp_path, API, **given).diagnostics if d.code.startswith("GWC7")]
    assert len(found) == len(words)
    assert all(word in message for word, message in zip(words, found, strict=True))


def test_a_baseline_adds_rules(tmp_path: Path):
    """The floor of a platform: its rules hold beside those of the policy, which can't take them away."""
    floor = {"apiVersion": "gwc/v1", "kind": "Baseline", "metadata": {"name": "floor"}, **network(deny=[{"networks": ["192.0.2.0/24"]}])}
    own = network(allow=[{"id": "own", "networks": ["192.0.0.0/8"]}])
    lowered = compiled(tmp_path, API, files={"floor.gwc.yaml": floor}, extends=["floor.gwc.yaml"], **own)
    assert [(r.id, r.kind, r.networks) for r in lowered.gateway.network_rules] == [
        ("deny0", "deny", ("192.0.2.0/24",)),
        ("own", "allow", ("192.0.0.0/8",)),
    ]


def test_networks_of_zones_are_those_of_the_rule(tmp_path: Path):
    given = network(zones={"a": ["10.0.0.0/9", "2001:db8::/32"]}, allow=[{"zones": ["a"], "networks": ["10.128.0.0/9"]}])
    assert compiled(tmp_path, API, **given).gateway.network_rules[0].networks == ("10.0.0.0/8", "2001:db8::/32")


def test_sets_of_addresses():
    """Both, neither and all others, at the borders of both families."""
    some, others = addresses(["10.0.0.0/8", "2001:db8::/32"]), addresses(["10.255.255.255/32", "0.0.0.0/32", "ffff::/16"])
    assert some & others == addresses(["10.255.255.255/32"])
    assert not some & ~some
    assert ~(~some) == some
    assert not ~EVERYWHERE
    assert (~some) & addresses(["10.0.0.0/7"]) == addresses(["11.0.0.0/8"])
    assert canonical(["10.0.1.0/24", "10.0.0.0/24", "::1/128", "10.0.0.7/32"]) == ("10.0.0.0/23", "::1/128")


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"trustedProxies": ["0.0.0.0/0"]}, "GWC712", "everybody chooses their own address"),
        ({"trustedProxies": ["::/0"]}, "GWC712", "everybody chooses their own address"),
        ({"trustedProxies": ["0.0.0.0/1", "128.0.0.0/1"]}, "GWC712", "everybody chooses their own address"),
        ({"trustedProxies": ["10.0.0.1/8"]}, "GWC022", "host bits"),
        ({"trustedProxies": []}, "GWC022", "at least 1 item"),
        ({}, "GWC023", "needs 'trustedProxies'"),
        ({"header": "Forwarded", "trustedProxies": ["10.0.0.0/8"]}, "GWC022", "X-Forwarded-For"),
        ({"header": "CF-Connecting-IP", "trustedProxies": ["10.0.0.0/8"]}, "GWC022", "X-Forwarded-For"),
    ],
)  # fmt: skip
def test_proxies_are_not_everybody(tmp_path: Path, given: dict[str, Any], code: str, words: str):
    tls = {"profile": "mozilla-intermediate-6.0", "certificate": "file:/etc/gw/a.pem", "privateKey": "file:/etc/gw/a.key"}
    assert any(d.code == code and words in d.message for d in errors(tmp_path, API, listener={"tls": tls, "clientIp": given}))
