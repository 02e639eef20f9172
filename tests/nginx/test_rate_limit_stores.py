"""Dictionaries of limits at their ends: full ones, clocks that jump, locks that nobody gives back, and IPv6 clients."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gwc.backends import nginx
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import ClientAddress, HeaderKey
from gwc.controls.side import ConsumerSide
from gwc.local.processes import write
from gwc.semantics.rate_key import address_key
from tests.support.nginx_process import KEY, Site, edited, gateway, scripting, serving
from tests.support.requests import Offer
from tests.support.sample import address_limit

pytestmark = pytest.mark.gateway

BY_ADDRESS = address_limit(id="some", limit=1, window_s=3600, burst=2, operations=("orders.listOrders",))
BY_IDENTITY = replace(BY_ADDRESS, key=(ConsumerSide(), HeaderKey(name="x-k")), max_keys=100)
MINTED = replace(BY_ADDRESS, key=(ClientAddress(ipv6_prefix=64), HeaderKey(name="x-k")), max_keys=100)
CLOCK = (
    ("gwc.js", "const now = Date.now(), entry", "const now = Date.now() + Number(ngx.shared.clock.get('ahead') || 0), entry"),
    ("gwc.js", "export default { access, ", "function ahead(r) { ngx.shared.clock.set('ahead', r.variables.args); r.return(204); }\nexport default { ahead, access, "),
    ("nginx.conf", "  js_path .;", "  js_path .; js_shared_dict_zone zone=clock:32k;"),
    ("nginx.conf", "server_name api.test;\n", "server_name api.test;\n    location = /ahead { js_content gwc.ahead; }\n"),
)  # fmt: skip
"""`/ahead?<milliseconds>` sets the clock of the buckets."""


def ask(site: Site, *fields: str) -> int:
    return site.ask("GET", "/v1/orders", f"X-API-Key: {KEY}", *fields).status


def in_one_bucket(limit: RateLimit) -> RateLimit:
    """The same, with tokens that come back after a second."""
    return replace(limit, limit=3601, window_s=3600)


def _fill(site: Site, wanted: int) -> int:
    """How many keys get through until the first one that gets another answer; at most `wanted`."""
    return next((n for n in range(wanted) if ask(site, f"X-K: {n}") != 200), wanted)


def test_a_full_dictionary_refuses_new_identities_and_keeps_the_old_ones(tmp_path) -> None:
    """It has 128 KiB at least: more than was asked for."""
    with serving(gateway(rate_limits=(BY_IDENTITY,)), tmp_path) as site:
        assert [ask(site, "X-K: first") for _ in range(3)] == [200, 200, 429]
        room = _fill(site, 2000)
        assert BY_IDENTITY.max_keys <= room < 2000
        refused = site.ask("GET", "/v1/orders", f"X-API-Key: {KEY}", f"X-K: {room}")
        assert (refused.status, refused.problem()["reason"]) == (503, "internal.unavailable")
        assert ask(site, "X-K: first") == 429, "no live bucket makes room"
        assert ask(site, f"X-K: {room - 1}") == 200
        assert site.ask("GET", "/v1/health").status == 200


def test_keys_that_clients_make_up_push_out_those_that_are_full_soonest(tmp_path) -> None:
    with serving(gateway(rate_limits=(MINTED,)), tmp_path) as site:
        assert [ask(site, "X-K: first") for _ in range(3)] == [200, 200, 429]
        assert _fill(site, 700) == 700
        assert [ask(site, f"X-K: {699}") for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("limit", [BY_ADDRESS, in_one_bucket(BY_ADDRESS)], ids=["an hour", "a second"])
def test_a_clock_that_jumps(tmp_path, limit) -> None:
    """Forward it fills a bucket, backward it leaves an empty one at most, which is filled from then on."""
    with serving(gateway(rate_limits=(limit,)), tmp_path, edited(*CLOCK)) as site:
        assert [ask(site) for _ in range(3)] == [200, 200, 429]
        site.ask("GET", "/ahead?7200000")
        assert [ask(site) for _ in range(3)] == [200, 200, 429]
        site.ask("GET", "/ahead?-86400000")
        assert ask(site) == 429
        site.ask("GET", f"/ahead?{-86400000 + int(1000 * limit.seconds_per_token) + 50}")
        assert [ask(site) for _ in range(2)] == [200, 429]


def test_a_lock_that_nobody_gives_back_denies_for_a_second(tmp_path) -> None:
    """As a worker leaves it that dies in between."""
    leave = ("gwc.js", "      locks.delete(lock);\n", "      if (ngx.shared.clock.get('ahead') !== '1') locks.delete(lock);\n")
    fewer = ("gwc.js", "ATTEMPTS = 50000", "ATTEMPTS = 50")
    with serving(gateway(rate_limits=(BY_ADDRESS,)), tmp_path, edited(*CLOCK, leave, fewer)) as site:
        site.ask("GET", "/ahead?1")
        assert ask(site) == 200
        site.ask("GET", "/ahead?0")
        assert ask(site) == 500
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and ask(site) == 500:
            time.sleep(0.1)
        assert ask(site) == 429, "the second token went to the request that ended the waiting"


@pytest.mark.parametrize("window_s", [86400, 20], ids=["script", "limit_req"])
def test_a_reload_keeps_the_buckets_of_each_limit(tmp_path, window_s) -> None:
    """Also when another limit comes before it, and one by other bits of IPv6 takes its place."""
    limit = replace(BY_ADDRESS, window_s=window_s)
    before = replace(limit, id="before", key=(ClientAddress(ipv6_prefix=48),), costs=(("orders.getHealth", 1),))
    with serving(gateway(rate_limits=(limit,)), tmp_path) as site:
        assert [ask(site) for _ in range(3)] == [200, 200, 429]
        _reload(site, before, limit)
        assert ask(site) == 429
        assert [site.ask("GET", "/v1/health").status for _ in range(3)] == [200, 200, 429]
        _reload(site, replace(before, key=limit.key), replace(limit, id="after"))
        assert ask(site) == 200


def _reload(site: Site, *limits: RateLimit) -> None:
    listener = replace(site.gateway.listener_tls, port=site.running.port)
    old = _workers(site)
    write(nginx.compile(replace(site.gateway, listener_tls=listener, rate_limits=limits)), site.running.folder)
    os.kill(site.running.pid, signal.SIGHUP)
    deadline = time.monotonic() + 20
    while old & _workers(site):
        assert time.monotonic() < deadline, site.running.complaints()[-2000:]
        time.sleep(0.05)


def _workers(site: Site) -> set[str]:
    """Processes of the gateway's master."""
    pid = site.running.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())


# --- IPv6

_LISTEN = ("listen 127.0.0.1:", "listen [::]:")


def _everywhere(text: str) -> str:
    """On all addresses of both kinds: IPv4 clients arrive as ::ffff:127.0.0.1."""
    lines = (
        line.replace(*_LISTEN).replace(" ssl", " ipv6only=off ssl", 1) if "default_server" in line else line.replace(*_LISTEN)
        for line in text.split("\n")
    )
    return "\n".join(lines)


def _status(site: Site, address: str) -> int:
    """Of a request from this address of the machine to the same one."""
    context = Offer("api.test").context()
    with (
        socket.create_connection((address, site.running.port), 10, source_address=(address, 0)) as plain,
        context.wrap_socket(plain, server_hostname="api.test") as s,
    ):
        s.sendall(f"GET /v1/orders HTTP/1.1\r\nHost: api.test\r\nX-API-Key: {KEY}\r\nConnection: close\r\n\r\n".encode())
        head = s.recv(64)
    return int(head[9:12])


@pytest.mark.parametrize("window_s", [86400, 20], ids=["script", "limit_req"])
def test_ipv6_clients_are_not_those_of_ipv4(tmp_path, window_s) -> None:
    """A listener of both kinds sees IPv4 clients as mapped addresses."""
    limit = replace(BY_ADDRESS, window_s=window_s)
    with serving(gateway(rate_limits=(limit,)), tmp_path, lambda files: {**files, "nginx.conf": _everywhere(files["nginx.conf"])}) as site:
        for address in ("127.0.0.1", "::1", "127.0.0.2"):
            assert [_status(site, address) for _ in range(3)] == [200, 200, 429], address


ADDRESSES = [
    ("7f000001", 64, "fwAAAQ"),
    ("00000000000000000000ffff7f000001", 64, "fwAAAQ"),
    ("20010db8000000000000000000000001", 64, "6IAENuAAAAAA"),
    ("20010db80000000000000000deadbeef", 64, "6IAENuAAAAAA"),
    ("20010db8000000010000000000000001", 64, "6IAENuAAAAAE"),
    ("20010db8000000010000000000000001", 63, "6IAENuAAAAAA"),
    ("20010db8000000000000000000000001", 128, "6IAENuAAAAAAAAAAAAAAAAQ"),
    ("ff000000000000000000000000000000", 1, "6gA"),
    ("7fff0000000000000000000000000000", 1, "6AA"),
    ("00000000000000000000000000000001", 64, "6AAAAAAAAAAA"),
]


def test_what_counts_as_one_client(tmp_path) -> None:
    calls = "clientAddress({ rawVariables: { binary_remote_addr: Buffer.from(x[0], 'hex') } }, x[1])"
    with scripting(tmp_path, calls) as call:
        assert [call([address, prefix]) for address, prefix, _ in ADDRESSES] == [key for _, _, key in ADDRESSES]
    for address, prefix, key in ADDRESSES:
        for other, other_prefix, other_key in ADDRESSES:
            if prefix == other_prefix:
                assert (key == other_key) == (_model(address, prefix) == _model(other, prefix)), (address, other)


def _model(address: str, prefix: int) -> bytes:
    return address_key(str(ipaddress.ip_address(bytes.fromhex(address))), prefix)
