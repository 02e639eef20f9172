"""Gateway CPU per request whose JSON body is validated, divided by a bare proxy of the same binary that passes the same requests on.

The body is an order with every kind of keyword (types, lengths, patterns, formats, enumerations, ranges, nested and closed objects, arrays,
a choice); 1, 10 and 100 KiB are orders with more lines. And bodies at the limits of a policy: milliseconds of a worker for one of them.
Rounds of both gateways alternate; a round counts only when every reply is the upstream's echo, and a wrong body is refused before.
"""

from __future__ import annotations

import json
import tempfile
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
from gwc.local.identity_provider import IdentityProvider
from gwc.lowering import compile_policy
from tests.support.project import write_project

KIB = 1024
SIZES_KIB = (1, 10, 100)
_PATH = "/v1/orders"

_OPENAPI = """
openapi: 3.1.0
info: {title: Orders, version: "1"}
paths:
  /orders:
    post:
      operationId: placeOrder
      security: []
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
      responses: {"200": {description: fine}}
  /anything:
    post:
      operationId: storeAnything
      security: []
      requestBody: {required: true, content: {application/json: {schema: {}}}}
      responses: {"200": {description: fine}}
components:
  schemas:
    Order:
      type: object
      required: [id, customer, lines, currency, payment]
      properties:
        id: {type: string, format: uuid}
        customer: {$ref: "#/components/schemas/Customer"}
        currency: {type: string, enum: [CHF, EUR, GBP, SEK, USD]}
        placedAt: {type: string, format: date-time}
        note: {type: [string, "null"], maxLength: 500}
        priority: {type: integer, minimum: 0, maximum: 9}
        tags: {type: array, maxItems: 10, uniqueItems: true, items: {type: string, pattern: "^[a-z][a-z0-9-]{0,30}$"}}
        lines: {type: array, minItems: 1, maxItems: 2000, items: {$ref: "#/components/schemas/Line"}}
        payment:
          oneOf:
            - {$ref: "#/components/schemas/Card"}
            - {$ref: "#/components/schemas/Invoice"}
    Customer:
      type: object
      required: [name, email]
      properties:
        name: {type: string, minLength: 1, maxLength: 100}
        email: {type: string, maxLength: 254, pattern: "^[^@ ]+@[^@ ]+$"}
        address:
          type: object
          required: [street, city, country]
          properties:
            street: {type: string, maxLength: 200}
            city: {type: string, maxLength: 100}
            zip: {type: string, pattern: "^[0-9A-Z -]{3,10}$"}
            country: {type: string, pattern: "^[A-Z]{2}$"}
    Line:
      type: object
      required: [sku, quantity, price]
      properties:
        sku: {type: string, pattern: "^[A-Z]{3}-[0-9]{4,8}$"}
        quantity: {type: integer, minimum: 1, maximum: 9999}
        price: {type: number, exclusiveMinimum: 0, multipleOf: 0.01}
        description: {type: string, maxLength: 200}
        gift: {type: boolean}
    Card:
      type: object
      required: [kind, token]
      properties:
        kind: {const: card}
        token: {type: string, pattern: "^tok_[A-Za-z0-9]{24}$"}
    Invoice:
      type: object
      required: [kind, dueDays]
      properties:
        kind: {const: invoice}
        dueDays: {type: integer, enum: [10, 30, 60]}
"""
_POLICY = f"""
apiVersion: gwc/v1
kind: Policy
metadata: {{name: bench}}
apis:
  orders: {{openapi: openapi.yaml, hosts: [{HOST}], basePath: /v1, upstream: orders}}
listener:
  tls: {{profile: mozilla-intermediate-6.0, certificate: file:/tls/server.pem, privateKey: file:/tls/server.key}}
  limits: {{bodyBytes: 1MiB}}
validation:
  request: {{mode: enforce, parameters: strict, body: strict, formats: assert}}
  limits: {{jsonKeys: 10000, arrayItems: 2000}}
operations:
  storeAnything: {{validation: {{limits: {{jsonKeys: 500, arrayItems: 1000}}}}, limits: {{bodyBytes: 64KiB}}}}
authorization:
  public: [placeOrder, storeAnything]
upstreams:
  orders: {{url: "http://127.0.0.1:9000"}}
"""
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Series:
    """One request many times in a round."""

    name: str
    request: Request
    requests: int


def order(kib: int) -> bytes:
    """A valid order of about this size."""
    value = {
        "id": "6f1e0d3c-2b4a-4c5d-8e9f-0a1b2c3d4e5f",
        "customer": {
            "name": "Zoë Ångström",
            "email": "zoe@example.com",
            "address": {"street": "Rue de l'Hôpital 7", "city": "Neuchâtel", "zip": "2000", "country": "CH"},
        },
        "currency": "CHF",
        "placedAt": "2026-11-25T01:02:03.456Z",
        "note": None,
        "priority": 3,
        "tags": ["new", "gift-wrap", "b2c"],
        "lines": [],
        "payment": {"kind": "card", "token": "tok_0123456789abcdefABCDEFgh"},
    }
    lines: list[object] = value["lines"]  # type: ignore[assignment]
    while True:
        n = len(lines)
        line = {"sku": f"ABC-{1000 + n}", "quantity": 1 + n % 7, "price": 19.99 + n % 5, "description": f"Tea, no. {n}", "gift": n % 3 == 0}
        lines.append(line)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) > kib * KIB:
            lines.pop()
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def limits() -> dict[str, bytes]:
    """Bodies at the limits that hold when a policy has none of its own: 64 KiB, 16 deep, 500 members, 1,000 items, 16 KiB of text.

    Each is written so that the quick reader of NGINX has no use: escapes, exponents, blanks.
    """
    text = "\u20ac" * (16 * KIB // 3)
    deep = '{"a":[' * 7 + "1e2" + "]}" * 7
    members = (f'"member \\u0041{n}" : {n}.5e1' for n in range(500))
    lists = (f'"m{n}":[{"1.5e1," * 30}"\\u20ac",{deep if n % 20 == 0 else n}]' for n in range(300))
    return {
        "depth": f"[[{','.join([deep] * 71)}]]".encode(),
        "keys": f"{{{','.join(members)}}}".encode(),
        "items": f"[{','.join(['[' + '1e2,' * 14 + '1]'] * 1000)}]".encode(),
        "text": json.dumps([text, "\\" * (16 * KIB - 9), text], ensure_ascii=False).encode(),
        "all": f"{{{','.join(lists)}}}".encode(),
    }


def measure(rounds: int = 12, requests: int = 200) -> Iterator[dict[str, object]]:
    """A row per gateway and body: medians of microseconds per request and of the ratio, round by round."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "source").mkdir()
        certificates = write_certificates(folder / "tls", [HOST], [])
        setting = Setting(folder, certificates, IdentityProvider(), stack.enter_context(echo(folder, certificates)))
        gateway = _gateway(folder / "source")
        for kind in KINDS:
            yield from _rows(kind, gateway, setting, rounds, requests)


def _gateway(folder: Path) -> Gateway:
    return compile_policy(write_project(folder, policy=_POLICY, openapi=_OPENAPI), root=folder).gateway


def _series(requests: int) -> Iterator[Series]:
    for kib in SIZES_KIB:
        yield Series(f"{kib} KiB", Request("POST", _PATH, _HEADERS, order(kib)), max(10, requests // kib))
    for name, body in limits().items():
        yield Series(f"limit: {name}", Request("POST", "/v1/anything", _HEADERS, body), 5)


def _rows(kind: str, gateway: Gateway, setting: Setting, rounds: int, requests: int) -> Iterator[dict[str, object]]:
    with started_pair(kind, gateway, setting) as (ours, plain):
        _expect_refusal(ours)
        for one in _series(requests):
            pairs = [(_round(ours, one), _round(plain, one)) for _ in range(rounds + 1)][1:]
            yield {"gateway": kind, "series": one.name, "body_bytes": len(one.request.body), **summary(pairs)}


def _expect_refusal(ours: processes.Running) -> None:
    """A gateway that lets everything pass would be fast."""
    wrong = order(1).replace(b'"CH"', b'"ch"')
    with connected(ours.port) as connection:
        head, body = answer(connection, Request("POST", _PATH, _HEADERS, wrong))
    wanted = [{"in": "body", "pointer": "/customer/address/country", "keyword": "pattern"}]
    if not head.startswith(b"HTTP/1.1 400") or json.loads(body)["errors"] != wanted:
        raise RuntimeError(f"a wrong body: {head[:200]!r} {body[:200]!r}")


def _round(running: processes.Running, series: Series) -> float:
    """Microseconds of CPU per request of one round. Raises RuntimeError for a reply that is not the upstream's."""
    with connected(running.port) as connection:
        expect_echo(connection, series.request)  # the handshake and its first request are not counted
        before = cpu_ns(running.pid)
        for _ in range(series.requests):
            expect_echo(connection, series.request)
        return (cpu_ns(running.pid) - before) / 1000 / series.requests
