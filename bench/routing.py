"""Gateway CPU per request over all operations of a large document, divided by a bare proxy of the same binary.

Rounds of both gateways alternate; a round counts only when every reply is the upstream's echo of exactly its target.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.bare import echo
from bench.load import HOST, Request, cpu_ns, send, summary
from bench.pair import KINDS, Setting, started_pair
from gwc.controls.security import Security
from gwc.ir import Gateway, Operation
from gwc.local import processes
from gwc.local.certificates import write_certificates
from gwc.local.identity_provider import IdentityProvider
from gwc.lowering import compile_policy
from tests.support.minimal_policy import put

REQUESTS_PER_CONNECTION = 400


def targets(gateway: Gateway) -> list[Request]:
    """One request for each operation (an answer to HEAD has no body to check)."""
    return [
        Request(o.route.method, re.sub(r"\{[^{}]*\}", "v1", o.route.template.text)) for o in gateway.operations if o.route.method != "HEAD"
    ]


def measure(document: Path, rounds: int = 8) -> list[dict[str, object]]:
    """A row per gateway: medians of microseconds per request and of the ratio, round by round."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "source").mkdir()
        gateway = _without_credentials(compile_policy(put(document, folder / "source"), root=folder / "source").gateway)
        certificates = write_certificates(folder / "tls", [HOST], [])
        setting = Setting(folder, certificates, IdentityProvider(), stack.enter_context(echo(folder, certificates)))
        return [_row(kind, gateway, setting, rounds) for kind in KINDS]


def _row(kind: str, gateway: Gateway, setting: Setting, rounds: int) -> dict[str, object]:
    wanted = targets(gateway)
    with started_pair(kind, gateway, setting) as (ours, plain):
        pairs = [(_round(ours, wanted), _round(plain, wanted)) for _ in range(rounds + 1)][1:]
    return {"gateway": kind, "operations": len(gateway.operations), "requests_per_round": len(wanted), **summary(pairs)}


def _without_credentials(gateway: Gateway) -> Gateway:
    """Routing alone: every operation public and callable without a body. The decisions of phases 5 to 8 are not what is measured."""

    def opened(operation: Operation) -> Operation:
        return replace(operation, security=Security(alternatives=()), body=replace(operation.body, required=False))

    return replace(gateway, operations=tuple(opened(o) for o in gateway.operations), rate_limits=())


def _round(running: processes.Running, wanted: list[Request]) -> float:
    """Microseconds of CPU per request of one round. Raises RuntimeError for a reply that is not the upstream's."""
    before = cpu_ns(running.pid)
    for start in range(0, len(wanted), REQUESTS_PER_CONNECTION):
        send(running.port, wanted[start : start + REQUESTS_PER_CONNECTION])
    return (cpu_ns(running.pid) - before) / 1000 / len(wanted)
