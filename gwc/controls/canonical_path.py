r"""Phase 1: one grammar of the request target for all gateways; what was checked is what is forwarded, byte for byte.

Refused are `//`, dot segments, `;`, `\`, `%2F %5C %00 %25 %2E`, malformed or needless percent-encoding and everything
that is not ASCII. The expression has no look-around and no ambiguity: PCRE and RE2 take it, in linear time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.controls.spec import Size, Spec

_CHAR = r"[A-Za-z0-9_~!$&'()*+,=:@-]"
PATH_CHARS = r"A-Za-z0-9._~!$&'()*+,=:@-"
"""What stands for itself in a segment, as the inside of a character class."""
_CHARS_OR_DOTS = rf"[{PATH_CHARS}]*"
# Escapes only where they are needed: no unreserved character, no dot, slash, backslash, percent, semicolon or control. Both cases of hex.
ESCAPED = r"(?:2[0-46-9A-Ca-c]|3[AC-Fac-f]|40|5[BDEbde]|60|7[B-Db-d]|[89A-Fa-f][0-9A-Fa-f])"
"""What may follow the percent sign in a path."""
_ESCAPE = f"%{ESCAPED}"
# At most two dots and then something that is no dot, or three dots: never `.` or `..` alone.
_SEGMENT = rf"(?:\.{{0,2}}(?:{_CHAR}|{_ESCAPE})|\.{{3}}){_CHARS_OR_DOTS}(?:{_ESCAPE}{_CHARS_OR_DOTS})*"
QUERY_CHARS = r"!$&'()*+,./0-9:;=?@A-Z\[\]_a-z|~-"
"""What stands for itself in a query, as the inside of a character class."""
_QUERY_CHARS = f"[{QUERY_CHARS}]*"

# What may follow a segment, or stand alone, where an operation has matrix parameters; `..;x` is never a segment (Tomcat reads it as `..`).
_MATRIX = rf";[A-Za-z0-9._~!$&'()*+,;=:@-]*(?:{_ESCAPE}[A-Za-z0-9._~!$&'()*+,;=:@-]*)*"
_MATRIX_SEGMENT = rf"(?:{_SEGMENT}(?:{_MATRIX})?|{_MATRIX})"

PATH = rf"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?"
MATRIX_PATH = rf"/(?:{_MATRIX_SEGMENT}(?:/{_MATRIX_SEGMENT})*/?)?"
"""The path where `CanonicalPath.matrix` is true."""
QUERY = rf"\?{_QUERY_CHARS}(?:%[0-9A-Fa-f][0-9A-Fa-f]{_QUERY_CHARS})*"
TARGET = rf"{PATH}(?:{QUERY})?"
"""A whole request target in origin form; to be matched in full (`^...$` with a true end)."""
MATRIX_TARGET = rf"{MATRIX_PATH}(?:{QUERY})?"

LITERAL_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")
"""What a literal of a path template may consist of: exactly the characters with one canonical spelling.

Others may be sent as they are or percent-encoded (`@me`, `%40me`): gateways compare the spelling, many servers compare what it
means, so a request could be judged as one operation and served as another.
"""


class LimitsSpec(Spec):
    """`listener.limits`: how much of a request is taken at most. Several add up to the smallest."""

    LATER: ClassVar[tuple[str, ...]] = ("headerBytes", "headerTimeout", "bodyTimeout", "headers")

    body_bytes: Size | None = None
    uri_bytes: Size | None = None


DEFAULT_URI_BYTES = 4096
MAX_URI_BYTES = 8000
"""What all gateways can hold in one request line with their own limits above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalPath(Node):
    """Targets longer than `max_uri_bytes` are refused with 414 `normalise.uri`, others outside the grammar with 400 `normalise.path`.

    The length is that of the raw target in bytes: path, question mark and query.

    `matrix`: an operation has path parameters of style matrix. Then segments may have semicolons (`MATRIX_TARGET`), until the operation is
    known: a semicolon in a segment that is not one of its `Validation.matrix_segments` is 400 `normalise.path`.
    """

    STEM: ClassVar[str] = "canonical_path"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "canonical_path"

    max_uri_bytes: int
    matrix: bool


EXAMPLES = (
    CanonicalPath(max_uri_bytes=4096, matrix=False),
    CanonicalPath(max_uri_bytes=1024, matrix=False),
    CanonicalPath(max_uri_bytes=4096, matrix=True),
)
