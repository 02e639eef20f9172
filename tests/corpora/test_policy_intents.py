"""Mistakes that people make in policies, told in words by the collection: what becomes of each in this language."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import CONSUMERS, JWKS, POLICY, errors, lowered
from tests.support.shared import corpora

INTENTS = {i["id"]: i for i in json.loads((corpora("hostile") / "policy-intents.json").read_text(encoding="utf-8"))}


@dataclass(frozen=True)
class Said:
    """The intent as a change of the small policy, and the codes that must be among its errors (none: it compiles)."""

    old: str = ""
    new: str = ""
    codes: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


def section(text: str, code: str = "GWC021") -> Said:
    """A section; of a later version, it is refused by name, so that nothing of it can be lost silently."""
    return Said("listener:", f"{text}\nlistener:", (code,))


def instead(old: str, new: str, *codes: str) -> Said:
    return Said(old, new, codes)


_SECRET = "GWCSECRET"
_KEY = JWKS["keys"][0]
SAID = {
    "cidr-hostbits": section("network: {zones: {corp: [10.0.0.1/8]}}", "GWC022"),
    "cidr-empty": section("network: {zones: {corp: []}}", "GWC022"),
    "cidr-octal": section("network: {zones: {corp: [010.0.0.1]}}", "GWC022"),
    "cidr-short": section('network: {zones: {corp: ["10.1"]}}', "GWC022"),
    "cidr-zone": section('network: {zones: {corp: ["fe80::1%eth0"]}}', "GWC022"),
    "rate-zero": instead("limit: 300", "limit: 0", "GWC022"),
    "rate-neg": instead("limit: 300", "limit: -1", "GWC022"),
    "rate-unit": instead("window: 1m", "window: 1mm", "GWC022"),
    "rate-frac": instead("limit: 300", "limit: 0.5", "GWC022"),
    "key-case": instead("authorization:", "Authorization:", "GWC020"),
    "tls-old": instead("mozilla-intermediate-6.0", "mozilla-old-5.7", "GWC022"),
    "tls-float": instead("    profile:", "    minVersion: 1.2\n    profile:", "GWC020"),
    "tls-13-float": instead("    profile:", "    minVersion: 1.30\n    profile:", "GWC020"),
    "cipher-null": instead("    profile:", "    ciphers: [NULL-SHA]\n    profile:", "GWC020"),
    "alg-none": instead("algorithms: [ES256]", "algorithms: [none]", "GWC022"),
    "alg-mixed": instead("algorithms: [ES256]", "algorithms: [HS256, RS256]", "GWC022"),
    "aud-empty": instead("audiences: [https://orders.example.com]", "audiences: []", "GWC022"),
    "iss-empty": instead("issuer: https://id.example.com/", 'issuer: ""', "GWC022"),
    "jwks-http": instead("jwks: {file: jwks.json}", 'jwks: {uri: "http://idp"}', "GWC022"),
    "jwks-private": Said(codes=("GWC203",), more={"jwks": {"keys": [{**_KEY, "d": _SECRET}]}}),
    "jwks-dup-kid": Said(codes=("GWC203",), more={"jwks": {"keys": [_KEY, _KEY]}}),
    "leeway-huge": instead("algorithms: [ES256]", "algorithms: [ES256]\n    clockSkew: 365d", "GWC022"),
    "cors-star-cred": section('cors: {origins: ["*"], credentials: allow}'),
    "cors-null": section('cors: {origins: ["null"]}'),
    "cors-regex-dot": section("cors: {origins: [a.example.com]}"),
    "cors-suffix": section('cors: {origins: ["*example.com"]}'),
    "mtls-optional": instead("    profile:", "    clientCertificates: {mode: optional, ca: file:/etc/gw/ca.pem}\n    profile:", "GWC208"),
    "mtls-no-ca": instead("    profile:", "    clientCertificates: {mode: required}\n    profile:", "GWC023"),
    "mtls-san-empty": instead("type: apiKey, consumers: consumers.gwc.yaml", "type: mutualTLS, subjectAltNames: []", "GWC020"),
    "upstream-insecure": instead(
        '{url: "http://127.0.0.1:9000"}', '{url: "https://a.example", tls: {ca: file:/ca.pem, verify: false}}', "GWC020"
    ),
    "upstream-meta": instead("http://127.0.0.1:9000", "http://169.254.169.254"),
    "upstream-self": instead("http://127.0.0.1:9000", "http://127.0.0.1:8443", "GWC105"),
    "name-nul": instead("name: orders,", 'name: "a\\0b",', "GWC022"),
    "name-long": instead("name: orders,", f"name: {'a' * 300},", "GWC022"),
    "name-casecollide": instead(
        "listener:", "  Orders: {openapi: openapi.yaml, hosts: [other.example.com], basePath: /v1, upstream: orders}\nlistener:"
    ),
    "name-dot": instead("name: orders,", "name: .,", "GWC022"),
    "name-reserved": instead("name: orders,", "name: con,"),
    "secret-inline": instead("consumers: consumers.gwc.yaml", f"key: {_SECRET}", "GWC020", "GWC023"),
    "secret-env": instead("certificate: file:/etc/gw/orders.crt", "certificate: env:GWC_KEY", "GWC022"),
    "host-dup": instead(
        "listener:", "  again: {openapi: openapi.yaml, hosts: [orders.example.com], basePath: /v1, upstream: orders}\nlistener:", "GWC303"
    ),
    "header-set-crlf": section('responseHeaders: {set: {X-A: "a\\r\\nb"}}'),
    "time-window": Said(more={"consumers": CONSUMERS.replace("2030-01-01", "2001-01-01")}),
    "unsupported-control": instead("burst: 50}", "burst: 50, scope: cluster}", "GWC507"),
}
ELSEWHERE = {
    "out-symlink": "tests/output/test_writer.py",
    "out-file": "tests/output/test_writer.py",
    "out-ro": "tests/output/test_writer.py",
    "secret-in-diff": "there is no diff yet; policies hold references and digests only",
}


def test_every_intent_is_told() -> None:
    assert set(SAID) | set(ELSEWHERE) == set(INTENTS)


@pytest.mark.parametrize("name", SAID)
def test_intent(name: str, tmp_path: Path) -> None:
    said = SAID[name]
    assert said.old in POLICY
    policy = POLICY.replace(said.old, said.new, 1) if said.old else POLICY
    if said.codes:
        found = errors(tmp_path, policy=policy, **said.more)
        assert set(said.codes) <= {d.code for d in found}, found
        assert not any(_SECRET in d.message + d.help for d in found)
        assert all((tmp_path / d.span.path).is_file() for d in found)
        return
    _CHECKS[name](lowered(tmp_path, policy=policy, **said.more))


_CHECKS = {
    "upstream-meta": lambda result: [d.code for d in result.diagnostics] == ["GWC104"] or pytest.fail("no warning"),
    "name-casecollide": lambda result: len({o.key for o in result.gateway.operations}) == 8 or pytest.fail("keys collide"),
    "name-reserved": lambda result: result.gateway.name == "con" or pytest.fail("another name"),
    "time-window": lambda result: result.gateway.api_keys[0].keys[0].expires_s < 1_700_000_000 or pytest.fail("it would be accepted"),
}
"""What must be true of those that compile."""
