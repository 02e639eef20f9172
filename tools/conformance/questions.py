"""A question is one request and the answer that a collection demands; a batch is what one compiled policy is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HOST = "api.test"

Wanted = Literal["accepted", "refused", "equal"]
"""`equal`: either, but the same on all."""


@dataclass(frozen=True, slots=True)
class Question:
    """`section` and `group` are what it is counted under; `raw` are the bytes of the request. `turned`: the collection wants the opposite."""

    section: str
    group: str
    name: str
    raw: bytes
    wanted: Wanted
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """A policy in `folder`, and the questions. `refused`: group -> what the compiler says of it; nothing is asked about those."""

    name: str
    policy: Path
    questions: tuple[Question, ...]
    refused: dict[str, str]
    unasked: tuple[Question, ...] = ()


def post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """A request with a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


def get(target: str, *fields: str) -> bytes:
    """A request without a body."""
    return "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {HOST}", *fields, "", ""]).encode("latin-1")


def write_policy(folder: Path, public: list[str], request: dict[str, str], limits: dict[str, Any] | None = None) -> Path:
    """The least policy for `openapi.json` in the folder, with this validation of requests."""
    policy = {
        "apiVersion": "gwc/v1",
        "kind": "Policy",
        "metadata": {"name": "conformance"},
        "apis": {"suite": {"openapi": "openapi.json", "hosts": [HOST], "upstream": "suite"}},
        "listener": {
            "tls": {
                "profile": "mozilla-intermediate-6.0",
                "certificate": "file:/etc/gw/tls/server.pem",
                "privateKey": "file:/etc/gw/tls/server.key",
            },
            "limits": {"bodyBytes": "1MiB"},
        },
        "authorization": {"public": public},
        "validation": {"request": request} | ({"limits": limits} if limits else {}),
        "upstreams": {"suite": {"url": "http://suite.internal"}},
    }
    path = folder / "policy.gwc.yaml"
    path.write_text(json.dumps(policy, indent=1), encoding="utf-8")
    return path
