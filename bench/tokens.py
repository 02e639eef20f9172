"""Gateway CPU per request with credentials, divided by a bare proxy of the same binary that passes the same requests on.

Three series: one RS256 token that comes again (the gateway may remember it), RS256 tokens that never come again in the life of a
process, and one API key. Rounds of both gateways alternate, each on a connection of its own that is open before the clock
starts; a round counts only when every reply is the upstream's echo.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.bare import echo
from bench.load import HOST, Request, answer, connected, cpu_ns, expect_echo, summary
from bench.pair import KINDS, Setting, started_pair
from gwc.ir import Gateway
from gwc.local import processes
from gwc.local.certificates import write_certificates
from gwc.local.identity_provider import IdentityProvider, TokenRequest
from gwc.lowering import compile_policy
from tests.support.project import write_project

CACHED, UNIQUE, KEY = "repeated token", "unique tokens", "API key"
_PATH = "/v1/orders/7"
_ISSUER, _AUDIENCE = "https://id.example.com/", "https://orders.example.com"
_API_KEY = "bench-key-0123456789abcdef0123456789abcdef"

_OPENAPI = """
openapi: 3.1.0
info: {title: Orders, version: "1"}
paths:
  /orders/{orderId}:
    parameters: [{name: orderId, in: path, required: true, schema: {type: string}}]
    get: {operationId: getOrder, security: [{oauth: ["orders:read"]}], responses: {"200": {description: fine}}}
  /partner-orders/{orderId}:
    parameters: [{name: orderId, in: path, required: true, schema: {type: string}}]
    get: {operationId: getPartnerOrder, security: [{partnerKey: []}], responses: {"200": {description: fine}}}
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: "https://id.example.com/token", scopes: {"orders:read": read}}}
    partnerKey: {type: apiKey, in: header, name: X-API-Key}
"""
_POLICY = f"""
apiVersion: gwc/v1
kind: Policy
metadata: {{name: bench}}
apis:
  orders: {{openapi: openapi.yaml, hosts: [{HOST}], basePath: /v1, upstream: orders}}
listener:
  tls: {{profile: mozilla-intermediate-6.0, certificate: file:/tls/server.pem, privateKey: file:/tls/server.key}}
authentication:
  oauth: {{type: jwt, issuer: "{_ISSUER}", audiences: ["{_AUDIENCE}"], jwks: {{file: jwks.json}}, algorithms: [RS256]}}
  partnerKey: {{type: apiKey, consumers: consumers.gwc.yaml}}
upstreams:
  orders: {{url: "http://127.0.0.1:9000"}}
"""
_CONSUMERS = f"""
apiVersion: gwc/v1
kind: Consumers
consumers:
  - {{id: acme, keys: [{{digest: "sha256:{hashlib.sha256(_API_KEY.encode()).hexdigest()}"}}]}}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """Requests by round; the first round warms up and is not counted."""

    name: str
    rounds: tuple[tuple[Request, ...], ...]


def measure(rounds: int = 12, requests: int = 200) -> list[dict[str, object]]:
    """A row per gateway and series: medians of microseconds per request and of the ratio, round by round."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "source").mkdir()
        provider = IdentityProvider()
        gateway = _gateway(folder / "source", provider)
        certificates = write_certificates(folder / "tls", [HOST], [])
        setting = Setting(folder, certificates, provider, stack.enter_context(echo(folder, certificates)))
        series = list(_series(provider, rounds + 1, requests))
        return [row for kind in KINDS for row in _rows(kind, gateway, setting, series)]


def _gateway(folder: Path, provider: IdentityProvider) -> Gateway:
    jwks = {"keys": [key for key in provider.jwks()["keys"] if key["alg"] == "RS256"]}
    return compile_policy(write_project(folder, policy=_POLICY, openapi=_OPENAPI, consumers=_CONSUMERS, jwks=jwks), root=folder).gateway


def _series(provider: IdentityProvider, rounds: int, requests: int) -> Iterator[Series]:
    now_s = int(time.time())

    def bearer(number: int) -> Request:
        wanted = TokenRequest(
            issuer=_ISSUER, audience=_AUDIENCE, now_s=now_s, subject=f"user-{number:06d}", scope="orders:read", algorithm="RS256"
        )
        return Request("GET", _PATH, {"Authorization": f"Bearer {provider.token(wanted)}"})

    again, key = bearer(0), Request("GET", "/v1/partner-orders/7", {"X-API-Key": _API_KEY})
    yield Series(CACHED, ((again,) * requests,) * rounds)
    yield Series(UNIQUE, tuple(tuple(bearer(1 + r * requests + n) for n in range(requests)) for r in range(rounds)))
    yield Series(KEY, ((key,) * requests,) * rounds)


def _rows(kind: str, gateway: Gateway, setting: Setting, series: list[Series]) -> Iterator[dict[str, object]]:
    """All series on the same two processes: a token of `UNIQUE` meets each of them once."""
    with started_pair(kind, gateway, setting) as (ours, plain):
        for one in series:
            _expect_refusal(ours, one.rounds[0][0].path)
            pairs = [(_round(ours, requests), _round(plain, requests)) for requests in one.rounds][1:]
            yield {"gateway": kind, "series": one.name, "requests_per_round": len(one.rounds[0]), **summary(pairs)}


def _expect_refusal(ours: processes.Running, path: str) -> None:
    """An open gateway would be fast."""
    with connected(ours.port) as connection:
        head, _ = answer(connection, Request("GET", path))
    if not head.startswith(b"HTTP/1.1 401"):
        raise RuntimeError(f"{path} without credentials: {head[:200]!r}")


def _round(running: processes.Running, requests: tuple[Request, ...]) -> float:
    """Microseconds of CPU per request of one round. Raises RuntimeError for a reply that is not the upstream's."""
    with connected(running.port) as connection:
        expect_echo(connection, requests[0])  # the handshake and its first request are not counted
        before = cpu_ns(running.pid)
        for request in requests[1:]:
            expect_echo(connection, request)
        return (cpu_ns(running.pid) - before) / 1000 / (len(requests) - 1)
