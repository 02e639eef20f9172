"""Both sides of every border in time, with a clock of the test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gwc.controls.base import FileRef
from gwc.controls.basic import Basic
from gwc.controls.consumer import Consumer, ConsumerLimit
from gwc.controls.jwt import RemoteKeys
from gwc.ir import Gateway
from gwc.semantics import KeySet, State
from gwc.semantics.key_set import keys_of
from tests.semantics.given import bearer, digest, gateway, reasons, request
from tests.support.sample import NO_BODY, one, operation
from tests.support.tokens import identity_provider

T = 1_800_000_000
BASE = gateway(rate_limits=())
STEP_S = 0.001


def _token(of: Gateway, **claims: Any) -> str:
    return bearer(of, scope="orders:read", claims={"iat": 0, "exp": T, **claims})


def _at(of: Gateway, field: str, now_s: float, target: str = "/v1/orders/7") -> set[str]:
    return reasons(of, request("GET", target, field), now_s=now_s)


def _skewed(skew_s: int, **changed: Any) -> Gateway:
    return replace(BASE, jwts=(replace(BASE.jwts[0], clock_skew_s=skew_s, **changed),))


@pytest.mark.parametrize("skew_s", [0, 1, 30, 300])
def test_exp(skew_s):
    of = _skewed(skew_s)
    assert _at(of, _token(of), T + skew_s - STEP_S) == set()
    assert _at(of, _token(of), T + skew_s) == {"authn.expired"}


@pytest.mark.parametrize("skew_s", [0, 1, 30, 300])
@pytest.mark.parametrize(("claim", "reason"), [("nbf", "authn.notBefore"), ("iat", "authn.issuedAt")])
def test_nbf_and_iat(skew_s, claim, reason):
    of = _skewed(skew_s)
    token = _token(of, **{claim: T - 1000})
    assert _at(of, token, T - 1000 - skew_s) == set()
    assert _at(of, token, T - 1000 - skew_s - STEP_S) == {reason}


def test_fractions_count():
    of = _skewed(0)
    token = _token(of, exp=T + 0.5, nbf=T - 0.5)
    assert _at(of, token, T + 0.499) == set()
    assert _at(of, token, T + 0.5) == {"authn.expired"}
    assert _at(of, token, T - 0.5) == set()
    assert _at(of, token, T - 0.501) == {"authn.notBefore"}


def test_max_lifetime():
    of = _skewed(30, max_lifetime_s=3600)
    assert _at(of, _token(of, iat=T - 3600), T - 1) == set()
    assert _at(of, _token(of, iat=T - 3600.5), T - 1) == {"authn.lifetime"}
    assert _at(of, bearer(of, scope="orders:read", fault="noIat"), T - 10**9) >= {"authn.lifetime"}


def test_keys():
    keys = (digest("good", not_before_s=T, expires_s=T + 10),)
    of = replace(BASE, api_keys=(replace(BASE.api_keys[0], keys=keys),))
    for now_s, expected in ((T - STEP_S, {"authn.notBefore"}), (T, set()), (T + 10 - STEP_S, set()), (T + 10, {"authn.expired"})):
        assert _at(of, "X-API-Key: good", now_s, "/v1/orders") == expected


def test_rotation_overlaps():
    keys = tuple(sorted((digest("old", expires_s=T + 10), digest("new", not_before_s=T)), key=lambda k: k.digest))
    of = replace(BASE, api_keys=(replace(BASE.api_keys[0], keys=keys),))
    valid = {
        now_s: [k for k in ("old", "new") if not _at(of, f"X-API-Key: {k}", now_s, "/v1/orders")] for now_s in (T - 1, T, T + 9, T + 10)
    }
    assert valid == {T - 1: ["old"], T: ["old", "new"], T + 9: ["old", "new"], T + 10: ["new"]}


def test_generated_passwords():
    secret = "gwc_" + "A" * 49
    operations = (operation("GET", "/v1/login", one("login"), NO_BODY, "orders.login"),)
    control = Basic(scheme="login", keys=(digest(secret, not_before_s=T, expires_s=T + 10),))
    of = replace(BASE, operations=operations, basics=(control,))
    field = "Authorization: Basic " + __import__("base64").b64encode(f"acme:{secret}".encode()).decode()
    for now_s, expected in ((T - STEP_S, {"authn.notBefore"}), (T, set()), (T + 10 - STEP_S, set()), (T + 10, {"authn.expired"})):
        assert _at(of, field, now_s, "/v1/login") == expected


def _remote(cache_for_s: int, max_stale_s: int) -> Gateway:
    source = RemoteKeys(
        host="id.example.com", port=443, path="/jwks.json", ca=FileRef(path="/ca.pem"), cache_for_s=cache_for_s, max_stale_s=max_stale_s
    )
    return replace(BASE, jwts=(replace(BASE.jwts[0], source=source),))


@pytest.mark.parametrize(("cache_for_s", "max_stale_s"), [(600, 3600), (60, 0), (1, 1)])
def test_key_sets_are_used_until_they_are_too_old(cache_for_s, max_stale_s):
    of = _remote(cache_for_s, max_stale_s)
    control = of.jwts[0]
    keys = identity_provider().verification_keys(control)
    last_s = T + cache_for_s + max_stale_s
    known = {control.scheme: KeySet(keys, T)}
    assert keys_of(control, known, last_s) == keys
    assert keys_of(control, known, last_s + STEP_S) is None
    assert keys_of(control, {}, T) is None
    token = bearer(of, scope="orders:read", claims={"exp": last_s + 100, "iat": 0})
    asked = request("GET", "/v1/orders/7", token)
    assert reasons(of, asked, now_s=last_s, state=State(key_sets=known)) == set()
    assert reasons(of, asked, now_s=last_s + STEP_S, state=State(key_sets=known)) == {"internal.unavailable"}


def test_without_keys_other_faults_are_still_told():
    of = _remote(60, 60)
    assert _at(of, "Authorization: Bearer x", T) == {"authn.malformed"}
    assert reasons(of, request("GET", "/v1/orders/7"), now_s=T) == {"authn.missing"}
    assert reasons(of, request("GET", "/v1/health"), now_s=T) == set()


def test_limits_of_consumers():
    limit = ConsumerLimit(id="all", limit=60, window_s=60, burst=2)
    of = replace(BASE, consumers=(Consumer(id="acme", roles=(), limits=(limit,)),))
    asked, state = request("GET", "/v1/orders", "X-API-Key: good"), State()
    assert [reasons(of, asked, now_s=t, state=state) for t in (T, T, T, T + 0.999, T + 1, T + 1)] == [
        set(), set(), {"throttle.limit"}, {"throttle.limit"}, set(), {"throttle.limit"},
    ]  # fmt: skip
