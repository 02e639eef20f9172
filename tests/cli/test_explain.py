"""`gwc explain`: the decisions about one operation, each with its place in the policy and in what was generated."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from gwc.controls import STEMS, rate_limit
from gwc.explain import steps, words
from gwc.lowering import compile_policy
from tests.cli.test_compile import replace
from tests.support.cases import CASES

IDENTITY = CASES / "policies" / "identity" / "policy.gwc.yaml"
VALIDATED = CASES / "validation" / "strict" / "policy.gwc.yaml"
LIMITED = CASES / "rate_limit" / "burst" / "policy.gwc.yaml"
ADMITTED = CASES / "network_rule" / "addresses" / "policy.gwc.yaml"


def test_shows_every_control_with_lines_that_exist(project, run):
    code, out, _ = run("explain", "GET /v1/orders/4711")
    assert code == 0
    assert out.startswith(
        "GET /v1/orders/{orderId} on orders.example.com, partners.example.com: operation orders.getOrder of policy orders\n"
    )
    shown = re.findall(r"^  \d+ \w+ +(\w+)", out, re.MULTILINE)
    no_say = {
        "api_key",
        "basic",
        "mutual_tls",
        "consumer",
        "zone",
        "authorization_rule",
        "network_rule",
        "segmentation",
        "store",
        "client_ip",
    }  # the operation takes tokens only
    assert set(shown) == set(STEMS) - no_say
    run("compile")
    places = re.findall(r"(?:nginx|envoy|kong): (\S+):(\d+)$", out, re.MULTILINE)
    assert len(places) == 3 * len(shown)
    for file, line in places:
        assert len((project / "out" / file).read_text().splitlines()) >= int(line)
    for file, line in re.findall(r"said at (\S+?):(\d+):", out):
        assert len(Path(file).read_text().splitlines()) >= int(line)


@pytest.mark.parametrize("host", ["orders.example.com", "ORDERS.example.com", "orders.example.com:443"])
def test_a_host_is_named_as_clients_name_it(project, run, host):
    code, out, _ = run("explain", "GET /v1/orders/4711", "--host", host)
    assert code == 0
    assert out.startswith("GET /v1/orders/{orderId} on ")


def test_no_control_is_left_out():
    """Over all operations of four policies, every control has its say somewhere."""
    shown = set()
    for path in (IDENTITY, LIMITED, VALIDATED, ADMITTED):
        gateway = compile_policy(path, root=path.parent).gateway
        shown |= {s.control for o in gateway.operations for s in steps(gateway, o)}
    assert shown >= set(STEMS) - {"metrics", "segmentation", "store", "client_ip"}


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ("GET /v1/admin", "rule admins requires role admin or buyer"),
        ("GET /v1/admin", "consumer globex, roles buyer, partner"),
        ("GET /v1/near", "zone near is 127.0.0.0/31"),
        ("GET /v1/header", "consumer initech, 3 in 3600 s, 3 at once; 600 in 60 s, 2 at once"),
        ("GET /v1/query", "key in the query parameter api_key of acme, globex, initech"),
        ("GET /v1/login", "Basic with a generated key of acme, globex, initech"),
        ("GET /v1/certificate", "certificate with dns:acme.example.com (acme), dns:globex.example.com (globex)"),
        ("GET /v1/tier", 'rule gold requires claim sub is "alice"; claim tier is true or 7 or "8" or "gold"'),
        ("GET /v1/groups", 'rule in-group requires claim groups contains "staff"'),
        ("GET /v1/tenants/t1", "rule own-tenant requires jwt.tenant equals path.tenantId"),
        ("GET /v1/scoped", "rule both-scopes requires scope audit and write"),
        ("GET /v1/maybe", "oauth with scope read, or partner, or nobody in particular"),
    ],
)
def test_lists_what_identity_and_rules_ask_for(run, request_, says):
    code, out, _ = run("explain", request_, IDENTITY, "--target", "none")
    assert code == 0
    assert says in out
    assert "nginx" not in out


@pytest.mark.parametrize(
    ("name", "request_", "phase", "says"),
    [
        ("costs", "GET /dear", "4 flood", "10 in 3600 s for each client address (IPv6 by /64), 10 at once, this operation takes 4"),
        ("keys", "GET /either", "7 throttle", "1 in 3600 s for each consumer and jwt.sub, 1 at once"),
        ("bodies", "POST /login", "9 validate", "1 in 3600 s for each body.user and client address (IPv6 by /64), 1 at once"),
        ("told", "GET /told", "4 flood", "600 in 3600 s for each client address (IPv6 by /64), 3 at once, told in RateLimit fields"),
    ],
)
def test_lists_what_limits_count(run, name, request_, phase, says):
    policy = CASES / "policies" / "limits" / f"{name}.gwc.yaml"
    code, out, _ = run("explain", request_, policy, "--target", "none")
    assert code == 0
    assert re.search(rf"^  {phase} +rate_limit +{re.escape(says)}$", out, re.MULTILINE), out


def test_says_what_a_limit_of_the_store_does():
    limit = dataclasses.replace(rate_limit.EXAMPLES[0], algorithm="fixedWindow", store_failure="deny", burst=300)
    assert words.limit_text(limit, "orders.getOrder") == (
        "300 in 60 s for each client address (IPv6 by /64), counted anew in each window, "
        "counted by all instances together in the store, without which requests are refused"
    )


def test_lists_where_keys_come_from(run):
    remote, secret = (CASES / "jwt" / name / "policy.gwc.yaml" for name in ("remote", "secret"))
    assert re.search(r"keys from https://\S+, fetched anew after \d+ s, at most \d+ s stale", _all(run, remote))
    assert re.search(r"shared keys in /\S+", _all(run, secret))


def _all(run, policy: Path) -> str:
    gateway = compile_policy(policy, root=policy.parent).gateway
    requests = {f"{o.route.method} {o.route.template.text}" for o in gateway.operations}
    return "".join(run("explain", r, policy, "--target", "none")[1] for r in sorted(requests))


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
    assert run("explain", "GET /v1/health", "--target", "none,nginx")[0] == 2
    replace(project / "orders.gwc.yaml", "limit: 300", 'limit: "300"')
    code, out, _ = run("explain", "GET /v1/health")
    assert code == 2
    assert "GWC022" in out
    code, out, _ = run("explain", "GET /v1/health", "--format", "json")
    assert code == 2
    assert json.loads(out)["diagnostics"][0]["code"] == "GWC022"


def test_says_what_a_public_operation_asks_for(project, run):
    _, out, _ = run("explain", "GET /v1/health", "--target", "envoy")
    assert "public: no credential is asked for" in out
    assert "jwt" not in re.findall(r"^  \d+ \w+ +(\w+)", out, re.MULTILINE)


def test_the_listing_as_json(project, run):
    code, out, _ = run("explain", "GET /v1/orders/4711", "--format", "json")
    (found,) = json.loads(out)["explanations"]
    assert (code, found["policy"], found["method"], found["path"], found["unenforceable"]) == (0, "orders", "GET", "/v1/orders/4711", [])
    (operation,) = found["operations"]
    assert operation["operation"] == "orders.getOrder"
    for step in operation["steps"]:
        assert {row["target"] for row in step["enforcedBy"]} == {"nginx", "envoy", "kong"}
    code, out, _ = run("explain", "GET /v1/nope", "--format", "json", "--target", "none")
    assert (code, json.loads(out)["explanations"][0]["operations"]) == (1, [])


def test_a_target_that_can_not_enforce_the_policy_is_4(run):
    """EdDSA on NGINX: the explanation is given all the same."""
    policy = CASES / "jwt" / "eddsa" / "policy.gwc.yaml"
    gateway = compile_policy(policy, root=policy.parent).gateway
    operation = next(o for o in gateway.operations if o.security.schemes)
    request = f"{operation.route.method} {operation.route.template.text}"
    code, out, _ = run("explain", request, policy, "--target", "nginx")
    assert code == 4
    assert "GWC901" in out
    assert "5 authenticate jwt" in out
    code, out, _ = run("explain", request, policy, "--target", "nginx", "--format", "json", "--decide")
    assert code == 4
    assert json.loads(out)["explanations"][0]["unenforceable"][0]["target"] == "nginx"
