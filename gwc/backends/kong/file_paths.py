"""Paths in kong.conf and nginx.conf, whose syntax has no quoting that both Kong's reader and NGINX respect."""

from __future__ import annotations

import re

from gwc.backends.base import Unenforceable
from gwc.controls.listener_tls import FileRef
from gwc.diagnostics import Span

_SAFE = re.compile(r"/[A-Za-z0-9._/@+=~-]*\Z")


def is_safe(path: str) -> bool:
    """Whether the path is absolute and every reader takes all of its characters for themselves."""
    return _SAFE.match(path) is not None


def emit(reference: FileRef, span: Span, stem: str, field: str) -> str:
    """The path as it stands in the configuration. Raises Unenforceable."""
    if not is_safe(reference.path):
        why = f"the path {reference.path!r} has characters that kong.conf can't hold"
        raise Unenforceable(span, stem, field, why, "use letters, digits and . _ / @ + = ~ - in file names")
    return reference.path
