"""Keys that Envoy fetches with `httpCall` while a request waits: every way in which an identity provider can fail."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.base import FileRef
from gwc.controls.jwt import REFRESH_S, RemoteKeys
from gwc.ir import Gateway
from gwc.local.identity_provider import IdentityProvider, TokenRequest
from gwc.local.jwks_server import JwksServer
from tests.envoy.test_traps import edit
from tests.support.envoy_process import Bench, Change, running
from tests.support.sample import JSON, NO_BODY, PUBLIC, gateway, one, operation
from tests.support.tokens import identity_provider

pytestmark = pytest.mark.gateway

WORKERS = 2
"""Each fetches for itself: `tests/support` starts Envoy with two."""
UNAVAILABLE = (503, "internal.unavailable")
ALLOWED = (200, "allowed")


def sample(cache_for_s: int = 600, max_stale_s: int = 3600) -> Gateway:
    base = gateway().jwts[0]
    remote = RemoteKeys(
        host="id.example.com", port=443, path="/jwks.json", ca=FileRef(path="/ca.pem"), cache_for_s=cache_for_s, max_stale_s=max_stale_s
    )
    operations = (
        operation("GET", "/open", PUBLIC, NO_BODY, "orders.open"),
        operation("GET", "/orders", one("oauth"), NO_BODY, "orders.get"),
        operation("POST", "/orders", one("oauth"), JSON, "orders.post"),
    )
    jwts = (replace(base, source=remote, algorithms=("ES256", "RS256")),)
    return gateway(jwts=jwts, operations=operations, rate_limits=(), rules=(), api_keys=(), basics=(), mutual_tls=(), consumers=())


@contextmanager
def envoy(folder: Path, source: Gateway | None = None, change: Change | None = None) -> Iterator[tuple[Bench, JwksServer]]:
    with running(source or sample(), folder, change=change) as bench:
        yield bench, bench.keys.servers["oauth"]


def token(provider: IdentityProvider | None = None, algorithm: str = "ES256", subject: str = "alice", **header: str) -> str:
    control = sample().jwts[0]
    signer = provider or identity_provider()
    wanted = TokenRequest(
        issuer=control.issuer,
        audience=control.audiences[0],
        now_s=int(time.time()),
        subject=subject,
        algorithm=algorithm,  # type: ignore[arg-type]
        generation=signer.generation,
    )
    return "Authorization: Bearer " + signer.sign({**wanted.header, **header}, wanted.payload, wanted.algorithm)


def ask(bench: Bench, line: str | None = None, method: str = "GET", target: str = "/orders", **more: Any) -> tuple[int, str]:
    answer = bench.request(method, target, *([line] if line else []), **more)
    return answer.status, answer.problem().get("reason", "allowed")


def of_every_worker(bench: Bench, line: str, count: int = 24) -> set[tuple[int, str]]:
    """The answers on many connections, which Envoy spreads over its workers."""
    return {ask(bench, line) for _ in range(count)}


def test_fetched_when_needed_and_then_kept(tmp_path: Path):
    with envoy(tmp_path) as (bench, server):
        assert ask(bench, target="/open") == ALLOWED
        assert ask(bench) == (401, "authn.missing")
        assert ask(bench, "Authorization: Bearer x") == (401, "authn.malformed")
        assert server.count() == 0
        assert of_every_worker(bench, token()) | of_every_worker(bench, token(algorithm="RS256")) == {ALLOWED}
        assert 1 <= server.count() <= WORKERS


def test_the_request_to_the_provider(tmp_path: Path):
    """Nothing of the client's request, and nothing about the gateway."""
    heads: list[bytes] = []
    with envoy(tmp_path) as (bench, server):
        original = server._serve
        server._serve = lambda connection: original(_Recorded(connection, heads))  # type: ignore[method-assign,arg-type]
        server._port._serve = server._serve  # type: ignore[attr-defined]
        assert ask(bench, token()) == ALLOWED
    (head, *_) = heads
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "get /jwks.json http/1.1"
    names = {line.partition(":")[0] for line in lines[1:] if line}
    assert names <= {"host", "accept", "connection", "x-envoy-internal", "x-envoy-expected-rq-timeout-ms"}


class _Recorded:
    """A connection whose head is kept."""

    def __init__(self, connection: Any, heads: list[bytes]) -> None:
        self._connection, self._heads = connection, heads

    def read_head(self) -> bytes:
        head: bytes = self._connection.read_head()
        self._heads.append(head)
        return head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


FAILURES = ("hang", "hugeChunked", "redirect")
MORE_FAILURES = ("down", "mute", "drip", "garbage", "empty", "huge", "hugeUntilClose", "error", "truncated")


@pytest.mark.parametrize("mode", [*FAILURES, *(pytest.param(mode, marks=pytest.mark.long) for mode in MORE_FAILURES)])
def test_a_provider_that_fails(tmp_path: Path, mode: str):
    """503 within the time of one fetch, again at once, and everything else goes on; then it recovers."""
    with envoy(tmp_path) as (bench, server):
        server.mode = mode  # type: ignore[assignment]
        started = time.monotonic()
        assert ask(bench, token()) == UNAVAILABLE
        assert time.monotonic() - started < 4.5
        assert ask(bench, target="/open") == ALLOWED
        assert ask(bench, "Authorization: Bearer x") == (401, "authn.malformed")
        assert server.count("/elsewhere.json") == 0
        server.mode = "good"
        time.sleep(REFRESH_S + 0.3)
        assert of_every_worker(bench, token()) == {ALLOWED}


@pytest.mark.parametrize("presented", ["stranger", "misnamed"])
def test_a_provider_with_another_certificate(tmp_path: Path, presented: str):
    with envoy(tmp_path) as (bench, server):
        server.presented = presented  # type: ignore[assignment]
        assert ask(bench, token()) == UNAVAILABLE
        assert server.count() == 0


def test_a_ca_alone_would_take_the_keys_of_every_server(tmp_path: Path):
    any_name = edit(lambda n: "match_typed_subject_alt_names" in n, lambda n: n.pop("match_typed_subject_alt_names"))
    with envoy(tmp_path, change=any_name) as (bench, server):
        server.presented = "misnamed"
        assert ask(bench, token()) == ALLOWED


def test_a_slow_provider_holds_up_nobody_else(tmp_path: Path):
    """One request waits; those that need no keys, or have a set, don't."""
    with envoy(tmp_path) as (bench, server), ThreadPoolExecutor(4) as pool:
        server.mode = "slow"
        waiting = pool.submit(ask, bench, token())
        time.sleep(0.3)
        started = time.monotonic()
        assert [ask(bench, target="/open") for _ in range(20)] == [ALLOWED] * 20
        assert time.monotonic() - started < 1
        assert waiting.result() == ALLOWED


def test_a_body_waits_with_its_request(tmp_path: Path):
    """It arrives while the keys are fetched, and is forwarded whole."""
    body = b'{"a":"' + b"x" * 60000 + b'"}'
    with envoy(tmp_path) as (bench, server):
        server.mode, server.slow_s = "slow", 1.0
        answer = bench.request("POST", "/orders", token(), "Content-Type: application/json", body=body)
        assert answer.status == 200
        (received,) = bench.upstream.take()
        assert received.body_bytes == len(body)


@pytest.mark.parametrize(
    ("lines", "body", "expected"),
    [
        (("Content-Length: 0",), b"", ALLOWED),
        (("Content-Length: 2",), b"{}", (400, "body.unexpected")),
        (("Transfer-Encoding: chunked",), b"2\r\n{}\r\n0\r\n\r\n", (400, "body.unexpected")),
        (("Transfer-Encoding: chunked",), b"0\r\n\r\n", (400, "body.unexpected")),  # Envoy doesn't say that it is empty
    ],
    ids=["none", "a length", "chunks", "no chunk"],
)
def test_a_body_where_none_is_expected(tmp_path: Path, lines: tuple[str, ...], body: bytes, expected: tuple[int, str]):
    with envoy(tmp_path) as (bench, server):
        server.mode, server.slow_s = "slow", 1.0
        head = "\r\n".join(["GET /orders HTTP/1.1", "Host: api.test", token(), *lines, "", ""])
        answer = bench.send(head.encode() + body)
        assert (answer.status, answer.problem().get("reason", "allowed")) == expected


def test_a_client_that_leaves_while_keys_are_fetched(tmp_path: Path):
    """Its fetch is forgotten: the next one is made when it is time."""
    with envoy(tmp_path) as (bench, server):
        server.mode = "hang"
        for _ in range(8):
            leave(bench, token())
        server.mode = "good"
        time.sleep(REFRESH_S + 2)
        assert of_every_worker(bench, token()) == {ALLOWED}


def leave(bench: Bench, line: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", bench.running.port), 5) as plain,
        context.wrap_socket(plain, server_hostname="api.test") as tls,
    ):
        tls.sendall(f"GET /orders HTTP/1.1\r\nHost: api.test\r\n{line}\r\n\r\n".encode())
        time.sleep(0.05)


def test_unknown_kids_make_no_storm(tmp_path: Path):
    """However many tokens name keys that are not there: one fetch for each worker in REFRESH_S."""
    with envoy(tmp_path) as (bench, server):
        assert of_every_worker(bench, token()) == {ALLOWED}
        before, started = server.count(), time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda n: ask(bench, token(kid=f"unknown-{n}")), range(120)))
        elapsed_s = time.monotonic() - started
        assert found == {(401, "authn.unknownKey")}
        assert server.count() - before <= WORKERS * (1 + int(elapsed_s / REFRESH_S))
        assert of_every_worker(bench, token()) == {ALLOWED}


def test_rotation(tmp_path: Path):
    """A new key is found when a token names it; the old one is gone with the set that it was in, tokens that were verified before too."""
    new = identity_provider().rotated()
    with envoy(tmp_path) as (bench, server):
        old_token, new_token = token(), token(new)
        assert of_every_worker(bench, old_token) == {ALLOWED}
        server.serve(new.jwks())
        time.sleep(REFRESH_S + 0.3)
        assert of_every_worker(bench, new_token) == {ALLOWED}
        assert of_every_worker(bench, old_token) == {(401, "authn.unknownKey")}


def test_a_kid_with_another_key(tmp_path: Path):
    """What was verified with the old key is verified again."""
    other = IdentityProvider()
    with envoy(tmp_path, sample(cache_for_s=1)) as (bench, server):
        old_token = token()
        assert of_every_worker(bench, old_token) == {ALLOWED}
        server.serve(other.jwks())
        time.sleep(REFRESH_S + 1.3)
        assert of_every_worker(bench, old_token) == {(401, "authn.signature")}
        assert of_every_worker(bench, token(other)) == {ALLOWED}


def test_a_set_is_used_until_it_is_too_old(tmp_path: Path):
    with envoy(tmp_path, sample(cache_for_s=1, max_stale_s=6)) as (bench, server):
        assert of_every_worker(bench, token()) == {ALLOWED}
        fetched = time.monotonic()
        server.mode = "down"
        while time.monotonic() - fetched < 5.5:
            assert ask(bench, token()) == ALLOWED
            time.sleep(0.5)
        time.sleep(max(0, fetched + 9 - time.monotonic()))
        assert of_every_worker(bench, token()) == {UNAVAILABLE}
        server.mode = "good"
        time.sleep(REFRESH_S + 0.3)
        assert of_every_worker(bench, token()) == {ALLOWED}


def test_an_answer_that_is_no_set_changes_nothing(tmp_path: Path):
    with envoy(tmp_path, sample(cache_for_s=1)) as (bench, server):
        assert of_every_worker(bench, token()) == {ALLOWED}
        server.mode = "empty"
        time.sleep(REFRESH_S + 1.3)
        assert of_every_worker(bench, token()) == {ALLOWED}
        assert server.count() > WORKERS


def test_a_point_that_is_none_is_no_key(tmp_path: Path):
    """Such a key is not used, and a set of such keys only is none."""
    jwks = identity_provider().jwks()
    spoiled = {**jwks, "keys": [{**k, "y": k["x"]} if k["kty"] == "EC" else k for k in jwks["keys"]]}
    with envoy(tmp_path, sample(cache_for_s=1)) as (bench, server):
        server.serve(spoiled)
        assert ask(bench, token()) == (401, "authn.unknownKey")
        assert of_every_worker(bench, token(algorithm="RS256")) == {ALLOWED}
        server.serve({"keys": [k for k in spoiled["keys"] if k["kty"] == "EC"]})
        time.sleep(REFRESH_S + 1.3)
        assert of_every_worker(bench, token(algorithm="RS256")) == {ALLOWED}


def test_a_restart_forgets_the_set(tmp_path: Path):
    with envoy(tmp_path / "first") as (bench, server):
        assert ask(bench, token()) == ALLOWED
    with envoy(tmp_path / "second") as (bench, server):
        server.mode = "down"
        assert ask(bench, token()) == UNAVAILABLE


def test_the_keys_of_a_token_are_never_fetched_from_where_it_says(tmp_path: Path):
    asked = threading.Event()
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        threading.Thread(target=lambda: _tell(trap, asked), daemon=True).start()
        url = f"https://localhost:{trap.getsockname()[1]}/keys"
        with envoy(tmp_path) as (bench, _):
            stranger = IdentityProvider()
            assert ask(bench, token(stranger, jku=url, x5u=url)) == (401, "authn.signature")
            assert ask(bench, token(jku=url, x5u=url)) == ALLOWED
        assert not asked.is_set()


def _tell(trap: socket.socket, asked: threading.Event) -> None:
    try:
        trap.accept()
    except OSError:
        return
    asked.set()
