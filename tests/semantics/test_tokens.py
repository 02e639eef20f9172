"""A token with one fault gets exactly the reason of that fault; without it, it is good."""

from __future__ import annotations

import time

import pytest

from gwc.local.token_faults import FAULTS
from tests.semantics.given import bearer, gateway, reasons, request

GATEWAY = gateway()


def _reasons(*fields: str, now_s: float | None = None) -> set[str]:
    return reasons(GATEWAY, request("GET", "/v1/orders/7", *fields), now_s=time.time() if now_s is None else now_s)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_good_token(algorithm):
    assert _reasons(bearer(GATEWAY, scope="orders:read", alg=algorithm)) == set()


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_one_fault_has_one_reason(name, algorithm):
    found = _reasons(bearer(GATEWAY, scope="orders:read", alg=algorithm, fault=name))
    assert len(found) == 1
    assert all(reason.startswith("authn.") for reason in found)


def test_every_reason_has_a_token():
    found = set.union(*(_reasons(bearer(GATEWAY, scope="orders:read", fault=name)) for name in FAULTS))
    assert found == {f"authn.{r}" for r in ("malformed", "critical", "unknownKey", "algorithm", "signature", "claims", "expired", "notBefore", "issuedAt", "issuer", "audience", "subject")}  # fmt: skip


def test_the_borders_of_time():
    now = int(time.time())
    token = bearer(GATEWAY, scope="orders:read", claims={"exp": now, "nbf": now, "iat": 0})
    skew = GATEWAY.jwts[0].clock_skew_s
    assert _reasons(token, now_s=now + skew - 0.001) == set()
    assert _reasons(token, now_s=now + skew) == {"authn.expired"}
    assert _reasons(token, now_s=now - skew) == set()
    assert _reasons(token, now_s=now - skew - 0.001) == {"authn.notBefore"}


@pytest.mark.parametrize(("scope", "grants"), [("orders:read", True), ("a orders:read", True), (["orders:read"], True), (["a", "orders:read"], True), ("orders", False),
                                               ("orders:readx", False), ("orders:read,a", False), (["orders:read a"], False), ([], False), (7, False), (None, False),
                                               ({"orders:read": True}, False), (["orders:read", 7], False), ("", False)])  # fmt: skip
def test_scopes(scope, grants):
    assert _reasons(bearer(GATEWAY, scope=scope)) == (set() if grants else {"authz.scope"})


def test_several_faults_show_all_reasons():
    found = _reasons(bearer(GATEWAY, scope="orders:read", lifetime=-3600, iss="https://evil.example/", aud="x"))
    assert found == {"authn.expired", "authn.issuer", "authn.audience"}


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "bearer x.y.z", "Basic YTpi", "Bearer a.b", "Bearer a.b.c.d", "Bearer a..c", "Bearer  a.b.c"]
)
def test_no_bearer_token(value):
    assert _reasons(f"Authorization: {value}") == {"authn.malformed"}


def test_no_field_at_all():
    assert _reasons() == {"authn.missing"}


@pytest.mark.parametrize("fields", [("Authorization: a", "Authorization: a"), ("Authorization: a, b",)])
def test_two_credentials_are_no_request(fields):
    assert "normalise.request" in _reasons(*fields)
