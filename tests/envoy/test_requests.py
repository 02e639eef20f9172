"""What only this backend has to prove on the real Envoy; everything that all gateways share is in tests/conformance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.api_key import KeyDigest
from gwc.controls.canonical_path import LITERAL_CHARACTERS, CanonicalPath
from gwc.controls.host_names import HostNames
from gwc.controls.rate_limit import RateLimit
from gwc.controls.security import Security
from tests.support.envoy_process import Bench, find, running
from tests.support.sample import JSON, NO_BODY, PUBLIC, gateway, one, operation
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway

KEY = "demo"
DIGEST = "2a97516c354b68848cdbd8f54a226a0a55b21ed138e207ad6c5cbb9c00aa5aea"


def test_the_longest_target(tmp_path: Path):
    """16,384 bytes is what Envoy's expression can count to."""
    with running(gateway(canonical_path=CanonicalPath(max_uri_bytes=16384)), tmp_path) as bench:
        answers = [bench.request("GET", "/" + "a" * (length - 1)) for length in (16384, 16385, 30000)]
    assert [(a.status, a.problem()["reason"]) for a in answers] == [(404, "route.unknown"), (414, "normalise.uri"), (414, "normalise.uri")]


def test_headers_of_envoy_never_pass(tmp_path: Path):
    """Envoy's router obeys some of them: a client could choose its timeout."""
    sent = (
        "X-Envoy-Upstream-Rq-Timeout-Ms: 1",
        "X-Envoy-Retry-On: 5xx",
        "X-Envoy-Original-Path: /x",
        "X-Gwc-Sni: evil.test",
        "X-Gwc-Reason: x",
    )
    with running(gateway(), tmp_path) as bench:
        assert bench.request("GET", "/v1/health", *sent).status == 200
        (received,) = bench.upstream.take()
    names = {name.lower() for name, _ in received.headers}
    assert not {n for n in names if n.startswith(("x-envoy-", "x-gwc-"))}


def test_the_reason_is_in_the_log_and_not_in_the_head(tmp_path: Path):
    with running(gateway(), tmp_path) as bench:
        refused, allowed = bench.request("GET", "/v1/orders"), bench.request("GET", "/v1/health")
    lines = bench.running.log()
    assert refused.problem()["reason"] == "authn.missing"
    assert [line["reason"] for line in lines] == ["authn.missing", "allowed"]
    assert not refused.values("x-gwc-reason") + allowed.values("x-gwc-reason")
    assert lines[0]["requestId"] == refused.problem()["requestId"]


def test_hosts_share_the_bucket_of_a_limit(tmp_path: Path):
    """One bucket per address for all covered operations, wherever they live."""
    base = gateway()
    routes = [replace(o.route, hosts=("api.test", "partner.test")) for o in base.operations]
    limit = RateLimit(id="few", limit=1, window_s=3600, burst=2, operations=("orders.getHealth",))
    both = replace(
        base,
        host_names=HostNames(names=("api.test", "partner.test")),
        operations=tuple(replace(o, route=r) for o, r in zip(base.operations, routes, strict=True)),
        rate_limits=(limit,),
    )
    with running(both, tmp_path) as bench:

        def ask(host: str, sni: str | None = None) -> int:
            return bench.send(f"GET /v1/health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), sni or host).status

        assert ask("partner.test", "api.test") == 421
        assert [ask("api.test"), ask("partner.test"), ask("api.test"), ask("partner.test")] == [200, 200, 429, 429]


def test_a_request_that_never_ends_is_given_up(tmp_path: Path):
    def hurry(document: Any) -> None:
        for node in find(document, lambda n: "request_headers_timeout" in n):
            node.update(request_headers_timeout="0.5s", request_timeout="0.7s")

    note = operation("POST", "/note", PUBLIC, JSON, "orders.note")
    head = "POST /note HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n"
    with running(gateway(operations=(note,), rate_limits=()), tmp_path, change=hurry) as bench:
        answers = [bench.send(f"{head}{rest}".encode()) for rest in ("", "Content-Length: 2\r\n\r\n{", "Content-Length: 2\r\n\r\n{}")]
    assert [(a.status, a.problem().get("reason")) for a in answers] == [(408, "normalise.timeout")] * 2 + [(200, None)]


def test_one_of_two_issuers(tmp_path: Path):
    base = gateway()
    other = replace(base.jwts[0], scheme="other", issuer="https://other.example/")
    either = Security(alternatives=(*one("oauth", "a").alternatives, *one("other", "b").alternatives))
    source = replace(base, jwts=(base.jwts[0], other), operations=(operation("GET", "/x", either, NO_BODY, "orders.x"),), rate_limits=())

    def ask(bench: Bench, **described: object) -> tuple[int, str]:
        answer = bench.request("GET", "/x", "Authorization: Bearer " + token_for(base.jwts[0], described))
        return answer.status, answer.problem().get("reason", "allowed")

    with running(source, tmp_path) as bench:
        assert ask(bench, scope="a") == (200, "allowed")
        assert ask(bench, scope="b", iss=other.issuer, sub="bob") == (200, "allowed")
        assert ask(bench, scope="b") == (403, "authz.scope")
        assert ask(bench, scope="a", iss=other.issuer) == (403, "authz.scope")
        assert ask(bench, scope="a b", iss="https://third.example/") == (401, "authn.issuer")
        assert bench.request("GET", "/x").problem()["reason"] == "authn.missing"
    assert [line["subject"] for line in bench.running.log()] == ["alice", "bob", "alice", "alice", "-", "-"]


def test_a_name_that_does_not_resolve(tmp_path: Path):
    """Envoy starts, and says that the upstream is not there."""

    def elsewhere(document: Any) -> None:
        for cluster in find(document, lambda n: "load_assignment" in n):
            cluster["type"] = "STRICT_DNS"
            for address in find(cluster, lambda n: "port_value" in n):
                address["address"] = "upstream.invalid"

    with running(gateway(), tmp_path, change=elsewhere) as bench:
        answer = bench.request("GET", "/v1/health")
    assert (answer.status, answer.problem()["reason"]) == (502, "upstream.unavailable")


def test_every_character_of_a_literal(tmp_path: Path):
    """In the prefix map, in a mixed segment, and in the decision tree, where they are parts of expressions."""
    literal = "".join(sorted(LITERAL_CHARACTERS - {"/"}))
    paths = [f"/{literal}", f"/a/{{x}}{literal}", *(f"/{{x}}/{i}{literal}/{{y}}" for i in range(12))]
    operations = [operation("GET", path, PUBLIC, NO_BODY, f"orders.o{i}") for i, path in enumerate(paths)]
    source = gateway(operations=tuple(sorted(operations, key=lambda o: o.route.template.text)), rate_limits=())
    with running(source, tmp_path) as bench:
        found = [bench.request("GET", path.replace("{x}", "v").replace("{y}", "w")).status for path in paths]
        missed = [bench.request("GET", path.replace("{x}", "v").replace("{y}", "w").replace("~", "!", 1)).status for path in paths]
    assert found == [200] * len(paths)
    assert missed == [404] * len(paths)
    assert [line["operation"] for line in bench.running.log()[: len(paths)]] == [f"orders.o{i}" for i in range(len(paths))]


def test_a_scheme_may_have_any_name(tmp_path: Path):
    """What a filter remembers for the log must not look like a verified scheme."""
    base = gateway()
    keys = (
        replace(base.api_keys[0], scheme="consumer", header="x-other-key", keys=()),
        replace(base.api_keys[0], scheme="partnerKey", keys=(KeyDigest(digest=DIGEST, consumer="acme", not_before_s=0, expires_s=2**40),)),
    )
    either = replace(one("partnerKey"), alternatives=(*one("consumer").alternatives, *one("partnerKey").alternatives))
    source = replace(
        base,
        api_keys=keys,
        rate_limits=(),
        operations=(
            operation("GET", "/a", one("consumer"), NO_BODY, "orders.a"),
            operation("GET", "/b", either, NO_BODY, "orders.b"),
            operation("GET", "/c", PUBLIC, NO_BODY, "orders.c"),
        ),
    )
    with running(source, tmp_path) as bench:
        assert [bench.request("GET", path, f"X-API-Key: {KEY}").status for path in ("/a", "/b", "/c")] == [401, 200, 200]
        assert bench.request("GET", "/b", "X-Other-Key: x", f"X-API-Key: {KEY}").status == 401
