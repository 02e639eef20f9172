"""What only this backend has to prove on the real Envoy; everything that all gateways share is in tests/conformance."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA512

from gwc.backends.envoy import chain
from gwc.controls.api_key import KeyDigest
from gwc.controls.canonical_path import LITERAL_CHARACTERS, CanonicalPath
from gwc.controls.consumer import ConsumerLimit
from gwc.controls.host_names import HostNames
from gwc.controls.jwk import RsaKey
from gwc.controls.security import Security
from gwc.local.identity_provider import part
from gwc.semantics.base64url import encode
from tests.support.envoy_process import Bench, find, running
from tests.support.sample import JSON, NO_BODY, PUBLIC, address_limit, gateway, one, operation
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway

KEY = "demo"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
GENERATED = "gwc_" + "a" * 49
GENERATED_DIGEST = hashlib.sha256(GENERATED.encode()).hexdigest()


def test_the_longest_target(tmp_path: Path):
    """Path and query together, at the border and far beyond; no path is so long that another one is found for it."""
    source = gateway(canonical_path=CanonicalPath(max_uri_bytes=16384, matrix=False), rules=())
    known = "/v1/health?"
    with running(source, tmp_path) as bench:
        answers = [bench.request("GET", known + "a" * (length - len(known))) for length in (16384, 16385, 30000)]
        unknown = [bench.request("GET", "/" + "a" * (length - 1)).status for length in (16384, 16385, 30000)]
        assert [a.status for a in answers] == [200, 414, 414]
        assert {a.problem()["reason"] for a in answers[1:]} == {"normalise.uri"}
        assert unknown == [404, 404, 404]


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


def test_the_reason_of_an_answer_of_the_gateway_is_in_head_body_and_log(tmp_path: Path):
    """In the head, because the log can read it there. An upstream has no reasons."""
    with running(gateway(), tmp_path) as bench:
        refused, allowed = bench.request("GET", "/v1/orders"), bench.request("GET", "/v1/health")
    lines = bench.running.log()
    assert refused.problem()["reason"] == refused.value("x-gwc-reason") == "authn.missing"
    assert [line["reason"] for line in lines] == ["authn.missing", "allowed"]
    assert not allowed.values("x-gwc-reason")
    assert lines[0]["requestId"] == refused.problem()["requestId"]


def test_lines_of_requests_that_could_not_be_read(tmp_path: Path):
    """They have no id, so another logger writes them, with everything that is known."""
    with running(gateway(), tmp_path) as bench:
        answers = [bench.send(raw) for raw in (b"NONSENSE\r\n\r\n", b"GET / HTTP/1.0\r\nHost: api.test\r\n\r\n")]
    lines = bench.running.log()
    assert [line["reason"] for line in lines] == [a.problem()["reason"] for a in answers] == ["normalise.request", "normalise.version"]
    assert [line["requestId"] for line in lines] == [a.problem()["requestId"] for a in answers]
    assert {line[name] for line in lines for name in ("subject", "consumer", "operation")} == {"-"}
    assert all(isinstance(value, str) for line in lines for name, value in line.items() if name not in {"status", "durationMs"})


def test_hosts_share_the_bucket_of_a_limit(tmp_path: Path):
    """One bucket per address for all covered operations, wherever they live."""
    base = gateway()
    routes = [replace(o.route, hosts=("api.test", "partner.test")) for o in base.operations]
    limit = address_limit(id="few", limit=1, window_s=3600, burst=2, operations=("orders.getHealth",))
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
    """Also one that the filters use themselves."""
    base = gateway()
    keys = (
        replace(base.api_keys[0], scheme="consumer", name="x-other-key", keys=()),
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


def limited(*sizes: tuple[int, int]) -> Any:
    """The sample with limits of the consumer `acme`: (tokens, seconds for one token)."""
    base = gateway(rules=(), rate_limits=())
    key = KeyDigest(digest=DIGEST, consumer="acme", not_before_s=0, expires_s=2**40)
    other = KeyDigest(digest=hashlib.sha256(b"other").hexdigest(), consumer="other", not_before_s=0, expires_s=2**40)
    limits = tuple(ConsumerLimit(id=f"l{i}", limit=1, window_s=wait_s, burst=burst) for i, (burst, wait_s) in enumerate(sizes))
    either = Security(alternatives=(*one("oauth").alternatives, *one("partnerKey").alternatives))
    operations = (
        operation("GET", "/v1/health", PUBLIC, NO_BODY, "orders.getHealth"),
        operation("GET", "/v1/orders", one("partnerKey"), NO_BODY, "orders.listOrders"),
        operation("POST", "/v1/orders", either, JSON, "orders.createOrder"),
    )
    return replace(
        base,
        operations=operations,
        api_keys=(replace(base.api_keys[0], keys=tuple(sorted((key, other), key=lambda k: k.digest))),),
        consumers=(replace(base.consumers[0], id="acme", limits=limits), replace(base.consumers[0], id="other")),
    )


def test_every_limit_of_a_consumer_is_charged(tmp_path: Path):
    """An exhausted one keeps none of the others from taking their token, and each says how long to wait."""
    with running(limited((2, 3600), (3, 60)), tmp_path) as bench:
        answers = [bench.request("GET", "/v1/orders", f"X-API-Key: {KEY}") for _ in range(5)]
    assert [a.status for a in answers] == [200, 200, 429, 429, 429]
    assert {a.problem()["reason"] for a in answers[2:]} == {"throttle.limit"}
    assert {a.value("retry-after") for a in answers[2:]} == {"3600"}
    lines = bench.running.log()
    assert [line["consumer"] for line in lines] == ["acme"] * 5


def test_the_shorter_wait_is_told_when_only_its_bucket_is_empty(tmp_path: Path):
    with running(limited((9, 3600), (1, 60)), tmp_path) as bench:
        answers = [bench.request("GET", "/v1/orders", f"X-API-Key: {KEY}") for _ in range(2)]
    assert [(a.status, a.value("retry-after")) for a in answers] == [(200, None), (429, "60")]


def test_who_takes_tokens_of_a_consumer(tmp_path: Path):
    """Requests that were authorised, whatever their body is like; nobody else, and nothing that a client says."""
    key, token = f"X-API-Key: {KEY}", "Authorization: Bearer " + token_for(gateway().jwts[0], {})
    spoofed = ("X-Gwc-Consumer: acme", "X-Gwc-Quota-0000: on")
    with running(limited((3, 3600)), tmp_path) as bench:
        free = [
            *(bench.request("GET", "/v1/health", key, *spoofed) for _ in range(4)),
            *(bench.request("GET", "/v1/orders", *spoofed) for _ in range(4)),
            *(bench.request("GET", "/v1/orders", "X-API-Key: other", *spoofed) for _ in range(4)),
            *(bench.request("POST", "/v1/orders", "Content-Type: application/json", token, *spoofed, body=b"{}") for _ in range(4)),
            *(bench.request("GET", "/v1/orders", key, "X-API-Key: x") for _ in range(4)),
        ]
        taken = [
            bench.request("POST", "/v1/orders", key, "Content-Type: text/plain", body=b"x"),
            bench.request("GET", "/v1/orders", key, body=b"x"),
            bench.request("POST", "/v1/orders", key, "Content-Type: application/json", body=b"{}"),
            bench.request("POST", "/v1/orders", key, "Content-Type: application/json", body=b"{}"),
        ]
    assert [a.status for a in free] == [*[200] * 4, *[401] * 4, *[200] * 4, *[200] * 4, *[401] * 4]
    assert [a.status for a in taken] == [415, 400, 200, 429]


def test_what_is_known_of_a_token_is_known_for_one_decision(tmp_path: Path):
    """A token that may read is no token that may write, however often it was seen; and every answer is the same again."""
    base = gateway(rules=())
    token = "Authorization: Bearer " + token_for(base.jwts[0], {"scope": "orders:read"})
    with running(base, tmp_path) as bench:
        for _ in range(6):
            assert bench.request("GET", "/v1/orders/7", token).status == 200
            answer = bench.request("DELETE", "/v1/orders/7", token)
            assert (answer.status, answer.problem()["reason"]) == (403, "authz.scope")
            assert bench.request("GET", "/v1/orders/7", token + "x").problem()["reason"] in {"authn.signature", "authn.malformed"}
            assert bench.request("GET", "/v1/orders/7", token.replace("Bearer", "bearer")).problem()["reason"] == "authn.malformed"


def test_a_known_token_is_asked_for_its_time_again(tmp_path: Path):
    base = gateway(rules=(), rate_limits=())
    strict = replace(base, jwts=(replace(base.jwts[0], clock_skew_s=0),))
    token = "Authorization: Bearer " + token_for(strict.jwts[0], {"scope": "orders:read", "lifetime": 3})
    with running(strict, tmp_path) as bench:
        started, statuses = time.time(), []
        while time.time() - started < 4.2:
            statuses.append((bench.request("GET", "/v1/orders/7", token), time.time()))
    allowed = [at for answer, at in statuses if answer.status == 200]
    refused = [(answer.problem()["reason"], at) for answer, at in statuses if answer.status != 200]
    assert allowed
    assert {reason for reason, _ in refused} == {"authn.expired"}
    assert max(allowed) <= min(at for _, at in refused)
    assert max(allowed) < started + 3.3


@pytest.mark.parametrize(("forward", "name"), [("token", "authorization"), ("claims", "x-gwc-claims")])
def test_what_of_a_known_token_is_forwarded(tmp_path: Path, forward: str, name: str):
    """The first time and every other time; and only to who may have it."""
    base = gateway(rules=())
    source = replace(base, jwts=(replace(base.jwts[0], forward=forward),))
    token = token_for(source.jwts[0], {"scope": "orders:read"})
    wanted = {"authorization": f"Bearer {token}", "x-gwc-claims": token.split(".")[1]}[name]
    with running(source, tmp_path) as bench:
        for _ in range(6):
            bench.request("GET", "/v1/orders/7", f"Authorization: Bearer {token}", "X-Gwc-Claims: evil")
            bench.request("GET", "/v1/health", f"Authorization: Bearer {token}", "X-Gwc-Claims: evil")
        received = [{k.lower(): v for k, v in r.headers} for r in bench.upstream.take()]
    assert [r.get(name) for r in received] == [wanted, None] * 6
    assert {n for r in received for n in ("authorization", "x-gwc-claims") if n in r} == {name}


def test_optional_security_forwards_no_other_credential(tmp_path: Path):
    """Where a token may go on, whatever else is in Authorization may not."""
    base = gateway(rules=())
    optional = Security(alternatives=((), *one("oauth").alternatives, *one("login").alternatives))
    source = replace(
        base,
        jwts=(replace(base.jwts[0], forward="token"),),
        operations=(operation("GET", "/x", optional, NO_BODY, "orders.x"),),
        rate_limits=(),
        basics=(replace(base.basics[0], keys=(KeyDigest(digest=GENERATED_DIGEST, consumer="acme", not_before_s=0, expires_s=2**40),)),),
    )
    basic = "Authorization: Basic " + base64.b64encode(f"acme:{GENERATED}".encode()).decode()
    with running(source, tmp_path) as bench:
        assert [bench.request("GET", "/x", *lines).status for lines in ((), (basic,), ("Authorization: x",))] == [200, 200, 401]
        received = [{k.lower(): v for k, v in r.headers} for r in bench.upstream.take()]
    assert [(r.get("authorization"), r.get("x-gwc-consumer")) for r in received] == [(None, None), (None, "acme")]


def test_large_bodies(tmp_path: Path):
    """At the border, in one piece and in chunks; above what the listener holds, and below."""
    bodies = {max_bytes: replace(JSON, max_bytes=max_bytes) for max_bytes in (1000, 65536, 300_000)}
    operations = [operation("POST", f"/b{n}", PUBLIC, takes, f"orders.b{n}") for n, takes in bodies.items()]
    source = gateway(operations=tuple(sorted(operations, key=lambda o: o.route.template.text)), rate_limits=(), rules=())

    def post(bench: Bench, limit: int, size: int, *, chunked: bool) -> int:
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        head = f"POST /b{limit} HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n{framing}\r\n\r\n".encode()
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size) if chunked else b"x" * size
        return bench.send(head + body).status

    with running(source, tmp_path) as bench:
        for limit in bodies:
            for chunked in (False, True):
                assert [post(bench, limit, limit + more, chunked=chunked) for more in (0, 1)] == [200, 413], (limit, chunked)
        received = [r.body_bytes for r in bench.upstream.take()]
    assert received == [limit for limit in bodies for _ in range(2)]


@pytest.mark.parametrize("bits", [2048, pytest.param(8192, marks=pytest.mark.long)])
def test_sizes_of_rsa_keys(tmp_path: Path, bits: int):
    """The smallest and the largest key that a policy may have."""
    private = rsa.generate_private_key(65537, bits)
    numbers = private.public_key().public_numbers()
    key = RsaKey(kid="big", algorithm="RS512", n=encode(numbers.n.to_bytes(bits // 8)), e="AQAB")
    base = gateway(rules=())
    source = replace(base, jwts=(replace(base.jwts[0], algorithms=("RS512",)),))

    def with_key(document: Any) -> None:
        for f in find(document, lambda n: n.get("name") == chain.ACCESS and "typed_config" in n):
            code = f["typed_config"]["default_source_code"]
            code["inline_string"] = re.sub(
                r'\["keys"\] = \{\{\["kid"\].*?\}\}',
                f'["keys"] = {{{{["kid"] = "big", ["algorithm"] = "RS512", ["n"] = "{key.n}", ["e"] = "{key.e}"}}}}',
                code["inline_string"],
                count=1,
            )

    now = int(time.time())
    payload = {"iss": base.jwts[0].issuer, "aud": base.jwts[0].audiences[0], "sub": "alice", "exp": now + 60, "scope": "orders:read"}
    text = f"{part({'alg': 'RS512', 'kid': 'big'})}.{part(payload)}"
    signature = private.sign(text.encode(), padding.PKCS1v15(), SHA512())
    with running(source, tmp_path, change=with_key) as bench:
        assert bench.request("GET", "/v1/orders/7", f"Authorization: Bearer {text}.{encode(signature)}").status == 200
        other = encode(signature[:-1] + bytes([signature[-1] ^ 1]))
        assert bench.request("GET", "/v1/orders/7", f"Authorization: Bearer {text}.{other}").problem()["reason"] == "authn.signature"
