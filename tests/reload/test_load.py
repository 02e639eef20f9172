"""Reloads under load: every request is answered, by one of the two policies, whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.bare import echo
from gwc.local.certificates import write_certificates
from tests.reload.reloading import Site, serving
from tests.support.steady_load import Load, Tally, steady_load
from tests.support.two_policies import HOST, expected, pair

pytestmark = pytest.mark.gateway


@contextmanager
def loaded(kind: str, folder: Path, total: Tally, *, clients: int) -> Iterator[tuple[Site, Load]]:
    first, _ = pair()
    certificates = write_certificates(folder / "tls", [HOST], [])
    with (
        echo(folder, certificates) as upstream,
        serving(kind, first, upstream, folder, certificates) as site,
    ):
        with steady_load(site.running.port, HOST, expected("first", "second"), processes=clients) as load:
            yield site, load
        total.add(load.total)


def until(load: Load, sent: int, deadline: float) -> None:
    while load.sent.value < sent:
        assert time.monotonic() < deadline, f"only {load.sent.value} requests"
        time.sleep(0.02)


def alternate(kind: str, folder: Path, *, reloads: int, requests: int, seconds: float, clients: int) -> Tally:
    """The policies take turns, at equal distances of the load."""
    total, deadline = Tally(), time.monotonic() + seconds
    with loaded(kind, folder, total, clients=clients) as (site, load):
        outputs = [site.compiled(policy) for policy in pair()]
        for turn in range(1, reloads + 1):
            until(load, requests * turn // (reloads + 1), deadline)
            site.reload(outputs[turn % 2])
        until(load, requests, deadline)
    return total


@pytest.mark.parametrize("kind", ["nginx", "envoy"])
def test_three_reloads(kind, tmp_path):
    total = alternate(kind, tmp_path, reloads=3, requests=5_000, seconds=60, clients=1)
    assert (total.failed, total.failures) == (0, [])
    assert total.requests >= 5_000
    assert total.answers.keys() >= {"200 GET /v1/only-first", "200 GET /v1/only-second"}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["nginx", "envoy"])
def test_twenty_reloads_and_half_a_million_requests(kind, tmp_path):
    total = alternate(kind, tmp_path, reloads=20, requests=500_000, seconds=1800, clients=3)
    print(f"{kind}: {total.requests} requests on {total.connections} connections, {total.failed} failed")
    assert (total.failed, total.failures) == (0, [])
    assert total.requests >= 500_000
