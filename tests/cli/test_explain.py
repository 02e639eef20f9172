"""`gwc explain`: the decisions about one operation, each with its place in the policy and in what was generated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gwc.controls import STEMS
from tests.cli.test_compile import replace


def test_shows_every_control_with_lines_that_exist(project, run):
    code, out, _ = run("explain", "GET /v1/orders/4711")
    assert code == 0
    assert out.startswith(
        "GET /v1/orders/{orderId} on orders.example.com, partners.example.com: operation orders.getOrder of policy orders\n"
    )
    shown = re.findall(r"^  \d+ \w+ +(\w+)", out, re.MULTILINE)
    assert set(shown) == set(STEMS) - {"api_key"}  # the operation takes tokens only
    run("compile")
    places = re.findall(r"(?:nginx|envoy|kong): (\S+):(\d+)$", out, re.MULTILINE)
    assert len(places) == 3 * len(shown)
    for file, line in places:
        assert len((project / "out" / file).read_text().splitlines()) >= int(line)
    for file, line in re.findall(r"said at (\S+?):(\d+):", out):
        assert len(Path(file).read_text().splitlines()) >= int(line)


@pytest.mark.parametrize(
    ("request_", "operation"),
    [
        ("GET /v1/orders/{orderId}", "getOrder"),
        ("get /v1/orders/4711?x=1", "getOrder"),
        ("POST /v1/orders/import", "importOrders"),
        ("GET /v1/orders/4711/label.pdf", "getLabel"),
        ("GET /v1/reports/2026-10", "getReport"),
    ],
)
def test_finds_the_operation_that_the_gateways_choose(project, run, request_, operation):
    code, out, _ = run("explain", request_, "--target", "nginx")
    assert code == 0
    assert f"operation orders.{operation} " in out


def test_what_is_not_served_is_1_and_says_how_it_is_refused(project, run):
    code, out, err = run("explain", "PUT /v1/orders/4711", "--target", "nginx")
    assert (code, out) == (1, "")
    assert "405 route.method" in err
    assert "DELETE, GET" in err
    code, out, err = run("explain", "GET /v1/orders/4711/", "--target", "nginx")
    assert (code, out) == (1, "")
    assert "404 route.unknown" in err


def test_usage_and_input_errors_are_2(project, run):
    assert run("explain", "/v1/orders")[0] == 2
    assert run("explain", "GET orders")[0] == 2
    assert run("explain", "GET /v1/health", "missing.gwc.yaml")[0] == 2
    replace(project / "orders.gwc.yaml", "limit: 300", 'limit: "300"')
    code, out, _ = run("explain", "GET /v1/health")
    assert code == 2
    assert "GWC022" in out


def test_says_what_a_public_operation_asks_for(project, run):
    _, out, _ = run("explain", "GET /v1/health", "--target", "envoy")
    assert "public: no credential is asked for" in out
    assert "jwt" not in re.findall(r"^  \d+ \w+ +(\w+)", out, re.MULTILINE)
