"""What is admitted equals the token bucket of gwc/controls/rate_limit.py, by `limit_req` and by the script."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gwc.backends import nginx
from gwc.backends.nginx.plan import is_native, rate
from gwc.controls.consumer import Consumer, ConsumerLimit
from gwc.controls.rate_limit import RateLimit
from tests.support.nginx_process import KEY, Site, gateway, serving
from tests.support.sample import address_limit
from tests.support.tokens import token_for

HEALTH = ("orders.getHealth",)


def limit(limit: int, window_s: int, burst: int, operations=HEALTH, name="some") -> RateLimit:
    return address_limit(id=name, limit=limit, window_s=window_s, burst=burst, operations=operations)


@pytest.mark.parametrize(
    ("number", "window_s", "expected"),
    [
        (300, 60, "5r/s"),
        (10, 1, "10r/s"),
        (3, 60, "3r/m"),
        (1, 60, None),
        (1, 20, "3r/m"),
        (4, 60, None),
        (1, 3600, None),
        (7, 2, "210r/m"),
        (1, 3, None),
    ],
)
def test_only_rates_that_nginx_keeps_exactly_are_its_own(number, window_s, expected) -> None:
    assert rate(limit(number, window_s, 1)) == expected


def test_a_limit_beside_another_one_is_counted_by_the_script() -> None:
    alone, beside = limit(60, 60, 5), limit(600, 60, 9, (*HEALTH, "orders.listOrders"), "wide")
    assert is_native(gateway(rate_limits=(alone,)), alone)
    assert not is_native(gateway(rate_limits=(alone, beside)), alone)
    text = nginx.compile(gateway(rate_limits=(alone, beside))).files["nginx.conf"]
    assert b"limit_req zone" not in text


CASES = {
    "limit_req": limit(60, 60, 4),
    "script": limit(65, 60, 4),
    "script, alone in its window": limit(1, 1, 1),
    "limit_req, 1": limit(120, 60, 1),
}


@pytest.mark.gateway
@pytest.mark.parametrize("name", CASES)
def test_the_burst_at_once_and_then_one_at_a_time(tmp_path, name) -> None:
    control = CASES[name]
    with serving(gateway(rate_limits=(control,)), tmp_path) as site:
        assert admitted(site, 2 * control.burst + 2) == control.burst
        for _ in range(2):
            time.sleep(control.seconds_per_token * 1.1)
            assert admitted(site, 2) == 1


@pytest.mark.gateway
@pytest.mark.parametrize("name", CASES)
def test_a_bucket_never_holds_more_than_the_burst(tmp_path, name) -> None:
    control = CASES[name]
    with serving(gateway(rate_limits=(control,)), tmp_path) as site:
        admitted(site, control.burst)
        time.sleep(control.seconds_per_token * (control.burst + 1.5))
        assert admitted(site, control.burst + 3) == control.burst


@pytest.mark.gateway
@pytest.mark.parametrize("name", CASES)
def test_many_at_once_over_all_workers(tmp_path, name) -> None:
    control = limit(CASES[name].limit, CASES[name].window_s * 1000, 11)
    with serving(gateway(rate_limits=(control,)), tmp_path) as site, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: site.ask("GET", "/v1/health").status, range(48)))
    assert (answers.count(200), answers.count(429)) == (11, 37)


@pytest.mark.gateway
@pytest.mark.parametrize("control", [limit(60, 60, 1), limit(1, 2592000, 1), limit(7, 60, 1)], ids=["limit_req", "30 days", "script"])
def test_who_waits_as_long_as_told_is_admitted(tmp_path, control) -> None:
    with serving(gateway(rate_limits=(control,)), tmp_path) as site:
        assert site.ask("GET", "/v1/health").status == 200
        refused = site.ask("GET", "/v1/health")
    assert (refused.status, refused.problem()["reason"]) == (429, "flood.limit")
    assert control.seconds_per_token - 1 <= int(refused.value("retry-after")) <= control.seconds_per_token + 1


@pytest.mark.gateway
def test_only_covered_operations_are_limited(tmp_path) -> None:
    with serving(gateway(rate_limits=(limit(60, 3600, 1, ("orders.listOrders",)),)), tmp_path) as site:
        assert [site.ask("GET", "/v1/orders").status for _ in range(2)] == [401, 429]
        assert [site.ask("GET", "/v1/health").status for _ in range(3)] == [200, 200, 200]
        assert [site.ask("PUT", "/v1/orders").status for _ in range(3)] == [405, 405, 405]


@pytest.mark.gateway
def test_each_of_two_limits_loses_a_token_even_where_the_other_refuses(tmp_path) -> None:
    narrow, wide = limit(1, 86400, 1, HEALTH, "narrow"), limit(1, 86400, 3, tuple(sorted((*HEALTH, "orders.listOrders"))), "wide")
    with serving(gateway(rate_limits=(narrow, wide)), tmp_path) as site:
        assert [site.ask("GET", "/v1/health").status for _ in range(2)] == [200, 429]
        assert [site.ask("GET", "/v1/orders").status for _ in range(2)] == [401, 429]


@pytest.mark.gateway
def test_consumers_are_counted_over_all_workers_and_operations(tmp_path) -> None:
    slow = ConsumerLimit(id="all", limit=7, window_s=86400, burst=7)
    source = gateway(consumers=(Consumer(id="acme", roles=(), limits=(slow, replace(slow, id="more", burst=9))),))
    paths = ["/v1/orders", "/v1/orders/1"]
    with serving(source, tmp_path) as site, ThreadPoolExecutor(24) as pool:

        def ask(n: int) -> int:
            return site.ask("DELETE" if n % 2 else "GET", paths[n % 2], f"X-API-Key: {KEY}").status

        answers = list(pool.map(ask, range(24)))
        refused = site.ask("GET", paths[0], f"X-API-Key: {KEY}")
        assert (answers.count(200), answers.count(429)) == (7, 17)
        assert refused.problem()["reason"] == "throttle.limit"
        assert 1 <= int(refused.value("retry-after") or 0) <= 86400 / 7 + 1
        assert site.ask("GET", "/v1/health").status == 200
        assert site.ask("GET", paths[0], "X-API-Key: nobodys").status == 401


@pytest.mark.gateway
def test_only_authorised_requests_cost_a_consumer_something(tmp_path) -> None:
    one = ConsumerLimit(id="all", limit=1, window_s=86400, burst=1)
    with serving(gateway(consumers=(Consumer(id="acme", roles=(), limits=(one,)),)), tmp_path) as site:
        token = token_for(site.gateway.jwts[0], {"scope": "none"})
        for _ in range(3):
            answer = site.ask("DELETE", "/v1/orders/1", f"X-API-Key: {KEY}", f"Authorization: Bearer {token}x")
            assert answer.status == 401
        assert [site.ask("GET", "/v1/orders", f"X-API-Key: {KEY}").status for _ in range(2)] == [200, 429]


def admitted(site: Site, count: int) -> int:
    return sum(site.ask("GET", "/v1/health").status == 200 for _ in range(count))
