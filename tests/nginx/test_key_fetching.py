"""Keys of an identity provider where NGINX has peculiarities of its own: subrequests, many workers, a dictionary that outlives a reload.

What a provider can do wrong, and the declared denial, is in tests/conformance/test_identity_provider_faults.py for all gateways.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gwc.backends import nginx
from gwc.backends.nginx.quoting import argument
from gwc.controls.jwt import FETCH_TIMEOUT_S, REFRESH_S
from gwc.ir import Gateway
from gwc.local import jwks_server
from gwc.local.jwks_server import JwksServer, Mode
from tests.nginx.everything import REMOTE
from tests.nginx.test_http2 import ask as ask_http2
from tests.support import sample
from tests.support.nginx_process import Edit, Site, edited, gateway, serving, unchanged
from tests.support.requests import Offer, connected
from tests.support.sample import NO_BODY, one, operation
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway
PATH = "/v1/orders/7"


def remote(cache_for_s: int = 600, max_stale_s: int = 600, **changed: object) -> Gateway:
    """The sample, whose tokens have keys of a provider."""
    source = replace(REMOTE, cache_for_s=cache_for_s, max_stale_s=max_stale_s)
    return gateway(jwts=(replace(sample.gateway().jwts[0], algorithms=("ES256", "RS256"), source=source),), **changed)


def provider(site: Site) -> JwksServer:
    return site.keys.servers["oauth"]


def bearer(site: Site, **described: object) -> str:
    return "Authorization: Bearer " + token_for(site.gateway.jwts[0], {"scope": "orders:read", **described})


def ask(site: Site, **described: object) -> str:
    """`allowed`, or the reason."""
    answer = site.ask("GET", PATH, bearer(site, **described))
    return answer.problem().get("reason", "") if answer.problem() else {200: "allowed"}.get(answer.status, f"{answer.status} {answer.why}")


@contextmanager
def failing(mode: Mode, folder: Path, source: Gateway | None = None, edit: Edit = unchanged, port: int | None = None) -> Iterator[Site]:
    """A gateway whose provider is in this mode before the first request."""
    with serving(source or remote(), folder, edit, port=port) as site:
        provider(site).mode = mode
        yield site
        assert "signal" not in site.running.complaints(), "a worker has crashed"


def eventually(holds: Callable[[], bool], within_s: float = REFRESH_S + 3) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


# --- one fetch for all


def test_many_at_once_over_all_workers_ask_once(tmp_path) -> None:
    with failing("slow", tmp_path) as site, ThreadPoolExecutor(40) as pool:
        provider(site).slow_s = 0.7
        assert list(pool.map(lambda _: ask(site), range(40))) == ["allowed"] * 40
        assert provider(site).count() == 1


def test_many_at_once_wait_for_a_rotated_key(tmp_path) -> None:
    with failing("good", tmp_path) as site, ThreadPoolExecutor(20) as pool:
        assert ask(site) == "allowed"
        rotated = provider(site).rotate(site.keys._provider, site.gateway.jwts[0].algorithms)
        time.sleep(REFRESH_S + 0.2)
        provider(site).mode, provider(site).slow_s = "slow", 0.5
        signed = "Authorization: Bearer " + rotated.token(_wanted(site, rotated.generation))
        answers = list(pool.map(lambda _: site.ask("GET", PATH, signed).status, range(20)))
        assert (answers, provider(site).count()) == ([200] * 20, 2)


def _wanted(site: Site, generation: int):
    from gwc.local.token_endpoint import wanted_by  # noqa: PLC0415

    return replace(wanted_by(site.gateway.jwts[0], int(time.time())), scope="orders:read", generation=generation)


def test_without_a_provider_all_are_told_in_time(tmp_path) -> None:
    with failing("hang", tmp_path) as site, ThreadPoolExecutor(20) as pool:
        start = time.monotonic()
        assert set(pool.map(lambda _: ask(site), range(20))) == {"internal.unavailable"}
        assert FETCH_TIMEOUT_S - 0.5 < time.monotonic() - start < FETCH_TIMEOUT_S + 1.5
        assert provider(site).count() == 1
        assert site.ask("GET", "/v1/health").status == 200


def test_others_do_not_wait_while_one_asks(tmp_path) -> None:
    """A set that is old, but not too old, is good for all but the one request that asks for another."""
    with failing("good", tmp_path, remote(cache_for_s=1)) as site, ThreadPoolExecutor(8) as pool:
        assert ask(site) == "allowed"
        time.sleep(max(1.1, REFRESH_S + 0.1))
        provider(site).mode = "hang"
        taken = list(pool.map(lambda _: _timed(lambda: ask(site, alg="RS256")), range(8)))
        assert {answer for answer, _ in taken} == {"allowed"}
        assert sum(seconds > 1.5 for _, seconds in taken) == 1, taken


def _timed(call: Callable[[], str]) -> tuple[str, float]:
    start = time.monotonic()
    return call(), time.monotonic() - start


# --- connections


def test_over_http2(tmp_path) -> None:
    with failing("good", tmp_path) as site:
        name, _, value = bearer(site).partition(": ")
        assert ask_http2(site, "GET", PATH, (name.lower(), value))["method"] == "GET"
    with failing("down", tmp_path / "down") as site:
        assert ask_http2(site, "GET", PATH, (name.lower(), value))["reason"] == "internal.unavailable"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT"])
def test_every_method_may_be_the_first_to_ask(tmp_path, method) -> None:
    source = remote(operations=(operation(method, "/v1/orders/{id}", one("oauth", "orders:read"), NO_BODY, "k.any"),))
    with failing("good", tmp_path, source) as site:
        assert site.ask(method, PATH, bearer(site)).status == 200
        assert [(a.method, a.path) for a in provider(site).asked] == [("GET", "/jwks.json")]
        assert [r.method for r in site.received()] == [method]


def write_token(site: Site) -> list[str]:
    return [bearer(site, scope="orders:write"), "Content-Type: application/json"]


def test_a_body_of_unknown_length_is_read_although_the_request_waited(tmp_path) -> None:
    """njs 0.9.9 never reads one after a timer."""
    with failing("slow", tmp_path) as site:
        provider(site).slow_s = 0.3
        chunks = b"3\r\n{} \r\n1\r\n \r\n0\r\n\r\n"
        assert site.ask("POST", "/v1/orders", *write_token(site), "Transfer-Encoding: chunked", body=chunks).status == 200
        assert site.received()[0].body_bytes == 4
    with failing("slow", tmp_path / "h2") as site:
        fields = [tuple(f.split(": ", 1)) for f in write_token(site)]
        sent = [(name.lower(), value) for name, value in fields]
        assert ask_http2(site, "POST", "/v1/orders", *sent, body=b"{   }")["bodyBytes"] == 5
    with failing("down", tmp_path / "large") as site:
        fields = [tuple(f.split(": ", 1)) for f in write_token(site)]
        sent = [(name.lower(), value) for name, value in fields]
        assert ask_http2(site, "POST", "/v1/orders", *sent, body=b"x" * 65537)["reason"] == "body.size"
        assert ask_http2(site, "POST", "/v1/orders", *sent, body=b"x" * 65536)["reason"] == "internal.unavailable"


@pytest.mark.parametrize("mode", ["hang", "huge", "hugeChunked", "hugeUntilClose", "truncated", "down"])
def test_the_clients_connection_goes_on(tmp_path, mode) -> None:
    """NGINX itself would end it, or hang for ever, on an answer that is too large."""
    with failing(mode, tmp_path) as site, connected(site.running.port, Offer("api.test")) as connection:
        connection.send(f"GET {PATH} HTTP/1.1\r\nHost: api.test\r\n{bearer(site)}\r\n\r\n".encode())
        assert connection.answer("GET").problem()["reason"] == "internal.unavailable"
        start = time.monotonic()
        connection.send(b"GET /v1/health HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert connection.answer("GET").status == 200
        assert time.monotonic() - start < 1.5


def test_a_client_that_goes_away_harms_nobody(tmp_path) -> None:
    with failing("hang", tmp_path) as site:
        for _ in range(5):
            _send_and_leave(site, f"GET {PATH} HTTP/1.1\r\nHost: api.test\r\n{bearer(site)}\r\n\r\n")
        assert site.ask("GET", "/v1/health").status == 200
        provider(site).mode = "good"
        assert eventually(lambda: ask(site) == "allowed")


def _send_and_leave(site: Site, text: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", site.running.port), 5) as plain,
        context.wrap_socket(plain, server_hostname="api.test") as tls,
    ):
        tls.sendall(text.encode())
        time.sleep(0.1)


@pytest.mark.parametrize("mode", ["huge", "hugeUntilClose", "hang", "truncated", "drip"])
def test_no_connection_to_the_provider_stays_behind(tmp_path, mode) -> None:
    """A drip is ended some time after it is too late for this request."""
    edit = edited(("gwc.js", "GIVEN_UP_MS = 2000", "GIVEN_UP_MS = 500"))
    with failing(mode, tmp_path, edit=edit) as site:
        before = _sockets(site)
        assert ask(site) == "internal.unavailable"
        assert eventually(lambda: _sockets(site) <= before, 8), (before, _sockets(site))


def _sockets(site: Site) -> int:
    workers = Path(f"/proc/{site.running.pid}/task/{site.running.pid}/children").read_text().split()
    links = [fd.readlink() for worker in workers for fd in Path(f"/proc/{worker}/fd").iterdir() if fd.is_socket()]
    return len(links)


@contextmanager
def slow_upstream(seconds: float) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(seconds)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.long
def test_a_request_outlives_the_fetch_that_it_gave_up(tmp_path) -> None:
    """The old set is good enough; its answer takes longer than the fetch, whose connection still drips."""
    with slow_upstream(1) as port, failing("good", tmp_path, remote(cache_for_s=1), port=port) as site:
        assert ask(site) == "allowed"
        time.sleep(REFRESH_S + 0.1)
        provider(site).mode = "drip"
        assert ask(site, alg="RS256") == "allowed"


# --- what the provider gets to see


def test_nothing_of_the_client_goes_to_the_provider(tmp_path, monkeypatch) -> None:
    heads: list[bytes] = []
    read = jwks_server._asked
    monkeypatch.setattr(jwks_server, "_asked", lambda head: heads.append(head) or read(head))
    with failing("good", tmp_path) as site:
        answer = site.ask(
            "GET", PATH + "?secret=1", bearer(site), "Cookie: a=b", "X-Forwarded-For: 1.2.3.4", "Content-Length: 3", body=b"abc"
        )
        assert answer.problem()["reason"] == "body.unexpected"
        host = f"{site.gateway.jwts[0].source.host}:{provider(site).port}"
    (head,) = heads
    lines = head.decode().split("\r\n")
    assert lines[0] == "GET /jwks.json HTTP/1.1"
    assert sorted(lines[1:]) == ["", "", "Accept: application/jwk-set+json, application/json", "Connection: close", f"Host: {host}"]


@pytest.mark.parametrize("path", ["/$gwc_up/keys", "/a;b/~'(*)!,=:@&+", "/%"])
def test_the_path_is_asked_for_as_it_is_written(tmp_path, path) -> None:
    """What `gwc.controls.jwt` lets through, and more."""
    local = re.compile(r"proxy_pass (https://gwc_provider_[0-9a-f]+)/jwks\.json;")

    def edit(files):
        return {**files, "nginx.conf": local.sub(lambda m: f"proxy_pass {argument(m[1] + path)};", files["nginx.conf"])}

    with failing("good", tmp_path, edit=edit) as site:
        assert ask(site) == "internal.unavailable"
        assert [a.path for a in provider(site).asked] == [path]


def test_clients_cannot_reach_the_locations(tmp_path) -> None:
    with failing("good", tmp_path) as site:
        text = (site.running.folder / "nginx.conf").read_text()
        paths = re.findall(r'location = "(/\|gwc/(?:keys|provider)/[0-9a-f]+)"', text)
        assert len(paths) == 2
        for path in paths:
            assert site.ask("GET", path).problem()["reason"] == "normalise.path"
            assert site.ask("GET", path.replace(";", "%3B")).problem()["reason"] == "normalise.path"
            assert site.ask("GET", path, bearer(site)).problem()["reason"] == "normalise.path"
        assert provider(site).count() == 0


# --- a reload


def reload(site: Site, changed: Gateway) -> None:
    """The running NGINX with the files for another gateway on the same port."""
    port = site.running.port
    output = nginx.compile(replace(changed, listener_tls=replace(site.gateway.listener_tls, port=port)))
    for name, data in output.files.items():
        (site.running.folder / name).write_bytes(data)
    before = Path(f"/proc/{site.running.pid}/task/{site.running.pid}/children").read_text().split()
    os.kill(site.running.pid, signal.SIGHUP)
    assert eventually(
        lambda: not set(before) & set(Path(f"/proc/{site.running.pid}/task/{site.running.pid}/children").read_text().split()), 10
    )


def test_a_reload_keeps_the_set_that_it_may_keep(tmp_path) -> None:
    with failing("good", tmp_path) as site:
        assert ask(site) == "allowed"
        provider(site).mode = "down"
        reload(site, site.gateway)
        assert (ask(site), provider(site).count()) == ("allowed", 1)
        fewer = replace(site.gateway.jwts[0], algorithms=("ES256",))
        reload(site, replace(site.gateway, jwts=(fewer,)))
        assert ask(site) == "internal.unavailable"


def test_a_reload_forgets_tokens_that_another_policy_let_in(tmp_path) -> None:
    with failing("good", tmp_path) as site:
        token = bearer(site)
        assert [site.ask("GET", PATH, token).status for _ in range(3)] == [200] * 3
        stricter = replace(site.gateway.jwts[0], audiences=("https://others.example",))
        reload(site, replace(site.gateway, jwts=(stricter,)))
        assert site.ask("GET", PATH, token).problem()["reason"] == "authn.audience"
        reload(site, site.gateway)
        assert site.ask("GET", PATH, token).status == 200


# --- the script fails


FAULTS = {
    "ask": ("  function ask(r, id) {\n", "internal.error"),
    "ended": ("  async function ended(id, until) {\n", "internal.error"),
    "later": ("  function later(ms) {", "internal.error"),
    "mayAsk": ("  function mayAsk(id) {\n", "internal.error"),
    "stored": ("  function stored(id) {\n", "internal.error"),
    "fetch": ("  async function fetch(r) {\n", "internal.unavailable"),
    "keys": ("async function keys(r) {\n", "internal.unavailable"),
    "isWhole": ("  function isWhole(r, reply) {\n", "internal.unavailable"),
    "store": ("  async function store(id, bytes) {\n", "internal.unavailable"),
    "usable": ("  async function usable(bytes, algorithms) {\n", "internal.unavailable"),
    "readSet": ("  function readSet(bytes, algorithms) {\n", "internal.unavailable"),
    "byKid": ("  function byKid(keys) {\n", "internal.unavailable"),
    "rsa": ("  function rsa(modulus, exponent) {", "internal.unavailable"),
    "head": ("  function head(r) {\n", "internal.unavailable"),
    "body": ("  function body(r, data, flags) {\n", "internal.unavailable"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_part_that_fails_denies(tmp_path, name) -> None:
    text, reason = FAULTS[name]
    edit = edited(("gwc.js", text, text + " throw new Error('injected s3cr3t'); "))
    with failing("good", tmp_path, edit=edit) as site:
        assert ask(site) == reason
        assert site.ask("GET", "/v1/health").status == 200
        assert not [r for r in site.received() if r.target == PATH]
        assert "s3cr3t" not in site.running.complaints()


def test_the_error_log_says_nothing_of_requests(tmp_path) -> None:
    with failing("down", tmp_path, remote(cache_for_s=1, max_stale_s=0)) as site:
        tokens = [bearer(site), bearer(site, fault="tampered"), bearer(site, fault="unknownKid")]
        for mode in ("down", "garbage", "hugeChunked", "error", "good"):
            provider(site).mode = mode
            for token in tokens:
                site.ask("GET", f"{PATH}?s3cr3t=1", token)
            time.sleep(1)
        complaints = site.running.complaints()
        assert not [word for word in ("s3cr3t", "eyJ", "Bearer") if word in complaints], complaints[:500]
        assert not [token for token in tokens if token[-20:] in complaints]
