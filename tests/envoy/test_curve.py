"""The test of points that Envoy's Lua can't leave to Envoy: the same answer as the rules of key sets and `cryptography`."""

from __future__ import annotations

import random
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.lua.lua_core import module, new_runtime

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
BYTES = {"P-256": 32, "P-384": 48, "P-521": 66}
PRIMES = {"P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1, "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1, "P-521": 2**521 - 1}


@pytest.fixture(scope="module")
def curve():
    return module(new_runtime(), "curve")


def has(curve, name: str, x: int, y: int) -> bool:
    size = BYTES[name]
    return curve.has(name, x.to_bytes(size).decode("latin-1"), y.to_bytes(size).decode("latin-1"))


@pytest.mark.parametrize("name", CURVES)
def test_points(curve, name):
    for secret in (1, 2, 3, 12345, *(random.Random(name).getrandbits(200) for _ in range(6))):
        numbers = ec.derive_private_key(secret, CURVES[name]).public_key().public_numbers()
        x, y, p = numbers.x, numbers.y, PRIMES[name]
        assert has(curve, name, x, y)
        assert has(curve, name, x, p - y)
        for other in ((x, y ^ 1), (x ^ 1, y), (y, x), (x, 0), (0, y), (p - x, y)):
            assert not has(curve, name, *other)


@pytest.mark.parametrize("name", CURVES)
def test_numbers_beyond_the_prime_are_none(curve, name):
    """(x + p, y) would be another spelling of the same point."""
    size, p = BYTES[name], PRIMES[name]
    numbers = next(n for n in _small(name) if n.x + p < 2 ** (8 * size)) if name == "P-521" else None
    if numbers:
        assert not has(curve, name, numbers.x + p, numbers.y)
    for x, y in ((p, 1), (1, p), (p, p), (2 ** (8 * size) - 1, 1), (0, 0)):
        assert not has(curve, name, x, y)


def _small(name: str):
    for secret in range(1, 10):
        yield ec.derive_private_key(secret, CURVES[name]).public_key().public_numbers()


@pytest.mark.parametrize("name", CURVES)
def test_other_lengths_are_none(curve, name):
    numbers = ec.derive_private_key(7, CURVES[name]).public_key().public_numbers()
    x, y = (n.to_bytes(BYTES[name]).decode("latin-1") for n in (numbers.x, numbers.y))
    assert curve.has(name, x, y)
    assert not any(curve.has(name, *other) for other in ((x[1:], y), ("\0" + x, y), (x, y[1:]), (x, "\0" + y), ("", ""), (x + "\0", y)))


def test_it_takes_no_time_that_anybody_would_notice(curve):
    """Ten keys of the largest curve: the worker serves nobody meanwhile."""
    numbers = ec.derive_private_key(99, CURVES["P-521"]).public_key().public_numbers()
    started = time.process_time()
    assert all(has(curve, "P-521", numbers.x, numbers.y) for _ in range(10))
    assert time.process_time() - started < 1
