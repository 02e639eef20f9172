"""Rate limits in the IR, and everything about them that is refused, with its place."""

from __future__ import annotations

import pytest

from gwc.controls.rate_limit_key import BodyKey, ClientAddress, CookieKey, HeaderKey
from gwc.controls.side import PathSide
from gwc.diagnostics import Diagnostic, Problems
from gwc.lowering import compile_policy
from tests.support.cases import CASES
from tests.support.project import POLICY

LIMITS = CASES / "policies" / "limits"
BASE = (LIMITS / "keys.gwc.yaml").read_text(encoding="utf-8").partition("rateLimits:")[0]


@pytest.fixture
def compiled(tmp_path):
    """What a policy with these limits means, or what is wrong with it."""
    for name in ("openapi.yaml", "consumers.gwc.yaml", "jwks.json"):
        (tmp_path / name).write_bytes((LIMITS / name).read_bytes())

    def compile_(limits: str):
        path = tmp_path / "policy.gwc.yaml"
        path.write_text(f"{BASE}rateLimits:\n  - {{{limits}}}\n", encoding="utf-8")
        return compile_policy(path, root=tmp_path)

    return compile_


def wrong(compiled, limits: str) -> list[Diagnostic]:
    with pytest.raises(Problems) as caught:
        compiled(limits)
    return [d for d in caught.value.diagnostics if d.severity == "error"]


def test_a_limit_with_everything(compiled):
    limit = compiled(
        "id: a, key: [path.id, client.ip, cookie.c, header.X-A], limit: 10, window: 2m, burst: 9, ipv6Prefix: 48, cost: 3, fields: ietf-10, "
        "maxKeys: 500, operations: {ids: [getItem]}"
    ).gateway.rate_limits[0]
    assert limit.key == (ClientAddress(ipv6_prefix=48), CookieKey(name="c"), HeaderKey(name="x-a"), PathSide(name="id"))
    assert (limit.limit, limit.window_s, limit.burst, limit.costs) == (10, 120, 9, (("limits.getItem", 3),))
    assert (limit.has_fields, limit.max_keys, limit.algorithm, limit.store_failure) == (True, 500, "tokenBucket", None)
    assert (limit.phase, limit.reason, limit.is_minted) == ("throttle", "throttle.limit", True)


@pytest.mark.parametrize(
    ("key", "operation", "phase", "is_minted"),
    [
        ("client.ip", "getSubject", "flood", True),
        ("jwt.sub", "getSubject", "throttle", False),
        ("consumer", "getPartner", "throttle", False),
        ("client.ip, jwt.tier", "getSubject", "throttle", False),
        ("header.a", "getHeader", "throttle", True),
    ],
)
def test_the_phase_follows_from_the_key(compiled, key, operation, phase, is_minted):
    limit = compiled(f"id: a, key: [{key}], limit: 1, window: 1s, operations: {{ids: [{operation}]}}").gateway.rate_limits[0]
    assert (limit.phase, limit.is_minted) == (phase, is_minted)


def test_members_of_bodies():
    limits = {limit.id: limit for limit in compile_policy(LIMITS / "bodies.gwc.yaml", root=LIMITS).gateway.rate_limits}
    assert limits["nested"].key[0] == BodyKey(path=("a", "b"))
    assert {limit.phase for limit in limits.values()} == {"body"}


def test_the_dearest_of_several_costs_counts():
    limits = compile_policy(LIMITS / "costs.gwc.yaml", root=LIMITS).gateway.rate_limits
    assert limits[0].costs == (("limits.getCheap", 1), ("limits.getDear", 4))


@pytest.mark.parametrize(
    ("limits", "code", "says"),
    [
        ("id: a, key: [client.ip, client.ip], limit: 1, window: 1s", "GWC022", "twice"),
        ("id: a, key: [header.a, header.A], limit: 1, window: 1s", "GWC022", "header.a is there twice"),
        ("id: a, key: [client.port], limit: 1, window: 1s", "GWC022", "is no key"),
        ("id: a, key: [header.authorization], limit: 1, window: 1s", "GWC022", "not verified"),
        ("id: a, key: [header.X-Forwarded-For], limit: 1, window: 1s", "GWC022", "the gateway sets it"),
        ("id: a, key: [header.x_a], limit: 1, window: 1s", "GWC022", "is no key"),
        ("id: a, key: [body.], limit: 1, window: 1s", "GWC022", "is no key"),
        ("id: a, key: [client.ip], limit: 1, window: 1s, ipv6Prefix: 129", "GWC022", ""),
        ("id: a, key: [client.ip], limit: 1, window: 31d", "GWC022", ""),
        ("id: a, key: [jwt.sub], limit: 1, window: 1s, ipv6Prefix: 64, operations: {ids: [getSubject]}", "GWC502", "not in this key"),
        ("id: a, key: [jwt.sub], limit: 1, window: 1s", "GWC503", "takes no tokens"),
        ("id: a, key: [jwt.nobody], limit: 1, window: 1s, operations: {ids: [getSubject]}", "GWC503", "no claim is named 'nobody'"),
        ("id: a, key: [consumer], limit: 1, window: 1s, operations: {ids: [getSubject]}", "GWC503", "takes no credentials of consumers"),
        ("id: a, key: [path.no], limit: 1, window: 1s, operations: {ids: [getItem]}", "GWC503", "has no such parameter"),
        ("id: a, key: [body.user], limit: 1, window: 1s, operations: {ids: [getItem]}", "GWC503", "takes no body"),
        ("id: a, key: [body.user], limit: 1, window: 1s, operations: {ids: [login]}", "GWC503", "validated"),
        ("id: a, key: [client.ip], limit: 9, window: 1s, burst: 2, cost: 3", "GWC505", "none could ever pass"),
        (
            "id: a, key: [client.ip], limit: 9, window: 1s, operations: {ids: [getItem]}, cost: [{operations: {ids: [getTier]}, tokens: 2}]",
            "GWC505",
            "does not cover",
        ),
        ("id: a, key: [client.ip], limit: 9, window: 1s, algorithm: fixedWindow", "GWC506", "algorithm"),
        ("id: a, key: [client.ip], limit: 9, window: 1s, onStoreFailure: deny", "GWC506", "onStoreFailure"),
        ("id: a, key: [client.ip], limit: 9, window: 1s, scope: cluster", "GWC507", "needs a store"),
        ("id: a, key: [client.ip], limit: 1, window: 30d, burst: 2", "GWC508", "5184000 s"),
    ],
)
def test_what_is_refused(compiled, limits, code, says):
    found = wrong(compiled, limits)
    assert [d.code for d in found] == [code], [f"{d.code} {d.message}" for d in found]
    assert says in found[0].message
    assert (found[0].span.path, found[0].span.line) == ("policy.gwc.yaml", BASE.count("\n") + 2)


def test_a_fixed_window_has_no_burst(compiled):
    assert "GWC506" in {
        d.code for d in wrong(compiled, "id: a, key: [client.ip], limit: 9, window: 1s, scope: cluster, algorithm: fixedWindow, burst: 3")
    }


def test_callers_without_the_part_are_warned_of(compiled):
    found = compiled("id: a, key: [consumer], limit: 1, window: 1s, operations: {ids: [getEither]}").diagnostics
    warning = next(d for d in found if d.code == "GWC504")
    assert (warning.severity, warning.span.line) == ("warning", BASE.count("\n") + 2)
    assert "also lets in callers without credentials of consumers" in warning.message
    both = compiled("id: a, key: [jwt.sub], limit: 1, window: 1s, operations: {ids: [getSubject]}").diagnostics
    assert not [d for d in both if d.code == "GWC504"]


def test_the_usual_policy_counts_ipv6_by_64():
    assert "key: [client.ip]" in POLICY
    gateway = compile_policy(LIMITS / "told.gwc.yaml", root=LIMITS).gateway
    assert {limit.ipv6_prefix for limit in gateway.rate_limits} == {64, None}
