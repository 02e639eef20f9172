"""Requests and verdicts in a few words."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from gwc.controls.api_key import NEVER_S, ApiKey, KeyDigest
from gwc.controls.jwt import FileKeys, Jwt
from gwc.ir import Gateway
from gwc.semantics import Caller, Request, State, decide, faults, parse
from tests.support import sample
from tests.support.tokens import identity_provider, token_for

NOW_S = 1_800_000_000.0


def digest(key: str, consumer: str = "acme", not_before_s: int = 0, expires_s: int = NEVER_S) -> KeyDigest:
    return KeyDigest(digest=hashlib.sha256(key.encode()).hexdigest(), consumer=consumer, not_before_s=not_before_s, expires_s=expires_s)


def gateway(**changed: Any) -> Gateway:
    """The sample with keys of the test's identity provider, and the API key `good`."""
    base = sample.gateway()
    jwt: Jwt = replace(base.jwts[0], algorithms=("ES256", "RS256"))
    keys: ApiKey = replace(base.api_keys[0], keys=(digest("good"),))
    ours = replace(base, rules=(), jwts=(replace(jwt, source=FileKeys(keys=identity_provider().keys_for(jwt))),), api_keys=(keys,))
    return replace(ours, **changed)


def request(method: str, target: str, *fields: str, body: bytes = b"", host: str | None = "api.test") -> Request:
    hosts = () if host is None else (f"Host: {host}",)
    length = (f"Content-Length: {len(body)}",) if body else ()
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *hosts, *fields, *length])
    parsed = parse(head.encode("latin-1") + b"\r\n\r\n" + body)
    assert isinstance(parsed, Request), parsed
    return parsed


def bearer(of: Gateway, **described: Any) -> str:
    """A field with a token, valid at the time of the test's run."""
    return "Authorization: Bearer " + token_for(of.jwts[0], described)


def reasons(of: Gateway, asked: Request, *, sni: str | None = "api.test", now_s: float = NOW_S, state: State | None = None) -> set[str]:
    """All reasons to refuse; empty when the request is to be forwarded. `decide` must agree."""
    found = {
        f.reason for f in faults(of, asked, Caller(sni, "192.0.2.1", now_s), State(dict(state.buckets), state.key_sets) if state else None)
    }
    decision = decide(of, asked, sni=sni, client="192.0.2.1", now_s=now_s, state=state or State())
    assert decision.allowed == (not found)
    assert decision.reason == "allowed" if not found else decision.reason in found
    return found
