"""Limits of a cluster on the Lua host: exact with several workers and gateways, and what happens when the store is not there."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from gwc.controls.base import FileRef
from gwc.controls.store import StoreTls
from gwc.local.certificates import write_certificates
from gwc.local.processes import NotStarted
from gwc.local.redis_server import redis_server
from tests.kong.shared_limits import DECLARED_S, impostor, limited, plain_redis, site
from tests.lua.traffic import request
from tests.support.requests import Offer, exchange

pytestmark = pytest.mark.gateway
UNAVAILABLE = (503, "internal.unavailable")


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long), 4])
def test_two_hundred_at_once(tmp_path, workers):
    """Exactly the burst passes, in the store and in the dictionary."""
    with redis_server(tmp_path / "redis") as server, site(limited(plain_redis(server.port)), tmp_path, workers=workers) as one:
        for path in ("deny", "own"):
            statuses = one.at_once(path, 200)
            assert (statuses.count(200), statuses.count(429)) == (37, 163), path


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(4, marks=pytest.mark.long)])
def test_admission_over_time_is_that_of_the_bucket(tmp_path, workers):
    """One after the other for some seconds: the burst and what was refilled meanwhile, within one token."""
    rate, burst, lasting_s = 10, 5, 2.5
    with (
        redis_server(tmp_path / "redis") as server,
        site(limited(plain_redis(server.port), limit=rate * 10, window_s=10, burst=burst), tmp_path, workers=workers) as one,
    ):
        for path in ("deny", "own"):
            before, admitted, sent = time.monotonic(), 0, 0
            while (passed_s := time.monotonic() - before) < lasting_s:
                status, _ = one.ask(path)
                admitted, sent, last_s = admitted + (status == 200), sent + 1, passed_s
            assert sent > admitted, "too slow to empty the bucket"
            least, most = burst + rate * last_s, burst + rate * (time.monotonic() - before)
            assert least - 1 <= admitted <= most + 1, (path, admitted, least, most)


def test_two_gateways_share_one_store(tmp_path):
    """Together they admit what one may; what each counts by itself is twice that."""
    with ExitStack() as stack:
        redis = plain_redis(stack.enter_context(redis_server(tmp_path / "redis")).port)
        sites = [stack.enter_context(site(limited(redis), tmp_path / str(n))) for n in (1, 2)]
        turns = [sites[n % 2] for n in range(60)]
        assert [one.ask("deny")[0] for one in turns].count(200) == 37
        assert [one.ask("own")[0] for one in turns].count(200) == 60


def test_the_store_is_killed_and_comes_back(tmp_path):
    """The declared status within the declared time, others as if nothing were, and the first request after its return is counted."""
    with redis_server(tmp_path / "redis") as server, site(limited(plain_redis(server.port), burst=3), tmp_path) as one:
        assert one.ask("deny")[0] == 200
        server.stop()
        for _ in range(4):
            status, reason, took_s = one.timed("deny")
            assert (status, reason) == UNAVAILABLE
            assert took_s < DECLARED_S
        assert [one.ask("allow")[0] for _ in range(5)] == [200] * 5
        assert [one.ask("free")[0], one.ask("own")[0]] == [200, 200]
        server.start()
        assert [one.ask("deny")[0] for _ in range(4)] == [200, 200, 200, 429]
        keys = server.ask("KEYS", "*").decode()
        assert keys.count("gwc:orders:deny:") == 1
        assert one.says(r"gwc: rate limit deny: storeFailed \(connect\), context: ngx.timer")
        assert one.running.complaints().count("storeFailed") <= 4, "said at every request"


def test_a_flushed_store_gets_its_script_again(tmp_path):
    with redis_server(tmp_path / "redis") as server, site(limited(plain_redis(server.port), burst=3), tmp_path) as one:
        assert one.ask("deny")[0] == 200
        server.ask("SCRIPT", "FLUSH")
        assert [one.ask("deny")[0] for _ in range(3)] == [200, 200, 429]
        (key,) = (k for k in server.ask("KEYS", "*").decode().split() if k.startswith("gwc:"))
        left_ms = int(server.ask("PTTL", key)[1:])
        assert 0 < left_ms <= 3 * 3600 * 1000 + 1000, "keys end when their bucket is full"
        server.ask("SET", key, "nonsense")
        assert one.ask("deny") == UNAVAILABLE


def test_fields_stand_beside_those_of_the_upstream(tmp_path):
    theirs = b'HTTP/1.1 200 OK\r\nRateLimit: "theirs";r=1;t=1\r\nContent-Length: 0\r\n\r\n'
    with redis_server(tmp_path / "redis") as server, impostor() as upstream:
        upstream.behave = lambda c: c.sendall(theirs)
        source = limited(plain_redis(server.port))
        told = replace(source, rate_limits=tuple(replace(x, has_fields=True) for x in source.rate_limits))
        with site(told, tmp_path, upstream_port=upstream.port) as one:
            answer = exchange(one.running.port, request("", "GET /deny").raw, Offer("api.test"))
            assert [v for k, v in answer.headers if k.lower() == "ratelimit"] == ['"theirs";r=1;t=1', '"deny";r=36;t=3600']
            upstream.behave = lambda _: None
            answer = exchange(one.running.port, request("", "GET /deny").raw, Offer("api.test"))
            assert (answer.status, [k for k, _ in answer.headers if k.lower().startswith("ratelimit")]) == (502, [])


# --- hostile stores ----------------------------------------------------------------------------------------------------

GOOD = b"*3\r\n:1\r\n$1\r\n4\r\n$8\r\n0.000000\r\n"


def trickle(connection: socket.socket) -> None:
    for byte in GOOD:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def silent(connection: socket.socket) -> None:
    connection.recv(1)


HOSTILE = {
    "closes": lambda _: None,
    "silent": silent,
    "trickle": trickle,
    "half": lambda c: c.sendall(GOOD[:-5]),
    "garbage": lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\n"),
    "endless": lambda c: c.sendall(b"$9999999\r\n" + b"x" * 1_000_000),
    "long line": lambda c: c.sendall(b"+" + b"x" * 1_000_000),
    "negative": lambda c: c.sendall(b"*-3\r\n"),
    "nested": lambda c: c.sendall(b"*1\r\n" * 900),
    "error": lambda c: c.sendall(b"-ERR secret-of-the-store\r\n"),
    "loading": lambda c: c.sendall(b"-LOADING secret-of-the-store\r\n"),
    "two replies": lambda c: c.sendall(GOOD + GOOD),
    "too few": lambda c: c.sendall(b"*2\r\n:1\r\n$1\r\n4\r\n"),
    "too many": lambda c: c.sendall(b"*4\r\n:1\r\n$1\r\n4\r\n$1\r\n0\r\n:1\r\n"),
    "nil": lambda c: c.sendall(b"*3\r\n:1\r\n$-1\r\n$1\r\n0\r\n"),
    "infinite": lambda c: c.sendall(b"*3\r\n:1\r\n$3\r\ninf\r\n$1\r\n0\r\n"),
    "maybe": lambda c: c.sendall(b"*3\r\n:7\r\n$1\r\n4\r\n$1\r\n0\r\n"),
}  # fmt: skip


def test_whatever_the_store_answers(tmp_path):
    """503 in time, never a request that passes; nothing that it said is in the log; and one good answer is enough to go on."""
    with impostor() as store, site(limited(plain_redis(store.port)), tmp_path) as one:
        for name, behave in HOSTILE.items():
            store.behave = behave
            status, reason, took_s = one.timed("deny")
            assert (status, reason) == UNAVAILABLE, name
            assert took_s < DECLARED_S, (name, took_s)
        store.behave = lambda c: c.sendall(GOOD)
        assert one.ask("deny")[0] == 200
        text = one.running.complaints() + (one.running.folder / "stdout").read_text(encoding="utf-8")
        assert "secret" not in text
        asked = b"".join(store.commands)
        assert b"127.0.0.1" not in asked


def test_a_silent_store_holds_nobody_else_up(tmp_path):
    """Thirty requests that wait for it are all refused within the declared time, while others are answered."""
    with impostor() as store, site(limited(plain_redis(store.port)), tmp_path) as one:
        store.behave = silent
        before = time.monotonic()
        assert one.at_once("deny", 30) == [503] * 30
        assert time.monotonic() - before < DECLARED_S + 1
        assert one.timed("free")[2] < DECLARED_S


# --- TLS and passwords -------------------------------------------------------------------------------------------------

NAME = "store.test"


@pytest.mark.parametrize("wrong", [None, "ca", "name", "password", "nobody"])
def test_tls_and_password(tmp_path, wrong):
    """With all that is declared it counts; with one thing wrong, nothing passes that is to be counted, and nobody learns the password."""
    certificates = write_certificates(tmp_path / "tls", ("api.test",), (NAME,))
    pair = {"ca": certificates.stranger, "name": certificates.misnamed}.get(wrong or "", certificates.upstream)
    password = "a p\u00e4ssword with blanks"
    given = tmp_path / "given"
    given.write_text(f"{'another' if wrong == 'password' else password}\n", encoding="utf-8")
    with redis_server(tmp_path / "redis", password=password, tls=(certificates.ca, pair)) as server:
        redis = replace(
            plain_redis(server.port),
            host="localhost",
            tls=StoreTls(server_name=NAME, ca=FileRef(path=str(certificates.ca))),
            username="nobody" if wrong == "nobody" else None,
            password_file=FileRef(path=str(given)),
        )
        with site(limited(redis, burst=2), tmp_path, certificates=certificates) as one:
            if wrong is None:
                assert [one.ask("deny")[0] for _ in range(3)] == [200, 200, 429]
            else:
                status, reason, took_s = one.timed("deny")
                assert ((status, reason), took_s < DECLARED_S) == (UNAVAILABLE, True)
                # ngx_lua 0.10.23 closes the connection, but may call the handshake good before that is noticed
                word = "tls|send" if wrong in {"ca", "name"} else "authentication"
                assert one.says(rf"storeFailed \(({word})\)")
            assert "ssword" not in one.running.complaints()
            files = [p for p in one.running.folder.rglob("*") if p.is_file()]
            assert not [p.name for p in files if b"ssword with" in p.read_bytes()]


@pytest.mark.parametrize("wrong", ["stranger", "misnamed"])
def test_no_impostor_gets_the_password(tmp_path, wrong):
    """Not a byte is sent to a server whose certificate is not the store's."""
    certificates = write_certificates(tmp_path / "tls", ("api.test",), (NAME,))
    given = tmp_path / "given"
    given.write_text("password", encoding="utf-8")
    tls = StoreTls(server_name=NAME, ca=FileRef(path=str(certificates.ca)))
    with impostor(getattr(certificates, wrong)) as store:
        redis = replace(plain_redis(store.port), host="localhost", tls=tls, password_file=FileRef(path=str(given)))
        with site(limited(redis), tmp_path, certificates=certificates) as one:
            assert [one.ask("deny") for _ in range(3)] == [UNAVAILABLE] * 3
        assert store.connections == 3
        assert b"".join(store.commands) == b""


@pytest.mark.parametrize("text", [None, "", "\n"], ids=["absent", "empty", "blank"])
def test_without_a_password_there_is_no_start(tmp_path, text):
    file = tmp_path / "password"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    redis = replace(plain_redis(6379), password_file=FileRef(path=str(file)))
    with pytest.raises(NotStarted, match="password of the store"), site(limited(redis), tmp_path):
        pass
