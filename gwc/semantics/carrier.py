"""Where API keys are in a request, and the request without them (the rules are those of `gwc.controls.api_key`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import unquote_to_bytes

from gwc.controls.api_key import ApiKey
from gwc.semantics.http1 import Request


def values(control: ApiKey, request: Request) -> tuple[bytes, ...]:
    """Everything that is presented as a key of the scheme, in order."""
    if control.location == "header":
        return tuple(v.encode("latin-1") for v in request.values(control.name))
    if control.location == "query":
        parts = request.target.partition("?")[2].split("&")
        return tuple(_decoded(p.partition("=")[2]) for p in parts if _names(p, {control.name}))
    return cookie_values(request, control.name)


def cookie_values(request: Request, name: str) -> tuple[bytes, ...]:
    """The values of all cookies of this name, in order."""
    return tuple(p.partition("=")[2].encode("latin-1") for p in _cookies(request) if p.partition("=")[0] == name)


def target_without(request: Request, removed: Collection[str]) -> str:
    """The target without these parameters of the query."""
    path, question, query = request.target.partition("?")
    parts = query.split("&")
    kept = [p for p in parts if not _names(p, removed)]
    if not question or len(kept) == len(parts):
        return request.target
    return f"{path}?{'&'.join(kept)}" if kept else path


def cookies_without(request: Request, removed: Collection[str]) -> str:
    """The one Cookie field without these cookies; empty: none."""
    return "; ".join(p for p in _cookies(request) if p.partition("=")[0] not in removed)


def _cookies(request: Request) -> Iterator[str]:
    parts = (p.strip(" \t") for field in request.values("cookie") for p in field.split(";"))
    return (p for p in parts if p)


def _names(part: str, names: Collection[str]) -> bool:
    return _decoded(part.partition("=")[0]).decode("latin-1") in names


def _decoded(text: str) -> bytes:
    return unquote_to_bytes(text.encode("latin-1"))
