"""Reads case folders: a policy, and requests in a form that people can read."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from gwc.ir import Gateway
from tests.support.tokens import token_for

CASES = Path(__file__).resolve().parents[1] / "cases"

Kind = Literal["allowed", "refused", "denied", "handshake", "free", "unreached"]
_KEYS = {
    "name", "method", "target", "version", "host", "sni", "headers", "token", "authorization", "key", "contentType", "body",
    "json", "bytes", "chunked", "raw", "expect", "anyReason", "repeat", "wait", "parallel", "tls", "source", "connection",
    "certificate", "basic", "scheme", "text", "parts", "errors", "response",
}  # fmt: skip


@dataclass(frozen=True)
class Expectation:
    """`allowed 418`: the upstream's status; `401 authn.missing`: refused so; `denied`: refused somehow; `handshake`: no connection.

    Where HTTP software has its own way: `free` is refused, or arrives as one well-formed request (without fields that
    Connection names, perhaps). `unreached` never arrives, but the answer may have a form of the gateway's own.
    """

    kind: Kind
    status: int = 200
    reason: str = "allowed"

    @classmethod
    def read(cls, text: str) -> Expectation:
        first, _, rest = text.partition(" ")
        if first == "allowed":
            return cls("allowed", int(rest or 200))
        if first in {"denied", "handshake", "free", "unreached"}:
            return cls(first, 0, "")  # type: ignore[arg-type]
        return cls("refused", int(first), rest)


@dataclass(frozen=True)
class Step:
    """One entry of `requests`. `spec` is what the file says."""

    name: str
    spec: dict[str, Any]
    expect: Expectation
    any_reason: tuple[str, ...] = ()
    errors: tuple[tuple[str, str, str], ...] | None = None  # (in, pointer, keyword); None: the file does not say

    @property
    def sni(self) -> str | None:
        return self.spec["sni"]

    @property
    def repeat(self) -> int:
        return self.spec.get("repeat", 1)

    def raw(self, gateway: Gateway) -> bytes:
        """The bytes of the request, with credentials that `gateway` knows."""
        return _raw(self.spec, gateway)


@dataclass(frozen=True)
class Case:
    """`upstreams`: name -> `up`, `down`, `stranger` (certificate of another CA) or `misnamed` (of another name); `up` otherwise.

    A step's `certificate` is the client's: `{uris: [..], dns: [..], trusted: false}`. `refused_by`: targets for which the policy is a compile error, with a word of the message.
    """

    name: str
    folder: Path
    policy: Path
    steps: tuple[Step, ...]
    variables: dict[str, str] = field(default_factory=dict)
    upstreams: dict[str, str] = field(default_factory=dict)
    refused_by: dict[str, str] = field(default_factory=dict)


def find_cases() -> list[Path]:
    """The folders of all cases, in order."""
    return sorted(p.parent for p in CASES.glob("*/*/requests.yaml"))


def load_case(folder: Path) -> Case:
    """The case of a folder; a word that is not known is an error."""
    document = yaml.safe_load((folder / "requests.yaml").read_text(encoding="utf-8"))
    defaults = document.pop("defaults", {})
    case = Case(
        name=f"{folder.parent.name}/{folder.name}",
        folder=folder,
        policy=folder / document.pop("policy", "policy.gwc.yaml"),
        steps=tuple(_step({**defaults, **r}) for r in document.pop("requests")),
        variables=document.pop("variables", {}),
        upstreams=document.pop("upstreams", {}),
        refused_by=document.pop("refusedBy", {}),
    )
    assert not document, f"{folder}: unknown keys {sorted(document)}"
    names = [s.name for s in case.steps]
    assert len(set(names)) == len(names), f"{folder}: two requests have one name: {sorted(n for n in names if names.count(n) > 1)}"
    return case


def _step(spec: dict[str, Any]) -> Step:
    unknown = spec.keys() - _KEYS
    assert not unknown, f"{spec}: unknown keys {sorted(unknown)}"
    errors = tuple(_error(e) for e in spec["errors"]) if "errors" in spec else None
    return Step(spec["name"], spec, Expectation.read(spec["expect"]), tuple(spec.get("anyReason", ())), errors)


def _error(text: str) -> tuple[str, str, str]:
    """`body type /a/b`: in, keyword and pointer, which may be missing for the empty one."""
    place, keyword, *pointer = text.split(" ", 2)
    return place, "".join(pointer), keyword


def _raw(spec: dict[str, Any], gateway: Gateway) -> bytes:
    if "raw" in spec:
        return spec["raw"].encode("latin-1")
    body = body_of(spec)
    lines = [f"{spec.get('method', 'GET')} {spaced(spec['target'])} {spec.get('version', 'HTTP/1.1')}", *_fields(spec, gateway)]
    if spec.get("chunked"):
        lines.append("Transfer-Encoding: chunked")
        body = _chunked(body, spec["chunked"])
    elif body or "body" in spec or "bytes" in spec or "text" in spec:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def _fields(spec: dict[str, Any], gateway: Gateway) -> list[str]:
    host = spec.get("host", gateway.host_names.names[0])
    fields = [] if host is None else [f"Host: {host}"]
    fields += [spaced(f) for f in spec.get("headers", [])]
    if "token" in spec:
        control = next((j for j in gateway.jwts if j.scheme == spec.get("scheme")), gateway.jwts[0])
        token = token_for(control, spec["token"])
        fields.append("Authorization: " + spec.get("authorization", "Bearer {token}").replace("{token}", token))
    elif "authorization" in spec:
        fields.append("Authorization: " + spec["authorization"])
    if "basic" in spec:
        fields.append("Authorization: Basic " + base64.b64encode(spec["basic"].encode("latin-1")).decode("ascii"))
    if "key" in spec:
        header = next(k.name for k in gateway.api_keys if k.location == "header")
        fields.append(f"{header}: {spec['key']}")
    if "contentType" in spec or "json" in spec:
        fields.append("Content-Type: " + spec.get("contentType", "application/json"))
    return fields


def body_of(spec: dict[str, Any]) -> bytes:
    """The bytes of the body, before they are chunked."""
    if "json" in spec:
        return json.dumps(spec["json"]).encode()
    if "bytes" in spec:
        return b"x" * spec["bytes"]
    if "text" in spec:
        return spaced(spec["text"]).encode("latin-1")
    if "parts" in spec:
        return "\r\n".join([*spec["parts"].splitlines(), ""]).encode()
    return str(spec.get("body", "")).encode()


def spaced(text: str) -> str:
    """A text of latin-1 bytes in which `<x*300>` stands for 300 times `x`, of any length and without `<` and `>`; `#` in `x` is the number, from 0."""
    return re.sub(r"<([^<>]+)\*([0-9]+)>", lambda m: "".join(m[1].replace("#", str(i)) for i in range(int(m[2]))), text)


def _chunked(body: bytes, size: int) -> bytes:
    """The body in chunks of `size` bytes (`true`: all in one)."""
    size = len(body) if size is True else size
    chunks = [body[i : i + size] for i in range(0, len(body), size)] if body else []
    return b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
