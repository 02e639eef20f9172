"""What the YAML side of every control has in common: strict models, typed scalars, and places in the policy's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from gwc.controls.base import FileRef
from gwc.diagnostics import Findings, Span


class Spec(BaseModel):
    """A mapping of the policy: camelCase keys, no other keys, no conversion of types.

    `LATER` names keys that belong to the language, but that this version does not know: they are refused by name.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)

    LATER: ClassVar[tuple[str, ...]] = ()


class Positions(Protocol):
    """A document that knows where its nodes are (`gwc.source.Document`)."""

    def span(self, pointer: tuple[str | int, ...], key: bool = False) -> Span:
        """The place of a value, or of its name."""
        ...


@dataclass(frozen=True, slots=True)
class Located:
    """A node of a document: where a value of a `Spec` was written."""

    document: Positions
    pointer: tuple[str | int, ...] = ()

    def at(self, *steps: str | int) -> Located:
        """A node below this one."""
        return Located(self.document, (*self.pointer, *steps))

    def span(self) -> Span:
        """The place of the value."""
        return self.document.span(self.pointer)

    def key_span(self) -> Span:
        """The place of the member's name."""
        return self.document.span(self.pointer, key=True)


_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNIT_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024 * 1024}
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)", re.ASCII)
_SIZE = re.compile(r"([1-9][0-9]{0,9})(B|KiB|MiB)", re.ASCII)


def milliseconds(text: str) -> int:
    """The length of a duration such as `250ms`, `30s`, `5m`, `1h` or `7d`. Raises ValueError for another text."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError("a duration is a whole number and a unit: 250ms, 30s, 5m, 1h, 7d")
    return int(found[1]) * _UNIT_MS[found[2]]


def size_bytes(text: str) -> int:
    """The number of bytes of a size such as `512B`, `64KiB` or `1MiB`. Raises ValueError for another text."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError("a size is a whole number above zero and a unit: 512B, 64KiB, 1MiB")
    return int(found[1]) * _UNIT_BYTES[found[2]]


def _duration(text: str) -> str:
    milliseconds(text)
    return text


def _size(text: str) -> str:
    size_bytes(text)
    return text


_PATH_CHARACTERS = re.compile(r"/[A-Za-z0-9._@+=,/-]*", re.ASCII)


def _file_reference(text: str) -> str:
    scheme, colon, path = text.partition(":")
    if not colon or scheme not in ("file", "env", "vault"):
        raise ValueError("a secret or certificate is a reference, file:/absolute/path, never the thing itself")
    if scheme != "file":
        raise ValueError(f"{scheme}: references are not yet supported here; use file:/absolute/path")
    if not _PATH_CHARACTERS.fullmatch(path) or path.endswith("/") or "/../" in f"{path}/" or "//" in path:
        raise ValueError("file: needs an absolute path on the gateway's machine, of letters, digits and ._@+=,-/ without '..'")
    return text


def _host_name(text: str) -> str:
    if not HOST_NAME.fullmatch(text) or len(text) > 253:
        raise ValueError("a host is a DNS name in lower case without port and wildcard, for example api.example.com")
    return text


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = re.compile(rf"(?=.*[a-z]){_LABEL}(?:\.{_LABEL})*", re.ASCII)
"""A DNS name in lower case; something with a letter in it, so that it is no IPv4 address."""

Duration = Annotated[str, AfterValidator(_duration)]
Size = Annotated[str, AfterValidator(_size)]
FileReference = Annotated[str, AfterValidator(_file_reference)]
HostName = Annotated[str, AfterValidator(_host_name)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]
"""A name that the policy gives to something of its own."""
VisibleText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
"""Visible ASCII without spaces."""


def file_ref(text: str) -> FileRef:
    """The reference of a checked `FileReference`."""
    return FileRef(path=text.removeprefix("file:"))


def whole_seconds(text: str, place: Located, findings: Findings, low_s: int, high_s: int) -> int:
    """The seconds of a duration, which must be whole and in the range; otherwise a finding and the nearest end of the range."""
    length_ms = milliseconds(text)
    if length_ms % 1000 == 0 and low_s <= length_ms // 1000 <= high_s:
        return length_ms // 1000
    findings.error("GWC022", f"{text} is not in whole seconds between {low_s}s and {high_s}s", place.span())
    return low_s
