"""Phase 8: what the request carries."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.controls.body import Body
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request


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
    if any(coding.lower() != "identity" for coding in request.values("content-encoding")):
        yield fault("body.encoding")


def takes(control: Body, content_type: str) -> bool:
    """Whether a Content-Type names one of the media types; parameters and case do not count."""
    essence = content_type.partition(";")[0].strip(" \t").lower()
    kind, slash, subtype = essence.partition("/")
    well_formed = bool(kind and slash and subtype) and "/" not in subtype and "*" not in essence
    return well_formed and any(m in control.media_types for m in (essence, f"{kind}/*", "*/*"))
