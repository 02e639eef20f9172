"""The seal on every request: wherever it comes from, and through both Lua filters, only their last statements take it off."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwc.backends.envoy import chain
from gwc.controls.authorization_rule import AuthorizationRule
from gwc.controls.zone import Zone
from tests.envoy.test_traps import CRASH, KEY, UNSEAL, both, drop, edit, lua, per_route, sample
from tests.support.envoy_process import Bench, Change, find, running

pytestmark = pytest.mark.gateway


def on_second(bench: Bench) -> tuple[int, str]:
    """A request to an operation that two Lua filters judge: limits of consumers come between them."""
    answer = bench.request("GET", "/v1/orders", f"X-API-Key: {KEY}")
    return answer.status, answer.problem().get("reason", "allowed")


@pytest.mark.parametrize(
    "change",
    [lua(chain.ACCESS, CRASH), drop(chain.ACCESS), per_route(chain.ACCESS, None), per_route(chain.ACCESS, {"name": "nothing"})],
    ids=["an error", "not there", "not turned on", "no source"],
)
def test_the_second_filter_breaks_no_seal_that_the_first_one_left(tmp_path: Path, change: Change):
    blind = edit(
        lambda n: n.get("name") == chain.BODY and "typed_config" in n,
        lambda n: n["typed_config"]["default_source_code"].update(inline_string=UNSEAL),
    )
    with running(sample(), tmp_path / "cured", change=change) as bench:
        assert on_second(bench) == (500, "internal.error")
    with running(sample(), tmp_path / "open", change=both(change, blind)) as bench:
        assert on_second(bench) == (200, "allowed")


def test_without_the_second_filter_the_seal_stays(tmp_path: Path):
    with running(sample(), tmp_path / "good") as bench:
        assert on_second(bench) == (200, "allowed")
    for i, change in enumerate((drop(chain.BODY), per_route(chain.BODY, None), lua(chain.BODY, CRASH))):
        with running(sample(), tmp_path / str(i), change=change) as bench:
            assert on_second(bench) == (500, "internal.error")


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.2", "127.255.255.254"])
def test_a_request_is_sealed_wherever_it_comes_from(tmp_path: Path, source: str):
    with running(sample(), tmp_path, change=lua(chain.ACCESS, CRASH)) as bench:
        for lines in (
            (),
            ("X-Forwarded-For: 8.8.8.8",),
            ("X-Envoy-Internal: true",),
            ("X-Forwarded-For: 8.8.8.8, 10.0.0.1", "X-Envoy-External-Address: 1.1.1.1"),
        ):
            answer = bench.request("GET", "/v1/health", *lines, source=source)
            assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")


def everywhere(document: Any) -> None:
    """The listener on all addresses."""
    addresses = {"address": "::", "ipv4_compat": True} if "::1" in own_addresses() else {"address": "0.0.0.0"}
    for listener in find(document, lambda n: n.get("name") == "https" and "address" in n):
        listener["address"]["socket_address"].update(addresses)


def ask_at(bench: Bench, address: str) -> tuple[int, str]:
    """The answer to a client of this machine that asks at this address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((address, bench.running.port), 5) as plain,
        context.wrap_socket(plain, server_hostname="api.test") as tls,
    ):
        tls.sendall(b"GET /v1/health HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: tls.recv(65536), b""))
    return int(received[9:12]), json.loads(received.rpartition(b"\r\n\r\n")[2]).get("reason", "allowed")


def own_addresses() -> list[str]:
    """Of this machine: the loopbacks that it has, and what its name stands for."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)}
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            found = {address for address in found if ":" not in address}
        else:
            found.add("::1")
    return sorted({"127.0.0.1", *found})


def test_a_request_is_sealed_for_every_kind_of_address(tmp_path: Path):
    zone = Zone(name="here", networks=("127.0.0.0/8", "::1/128"))
    here = AuthorizationRule(
        id="here", operations=("orders.getHealth",), scopes=(), roles=(), consumers=(), zones=("here",), claims=(), equal=()
    )
    zoned = replace(sample(), zones=(zone,), rules=(here,))
    with running(zoned, tmp_path / "good", change=everywhere) as bench:
        assert {ask_at(bench, address) for address in own_addresses() if address in {"127.0.0.1", "::1"}} == {(200, "allowed")}
        assert {line["client"] for line in bench.running.log()} <= {"127.0.0.1", "::1"}
    with running(sample(), tmp_path / "crash", change=both(everywhere, lua(chain.ACCESS, CRASH))) as bench:
        assert {ask_at(bench, address) for address in own_addresses()} == {(500, "internal.error")}
