"""The whole core against the model: decision, status, reason, promised headers, and who was verified."""

from __future__ import annotations

import pytest

from gwc.semantics import Caller, Refusal, State, decide, faults, parse
from tests.lua.lua_core import Core
from tests.lua.traffic import CLIENT, NOW_S, Sent, rich_gateway, traffic

GATEWAY = rich_gateway()
TRAFFIC = [s for s in traffic(GATEWAY, NOW_S) if not isinstance(parse(s.raw), Refusal)]


@pytest.fixture(scope="module")
def core():
    return Core(GATEWAY)


@pytest.mark.parametrize("sent", TRAFFIC, ids=lambda s: s.name)
def test_equals_the_model(core: Core, sent: Sent):
    request = parse(sent.raw)
    verdict = core.decide(request, sent.sni, CLIENT)
    expected = decide(GATEWAY, request, sni=sent.sni, client=CLIENT, now_s=NOW_S, state=State())
    assert verdict["allowed"] == expected.allowed, (verdict, expected)
    possible = faults(GATEWAY, request, Caller(sent.sni, CLIENT, NOW_S))
    if not expected.allowed:
        fault = next(f for f in possible if (f.status, f.reason) == (verdict["status"], verdict["reason"]))
        headers = {k.lower(): v for k, v in (verdict.get("headers") or {}).items()}
        assert headers == dict(fault.headers)
    if len(possible) < 2 and not expected.reason.startswith("normalise."):  # the model looks further, a gateway needs not
        said = {k: verdict.get(k, "-") for k in ("operation", "subject", "consumer")}
        assert said == {k: getattr(expected, k) for k in said}


def test_the_traffic_reaches_every_reason_that_a_request_can_have():
    """Without those of time, of the store and of the upstream."""
    seen = {f.reason for s in TRAFFIC for f in faults(GATEWAY, parse(s.raw), Caller(s.sni, CLIENT, NOW_S))}
    prefixes = ("normalise.", "route.", "authn.", "authz.", "body.")
    from gwc.controls.problem_details import REASONS  # noqa: PLC0415

    assert {r for r in REASONS if r.startswith(prefixes)} - seen == {"normalise.timeout"}


@pytest.mark.parametrize("allowed", [None, "yes", 1])
def test_only_a_verdict_that_says_so_allows(core: Core, allowed):
    """What the hosts test is `allowed == true`: other values of Lua are no permission."""
    source = core.lua.execute(f"return ({'nil' if allowed is None else repr(allowed)}) ~= true")
    assert source is True


def test_unknown_references_stop_the_start():
    """A limit, an upstream or a reason that the data lacks is an error, not a permission."""
    core = Core(GATEWAY)
    data = core.data
    data.upstreams = core.lua.table()
    request = parse(b"GET /v1/health HTTP/1.1\r\nHost: api.test\r\n\r\n")
    with pytest.raises(Exception, match="an operation without an upstream"):
        core.decide(request, "api.test", CLIENT)


def test_a_key_of_an_algorithm_that_is_not_allowed_stops_the_start(core: Core):
    module = core.lua.eval('(require "gwc.jwt")')
    control = core.data.jwts.oauth
    algorithms, control.algorithms = control.algorithms, core.lua.table()
    with pytest.raises(Exception, match="not allowed"):
        module.prepare(control, lambda _: None)
    control.algorithms = algorithms
    assert module.prepare(control, lambda _: None)
