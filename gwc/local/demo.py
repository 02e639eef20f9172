"""`python -m gwc.local.demo <policy>`: the orders example on real gateways, each answer beside the model's.

Exit code 0 only when every gateway gave the model's status and reason to every request, and its upstream saw exactly what the
model says.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gwc.ir import Gateway
from gwc.local.client import Answer, send
from gwc.local.echo import Received
from gwc.local.identity_provider import IdentityProvider
from gwc.local.playground import PROGRAMS, Playground, playground
from gwc.local.processes import NotInstalled, Running
from gwc.local.token_endpoint import wanted_by
from gwc.lowering import compile_policy
from gwc.semantics import Decision, ForwardedRequest, Refusal, State, decide, parse

HOST = "orders.example.com"
KEY = "demo-key-of-acme"
OLD_KEY = "demo-key-of-globex-old"
_ORDER = b'{"lines":[{"sku":"AB-1","quantity":2}]}'
_JSON = ("Content-Type: application/json",)
_PER_CONNECTION = frozenset({"content-length", "transfer-encoding", "connection", "expect", "x-request-id"})


@dataclass(frozen=True, slots=True)
class Try:
    """One request of the demo and what it shows."""

    title: str
    method: str
    target: str
    headers: tuple[str, ...] = ()
    body: bytes = b""
    host: str = HOST

    @property
    def raw(self) -> bytes:
        """The bytes on the wire."""
        length = (f"Content-Length: {len(self.body)}",) if self.body else ()
        lines = (f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host}", *self.headers, *length)
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + self.body


def tries(gateway: Gateway, provider: IdentityProvider, now_s: int) -> list[Try]:
    """The requests, in the order in which they are sent."""
    wanted = wanted_by(gateway.jwts[0], now_s)
    read = _bearer(provider.token(replace(wanted, scope="orders:read")))
    write = _bearer(provider.token(replace(wanted, scope="orders:read orders:write")))
    expired = _bearer(provider.token(replace(wanted, scope="orders:read", lifetime_s=-3600)))
    foreign = _bearer(IdentityProvider().token(replace(wanted, scope="orders:read")))
    key, old_key = f"X-API-Key: {KEY}", f"X-API-Key: {OLD_KEY}"
    analyst = _bearer(provider.token(replace(wanted, scope="orders:read", claims={"realm_access": {"roles": ["analyst"]}})))
    report = Try("an expensive operation", "GET", "/v1/reports/2026-10", (analyst,))
    return [
        Try("public", "GET", "/v1/health"),
        Try("token", "GET", "/v1/orders?status=open&limit=5", (read,)),
        Try("token, posing as somebody else", "GET", "/v1/orders/4711", (read, "X-Gwc-Subject: admin", "X-Forwarded-For: 10.0.0.1")),
        Try("API key", "GET", "/v1/orders/4711/label.pdf", (key,)),
        Try("token, body", "POST", "/v1/orders", (write, *_JSON), _ORDER),
        Try("no credential", "GET", "/v1/orders/4711"),
        Try("expired token", "GET", "/v1/orders/4711", (expired,)),
        Try("token of another issuer's key", "GET", "/v1/orders/4711", (foreign,)),
        Try("expired API key", "GET", "/v1/orders", (old_key,)),
        Try("token without the scope", "POST", "/v1/orders", (read, *_JSON), _ORDER),
        Try("undocumented path", "GET", "/v1/customers", (read,)),
        Try("undocumented method", "PUT", "/v1/orders/4711", (write, *_JSON), _ORDER),
        Try("ambiguous path", "GET", "/v1/orders/..%2fhealth", (read,)),
        Try("host that is not served", "GET", "/v1/health", host="other.example.com"),
        Try("body too large", "POST", "/v1/orders", (write, *_JSON), b"[" + b" " * 5000 + b"]"),
        Try("undeclared media type", "POST", "/v1/orders", (write, "Content-Type: text/xml"), b"<order/>"),
        Try("undeclared query parameter", "GET", "/v1/orders?status=open&debug=1", (read,)),
        Try("parameter out of range", "GET", "/v1/orders?limit=1000", (read,)),
        Try("body that breaks the schema", "POST", "/v1/orders", (write, *_JSON), b'{"lines":[{"sku":"ab","quantity":0,"price":0}]}'),
        Try("the same member twice", "POST", "/v1/orders", (write, *_JSON), b'{"lines":[{"sku":"AB-1","quantity":2,"quantity":-2}]}'),
        replace(report, title="token without the role", headers=(read,)),
        report,
        replace(report, title="and once too often"),
    ]


def _bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


@dataclass(frozen=True, slots=True)
class Row:
    """One request with the model's decision and what each gateway did; `wrong` says in words where they differ."""

    title: str
    request: str
    expected: str
    got: tuple[str, ...]
    wrong: tuple[str, ...]


def run(playing: Playground) -> Iterator[Row]:
    """Sends every request to every gateway; a row as soon as all have answered."""
    state = State()
    for each in tries(playing.gateway, playing.provider, int(time.time())):
        decision = _expected(playing.gateway, each, state)
        results = [(gateway.name, *_observe(playing, gateway, each, decision)) for gateway in playing.running]
        got = tuple(f"{text} !" if wrong else text for _, text, wrong in results)
        wrongs = tuple(f"{name}, {each.title}: {wrong}" for name, _, wrong in results if wrong)
        yield Row(each.title, f"{each.method} {each.target}", _text(decision.status or 200, decision.reason), got, wrongs)


def _expected(gateway: Gateway, each: Try, state: State) -> Decision:
    request = parse(each.raw)
    assert not isinstance(request, Refusal), f"the demo's own request is malformed: {request.why}"
    return decide(gateway, request, sni=HOST, client="127.0.0.1", now_s=time.time(), state=state)


def _observe(playing: Playground, gateway: Running, each: Try, decision: Decision) -> tuple[str, str]:
    """Status and reason as they are shown, and what is wrong with them: an empty text when they are the model's."""
    answer = send(gateway.port, playing.certificates.ca, HOST, each.raw)
    received = [r for upstream in playing.upstreams.values() for r in upstream.take()]
    reason = answer.reason or ("allowed" if received else "?")
    return _text(answer.status, reason), _difference(decision, answer, reason, received)


def _difference(decision: Decision, answer: Answer, reason: str, received: Sequence[Received]) -> str:
    if (answer.status, reason) != (decision.status or 200, decision.reason):
        return "another answer"
    if decision.forwarded is None:
        return "the upstream saw it" if received else ""
    return _forwarding_difference(received[0], decision.forwarded) if len(received) == 1 else f"the upstream saw it {len(received)} times"


def _forwarding_difference(received: Received, forwarded: ForwardedRequest) -> str:
    seen = {f"{received.method} {received.target}", *(f"{k.lower()}: {v}" for k, v in received.headers if k.lower() not in _PER_CONNECTION)}
    meant = {f"{forwarded.method} {forwarded.target}", *(f"{k}: {v}" for k, v in forwarded.headers)}
    return f"the upstream saw {sorted(seen - meant)} for {sorted(meant - seen)}" if seen != meant else ""


def _text(status: int, reason: str) -> str:
    return f"{status} {reason}"


def table(rows: Sequence[Row], gateways: Sequence[str]) -> str:
    """The rows as a table; an answer that is not the model's is marked."""
    lines = [("", "request", "model", *gateways), *((r.title, r.request, r.expected, *r.got) for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    shown.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(shown)


def main(policy: Path) -> int:
    """Runs the demo, prints the table, and returns the exit code."""
    gateway = compile_policy(policy).gateway
    targets = tuple(PROGRAMS)
    print(f"gwc: {policy} on {' and '.join(targets)}, with throw-away certificates, an echo upstream and tokens of its own")  # noqa: T201
    started_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="gwc-demo-") as folder, playground(gateway, targets, Path(folder)) as playing:
            rows = list(run(playing))
    except NotInstalled as missing:
        print(f"gwc: {missing}", file=sys.stderr)  # noqa: T201
        return 3
    wrong = [text for row in rows for text in row.wrong]
    print("", table(rows, targets), "", *wrong, sep="\n")  # noqa: T201
    agreement = f"{len(wrong)} answers disagree (marked with !)" if wrong else "all agree"
    print(f"{len(rows)} requests, {len(targets)} gateways, {time.monotonic() - started_s:.1f} s: {agreement}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
