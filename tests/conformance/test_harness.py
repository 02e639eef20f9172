"""The harness notices: a gateway that was compiled from another policy than the model's disagrees somewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from gwc.controls.api_key import NEVER_S, KeyDigest
from gwc.controls.security import Security
from gwc.ir import Gateway
from tests.conformance.conformance_hosts import require
from tests.support import harness, sample
from tests.support.cases import Case, Expectation, Step
from tests.support.harness import run_case
from tests.support.sample import address_limit

pytestmark = pytest.mark.gateway


def _gateway() -> Gateway:
    base = sample.gateway()
    digest = hashlib.sha256(b"s3cr3t").hexdigest()
    keys = replace(base.api_keys[0], keys=(KeyDigest(digest=digest, consumer="acme", not_before_s=0, expires_s=NEVER_S),))
    limit = address_limit(id="per-ip", limit=1000, window_s=1, burst=1000, operations=tuple(sorted(o.key for o in base.operations)))
    return replace(base, api_keys=(keys,), rate_limits=(limit,), rules=())  # a rule's own refusal would hide other faults


def _step(name: str, expect: str, **spec: object) -> Step:
    return Step(name, {"name": name, **spec}, Expectation.read(expect))


STEPS = (
    _step("public", "allowed", target="/v1/health", headers=["X-Method-Override: PUT", "X-Request-Id: mine"]),
    _step("long", "allowed", target="/v1/health?" + "a" * 1500),
    _step("no key", "401 authn.missing", target="/v1/orders"),
    _step("key", "allowed", target="/v1/orders", key="s3cr3t"),
    _step("token", "allowed", target="/v1/orders/7", token={"scope": "orders:read"}),
    _step("no scope", "403 authz.scope", target="/v1/orders/7", token={}),
    _step("late", "allowed", target="/v1/orders/7", token={"scope": "orders:read", "lifetime": -20}),
    _step("body", "allowed", method="POST", target="/v1/orders", token={"scope": "orders:write"}, json={"a": "x" * 2000}),
    _step(
        "type",
        "415 body.contentType",
        method="POST",
        target="/v1/orders",
        token={"scope": "orders:write"},
        body="x",
        contentType="text/plain",
    ),
    _step("no body", "400 body.missing", method="POST", target="/v1/orders", token={"scope": "orders:write"}),
    _step("method", "405 route.method", method="PUT", target="/v1/orders"),
    _step("host", "421 normalise.host", target="/v1/health", host="other.test"),
)
CASE = Case("harness", sample.__file__, sample.__file__, STEPS)  # type: ignore[arg-type]


def _each(of: Gateway, change: Callable) -> Gateway:
    return replace(of, operations=tuple(change(o) for o in of.operations))


def _all_public(of: Gateway) -> Gateway:
    return _each(of, lambda o: replace(o, security=Security(alternatives=())))


def _no_scopes(of: Gateway) -> Gateway:
    def plain(security: Security) -> Security:
        return Security(alternatives=tuple(tuple(replace(r, scopes=()) for r in a) for a in security.alternatives))

    return _each(of, lambda o: replace(o, security=plain(o.security)))


CHANGES: dict[str, Callable[[Gateway], Gateway]] = {
    "public": _all_public,
    "scopes": _no_scopes,
    "uri length": lambda of: replace(of, canonical_path=replace(of.canonical_path, max_uri_bytes=1024)),
    "issuer": lambda of: replace(of, jwts=(replace(of.jwts[0], issuer="https://other.example/"),)),
    "audience": lambda of: replace(of, jwts=(replace(of.jwts[0], audiences=("other",)),)),
    "clock skew": lambda of: replace(of, jwts=(replace(of.jwts[0], clock_skew_s=0),)),
    "consumer": lambda of: replace(of, api_keys=(replace(of.api_keys[0], keys=(replace(of.api_keys[0].keys[0], consumer="x"),)),)),
    "expired key": lambda of: replace(of, api_keys=(replace(of.api_keys[0], keys=(replace(of.api_keys[0].keys[0], expires_s=1),)),)),
    "body size": lambda of: _each(of, lambda o: replace(o, body=replace(o.body, max_bytes=1024))),
    "media type": lambda of: _each(of, lambda o: replace(o, body=replace(o.body, media_types=("*/*",)))),
    "body required": lambda of: _each(of, lambda o: replace(o, body=replace(o.body, required=False))),
    "a route less": lambda of: replace(of, operations=of.operations[1:]),
    "a limit": lambda of: replace(of, rate_limits=(replace(of.rate_limits[0], limit=1, window_s=3600, burst=3),)),
    "removed headers": lambda of: replace(
        of, forwarding=replace(of.forwarding, removed=tuple(n for n in of.forwarding.removed if n != "x-method-override"))
    ),
    "realm": lambda of: replace(of, problem_details=replace(of.problem_details, realm="other")),
}


def _run(changed: Callable[[Gateway], Gateway], tmp_path, monkeypatch) -> list[str]:
    original = harness.compile_for
    monkeypatch.setattr(harness, "compile_for", lambda name, gateway, port, folder: original(name, changed(gateway), port, folder))
    return run_case(CASE, "nginx", _gateway(), tmp_path)[1]


def test_the_same_policy_agrees(tmp_path, monkeypatch):
    require("nginx")
    assert _run(lambda of: of, tmp_path, monkeypatch) == []


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_another_policy_disagrees(name, tmp_path, monkeypatch):
    require("nginx")
    assert _run(CHANGES[name], tmp_path, monkeypatch) != []


def test_another_access_log_disagrees(tmp_path, monkeypatch):
    """A line that says something else, one too few, and one with a secret."""
    require("nginx")
    original = harness.settled_log

    def changed(process, count):
        first, second, *rest = original(process, count)
        return [{**first, "reason": "authn.missing"}, {**second, "path": "/v1/health?q"}, *rest[:-1]]

    monkeypatch.setattr(harness, "settled_log", changed)
    wrong = run_case(CASE, "nginx", _gateway(), tmp_path)[1]
    assert [w for w in wrong if "reason 'authn.missing'" in w]
    assert [w for w in wrong if "lines for" in w]
    assert [w for w in wrong if "a secret or a query" in w]
