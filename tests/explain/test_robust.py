"""Whatever is written into the options: a clear refusal, or a decision with rulings and advice; never an error of gwc."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.cli.explain_request import Given, asked_of, split_request
from gwc.cli.failure import Failure
from gwc.explain import Judged, StandIn, rulings, smallest_changes
from gwc.explain.rulings import denied_by
from tests.explain.test_combinations import OPTIONAL

STAND_IN = StandIn(OPTIONAL)
TEXT = st.text(max_size=30)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = ("iss", "aud", "sub", "exp", "nbf", "iat", "jti", "scope", "realm_access", "org", "tier", "https://example.com/groups")
CLAIMS = st.dictionaries(st.sampled_from(NAMES) | TEXT, VALUE, max_size=4).map(json.dumps)
PATHS = st.sampled_from(["/v1/any", "/v1/admin", "/v1/tier", "/v1/groups", "/v1/tenants/t1", "/v1/partners/x", "/v1/scoped"]) | TEXT.map(
    "/".__add__
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "host": TEXT | st.just("api.test"),
        "client": TEXT | st.ip_addresses().map(str),
        "claims": CLAIMS | TEXT,
        "scheme": TEXT,
        "keys": st.lists(TEXT | st.sampled_from(["partner=acme", "queryKey=globex", "cookieKey=acme"]), max_size=2).map(tuple),
        "basic": TEXT | st.just("acme"),
        "certificate": st.lists(TEXT.map("uri:".__add__) | TEXT.map("dns:".__add__), max_size=2).map(tuple),
        "headers": st.lists(TEXT | st.tuples(TEXT, TEXT).map(": ".join) | TEXT.map("X-A: ".__add__), max_size=2).map(tuple),
        "body_type": TEXT,
        "body_bytes": st.integers(0, 70000),
        "at": TEXT | st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
    },
)


def check(target: str, options: dict) -> bool:
    """Whether the options were taken."""
    try:
        asked = asked_of(OPTIONAL, *split_request(f"GET {target}"), Given(**options))
    except Failure as failure:
        assert failure.code == 2
        assert failure.message
        return False
    judged = Judged(STAND_IN, asked)
    found = rulings(judged)
    assert judged.is_allowed == (denied_by(found) is None)
    if not judged.is_allowed:
        smallest_changes(judged)
    return True


@settings(max_examples=200, deadline=None)
@given(PATHS, OPTIONS)
def test_any_options(target: str, options: dict):
    check(target, options)


@settings(max_examples=200, deadline=None)
@given(PATHS, CLAIMS)
def test_any_claims(target: str, claims: str):
    check(target, {"claims": claims, "host": "api.test"})


def test_the_strategies_reach_a_decision():
    assert check("/v1/any", {"keys": ("partner=acme",), "host": "api.test", "headers": ("X-A: \u00e9",)})
    assert check("/\u0100", {"decide": True})
    assert not check("/\udc80", {"decide": True})
    assert not check("/v1/any", {"basic": "\udc80"})
