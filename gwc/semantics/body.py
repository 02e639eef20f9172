"""Phase 8: what the request carries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gwc.controls.body import Body
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request

_WORD = r"[!#$%&'+.^_`|~0-9A-Za-z-]+"  # RFC 9110 5.6.2 without the asterisk, which stands for a range
_MEDIA_TYPE = re.compile(rf"({_WORD})/({_WORD})[ \t]*(?:;|\Z)")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"')


def find_faults(control: Body, request: Request) -> Iterator[Fault]:
    """Everything that is wrong about the body, or about its absence."""
    if not request.body:
        if control.required:
            yield fault("body.missing")
        return
    if not control.media_types:
        yield fault("body.unexpected")
    if len(request.body) > control.max_bytes:
        yield fault("body.size")
    if control.media_types:
        yield from _type_faults(control, request)


def _type_faults(control: Body, request: Request) -> Iterator[Fault]:
    types = request.values("content-type")
    if len(types) != 1 or not takes(control, types[0]):
        yield fault("body.contentType")
    if any(coding.lower() not in ("", "identity") for coding in request.values("content-encoding")):
        yield fault("body.encoding")


def takes(control: Body, content_type: str) -> bool:
    """Whether a Content-Type names one of the media types; parameters and case do not count. Two fields that were joined are none."""
    found = _MEDIA_TYPE.match(content_type)
    if not found or "," in _QUOTED.sub("", _ESCAPED.sub("", content_type)):
        return False
    kind, subtype = found[1].lower(), found[2].lower()
    return any(m in control.media_types for m in (f"{kind}/{subtype}", f"{kind}/*", "*/*"))
