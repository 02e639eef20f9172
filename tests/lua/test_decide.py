"""The whole core against the model: decision, status, reason, promised headers, and who was verified."""

from __future__ import annotations

import pytest

from gwc.controls.problem_details import REASONS
from gwc.semantics import Caller, Refusal, State, decide, faults, parse
from tests.lua.identity_traffic import identity_gateway, identity_traffic
from tests.lua.lua_core import Core
from tests.lua.traffic import CLIENT, NOW_S, Sent, rich_gateway, traffic

GATEWAY = rich_gateway()
GATEWAYS = {"rich": GATEWAY, "identity": identity_gateway()}
TRAFFIC = [
    (name, sent)
    for name, found in (("rich", traffic(GATEWAY, NOW_S)), ("identity", identity_traffic(GATEWAYS["identity"], NOW_S)))
    for sent in found
    if not isinstance(parse(sent.raw), Refusal)
]


@pytest.fixture(scope="module")
def cores():
    return {name: Core(source) for name, source in GATEWAYS.items()}


@pytest.fixture(scope="module")
def core(cores):
    return cores["rich"]


@pytest.mark.parametrize(("name", "sent"), TRAFFIC, ids=[f"{n}: {s.name}" for n, s in TRAFFIC])
def test_equals_the_model(cores: dict[str, Core], name: str, sent: Sent):
    source, request = GATEWAYS[name], parse(sent.raw)
    verdict = cores[name].decide(request, sent.sni, CLIENT, sent.certificate)
    expected = decide(source, request, sni=sent.sni, client=CLIENT, now_s=NOW_S, state=State(), certificate=sent.certificate)
    assert verdict["allowed"] == expected.allowed, (verdict, expected)
    possible = faults(source, request, Caller(sent.sni, CLIENT, NOW_S, sent.certificate))
    if not expected.allowed:
        fault = next(f for f in possible if (f.status, f.reason) == (verdict["status"], verdict["reason"]))
        headers = {k.lower(): v for k, v in (verdict.get("headers") or {}).items()}
        assert headers == dict(fault.headers)
    else:
        _compare_forwarded(verdict, request, dict(expected.forwarded.headers))
    if len(possible) < 2 and not expected.reason.startswith("normalise."):  # the model looks further, a gateway needs not
        said = {k: verdict.get(k, "-") for k in ("operation", "subject", "consumer")}
        assert said == {k: getattr(expected, k) for k in said}


def _compare_forwarded(verdict, request, headers):
    """What of a verified token is to be forwarded."""
    assert verdict.get("claims_text") == headers.get("x-gwc-claims")
    assert verdict.get("token_text") == headers.get("authorization")


def test_the_traffic_reaches_every_reason_that_a_request_can_have():
    """Without those of time, of the store, of the listener (lists of trusted proxies among them) and of the upstream."""
    seen = {f.reason for n, s in TRAFFIC for f in faults(GATEWAYS[n], parse(s.raw), Caller(s.sni, CLIENT, NOW_S, s.certificate))}
    prefixes = ("normalise.", "route.", "authn.", "authz.", "body.")
    assert {r for r in REASONS if r.startswith(prefixes)} - seen == {
        "normalise.timeout",
        "normalise.certificate",
        "normalise.clientAddress",
    }


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
    jwt, host = core.lua.eval('(require "gwc.jwt")'), core.lua.table_from({"verifier": lambda *_: print})
    control = core.data.jwts.oauth
    algorithms, control.algorithms = control.algorithms, core.lua.table()
    with pytest.raises(Exception, match="not allowed"):
        jwt.prepare(control, "oauth", host)
    control.algorithms = algorithms
    assert jwt.prepare(control, "oauth", host)


def test_a_key_that_the_host_does_not_take_stops_the_start(core: Core):
    jwt, host = core.lua.eval('(require "gwc.jwt")'), core.lua.table_from({"verifier": lambda *_: None})
    with pytest.raises(Exception, match="does not take"):
        jwt.prepare(core.data.jwts.oauth, "oauth", host)
