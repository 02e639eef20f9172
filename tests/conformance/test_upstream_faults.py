"""Upstreams that are down, slow, half-closed, flapping or break off: which answer comes, when, and that nobody else waits.

Times have a lower border where something must be waited for, and an upper one that leaves a busy machine a second.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gwc.controls.upstream import ClientCertificate, FileRef, VerifiedTls
from gwc.ir import Gateway
from gwc.local.certificates import Certificates
from gwc.local.echo import echo
from tests.conformance.conformance_hosts import require
from tests.support.cases import CASES, load_case
from tests.support.harness import Bench, bench, load_gateway, running
from tests.support.requests import Answer, Offer, exchange

pytestmark = pytest.mark.gateway
HOSTS = ("nginx", "envoy", "openresty")
CONNECT_S, RESPONSE_S, BUSY_S = 0.5, 1.0, 1.0  # the first two as in the case's policy
UNAVAILABLE, TIMEOUT = "502 upstream.unavailable", "504 upstream.timeout"


@dataclass(frozen=True)
class Timed:
    """`said`: the status and the reason, or `broken off`."""

    said: str
    took_s: float


@dataclass(frozen=True)
class Site:
    """A gateway whose upstream `shaky`, or `plain`, is at `port`, where at first nobody listens."""

    gateway: int
    port: int
    bench: Bench

    def ask(self, target: str, method: str = "GET", body: bytes = b"") -> Timed:
        """One request on a connection of its own."""
        lines = [f"{method} {target} HTTP/1.1", "Host: api.test", "Connection: close"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
        start = time.monotonic()
        answer = exchange(self.gateway, "\r\n".join([*lines, "", ""]).encode() + body, Offer("api.test"))
        return Timed(_said(answer), time.monotonic() - start)

    def within(self, target: str, said: str, least_s: float = 0.0) -> None:
        """Asks, and checks what was said and when."""
        got = self.ask(target)
        assert got.said == said, (target, got)
        assert least_s * 0.9 <= got.took_s <= least_s + BUSY_S, (target, got)


def _said(answer: Answer) -> str:
    if answer.status <= 0:
        return "broken off"
    return f"{answer.status} {answer.problem().get('reason', '')}".strip()


@contextmanager
def site(host: str, folder: Path, case: str = "faults", change: Callable[[Gateway, Certificates], Gateway] | None = None) -> Iterator[Site]:
    """The gateway of a case of upstreams; `change` edits it when the certificates are there."""
    require(host)
    name = {"faults": "shaky"}.get(case, "plain")
    given = replace(load_case(CASES / "upstream" / case), upstreams={name: "down"})
    with ExitStack() as stack:
        made = stack.enter_context(bench(given, load_gateway(given), folder))
        if change:
            made.gateway = change(made.gateway, made.certificates)
        process = stack.enter_context(running(host, made, folder))
        (port,) = (u.port for u in made.gateway.upstreams if u.name == name)
        yield Site(process.port, port, made)


@contextmanager
def silent(port: int) -> Iterator[None]:
    """A server that takes no connections, and does not say so: its queue is full."""
    with socket.socket() as server, ExitStack() as stack:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield


@pytest.mark.parametrize("host", HOSTS)
def test_down_and_back(host: str, tmp_path: Path) -> None:
    with site(host, tmp_path) as at:
        at.within("/shaky/things/1", UNAVAILABLE)
        assert at.ask("/shaky/things/1", "POST", b"{}").said == UNAVAILABLE
        at.within("/steady/things/1", "200")
        with echo(port=at.port) as back:
            at.within("/shaky/things/1", "200")  # the first request after it is back: no endpoint is held to be dead
            assert [r.target for r in back.take()] == ["/shaky/things/1"]


@pytest.mark.parametrize("host", HOSTS)
def test_nobody_takes_the_connection(host: str, tmp_path: Path) -> None:
    with site(host, tmp_path) as at:
        with silent(at.port), ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(at.within, "/shaky/things/1", TIMEOUT, CONNECT_S) for _ in range(4)]
            others = [at.ask("/steady/things/1") for _ in range(10)]
            assert not all(w.done() for w in waiting), "the others were asked too late to say anything"
            assert {o.said for o in others} == {"200"}
            assert sum(o.took_s for o in others) < CONNECT_S + BUSY_S
            for one in waiting:
                one.result()
        with echo(port=at.port):
            at.within("/shaky/things/1", "200")


@pytest.mark.parametrize("host", HOSTS)
def test_slow_ones_hold_up_nobody_else(host: str, tmp_path: Path) -> None:
    with site(host, tmp_path) as at, echo(port=at.port) as shaky, ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(at.within, "/shaky/things/slow-5000", TIMEOUT, RESPONSE_S) for _ in range(16)]
        others = [at.ask("/steady/things/1") for _ in range(10)]
        assert not all(w.done() for w in waiting), "the others were asked too late to say anything"
        assert {o.said for o in others} == {"200"}
        for one in waiting:
            one.result()
        at.within("/shaky/things/1", "200")
        assert len(shaky.take()) == 17, "nothing was sent twice"


@pytest.mark.parametrize("host", HOSTS)
def test_answers_that_break_off(host: str, tmp_path: Path) -> None:
    """A whole answer is never made of half a one, and nothing is asked for again."""
    with site(host, tmp_path) as at, echo(port=at.port) as shaky:
        for wish in ("half-closed", "close"):
            at.within(f"/shaky/things/{wish}", UNAVAILABLE)
        for wish, least_s in (("cut", 0.0), ("reset", 0.0), ("stall", RESPONSE_S)):
            at.within(f"/shaky/things/{wish}", "broken off", least_s)
        at.within("/shaky/things/1", "200")
        assert len(shaky.take()) == 6


@pytest.mark.parametrize("host", HOSTS)
def test_flapping(host: str, tmp_path: Path) -> None:
    """Each time the truth: kept connections of a life before are not used."""
    with site(host, tmp_path) as at:
        for _ in range(4):
            at.within("/shaky/things/1", UNAVAILABLE)
            with echo(port=at.port):
                for _ in range(3):
                    at.within("/shaky/things/1", "200")
                assert at.ask("/shaky/things/1", "POST", b"{}").said == "200"
            at.within("/steady/things/1", "200")


@pytest.mark.parametrize("host", HOSTS)
def test_certificates_of_the_upstream(host: str, tmp_path: Path) -> None:
    """A rotated one is taken without a reload, every other is 502 and gets no request."""
    with site(host, tmp_path, "tls") as at:
        made = at.bench.certificates
        for pair in (made.upstream, made.stranger, made.upstream, made.misnamed, made.expired):
            with echo(pair, port=at.port) as upstream:
                is_right = pair == made.upstream
                at.within("/things/1", "200" if is_right else UNAVAILABLE)
                assert len(upstream.take()) == is_right, pair.certificate.name
        rotated = at.bench.certificates.authorities["ours"].issue_cert("plain.internal")
        for name, blob in ((made.upstream.certificate, rotated.cert_chain_pems[0]), (made.upstream.private_key, rotated.private_key_pem)):
            blob.write_to_path(name)
        with echo(made.upstream, port=at.port):
            at.within("/things/1", "200")


_SHOWN = {"client": ("200", ("gateway.test",)), "client_expired": (UNAVAILABLE, None), "client_stranger": (UNAVAILABLE, None)}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("shown", _SHOWN)
def test_certificates_of_the_gateway(host: str, shown: str, tmp_path: Path) -> None:
    """The upstream asks for one of its CA: with another, or one whose time is over, it sees no request."""

    def change(gateway: Gateway, certificates: Certificates) -> Gateway:
        pair = getattr(certificates, shown)
        client = ClientCertificate(certificate=FileRef(path=str(pair.certificate)), private_key=FileRef(path=str(pair.private_key)))
        (upstream,) = gateway.upstreams
        assert isinstance(upstream.transport, VerifiedTls)
        return replace(gateway, upstreams=(replace(upstream, transport=replace(upstream.transport, client=client)),))

    with site(host, tmp_path, "client_certificate", change) as at:
        made = at.bench.certificates
        with echo(made.upstream, str(made.ca), port=at.port) as upstream:
            said, names = _SHOWN[shown]
            at.within("/things/1", said)
            assert [r.client for r in upstream.take()] == ([names] if names else [])
