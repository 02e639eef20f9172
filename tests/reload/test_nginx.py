"""Reload of NGINX: what it refuses keeps the old policy and the old files; what began before it ends properly; what is shared lives on."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load import connected
from gwc.backends.base import Output
from gwc.ir import Gateway
from gwc.local.echo import echo
from gwc.reload.master import workers
from gwc.reload.outcome import Rejected
from tests.reload.reloading import Site, serving
from tests.support import sample
from tests.support.sample import address_limit
from tests.support.two_policies import pair, request

pytestmark = pytest.mark.gateway


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with echo() as upstream, serving("nginx", pair()[0], upstream.port, tmp_path) as site:
        yield site


def status(site: Site, path: str) -> int:
    with connected(site.running.port) as connection:
        connection.sendall(request(path))
        return answer(connection)[0]


def answer(connection: socket.socket) -> tuple[int, bool]:
    """The status, and whether it is the last answer of the connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status, response.will_close


def edited(output: Output, old: str, new: str) -> Output:
    text = output.files["nginx.conf"].decode()
    assert old in text
    return replace(output, files={**output.files, "nginx.conf": text.replace(old, new).encode()})


def test_the_next_connection_has_the_new_policy(site: Site):
    for policy, here, gone in ((pair()[1], "only-second", "only-first"), (pair()[0], "only-first", "only-second")):
        site.reload(site.compiled(policy))
        assert (status(site, here), status(site, gone)) == (200, 404)


def test_the_files_are_in_their_place_and_nothing_else_is(site: Site):
    own = {entry.name for entry in site.running.folder.iterdir()}
    for policy in (*pair(), *pair()):
        output = site.compiled(policy)
        site.reload(output)
        assert {name: (site.running.folder / name).read_bytes() for name in output.files} == output.files
    assert {e.name for e in site.running.folder.iterdir() if not e.name.startswith(".gwc-")} == own
    assert sum(e.name.startswith(".gwc-set-") for e in site.running.folder.iterdir()) == 2


def test_a_file_that_nginx_does_not_read_is_refused_by_its_check(site: Site):
    before, old = (site.running.folder / "nginx.conf").read_bytes(), workers(site.running.pid)
    with pytest.raises(Rejected, match="unknown directive"):
        site.reload(edited(site.compiled(pair()[1]), "server_tokens off;", "server_tokken off;"))
    assert (site.running.folder / "nginx.conf").read_bytes() == before
    assert workers(site.running.pid) == old
    assert status(site, "only-first") == 200


def test_what_only_the_running_master_refuses_is_undone(site: Site):
    """`nginx -t` does not know that somebody else listens there."""
    site.reload(site.compiled(pair()[0]))
    old, before = workers(site.running.pid), (site.running.folder / "nginx.conf").read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = edited(site.compiled(pair()[1]), f"127.0.0.1:{site.running.port}", f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Rejected, match="still could not bind"):
            site.reload(other)
    assert workers(site.running.pid) == old
    assert (site.running.folder / "nginx.conf").read_bytes() == before
    assert status(site, "only-first") == 200
    site.reload(site.compiled(pair()[1]))
    assert status(site, "only-second") == 200


def test_a_slow_request_from_before_ends_properly(tmp_path: Path):
    """The upstream answers after the reload; until then the worker from before lives."""
    with echo() as upstream:
        slow = slow_policy()
        with serving("nginx", slow, upstream.port, tmp_path) as site, connected(site.running.port) as connection:
            old = workers(site.running.pid)
            connection.sendall(b"GET /v1/slow-1500 HTTP/1.1\r\nHost: api.test\r\n\r\n")
            while not upstream.received:
                time.sleep(0.01)
            site.reload(site.compiled(pair()[1]))
            assert not workers(site.running.pid) & old
            assert answer(connection) == (200, True)


def slow_policy() -> Gateway:
    base = pair()[0]
    return replace(base, operations=(sample.operation("GET", "/v1/{what}", sample.PUBLIC, sample.NO_BODY, "orders.slow"),))


def test_a_kept_connection_from_before_is_answered_once_more(site: Site):
    """At once it would be closed, with a request on its way to it; `keepalive_min_timeout` leaves time, and the answer says that it is the last."""
    with connected(site.running.port) as connection:
        connection.sendall(request("only-first"))
        assert answer(connection) == (200, False)
        site.reload(site.compiled(pair()[1]))
        connection.sendall(request("only-first"))
        assert answer(connection) == (200, True)


def limited(limit: int, burst: int, **changed: object) -> Gateway:
    base = pair()[0]
    keys = tuple(sorted(o.key for o in base.operations))
    return replace(base, rate_limits=(address_limit(id="per-ip", limit=limit, window_s=3600, burst=burst, operations=keys),), **changed)


def spent(site: Site) -> None:
    """Takes the whole bucket."""
    assert [status(site, "both") for _ in range(6)] == [200] * 5 + [429]


def test_buckets_live_on(tmp_path: Path):
    with echo() as upstream, serving("nginx", limited(5, 5), upstream.port, tmp_path) as site:
        spent(site)
        for timeout_ms in (8000, 7000):
            site.reload(
                site.compiled(limited(5, 5, upstreams=tuple(replace(u, response_timeout_ms=timeout_ms) for u in pair()[0].upstreams)))
            )
            assert status(site, "both") == 429


def test_a_dictionary_of_another_size_is_an_empty_one(tmp_path: Path):
    """NGINX keeps shared memory only where name and size are as before."""
    with echo() as upstream, serving("nginx", limited(5, 5), upstream.port, tmp_path) as site:
        spent(site)
        found = re.search(r"js_shared_dict_zone zone=gwc_limit_[a-z-]*:(\S+)", site.compiled(limited(5, 5)).files["nginx.conf"].decode())
        site.reload(edited(site.compiled(limited(5, 5)), found[0], found[0].replace(found[1], "64m")))
        spent(site)
