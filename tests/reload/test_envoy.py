"""Reload of Envoy on its watched files: what it refuses keeps the old policy and the old files; what it can't take over is said before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load import connected
from gwc.backends.base import Output
from gwc.controls import metrics
from gwc.local.echo import echo
from gwc.local.processes import free_port
from gwc.reload.outcome import NeedsRestart, Rejected
from tests.reload.reloading import Site, serving
from tests.reload.test_nginx import answer, limited, slow_policy, spent, status
from tests.support.two_policies import pair, request

pytestmark = pytest.mark.gateway
FILES = ("xds/bootstrap.json", "xds/cds.json", "xds/lds.json")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with echo() as upstream, serving("envoy", pair()[0], upstream.port, tmp_path) as site:
        yield site


def files(site: Site) -> dict[str, bytes]:
    return {name: (site.running.folder / name).read_bytes() for name in FILES}


def edited(output: Output, old: str, new: str) -> Output:
    assert old.encode() in output.files["xds/lds.json"]
    return replace(output, files={n: data.replace(old.encode(), new.encode()) for n, data in output.files.items()})


def listeners_edited(output: Output, old: str, new: str) -> Output:
    """Only in the file that Envoy watches, past the check of the static form."""
    made = edited(output, old, new).files["xds/lds.json"]
    return replace(output, files={**output.files, "xds/lds.json": made})


def test_the_next_connection_has_the_new_policy(site: Site):
    for policy, here, gone in ((pair()[1], "only-second", "only-first"), (pair()[0], "only-first", "only-second")):
        site.reload(site.compiled(policy))
        assert (status(site, here), status(site, gone)) == (200, 404)


@pytest.mark.parametrize(
    ("edit", "old", "new", "why"),
    [
        (edited, '"headers_with_underscores_action"', '"headers_with_underscores_actions"', "headers_with_underscores_actions"),
        (listeners_edited, '"headers_with_underscores_action"', '"headers_with_underscores_actions"', "config update failure|rejected"),
        (listeners_edited, "server.pem", "missing.pem", "missing.pem"),
    ],
    ids=["its check", "an unknown field", "a missing file"],
)
def test_what_it_refuses_is_undone(site: Site, edit, old, new, why):
    before = files(site)
    with pytest.raises(Rejected, match=why):
        site.reload(edit(site.compiled(pair()[1]), old, new))
    assert files(site) == before
    assert status(site, "only-first") == 200
    site.reload(site.compiled(pair()[1]))
    assert status(site, "only-second") == 200


def test_metrics_need_a_restart(site: Site):
    before, shown = files(site), replace(metrics.EXAMPLES[0], address="127.0.0.1", port=free_port())
    with pytest.raises(NeedsRestart, match="bootstrap"):
        site.reload(site.compiled(replace(pair()[1], metrics=(shown,))))
    assert files(site) == before


def test_clusters_of_the_policy_before_stay_as_long_as_its_connections(site: Site):
    """Their answers would be 503 otherwise."""
    moved = moved_policy()
    with connected(site.running.port) as connection:
        connection.sendall(request("both"))
        assert answer(connection) == (200, False)
        site.reload(site.compiled(moved))
        assert names(site) == {"orders", "others"}
        connection.sendall(request("both"))
        assert answer(connection) == (200, True)
    assert status(site, "both") == 200


def moved_policy():
    """The same, with another upstream."""
    base = pair()[0]
    upstreams = tuple(replace(u, name="others") for u in base.upstreams)
    return replace(base, upstreams=upstreams, operations=tuple(replace(o, upstream="others") for o in base.operations))


def names(site: Site) -> set[str]:
    return {c["name"] for c in json.loads(files(site)["xds/cds.json"])["resources"]}


def test_a_slow_request_from_before_ends_properly(tmp_path: Path):
    with echo() as upstream, serving("envoy", slow_policy(), upstream.port, tmp_path) as site, connected(site.running.port) as connection:
        connection.sendall(b"GET /v1/slow-1500 HTTP/1.1\r\nHost: api.test\r\n\r\n")
        while not upstream.received:
            time.sleep(0.01)
        site.reload(site.compiled(pair()[1]))
        assert status(site, "only-second") == 200
        assert answer(connection) == (200, True)


def test_buckets_live_as_long_as_the_listener_is_the_same(tmp_path: Path):
    """Any other policy begins with full buckets: Envoy keeps them in the filter chain (1.40)."""
    with echo() as upstream, serving("envoy", limited(5, 5), upstream.port, tmp_path) as site:
        spent(site)
        site.reload(site.compiled(limited(5, 5)))
        assert status(site, "both") == 429
        site.reload(site.compiled(limited(5, 5, upstreams=tuple(replace(u, connect_timeout_ms=777) for u in pair()[0].upstreams))))
        assert status(site, "both") == 429
        site.reload(site.compiled(limited(5, 5, operations=pair()[0].operations[:-1])))
        assert status(site, "both") == 200
