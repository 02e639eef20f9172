"""Adding a restriction never allows a request that was refused before (DESIGN, promise 5)."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gwc.ir import Gateway
from gwc.semantics import Certificate, Request, State, decide, parse
from tests.support import restrictions
from tests.support.restrictions import RESTRICTIONS, Asked, any_request, base_gateway

CHOICES = st.lists(st.sampled_from(sorted(RESTRICTIONS)), min_size=1, max_size=3)


def allows(of: Gateway, asked: Asked, state: State, now_s: float) -> bool:
    request = parse(asked.raw())
    assert isinstance(request, Request)
    certificate = Certificate(dns_names=asked.dns_names) if asked.dns_names else None
    return decide(of, request, sni="api.test", client=asked.source, now_s=now_s, state=state, certificate=certificate).allowed


def check(names: list[str], seed: int) -> bool:
    """Whether the tightened policy allows the request; if so, the base must, too."""
    tighter = base_gateway()
    for name in names:
        tighter = RESTRICTIONS[name](tighter)
    asked, now_s = any_request(random.Random(seed)), time.time()
    if allows(tighter, asked, State(), now_s):
        assert allows(base_gateway(), asked, State(), now_s), (names, asked)
        return True
    return False


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHOICES, st.integers(0, 2**32))
def test_a_restriction_never_allows_a_new_request(names, seed):
    check(names, seed)


@pytest.mark.long
def test_a_restriction_never_allows_a_new_request_20000_times():
    pick = random.Random(2026)
    names = sorted(RESTRICTIONS)
    allowed = sum(check(pick.sample(names, pick.randint(1, 3)), pick.getrandbits(32)) for _ in range(20_000))
    assert allowed > 500, "otherwise the test shows little"


def test_every_restriction_refuses_something():
    """A restriction that refuses nothing would show nothing."""
    pick, now_s = random.Random(7), time.time()  # before the tokens are made, some of which live on the clock skew only
    restrictions.new_tokens()
    asked = [any_request(pick) for _ in range(1500)]
    open_ = [a for a in asked if allows(base_gateway(), a, State(), now_s)]
    assert len(open_) > 200
    for name, tighten in RESTRICTIONS.items():
        tighter, state = tighten(base_gateway()), State()
        assert not all(allows(tighter, a, state, now_s) for a in open_), name
