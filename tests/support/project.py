"""Small policies on disk, for tests of the language."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from gwc.diagnostics import Diagnostic, Problems
from gwc.lowering import Lowered, compile_policy

OPENAPI = """
openapi: 3.1.0
info: {title: Orders, version: "1"}
paths:
  /health:
    get: {operationId: getHealth, security: [], responses: {"200": {description: fine}}}
  /orders:
    get:
      operationId: listOrders
      tags: [read]
      security: [{partnerKey: []}]
      responses: {"200": {description: fine}}
    post:
      operationId: createOrder
      security: [{oauth: [orders:write]}]
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: made}}
  /orders/{orderId}:
    get:
      operationId: getOrder
      tags: [read]
      parameters: [{name: orderId, in: path, required: true, schema: {type: string}}]
      security: [{oauth: [orders:read]}, {partnerKey: []}]
      responses: {"200": {description: fine}}
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: "https://id.example.com/token", scopes: {orders:read: read, orders:write: write}}}
    partnerKey: {type: apiKey, in: header, name: X-API-Key}
"""

POLICY = """
apiVersion: gwc/v1
kind: Policy
metadata: {name: orders, owner: team@example.com}
apis:
  orders: {openapi: openapi.yaml, hosts: [orders.example.com], basePath: /v1, upstream: orders}
listener:
  address: 127.0.0.1:8443
  tls:
    profile: mozilla-intermediate-6.0
    certificate: file:/etc/gw/orders.crt
    privateKey: file:/etc/gw/orders.key
authentication:
  oauth:
    type: jwt
    issuer: https://id.example.com/
    audiences: [https://orders.example.com]
    jwks: {file: jwks.json}
    algorithms: [ES256]
  partnerKey: {type: apiKey, consumers: consumers.gwc.yaml}
authorization:
  public: [getHealth]
rateLimits:
  - {id: per-ip, key: [client.ip], limit: 300, window: 1m, burst: 50}
upstreams:
  orders: {url: "http://127.0.0.1:9000"}
"""

CONSUMERS = """
apiVersion: gwc/v1
kind: Consumers
consumers:
  - id: acme
    keys: [{digest: "sha256:%s", expires: 2030-01-01}]
""" % ("a" * 64)

JWKS: dict[str, Any] = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "kid": "es1",
            "use": "sig",
            "alg": "ES256",
            "x": "WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis",
            "y": "y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE",
        }
    ]
}


def write_project(folder: Path, *, policy: str = POLICY, openapi: str = OPENAPI, consumers: str = CONSUMERS, jwks: Any = None) -> Path:
    """Writes the four files of a small project; returns the path of the policy."""
    for name, text in {"orders.gwc.yaml": policy, "openapi.yaml": openapi, "consumers.gwc.yaml": consumers}.items():
        (folder / name).write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    (folder / "jwks.json").write_text(json.dumps(JWKS if jwks is None else jwks), encoding="utf-8")
    return folder / "orders.gwc.yaml"


def lowered(folder: Path, **texts: Any) -> Lowered:
    """The IR of a small project with these files changed."""
    return compile_policy(write_project(folder, **texts), root=folder)


def errors(folder: Path, **texts: Any) -> list[Diagnostic]:
    """The errors of a small project with these files changed; it must have some."""
    try:
        lowered(folder, **texts)
    except Problems as problems:
        return [d for d in problems.diagnostics if d.severity == "error"]
    raise AssertionError("the project compiles")
