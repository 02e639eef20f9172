"""What could be different about the body of the request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gwc.explain.asked import Asked, Body
from gwc.explain.change import MAX_VALUES, Change, plain, setting, with_any
from gwc.explain.judge import Judged
from gwc.explain.stand_in import concrete

_NONE = Body(media_type=None, size=0)


def missing(judged: Judged) -> Iterator[Change]:
    """A body that the operation takes."""
    yield from _typed(judged, "send a body of", 1)


def unexpected(judged: Judged) -> Iterator[Change]:  # noqa: ARG001 - one shape for all
    """No body."""
    yield Change("body", "", plain("leave out the body"), setting(body=_NONE), 3)


def size(judged: Judged) -> Iterator[Change]:
    """A smaller body."""
    if judged.operation is not None and judged.asked.body is not None:
        most = judged.operation.body.max_bytes
        smaller = replace(judged.asked.body, size=most)
        yield Change("bodySize", "", plain(f"send at most {most} bytes"), setting(body=smaller), 3)


def media_type(judged: Judged) -> Iterator[Change]:
    """Another media type."""
    yield from _typed(judged, "send the body as", judged.asked.body.size if judged.asked.body else 1)


def encoding(judged: Judged) -> Iterator[Change]:
    """No content coding."""
    kept = _without(judged.asked, "content-encoding")
    yield Change("coding", "", plain("send the body without Content-Encoding"), setting(headers=kept), 3)


def _typed(judged: Judged, verb: str, bytes_: int) -> Iterator[Change]:
    kept = _without(judged.asked, "content-type")
    for media_range in judged.operation.body.media_types[:MAX_VALUES] if judged.operation else ():
        body = Body(media_type=concrete(media_range), size=bytes_)
        yield Change("bodyType", media_range, with_any(verb, many=f"{verb} one of"), setting(body=body, headers=kept), 3)


def _without(asked: Asked, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(h for h in asked.headers if h[0].lower() != name)
