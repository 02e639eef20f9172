"""Gateway CPU per request with a rate limit, divided by the same without one; and the memory of the callers that it remembers.

That the limit really counts is seen afterwards: its bucket holds as many tokens as all rounds need, and soon behind them comes 429.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.load import Request, answer, connected, expect_echo
from bench.pair import KINDS, Setting, started_compiled
from bench.with_without import KEPT, REQUEST, ROUNDS, compared, gateway, kept, setting
from gwc.controls.client_ip import ClientIp
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import HeaderKey
from tests.support.sample import address_limit

KEYS = {"nginx": 100_000, "envoy": 60_000}
"""Addresses at once; Envoy remembers 65,536."""
MEMORY = "memory of addresses"
_TOKENS = (ROUNDS + 1) * (KEPT + 1)
_REFILLED = 600
"""A token comes back each second of the rounds."""
_PER_CONNECTION = 900


def measure() -> Iterator[dict[str, object]]:
    """A row per gateway and series."""
    with setting() as common:
        for kind in KINDS:
            for series, limit in _limits(kind):
                yield {"gateway": kind, "series": series, **_ratio(kind, limit, common)}
            yield {"gateway": kind, "series": MEMORY, **_memory(kind, common)}


def _limits(kind: str) -> Iterator[tuple[str, RateLimit]]:
    by_address = _limit(_TOKENS)
    yield "limit by address", by_address
    if kind == "nginx":  # `limit_req` counted those; now the script does
        yield "limit by header", replace(by_address, key=(HeaderKey(name="x-caller"),))


def _limit(tokens: int) -> RateLimit:
    keys = tuple(sorted(o.key for o in gateway().operations))
    return address_limit(id="bench", limit=tokens, burst=tokens, window_s=tokens, operations=keys)


def _ratio(kind: str, limit: RateLimit, common: Setting) -> dict[str, object]:
    limited = replace(gateway(), rate_limits=(limit,))
    with (
        started_compiled(kind, "limited", limited, common) as counting,
        started_compiled(kind, "unlimited", gateway(), common) as free,
    ):
        found = compared(lambda: kept(counting, counting.port), lambda: kept(free, free.port))
        _expect_refusal(counting.port)
    return found


def _expect_refusal(port: int) -> None:
    with connected(port) as connection:
        if not any(answer(connection, REQUEST)[0].startswith(b"HTTP/1.1 429") for _ in range(_REFILLED)):
            raise RuntimeError("the limit has not counted")


def _memory(kind: str, common: Setting) -> dict[str, object]:
    """How much the gateway's processes grow together. A trusted proxy tells the addresses."""
    proxied = replace(gateway(), client_ip=(ClientIp(trusted_proxies=("127.0.0.1/32",)),), rate_limits=(_limit(1000),))
    with started_compiled(kind, "memory", proxied, common) as running:
        _send(running.port, range(_PER_CONNECTION))
        before = _bytes(running.pid)
        for start in range(_PER_CONNECTION, KEYS[kind], _PER_CONNECTION):
            _send(running.port, range(start, start + _PER_CONNECTION))
        grown = _bytes(running.pid) - before
    return {"keys": KEYS[kind], "mib_per_100000_keys": round(grown / KEYS[kind] * 100_000 / 2**20, 1)}


def _send(port: int, numbers: range) -> None:
    with connected(port) as connection:
        for n in numbers:
            address = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
            expect_echo(connection, Request("GET", REQUEST.path, {"X-Forwarded-For": address}))


def _bytes(pid: int) -> int:
    """Proportional memory of the process and its children: a page that several have counts once."""
    found = re.search(r"^Pss: +([0-9]+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"), re.MULTILINE)
    assert found, "the kernel counts no shares"
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return int(found[1]) * 1024 + sum(_bytes(int(child)) for child in children)
