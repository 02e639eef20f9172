"""PEM files that Kong wants inline in kong.yml: public certificates only, never a private key."""

from __future__ import annotations

import re
from pathlib import Path

from gwc.backends.base import Unenforceable
from gwc.controls.listener_tls import FileRef
from gwc.diagnostics import Span

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END CERTIFICATE-----")


def read(reference: FileRef, span: Span, field: str) -> tuple[str, ...]:
    """The certificates of a PEM file, in their order, whatever else is in it left out. Raises Unenforceable."""
    try:
        text = Path(reference.path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as e:
        why = (
            f"Kong needs the certificate inline, and {reference.path} can't be read: {e.strerror if isinstance(e, OSError) else 'not PEM'}"
        )
        raise Unenforceable(span, "upstream", field, why, "put the file on the machine that runs gwc, at the same path") from None
    blocks = tuple(f"-----BEGIN CERTIFICATE-----\n{_lines(m[1])}-----END CERTIFICATE-----" for m in _BLOCK.finditer(text))
    if not blocks:
        raise Unenforceable(span, "upstream", field, f"{reference.path} has no PEM certificate")
    return blocks


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
