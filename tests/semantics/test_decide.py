"""Decisions of the model, phase by phase, at the borders."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from gwc.controls.body import Body
from gwc.controls.problem_details import CORE_REASONS, REASONS
from gwc.controls.security import Requirement, Security
from gwc.semantics import State, decide, parse
from tests.semantics.given import NOW_S, bearer, digest, gateway, reasons, request
from tests.support.sample import JSON, NO_BODY, PUBLIC, address_limit, operation

GATEWAY = gateway(rate_limits=())
HEALTH = ("GET", "/v1/health")


def test_a_public_operation():
    assert reasons(GATEWAY, request(*HEALTH)) == set()


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/v1/nope", {"route.unknown"}),
        ("GET", "/v1/health/", {"route.unknown"}),
        ("GET", "/v1/healthx", {"route.unknown"}),
        ("GET", "/v1/orders/a/b", {"route.unknown"}),
        ("POST", "/v1/health", {"route.method"}),
        ("HEAD", "/v1/health", {"route.method"}),
        ("FOO", "/v1/health", {"route.method"}),
        ("TRACE", "/v1/health", {"route.method"}),
        ("CONNECT", "api.test:443", {"route.method"}),
        ("get", "/v1/health", {"normalise.request", "route.method"}),
        ("GET", "//v1/health", {"normalise.path"}),
        ("GET", "/v1/health%20", {"route.unknown"}),
        ("GET", "v1/health", {"normalise.path", "normalise.request"}),
    ],
)
def test_routes(method, target, expected):
    assert reasons(GATEWAY, request(method, target)) == expected


def test_allow_lists_the_methods_of_the_path():
    decision = decide(GATEWAY, request("PUT", "/v1/orders"), sni="api.test", client="192.0.2.1", now_s=NOW_S, state=State())
    assert (decision.status, decision.headers) == (405, (("allow", "GET, POST"),))


def test_the_length_of_the_target():
    limit = GATEWAY.canonical_path.max_uri_bytes
    fits = "/v1/health?" + "a" * (limit - len("/v1/health?"))
    assert reasons(GATEWAY, request("GET", fits)) == set()
    assert reasons(GATEWAY, request("GET", fits + "a")) == {"normalise.uri"}


def test_number_and_names_of_the_fields():
    assert reasons(GATEWAY, request(*HEALTH, *(f"X-{i}: 1" for i in range(99)))) == set()
    assert reasons(GATEWAY, request(*HEALTH, *(f"X-{i}: 1" for i in range(100)))) == {"normalise.headers"}
    assert reasons(GATEWAY, request(*HEALTH, "X-A: " + "a" * 40_000)) == {"normalise.headers"}
    assert reasons(GATEWAY, request(*HEALTH, "X_A: 1")) == {"normalise.headerName"}


def test_old_versions():
    old = parse(b"GET /v1/health HTTP/1.0\r\nHost: api.test\r\n\r\n")
    assert reasons(GATEWAY, old) == {"normalise.version"}


def test_api_keys():
    keys = replace(GATEWAY.api_keys[0], keys=(digest("old", expires_s=int(NOW_S)), digest("new", not_before_s=int(NOW_S))))
    here = replace(GATEWAY, api_keys=(keys,))
    ask = lambda key, now_s: reasons(here, request("GET", "/v1/orders", f"X-API-Key: {key}"), now_s=now_s)  # noqa: E731
    assert ask("old", NOW_S - 0.001) == set()
    assert ask("old", NOW_S) == {"authn.expired"}
    assert ask("new", NOW_S) == set()
    assert ask("new", NOW_S - 0.001) == {"authn.notBefore"}
    assert ask("other", NOW_S) == {"authn.apiKey"}
    assert reasons(here, request("GET", "/v1/orders"), now_s=NOW_S) == {"authn.missing"}
    assert reasons(here, request("GET", "/v1/orders", "X-API-Key: new", "X-API-Key: new"), now_s=NOW_S) == {"authn.apiKey"}


def _requirement(scheme: str, *scopes: str) -> Requirement:
    return Requirement(scheme=scheme, scopes=scopes)


TOKEN, KEY = "oauth", "partnerKey"
ALTERNATIVES = (
    (_requirement(TOKEN),),
    (_requirement(TOKEN, "orders:read"),),
    (_requirement(KEY),),
    (_requirement(TOKEN, "orders:read"), _requirement(KEY)),
)
CREDENTIALS = {
    TOKEN: {"none": (), "bad": ("bad",), "plain": ("plain",), "scoped": ("scoped",)},
    KEY: {"none": (), "bad": ("X-API-Key: nope",), "good": ("X-API-Key: good",)},
}


def _wanted(chosen, token: str, key: str) -> str:
    """OpenAPI's rule in the words of the specification, over the four states of a token and the three of a key."""
    schemes = {r.scheme for a in chosen for r in a}
    if (TOKEN in schemes and token == "bad") or (KEY in schemes and key == "bad"):
        return "authn"
    verified = ({TOKEN} if token in {"plain", "scoped"} else set()) | ({KEY} if key == "good" else set())
    complete = [a for a in chosen if {r.scheme for r in a} <= verified]
    scopes = {"orders:read"} if token == "scoped" else set()
    if any(all(set(r.scopes) <= scopes for r in a) for a in complete):
        return ""
    return "authz.scope" if complete else "authn"


@pytest.mark.parametrize("chosen", [c for n in (1, 2, 3, 4) for c in itertools.combinations(ALTERNATIVES, n)])
def test_security_is_or_of_ands(chosen):
    tokens = {
        "none": (),
        "bad": (bearer(GATEWAY, fault="tampered"),),
        "plain": (bearer(GATEWAY),),
        "scoped": (bearer(GATEWAY, scope="orders:read"),),
    }
    here = replace(GATEWAY, operations=(operation("GET", "/x", Security(alternatives=chosen), NO_BODY, "x"),))
    import time  # noqa: PLC0415

    for token, key in itertools.product(tokens, CREDENTIALS[KEY]):
        asked = request("GET", "/x", *tokens[token], *CREDENTIALS[KEY][key])
        found = reasons(here, asked, now_s=time.time())
        wanted = _wanted(chosen, token, key)
        assert bool(found) == bool(wanted), (token, key)
        assert all(f.startswith(wanted) for f in found), (token, key, found)


@pytest.mark.parametrize(
    ("takes", "size", "fields", "expected"),
    [
        (JSON, 1, ("Content-Type: application/json",), set()),
        (JSON, 65536, ("Content-Type: application/json",), set()),
        (JSON, 65537, ("Content-Type: application/json",), {"body.size"}),
        (JSON, 0, (), {"body.missing"}),
        (JSON, 1, (), {"body.contentType"}),
        (JSON, 1, ("Content-Type: application/json", "Content-Encoding: gzip"), {"body.encoding"}),
        (JSON, 1, ("Content-Type: application/json", "Content-Encoding: IDENTITY"), set()),
        (JSON, 70000, ("Content-Encoding: gzip",), {"body.size", "body.contentType", "body.encoding"}),
        (NO_BODY, 0, ("Content-Type: text/plain",), set()),
        (NO_BODY, 1, (), {"body.unexpected"}),
        (NO_BODY, 70000, (), {"body.unexpected", "body.size"}),
        (Body(media_types=("text/*",), required=False, max_bytes=1), 0, (), set()),
        (Body(media_types=("text/*",), required=False, max_bytes=1), 1, ("Content-Type: text/x",), set()),
    ],
)
def test_bodies(takes, size, fields, expected):
    here = replace(GATEWAY, operations=(operation("POST", "/x", PUBLIC, takes, "x"),))
    assert reasons(here, request("POST", "/x", *fields, body=b"x" * size)) == expected


def _limited(**limits: tuple[int, int, int]):
    made = (address_limit(id=k, limit=n, window_s=w, burst=b, operations=("orders.getHealth",)) for k, (n, w, b) in limits.items())
    return replace(GATEWAY, rate_limits=tuple(made))


def test_a_bucket_at_its_borders():
    here, state = _limited(a=(1, 10, 2)), State()
    ask = lambda now_s: reasons(here, request(*HEALTH), now_s=now_s, state=state)  # noqa: E731
    assert [ask(t) for t in (0, 0, 0, 9.999, 10, 10, 19.999, 20)] == [
        set(),
        set(),
        {"flood.limit"},
        {"flood.limit"},
        set(),
        {"flood.limit"},
        {"flood.limit"},
        set(),
    ]


def test_a_bucket_never_holds_more_than_its_burst():
    here, state = _limited(a=(1, 10, 2)), State()
    allowed = [not reasons(here, request(*HEALTH), now_s=t, state=state) for t in (0, 0, 1000, 1000, 1000)]
    assert allowed == [True, True, True, True, False]


def test_each_limit_has_its_own_bucket_and_all_are_charged():
    here, state = _limited(narrow=(1, 1000, 1), wide=(3, 1000, 3)), State()
    for _ in range(3):
        reasons(here, request(*HEALTH), now_s=0, state=state)
    assert state.buckets["wide", (b"192.0.2.1",)].tokens == 0


def test_what_is_not_routed_takes_no_token():
    here, state = _limited(a=(1, 1000, 1)), State()
    for asked in (
        request("GET", "/v1/nope"),
        request("PUT", "/v1/health"),
        request(*HEALTH, host="evil.test"),
        request("GET", "//v1/health"),
    ):
        reasons(here, asked, now_s=0, state=state)
    assert reasons(here, request(*HEALTH), now_s=0, state=state) == set()


def test_the_promise_of_retry_after():
    here, state = _limited(a=(1, 10, 1)), State()
    reasons(here, request(*HEALTH), now_s=0, state=state)
    decision = decide(here, request(*HEALTH), sni="api.test", client="192.0.2.1", now_s=2.5, state=state)
    assert decision.headers == (("retry-after", "8"),)


def test_what_the_upstream_sees():
    asked = request(
        "GET",
        "/v1/orders?a=%20",
        "X-API-Key: good",
        "X-Gwc-Subject: root",
        "X-Forwarded-For: 6.6.6.6",
        "X-Kept: 1",
        "Connection: X-Kept",
        "TE: trailers",
        host="API.test:8443",
    )
    decision = decide(GATEWAY, asked, sni="api.test", client="192.0.2.1", now_s=NOW_S, state=State())
    assert decision.forwarded is not None
    assert decision.forwarded.target == "/v1/orders?a=%20"
    assert dict(decision.forwarded.headers) == {
        "host": GATEWAY.upstreams[0].authority,
        "x-forwarded-for": "192.0.2.1",
        "x-real-ip": "192.0.2.1",
        "x-forwarded-host": "api.test",
        "x-forwarded-proto": "https",
        "x-gwc-consumer": "acme",
        "x-kept": "1",
    }


def test_no_handshake_no_answer():
    decision = decide(GATEWAY, request(*HEALTH), sni="evil.test", client="192.0.2.1", now_s=NOW_S, state=State())
    assert (decision.allowed, decision.status, decision.reason) == (False, 0, "tls.handshake")


def test_the_table_of_reasons_is_the_table_of_answers():
    ours = {r for r in REASONS if r not in CORE_REASONS.values()}
    assert {"normalise.path", "authn.signature", "authz.scope", "body.contentType"} <= ours
