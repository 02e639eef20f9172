"""Phase 3 on Envoy: a filter that is not there, or does not come to its end, lets nobody through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gwc.backends.envoy import chain
from gwc.controls.client_ip import ClientIp
from gwc.controls.network_rule import NetworkRule
from gwc.ir import Gateway
from tests.envoy.test_traps import CRASH, KEY, drop, lua, per_route, sample
from tests.support.envoy_process import Bench, Change, running

pytestmark = pytest.mark.gateway
KEYS = ("orders.getHealth", "orders.listOrders")


def gateway() -> Gateway:
    """The sample for callers from 127.0.0.1."""
    return replace(sample(), network_rules=(NetworkRule(id="here", kind="allow", networks=("127.0.0.1/32",), operations=KEYS),))


def asked(bench: Bench, source: str = "127.0.0.1") -> list[tuple[int, str]]:
    """A public operation, and one that two Lua filters judge behind the rules."""
    answers = [bench.request("GET", "/v1/health", source=source), bench.request("GET", "/v1/orders", f"X-API-Key: {KEY}", source=source)]
    return [(a.status, a.problem().get("reason", "allowed")) for a in answers]


def test_the_rules_hold(tmp_path: Path):
    with running(gateway(), tmp_path) as bench:
        assert asked(bench) == [(200, "allowed")] * 2
        assert asked(bench, "127.0.0.2") == [(403, "network.denied")] * 2
        assert asked(bench) == [(200, "allowed")] * 2


@pytest.mark.parametrize(
    "change",
    [lua(chain.NETWORK, CRASH), drop(chain.NETWORK), per_route(chain.NETWORK, None), per_route(chain.NETWORK, {"name": "nothing"})],
    ids=["an error", "not there", "not turned on", "no source"],
)
def test_without_the_filter_the_seal_stays(tmp_path: Path, change: Change):
    with running(gateway(), tmp_path, change=change) as bench:
        assert asked(bench) == [(500, "internal.error")] * 2


@pytest.mark.parametrize(
    "change",
    [lua(chain.NETWORK, CRASH), drop(chain.NETWORK), per_route(chain.NETWORK, None)],
    ids=["an error", "not there", "not turned on"],
)
def test_without_the_filter_nobody_is_whom_a_header_names(tmp_path: Path, change: Change):
    """Where proxies are trusted, every operation stands behind the filter, with or without rules."""
    source = replace(gateway(), network_rules=(), client_ip=(ClientIp(trusted_proxies=("127.0.0.0/8",)),))
    with running(source, tmp_path, change=change) as bench:
        for lines in ((), ("X-Forwarded-For: 192.0.2.1",), ("X-Real-IP: 192.0.2.1", "X-Gwc-Forwarded: 192.0.2.1")):
            answer = bench.request("GET", "/v1/health", *lines)
            assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
