"""The policy language: what is accepted means what it says, everything else is refused at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gwc.controls.security import Requirement
from gwc.lowering import compile_policy
from tests.support.project import CONSUMERS, JWKS, OPENAPI, POLICY, errors, lowered, write_project


def test_the_whole_policy_is_lowered(tmp_path: Path) -> None:
    result = lowered(tmp_path)
    gateway = result.gateway
    assert [(o.key, o.route.method, o.route.template.text) for o in gateway.operations] == [
        ("orders.getHealth", "GET", "/v1/health"),
        ("orders.listOrders", "GET", "/v1/orders"),
        ("orders.createOrder", "POST", "/v1/orders"),
        ("orders.getOrder", "GET", "/v1/orders/{orderId}"),
    ]
    by_key = {o.key: o for o in gateway.operations}
    assert by_key["orders.getHealth"].security.is_public
    assert by_key["orders.getOrder"].security.alternatives == (
        (Requirement(scheme="oauth", scopes=("orders:read",)),),
        (Requirement(scheme="partnerKey", scopes=()),),
    )
    assert by_key["orders.createOrder"].body.media_types == ("application/json",)
    assert gateway.rate_limits[0].burst == 50
    assert "x-api-key" in gateway.forwarding.removed
    assert set(result.inputs) == {"orders.gwc.yaml", "openapi.yaml", "consumers.gwc.yaml", "jwks.json"}
    assert not result.diagnostics


def only(folder: Path, code: str, **texts: object) -> str:
    """The message of the one error, which has this code and lies in a line of a real file."""
    found = errors(folder, **texts)
    assert [d.code for d in found] == [code], [f"{d.span} {d.code} {d.message}" for d in found]
    assert found[0].span.line >= 1
    assert (folder / found[0].span.path).is_file()
    return found[0].message


@pytest.mark.parametrize("key", ["threats", "cors", "responseHeaders", "exceptions"])
def test_sections_of_later_versions_are_refused_by_name(tmp_path: Path, key: str) -> None:
    message = only(tmp_path, "GWC021", policy=POLICY + f"{key}: {{}}\n")
    assert key in message
    assert "not yet supported by gwc" in message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    profile:", "    ocsp: staple\n    profile:"),
        ("jwks: {file: jwks.json}", "mode: monitor\n    jwks: {file: jwks.json}"),
        ("partnerKey: {type: apiKey, consumers: consumers.gwc.yaml}", "partnerKey: {type: oauth2Introspection}"),
        ("burst: 50}", "burst: 50, mode: monitor}"),
    ],
)
def test_keys_of_later_versions_are_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    assert old in POLICY
    message = errors(tmp_path, policy=POLICY.replace(old, new))
    assert [d.code for d in message if d.code == "GWC021"] == ["GWC021"]


def test_unknown_keys_get_a_suggestion_and_a_place(tmp_path: Path) -> None:
    found = errors(tmp_path, policy=POLICY.replace("rateLimits:", "rateLimit:"))
    assert [d.code for d in found] == ["GWC020"]
    assert "'rateLimits'" in found[0].help
    line = (tmp_path / "orders.gwc.yaml").read_text(encoding="utf-8").split("\n")[found[0].span.line - 1]
    assert line[found[0].span.column - 1 :].startswith("rateLimit:")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  address:", "  limits: {bodyBytes: 65MiB}\n  address:", "GWC022"),
        ("  address:", "  limits: {uriBytes: 8001B}\n  address:", "GWC022"),
        ("limit: 300", "limit: 0", "GWC022"),
        ("limit: 300", "limit: -1", "GWC022"),
        ("limit: 300", "limit: 0.5", "GWC022"),
        ("limit: 300", 'limit: "300"', "GWC022"),
        ("limit: 300", "limit: true", "GWC022"),
        ("window: 1m", "window: 60", "GWC022"),
        ("window: 1m", "window: 1mm", "GWC022"),
        ("window: 1m", "window: 0s", "GWC022"),
        ("window: 1m", "window: 31d", "GWC022"),
        ("window: 1m", "window: 500ms", "GWC022"),
        ("issuer: https://id.example.com/", 'issuer: ""', "GWC022"),
        ("audiences: [https://orders.example.com]", "audiences: []", "GWC022"),
        ("algorithms: [ES256]", "algorithms: [none]", "GWC022"),
        ("algorithms: [ES256]", "algorithms: [HS256, ES256]", "GWC022"),
        ("algorithms: [ES256]", "algorithms: []", "GWC022"),
        ("algorithms: [ES256]", "algorithms: [ES256]\n    clockSkew: 365d", "GWC022"),
        ("profile: mozilla-intermediate-6.0", "profile: mozilla-old-5.7", "GWC022"),
        ("certificate: file:/etc/gw/orders.crt", "certificate: /etc/gw/orders.crt", "GWC022"),
        ("certificate: file:/etc/gw/orders.crt", "certificate: file:orders.crt", "GWC022"),
        ("certificate: file:/etc/gw/orders.crt", "certificate: file:/etc/../x", "GWC022"),
        ("    certificate: file:/etc/gw/orders.crt\n", "", "GWC023"),
        ("name: orders,", "name: ../x,", "GWC022"),
        ("name: orders,", f"name: {'a' * 300},", "GWC022"),
        ("hosts: [orders.example.com]", "hosts: ['*.example.com']", "GWC022"),
        ("hosts: [orders.example.com]", "hosts: [Orders.example.com]", "GWC022"),
        ("hosts: [orders.example.com]", "hosts: [10.0.0.1]", "GWC022"),
        ("hosts: [orders.example.com]", "hosts: []", "GWC022"),
        ("upstream: orders}", "upstream: other}", "GWC306"),
        ("public: [getHealth]", "public: []", "GWC301"),
        ("public: [getHealth]", "public: [getHealth, listOrders]", "GWC301"),
        ("public: [getHealth]", "public: [getHealth, nobody]", "GWC302"),
        ("burst: 50}", "burst: 50, operations: {ids: [nobody]}}", "GWC302"),
        ("burst: 50}", "burst: 50, operations: {path: /nowhere/**}}", "GWC302"),
        ("http://127.0.0.1:9000", "http://user:GWCSECRET@127.0.0.1:9000", "GWC022"),
        ("http://127.0.0.1:9000", "ftp://127.0.0.1", "GWC022"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/base", "GWC022"),
        ("http://127.0.0.1:9000", "https://127.0.0.1:9000", "GWC103"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:8443", "GWC105"),
        ("http://127.0.0.1:9000", "http://010.0.0.1:80", "GWC022"),
        ("  partnerKey: {type: apiKey, consumers: consumers.gwc.yaml}\n", "", "GWC201"),
        ("consumers: consumers.gwc.yaml", "consumers: nowhere.yaml", "GWC001"),
        ("address: 127.0.0.1:8443", "address: localhost:8443", "GWC022"),
        ("address: 127.0.0.1:8443", "address: 127.0.0.1:99999", "GWC022"),
        ("kind: Policy", "kind: Tests", "GWC021"),
        ("kind: Policy", "kind: Polcy", "GWC024"),
        ("apiVersion: gwc/v1", "apiVersion: gwc/v2", "GWC022"),
        ("basePath: /v1", "basePath: v1", "GWC022"),
        ("basePath: /v1", "basePath: /v1/", "GWC022"),
        ("basePath: /v1", "basePath: /a/../b", "GWC022"),
        ("listener:", "extends: [../outside.yaml]\nlistener:", "GWC008"),
        ("limit: 300", 'limit: "${limit}"', "GWC025"),
    ],
)
def test_mistakes_are_located(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in POLICY
    assert "GWCSECRET" not in only(tmp_path, code, policy=POLICY.replace(old, new, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"d": "c2VjcmV0"}, "private"),
        ({"x": "AAAA"}, "32 bytes"),
        ({"y": JWKS["keys"][0]["x"]}, "curve"),
        ({"kid": ""}, "kid"),
        ({"kid": 1}, "kid"),
        ({"x": JWKS["keys"][0]["x"] + "="}, "padding"),
    ],
)
def test_keys_that_gateways_could_read_differently_are_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    message = only(tmp_path, "GWC203", jwks={"keys": [{**JWKS["keys"][0], **change}]})
    assert said in message
    assert "c2VjcmV0" not in message


def test_two_keys_of_one_kid_are_refused(tmp_path: Path) -> None:
    assert "same kid" in only(tmp_path, "GWC203", jwks={"keys": JWKS["keys"] * 2})


def test_keys_of_other_uses_are_left_out_aloud(tmp_path: Path) -> None:
    result = lowered(tmp_path, jwks={"keys": [*JWKS["keys"], {**JWKS["keys"][0], "kid": "enc", "use": "enc"}]})
    assert result.gateway.jwts[0].source == lowered(tmp_path).gateway.jwts[0].source
    assert [(d.code, d.severity) for d in result.diagnostics] == [("GWC203", "warning")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("a" * 64, "a" * 63, "GWC022"),
        ("expires: 2030-01-01", "expires: 2030-13-01", "GWC022"),
        ("expires: 2030-01-01", "expires: tomorrow", "GWC022"),
        ("expires: 2030-01-01", "expires: 2030-01-01, notBefore: 2031-01-01", "GWC204"),
        ("id: acme", 'id: "a\\nb"', "GWC022"),
        ("id: acme", "id: acme\n    roles: [two words]", "GWC022"),
        ("id: acme", "id: acme\n    roles: ['a\"b']", "GWC022"),
        ("id: acme", "id: acme\n    rateLimits: [{id: a, limit: 5, window: 1h, scope: cluster}]", "GWC021"),
        ("id: acme", "id: acme\n    rateLimits: [{id: a, limit: 5, window: 1h}, {id: a, limit: 6, window: 1h}]", "GWC501"),
        ("id: acme", "id: acme\n    certificates: [{uri: x}]", "GWC022"),
        ("id: acme", "id: acme\n    certificates: [{dns: '*.example.com'}]", "GWC022"),
        ("id: acme", "id: acme\n    certificates: [{dns: a.example, uri: 'a:b'}]", "GWC022"),
        ("id: acme", "id: acme\n    certificates: [{}]", "GWC022"),
        ("    keys: [", "    nokeys: [", "GWC020"),
    ],
)
def test_consumers_are_checked(tmp_path: Path, old: str, new: str, code: str) -> None:
    only(tmp_path, code, consumers=CONSUMERS.replace(old, new))


def test_a_digest_belongs_to_one_consumer(tmp_path: Path) -> None:
    more = CONSUMERS + f'  - id: other\n    keys: [{{digest: "sha256:{"a" * 64}"}}]\n'
    assert "same digest" in only(tmp_path, "GWC204", consumers=more)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("security: [{partnerKey: []}]", "security: [{partnerKey: []}, {}]", "GWC301"),
        ("in: header, name: X-API-Key", 'in: query, name: "a b"', "GWC205"),
        ("in: header, name: X-API-Key", "in: query, name: k%65y", "GWC205"),
        ("in: header, name: X-API-Key", "in: cookie, name: a~b", "GWC205"),
        ("in: header, name: X-API-Key", "in: header, name: Authorization", "GWC205"),
        ("in: header, name: X-API-Key", "in: header, name: X-Rewrite-URL", "GWC205"),
        ("application/json: {schema", "application json: {schema", "GWC401"),
        ("/health:", "/he alth:", "GWC304"),
        ("/health:", "/he;alth:", "GWC304"),
        ("/health:", "/@health:", "GWC304"),
        ("/health:", "/a/../health:", "GWC304"),
        ("/health:", "/héalth:", "GWC304"),
    ],
)
def test_documents_that_no_gateway_can_serve(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in OPENAPI
    assert code in [d.code for d in errors(tmp_path, openapi=OPENAPI.replace(old, new, 1))]


def test_a_silent_document_needs_a_default(tmp_path: Path) -> None:
    silent = OPENAPI.replace("      security: [{partnerKey: []}]\n", "", 1)
    only(tmp_path, "GWC207", openapi=silent)
    result = lowered(tmp_path, openapi=silent, policy=POLICY.replace("authentication:", "authentication:\n  default: oauth"))
    assert {o.key: o.security.schemes for o in result.gateway.operations}["orders.listOrders"] == ("oauth",)


def test_variables_are_values_never_structure(tmp_path: Path) -> None:
    policy = POLICY.replace("metadata:", "vars: {tls: /etc/gw, n: 300}\nmetadata:", 1)
    policy = policy.replace("file:/etc/gw/", "file:${tls}/").replace("limit: 300", 'limit: "${n}"')
    assert lowered(tmp_path, policy=policy).gateway.rate_limits[0].limit == 300
    path = write_project(tmp_path, policy=policy)
    assert compile_policy(path, root=tmp_path, variables={"n": "7"}).gateway.rate_limits[0].limit == 7
    found = errors(tmp_path, policy=policy.replace("tls: /etc/gw", 'tls: "/etc/gw}, x: {"'))
    assert [d.code for d in found] == ["GWC022", "GWC022"], "both leaves hold a strange text, nothing else changed"


def test_a_baseline_only_tightens(tmp_path: Path) -> None:
    (tmp_path / "base.gwc.yaml").write_text(
        "apiVersion: gwc/v1\nkind: Baseline\nmetadata: {name: platform}\n"
        "listener: {tls: {profile: mozilla-modern-6.0}, limits: {bodyBytes: 1KiB}}\n"
        "rateLimits: [{id: floor, key: [client.ip], limit: 10, window: 1s}]\n",
        encoding="utf-8",
    )
    gateway = lowered(tmp_path, policy=POLICY.replace("metadata:", "extends: [base.gwc.yaml]\nmetadata:", 1)).gateway
    assert gateway.listener_tls.profile == "mozilla-modern-6.0"
    assert {o.body.max_bytes for o in gateway.operations} == {1024}
    assert [r.id for r in gateway.rate_limits] == ["floor", "per-ip"]


def test_restrictions_of_operations_only_tighten(tmp_path: Path) -> None:
    more = "operations:\n  createOrder: {limits: {bodyBytes: 1MiB}, rateLimits: [{id: own, key: [client.ip], limit: 5, window: 1h}]}\n"
    gateway = lowered(tmp_path, policy=POLICY + more).gateway
    assert {o.body.max_bytes for o in gateway.operations} == {65536}
    assert {r.id: r.operations for r in gateway.rate_limits}["own"] == ("orders.createOrder",)


def test_order_never_matters(tmp_path: Path) -> None:
    one = lowered(tmp_path).gateway
    document = json.loads(json.dumps(__import__("yaml").safe_load(OPENAPI)))
    document["paths"] = dict(reversed(document["paths"].items()))
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = list(reversed(operation["security"]))
    (tmp_path / "other").mkdir()
    assert lowered(tmp_path / "other", openapi=json.dumps(document)).gateway == one
