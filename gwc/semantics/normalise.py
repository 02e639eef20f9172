"""Phase 1, everything about the head that is no host and no path."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import HEADER_BYTES, HEADER_FIELDS, Request

_METHOD = re.compile(r"[A-Z_-]+\Z")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{0,5})?\Z")
NEVER_SERVED = frozenset({"TRACE", "CONNECT"})
"""Methods that are refused with 405 whatever the target is."""


def find_faults(request: Request) -> Iterator[Fault]:
    """Faults of version, methods, number and names of the fields."""
    if request.version < (1, 1):
        yield fault("normalise.version")
    if _is_ambiguous(request) or not _METHOD.match(request.method):
        yield fault("normalise.request")
    if len(request.values("host")) == 1 and not _HOST.match(request.values("host")[0]):
        yield fault("normalise.host")  # the likelier answer, but HTTP software may take such a Host for none at all
        yield fault("normalise.request")
    if len(request.headers) > HEADER_FIELDS or request.head_bytes > HEADER_BYTES:
        yield fault("normalise.headers")
    if any("_" in name for name, _ in request.headers):
        yield fault("normalise.headerName")
    if request.method in NEVER_SERVED:
        yield fault("route.method")


def _is_ambiguous(request: Request) -> bool:
    """Whether Host or Authorization could be read in two ways (two values may arrive joined by a comma)."""
    authorizations = request.values("authorization")
    return len(request.values("host")) != 1 or len(authorizations) > 1 or any("," in a for a in authorizations)
