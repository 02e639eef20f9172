"""Requests of case folders as options of `gwc explain`, and described requests as real ones, with real keys."""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from gwc.cli.explain_request import Given
from gwc.controls.api_key import ApiKey
from gwc.controls.basic import Basic
from gwc.controls.jwt import FileKeys
from gwc.explain import Asked
from gwc.explain.stand_in import payload_of
from gwc.ir import Gateway
from gwc.local.token_endpoint import wanted_by
from gwc.semantics import KeySet, State, parse
from gwc.semantics.http1 import Refusal, Request
from tests.support.cases import Step, body_of, spaced
from tests.support.tokens import _FIELDS, identity_provider

_OTHER = {"raw", "version", "chunked", "authorization", "tls"}
"""What options can't say."""
KEYS = {
    hashlib.sha256(text.encode()).hexdigest(): text
    for text in (
        "acme-key", "globex-key", "initech-key", "p@ss word+/=", "s3cr3t-acme-new", "s3cr3t-acme-old", "s3cr3t-globex",
        *(f"gwc_{letter * 49}" for letter in "AGON"),
    )
}  # fmt: skip
"""Keys that the consumers files of the cases have, by digest."""


def with_local_keys(gateway: Gateway) -> Gateway:
    """The gateway with the public keys of the tests' identity provider where it had some."""
    provider = identity_provider()
    known = (replace(j, source=FileKeys(keys=provider.keys_for(j))) if isinstance(j.source, FileKeys) else j for j in gateway.jwts)
    return replace(gateway, jwts=tuple(known))


def fresh_state(gateway: Gateway, now_s: float) -> State:
    """Full buckets, and every key set that a gateway could have."""
    provider = identity_provider()
    return State(key_sets={j.scheme: KeySet(provider.verification_keys(j), now_s) for j in gateway.jwts})


def given_of(step: Step, gateway: Gateway, now_s: float) -> tuple[str, str, Given] | None:
    """Method, target and options; None for a request that they can't express."""
    spec = step.spec
    token = spec.get("token", {})
    if (
        _OTHER & spec.keys()
        or {"fault", "header", "alg", "typ"} & token.keys()
        or not spec.get("host", "x")
        or "sni" in spec
        or not spec.get("method", "GET").isupper()
    ):
        return None
    found = _with_keys(spec, gateway, now_s)
    basic = _basic(spec, gateway, now_s)
    certificate = spec.get("certificate")
    if found is None or basic is False or certificate == {} or (certificate or {}).get("trusted") is False:
        return None
    target, headers, keys = found
    given = Given(
        decide=True,
        host=spec.get("host") or gateway.host_names.names[0],
        client=spec.get("source", "127.0.0.1"),
        claims=json.dumps(_claims(spec, gateway, now_s)) if "token" in spec else None,
        scheme=_scheme(spec, gateway) if "token" in spec else None,
        keys=keys,
        basic=basic or None,
        certificate=_names(certificate or {}),
        headers=headers,
        **_body_options(spec),
    )
    return spec.get("method", "GET"), target, given


def _names(certificate: dict[str, Any]) -> tuple[str, ...]:
    return (*(f"uri:{u}" for u in certificate.get("uris", ())), *(f"dns:{d}" for d in certificate.get("dns", ())))


def _scheme(spec: dict[str, Any], gateway: Gateway) -> str:
    return next((j.scheme for j in gateway.jwts if j.scheme == spec.get("scheme")), gateway.jwts[0].scheme)


def _claims(spec: dict[str, Any], gateway: Gateway, now_s: float) -> dict[str, Any]:
    control = next(j for j in gateway.jwts if j.scheme == _scheme(spec, gateway))
    described = dict(spec["token"])
    claims = described.pop("claims", {})
    payload = replace(wanted_by(control, int(now_s)), **{_FIELDS[k]: v for k, v in described.items()}).payload
    times = {k: int(now_s) + int(v[3:]) if isinstance(v, str) and v.startswith("now") else v for k, v in claims.items()}
    return {**payload, **times}


def _body_options(spec: dict[str, Any]) -> dict[str, Any]:
    """The body as a file, where its type is said; else its size."""
    content, media_type = body_of(spec), spec.get("contentType", "application/json" if "json" in spec else None)
    if not content or media_type is None:
        return {"body_type": media_type, "body_bytes": len(content)}
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(content)
    atexit.register(Path(file.name).unlink)
    return {"body_type": media_type, "body": f"@{file.name}"}


def _with_keys(spec: dict[str, Any], gateway: Gateway, now_s: float) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """Target and headers without keys, and the keys by consumer; None for keys that nobody has, or that are there twice."""
    headers, keys = [], []
    if "key" in spec:
        control = next(k for k in gateway.api_keys if k.location == "header")
        keys.append((control, spec["key"]))
    for text in spec.get("headers", []):
        name, _, value = text.partition(":")
        control = next((k for k in gateway.api_keys if k.location == "header" and k.name == name.lower()), None)
        if name.lower() == "authorization" or "<" in text or not text.isascii():  # options are UTF-8, the cases send latin-1
            return None
        if control:
            keys.append((control, value.strip()))
        else:
            headers.append(text)
    headers, in_cookies = _cookies(headers, gateway)
    target, in_query = _query(spaced(spec["target"]), gateway)
    owned = [(c.scheme, owner(c, text, now_s)) for c, text in (*keys, *in_cookies, *in_query)]
    if any(o is None for _, o in owned) or len({s for s, _ in owned}) < len(owned):
        return None
    return target, tuple(headers), tuple(f"{s}={o}" for s, o in owned)


def _cookies(headers: list[str], gateway: Gateway) -> tuple[list[str], list[tuple[ApiKey, str]]]:
    kept, keys = [], []
    for text in headers:
        name, _, value = text.partition(": ")
        parts = value.split(";") if name == "Cookie" else []
        mine = [
            (k, p.strip().partition("=")[2])
            for p in parts
            for k in gateway.api_keys
            if k.location == "cookie" and p.strip().partition("=")[0] == k.name
        ]
        keys += mine
        rest = [p for p in parts if not any(p.strip().partition("=")[0] == k.name for k, _ in mine)]
        if not mine:
            kept.append(text)
        elif rest:
            kept.append(f"Cookie: {';'.join(rest)}")
    return kept, keys


def _query(target: str, gateway: Gateway) -> tuple[str, list[tuple[ApiKey, str]]]:
    path, question, query = target.partition("?")
    keys = [
        (k, p.partition("=")[2])
        for p in query.split("&")
        for k in gateway.api_keys
        if k.location == "query" and p.partition("=")[0] == k.name
    ]
    kept = [p for p in query.split("&") if not any(p.partition("=")[0] == k.name for k, _ in keys)]
    return (f"{path}?{'&'.join(kept)}" if question and "&".join(kept) else path) if keys else target, keys


def owner(control: ApiKey | Basic, text: str, now_s: float) -> str | None:
    """The consumer of a key that is valid now."""
    digest = hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
    live = (k for k in control.keys if k.digest == digest and k.not_before_s <= now_s < k.expires_s)
    return next((k.consumer for k in live), None) if len(text) <= 256 else None


def _basic(spec: dict[str, Any], gateway: Gateway, now_s: float) -> str | bool:
    """The option; False: not to be expressed."""
    if "basic" not in spec:
        return ""
    user, _, key = spec["basic"].partition(":")
    control = gateway.basics[0]
    return f"{control.scheme}={user}" if key.startswith("gwc_") and owner(control, key, now_s) == user else False


# --- the other way round ---------------------------------------------------------------------------------------------------


def real_request(asked: Asked, gateway: Gateway) -> Request | Refusal:
    """The request as a client would send it who has the keys. Raises LookupError for keys that the tests do not have."""
    target, fields = asked.target, [f"Host: {asked.host}", *(f"{n}: {v}" for n, v in asked.headers)]
    for scheme, consumer in asked.keys:
        control = next(k for k in gateway.api_keys if k.scheme == scheme)
        text = _key(control, consumer, asked.now_s, generated=False)
        if control.location == "query":
            target += ("&" if "?" in target else "?") + f"{control.name}={text}"
        else:
            fields.append(f"{control.name}: {text}" if control.location == "header" else f"Cookie: {control.name}={text}")
    if asked.basic:
        control = next(b for b in gateway.basics if b.scheme == asked.basic[0])
        text = f"{asked.basic[1]}:{_key(control, asked.basic[1], asked.now_s, generated=True)}"
        fields.append("Authorization: Basic " + base64.b64encode(text.encode()).decode())
    if asked.token:
        jwt = next(j for j in gateway.jwts if j.scheme == asked.token.scheme)
        header = wanted_by(jwt, int(asked.now_s)).header
        fields.append(
            "Authorization: Bearer " + identity_provider().sign(header, payload_of(jwt, asked.token.claims, asked.now_s), jwt.algorithms[0])
        )
    body = asked.body
    if body and body.media_type:
        fields.append(f"Content-Type: {body.media_type}")
    if body and body.size:
        fields.append(f"Content-Length: {body.size}")
    size = body.size if body else 0
    content = body.content if body and body.content is not None else bytes(size)
    head = "\r\n".join([f"{asked.method} {target} HTTP/1.1", *fields, "", ""]).encode()
    return parse(head + content)


def _key(control: ApiKey | Basic, consumer: str, now_s: float, *, generated: bool) -> str:
    live = (KEYS[k.digest] for k in control.keys if k.consumer == consumer and k.digest in KEYS and k.not_before_s <= now_s < k.expires_s)
    found = next((text for text in live if text.startswith("gwc_") == generated and " " not in text), None)
    if found is None:
        raise LookupError(consumer)
    return found


def now() -> float:
    """The clock, in whole seconds."""
    return float(int(time.time()))
