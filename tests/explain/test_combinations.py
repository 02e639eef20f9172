"""Any mixture of credentials, good and bad: explain and the model decide alike, and the rulings agree with the decision."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.controls.listener_tls import ClientCertificates
from gwc.explain import Asked, Body, Judged, StandIn, TokenAsked, rulings
from gwc.explain.rulings import denied_by
from gwc.semantics import Certificate, decide
from gwc.semantics.answers import HANDSHAKE
from gwc.semantics.listener_tls import certificate_faults
from tests.explain.expressed import fresh_state, now, real_request, with_local_keys
from tests.support.cases import CASES, load_case
from tests.support.harness import load_gateway

NOW_S = now()
OPTIONAL = with_local_keys(load_gateway(load_case(CASES / "authorization_rule" / "roles")))
_ASKED = OPTIONAL.listener_tls.client_certificates
REQUIRED = replace(
    OPTIONAL, listener_tls=replace(OPTIONAL.listener_tls, client_certificates=ClientCertificates(mode="required", ca=_ASKED.ca))
)
GATEWAYS = {"optional": (OPTIONAL, StandIn(OPTIONAL)), "required": (REQUIRED, StandIn(REQUIRED))}

TARGETS = (
    "/v1/open", "/v1/maybe", "/v1/token", "/v1/header", "/v1/query", "/v1/cookie", "/v1/login", "/v1/either", "/v1/certificate", "/v1/bound",
    "/v1/any", "/v1/admin", "/v1/scoped", "/v1/buyers", "/v1/tier", "/v1/groups", "/v1/near", "/v1/open-far", "/v1/tenants/t1",
    "/v1/files/t-t1.json", "/v1/partners/acme", "/v1/any?a=1", "/v1/nope", "/v1//any", "/v1/any?" + "x" * 5000,
)  # fmt: skip
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "scope": st.sampled_from(["read", "read write audit", ["read"], "", 7]),
        "realm_access": st.sampled_from([{"roles": ["admin"]}, {"roles": "buyer x"}, {"roles": []}, 1]),
        "org": st.sampled_from([{"id": "t1"}, {"id": "t2"}, {}]),
        "tier": st.sampled_from(["gold", 7, True, "7"]),
        "https://example.com/groups": st.sampled_from([["staff"], "staff", []]),
        "sub": st.sampled_from(["alice", "bob", "", "-", 1]),
        "iss": st.sampled_from(["https://id.example.com/", "https://evil.example.com/", None]),
        "aud": st.sampled_from(["https://api.example.com", ["x", "https://api.example.com"], "x"]),
        "exp": st.sampled_from([int(NOW_S) + 60, int(NOW_S) - 60, "soon"]),
        "nbf": st.sampled_from([int(NOW_S) - 60, int(NOW_S) + 60]),
    },
)
CONSUMERS = st.sampled_from(["acme", "globex"])
TOKENS = st.builds(lambda claims: TokenAsked(scheme="oauth", claims=claims), CLAIMS)
KEYS = st.dictionaries(st.sampled_from(["partner", "queryKey", "cookieKey"]), CONSUMERS, max_size=3).map(lambda d: tuple(d.items()))
CERTIFICATES = st.sampled_from(
    [
        Certificate(uris=("spiffe://example.com/acme",)),
        Certificate(dns_names=("GLOBEX.example.com",)),
        Certificate(dns_names=("nobody.example.com",)),
        Certificate(uris=("spiffe://example.com/acme",), dns_names=("globex.example.com",)),
    ]
)
REQUESTS = st.builds(
    lambda token, basic, **more: Asked(token=token, basic=None if token else basic, now_s=NOW_S, **more),
    method=st.sampled_from(["GET", "GET", "GET", "POST", "TRACE"]),
    target=st.sampled_from(TARGETS),
    host=st.sampled_from(["api.test", "api.test", "api.test", "API.test:443", "evil.test"]),
    client=st.sampled_from(["127.0.0.1", "127.0.0.5", "2001:db8::1", "192.0.2.1"]),
    token=st.none() | TOKENS,
    basic=st.none() | CONSUMERS.map(lambda c: ("login", c)),
    keys=KEYS,
    certificate=st.none() | CERTIFICATES,
    headers=st.sampled_from([(), (("X-A", "1"),), (("X_A", "1"),), (("X-Gwc-Subject", "root"),), (("Content-Encoding", "gzip"),)]),
    body=st.sampled_from(
        [Body(media_type=None, size=0), Body(media_type="application/json", size=3), Body(media_type="text/plain", size=70000)]
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(GATEWAYS)), REQUESTS)
def test_any_mixture_is_decided_as_the_model_does(name: str, asked: Asked):
    gateway, stand_in = GATEWAYS[name]
    judged = Judged(stand_in, asked)
    denied = denied_by(rulings(judged))  # raises when the first ruling that denies is not the decision
    assert judged.is_allowed == (denied is None)
    assert _outcome(judged.decision) == _real(asked, gateway)


def _real(asked: Asked, gateway):
    if certificate_faults(gateway.listener_tls, is_trusted=None if asked.certificate is None else True):
        return (False, HANDSHAKE)
    request, sni = real_request(asked, gateway), asked.host.partition(":")[0]
    state = fresh_state(gateway, NOW_S)
    return _outcome(decide(gateway, request, sni=sni, client=asked.client, now_s=NOW_S, state=state, certificate=asked.certificate))


def _outcome(decision):
    if decision.reason == HANDSHAKE:
        return (False, HANDSHAKE)
    forwarded = decision.forwarded and [h for h in decision.forwarded.headers if h[0] != "x-gwc-claims"]
    return (
        decision.allowed,
        decision.status,
        decision.reason,
        decision.headers,
        decision.operation,
        decision.subject,
        decision.consumer,
        forwarded,
    )


def test_the_stand_ins_keys_are_worthless_elsewhere():
    """Each process has others, and the policy knows none of them."""
    asked = Asked(method="GET", target="/v1/any", host="api.test", now_s=NOW_S, keys=(("partner", "acme"),))
    first, second = (dict(StandIn(OPTIONAL).request(asked).headers)["x-partner-key"] for _ in range(2))
    assert first != second
    request = StandIn(OPTIONAL).request(replace(asked, token=TokenAsked(scheme="oauth", claims={})))
    state = fresh_state(OPTIONAL, NOW_S)
    decision = decide(OPTIONAL, request, sni="api.test", client="127.0.0.1", now_s=NOW_S, state=state)
    assert (decision.allowed, decision.status) == (False, 401)
    assert json.dumps(first) not in repr(Judged(StandIn(OPTIONAL), asked).asked)
