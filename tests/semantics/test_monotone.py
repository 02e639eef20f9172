"""Adding a restriction never allows a request that was refused before (DESIGN, promise 5)."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.controls.rate_limit import RateLimit
from gwc.controls.security import Requirement
from gwc.ir import Gateway
from gwc.semantics import State
from tests.semantics.given import bearer, gateway, reasons, request

GATEWAY = gateway(rate_limits=())
NOW_S = time.time()
FIELDS = (
    bearer(GATEWAY, scope="orders:read"),
    bearer(GATEWAY, scope="orders:write orders:read"),
    bearer(GATEWAY, fault="expired"),
    "X-API-Key: good",
    "X-API-Key: nope",
    "Content-Type: application/json",
    "Content-Type: text/plain",
    "Content-Encoding: gzip",
    "X-A: 1",
    "X_A: 1",
)
REQUESTS = st.builds(
    request,
    st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    st.sampled_from(["/v1/health", "/v1/orders", "/v1/orders/7", "/v1/nope", "//v1/orders", "/v1/orders?" + "a" * 1500]),
    st.sampled_from(FIELDS),
    st.sampled_from(FIELDS),
    body=st.sampled_from([b"", b"x", b"x" * 2000]),
    host=st.sampled_from(["api.test", "evil.test"]),
)


def _more_scopes(of: Gateway) -> Gateway:
    def stricter(requirement: Requirement) -> Requirement:
        return (
            replace(requirement, scopes=tuple(sorted({*requirement.scopes, "orders:write"})))
            if requirement.scheme == "oauth"
            else requirement
        )

    return _each(
        of, lambda o: replace(o, security=replace(o.security, alternatives=tuple(tuple(map(stricter, a)) for a in o.security.alternatives)))
    )


def _key_too(of: Gateway) -> Gateway:
    """Every alternative needs the API key as well."""
    key = Requirement(scheme="partnerKey", scopes=())
    return _each(
        of,
        lambda o: replace(
            o, security=replace(o.security, alternatives=tuple(tuple(dict.fromkeys((*a, key))) for a in o.security.alternatives))
        ),
    )


def _each(of: Gateway, change) -> Gateway:
    return replace(of, operations=tuple(map(change, of.operations)))


RESTRICTIONS = (
    _more_scopes,
    _key_too,
    lambda of: _each(of, lambda o: replace(o, body=replace(o.body, max_bytes=100))),
    lambda of: _each(of, lambda o: replace(o, body=replace(o.body, required=True))),
    lambda of: replace(of, canonical_path=replace(of.canonical_path, max_uri_bytes=1000)),
    lambda of: replace(of, api_keys=(replace(of.api_keys[0], keys=()),)),
    lambda of: replace(of, operations=of.operations[1:]),
    lambda of: replace(
        of, rate_limits=(RateLimit(id="a", limit=1, window_s=100, burst=1, operations=tuple(sorted(o.key for o in of.operations))),)
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(RESTRICTIONS), min_size=1, max_size=3), REQUESTS, st.booleans())
def test_a_restriction_never_allows_a_new_request(restrictions, asked, again):
    tighter = GATEWAY
    for restrict in restrictions:
        tighter = restrict(tighter)
    state = State()
    if again:
        reasons(tighter, asked, now_s=NOW_S, state=state)
    if not reasons(tighter, asked, now_s=NOW_S, state=state):
        assert not reasons(GATEWAY, asked, now_s=NOW_S)
