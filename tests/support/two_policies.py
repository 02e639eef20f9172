"""Two policies that differ in nearly everything that a reload can change, and what each of them says to a few requests."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from gwc.controls.api_key import NEVER_S, ApiKey, KeyDigest
from gwc.controls.security import Security
from gwc.ir import Gateway, Operation
from tests.support import sample
from tests.support.sample import gateway, operation
from tests.support.steady_load import Expected

HOST = "api.test"
NAMES = ("first", "second")


def pair() -> tuple[Gateway, Gateway]:
    """Other paths, other keys, other security of one operation, other timeouts of the upstream."""
    return _policy("first", 10_000), _policy("second", 9_000)


def _policy(name: str, timeout_ms: int) -> Gateway:
    public, keyed = sample.PUBLIC, sample.one("partnerKey")
    found = {"both": public, f"only-{name}": public, "mine": keyed, "turns": public if name == "first" else keyed}
    digest = KeyDigest(digest=hashlib.sha256(_key(name).encode()).hexdigest(), consumer="acme", not_before_s=0, expires_s=NEVER_S)
    base = gateway(
        api_keys=(ApiKey(scheme="partnerKey", location="header", name="x-api-key", keys=(digest,)),),
        **dict.fromkeys(("rate_limits", "rules", "metrics", "jwts", "basics", "mutual_tls"), ()),
    )
    return replace(
        base,
        listener_tls=replace(base.listener_tls, client_certificates=None),
        operations=tuple(_get(path, security) for path, security in sorted(found.items())),
        upstreams=tuple(replace(u, connect_timeout_ms=timeout_ms // 10, response_timeout_ms=timeout_ms) for u in base.upstreams),
    )


def _get(path: str, security: Security) -> Operation:
    return operation("GET", f"/v1/{path}", security, sample.NO_BODY, f"orders.{path}")


def _key(name: str) -> str:
    return f"key-of-the-{name}-policy"


def request(path: str, key: str = "") -> bytes:
    """A request as it is sent, on a connection that stays."""
    return f"GET /v1/{path} HTTP/1.1\r\nHost: {HOST}\r\n{f'X-Api-Key: {_key(key)}' if key else 'X-Nothing: -'}\r\n\r\n".encode()


def expected(*policies: str) -> Expected:
    """The answers that are right when one of these policies judges, with an upstream that says method and target."""
    asked = [("both", ""), *((f"only-{n}", "") for n in NAMES), ("mine", ""), *(("mine", n) for n in NAMES), ("turns", "")]
    return {request(path, key): frozenset(_answer(path, key, policy) for policy in policies) for path, key in asked}


def _answer(path: str, key: str, policy: str) -> bytes:
    passed = f"200 GET /v1/{path}".encode()
    if path == "both" or path == f"only-{policy}" or (path == "turns" and policy == "first"):
        return passed
    if path.startswith("only-"):
        return b"404 route.unknown"
    if not key:
        return b"401 authn.missing"
    return passed if key == policy else b"401 authn.apiKey"
