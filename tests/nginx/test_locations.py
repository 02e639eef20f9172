"""Routing where NGINX has peculiarities of its own: long and many literals, special characters, keys that differ in case."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from gwc.backends import nginx
from gwc.backends.base import TargetProblems
from gwc.backends.nginx.routing import MAX_PARAMETER_BYTES
from gwc.controls.canonical_path import LITERAL_CHARACTERS, CanonicalPath
from gwc.controls.host_names import HostNames
from tests.support import sample
from tests.support.nginx_process import Site, gateway, serving
from tests.support.sample import address_limit


def operations(*paths: str):
    return tuple(sample.operation("GET", path, sample.PUBLIC, sample.NO_BODY, f"o.op{n}") for n, path in enumerate(paths))


def found(site: Site, *paths: str) -> list[str]:
    """The operation of the log for each path, one after the other."""
    for path in paths:
        assert site.ask("GET", path).status in {200, 404}
    return logged(site, len(paths))


def logged(site: Site, count: int) -> list[str]:
    """The operations of the log, once it has `count` lines: a line is written after the answer."""
    deadline = time.monotonic() + 5
    while len(lines := site.running.log()) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [line["operation"] for line in lines]


@pytest.mark.gateway
@pytest.mark.parametrize("length", [254, 255, 256, 1000])
def test_long_literals_that_differ_at_their_end(tmp_path, length) -> None:
    stem, other = "/v1/" + "a" * length, "/v1/" + "b" * length
    with serving(gateway(operations=operations(stem + "x", stem + "y", other + "/{id}", other + "c/{id}")), tmp_path) as site:
        got = found(site, stem + "x", stem + "y", other + "/7", other + "c/7", stem, stem + "xx", other + "d/7")
    assert got == ["o.op0", "o.op1", "o.op2", "o.op3", "-", "-", "-"]


@pytest.mark.gateway
def test_every_character_of_a_literal_means_itself(tmp_path) -> None:
    odd = "".join(sorted(LITERAL_CHARACTERS - {"."}))
    paths = (f"/x/{odd}", f"/y/{odd}/{{id}}", "/z/{id}/" + odd, "/$gwc_op/{id}.json", "/a+b/(c)/{id}", "/a.b/{id}")
    with serving(gateway(operations=operations(*paths)), tmp_path) as site:
        got = found(
            site,
            f"/x/{odd}",
            f"/y/{odd}/1",
            f"/z/1/{odd}",
            "/$gwc_op/1.json",
            "/a+b/(c)/1",
            "/a.b/1",
            "/-/1.json",
            "/aab/c/1",
            "/axb/1",
            "/$gwc_op/1xjson",
        )
    assert got == ["o.op0", "o.op1", "o.op2", "o.op3", "o.op4", "o.op5", "-", "-", "-", "-"]


@pytest.mark.gateway
def test_more_literals_at_one_place_than_one_parameter_holds(tmp_path) -> None:
    paths = [f"/x/{{id}}/literal-number-{n:03}-" + "l" * 70 for n in range(400)]
    assert len(paths[0]) * 400 / 8 > MAX_PARAMETER_BYTES
    with serving(gateway(operations=operations(*paths)), tmp_path) as site:
        chosen = [0, 1, 24, 25, 49, 50, 51, 398, 399]
        got = found(site, *(paths[n].replace("{id}", "7") for n in chosen), paths[0].replace("{id}", "7") + "l")
    assert got == [*(f"o.op{n}" for n in chosen), "-"]


def test_a_path_that_no_parameter_can_hold_is_refused() -> None:
    with pytest.raises(TargetProblems) as refused:
        nginx.compile(gateway(operations=operations("/" + "a" * MAX_PARAMETER_BYTES)))
    assert [(p.stem, p.field) for p in refused.value.problems] == [("routing", "template")]
    nginx.compile(gateway(operations=operations("/" + "a" * (MAX_PARAMETER_BYTES - 100))))


@pytest.mark.gateway
def test_keys_that_differ_in_case_only(tmp_path) -> None:
    """Text keys of NGINX's maps ignore case."""
    lower = sample.operation("GET", "/a", sample.PUBLIC, sample.NO_BODY, "o.get")
    upper = sample.operation("GET", "/A", sample.one("partnerKey"), sample.NO_BODY, "o.GET")
    with serving(gateway(operations=(upper, lower)), tmp_path) as site:
        assert (site.ask("GET", "/a").status, site.ask("GET", "/A").status) == (200, 401)
        assert logged(site, 2) == ["o.get", "o.GET"]


@pytest.mark.gateway
def test_hosts_with_operations_of_their_own(tmp_path) -> None:
    both, one = operations("/both", "/one")
    both = replace(both, route=replace(both.route, hosts=("api.test", "partner.test")))
    limit = address_limit(id="all", limit=60, window_s=60, burst=3, operations=("o.op0", "o.op1"))
    source = gateway(operations=(both, one), host_names=HostNames(names=("api.test", "empty.test", "partner.test")), rate_limits=(limit,))
    with serving(source, tmp_path) as site:

        def ask(path: str, host: str, sni: str) -> int:
            return site.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), sni).status

        assert ask("/both", "partner.test", "partner.test") == 200
        assert ask("/one", "partner.test", "partner.test") == 404
        assert ask("/both", "empty.test", "empty.test") == 404
        assert ask("/one", "api.test", "partner.test") == 421
        assert [ask("/one", "api.test", "api.test"), ask("/both", "api.test", "api.test")] == [200, 200]
        assert [ask("/both", "partner.test", "partner.test"), ask("/one", "api.test", "api.test")] == [429, 429]


@pytest.mark.gateway
def test_the_longest_target(tmp_path) -> None:
    with serving(
        gateway(canonical_path=CanonicalPath(max_uri_bytes=20000, matrix=False), operations=operations("/x/{id}")), tmp_path
    ) as site:
        assert site.ask("GET", "/x/" + "a" * 19997).status == 200
        assert site.ask("GET", "/x/" + "%20" * 6665).status == 200
        assert site.ask("GET", "/x/" + "a" * 19998).status == 414


def test_a_target_that_nginx_cannot_measure_is_refused() -> None:
    nginx.compile(gateway(canonical_path=CanonicalPath(max_uri_bytes=65000, matrix=False)))
    with pytest.raises(TargetProblems):
        nginx.compile(gateway(canonical_path=CanonicalPath(max_uri_bytes=65001, matrix=False)))
