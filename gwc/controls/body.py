"""Phase 8: size, media type and coding of the request body. A body is there when it has at least one byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.controls.spec import Size, Spec

DEFAULT_MAX_BYTES = 65536
MAX_BYTES = 64 * 1024 * 1024
"""Larger bodies are not for a gateway that holds them in memory."""

_TCHARS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_RANGE = re.compile(rf"(?:\*/\*|{_TCHARS}/\*|{_TCHARS}/{_TCHARS})", re.ASCII)


class OperationLimitsSpec(Spec):
    """`operations.<id>.limits`: less than the listener's, never more."""

    body_bytes: Size | None = None


def media_range(text: str) -> str | None:
    """A key of OpenAPI's `content` in lower case without parameters; None when it is no media range (RFC 9110 12.5.1)."""
    name = text.partition(";")[0].strip(" \t").lower()
    return name if (_MEDIA_RANGE.fullmatch(name) and not name.startswith("*/")) or name == "*/*" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body(Node):
    """What an operation takes.

    `media_types`: sorted, lower case, without parameters: `type/subtype`, `type/*` or `*/*`; empty: the operation has no
    body, and one is refused with 400 `body.unexpected`. With a body, Content-Type must be there once and be one of them
    (parameters and case do not count), else 415 `body.contentType`; Content-Encoding must be absent or `identity`, else
    415 `body.encoding`; more than `max_bytes` bytes: 413 `body.size`. No body although `required`: 400 `body.missing`.
    """

    STEM: ClassVar[str] = "body"
    PLACE: ClassVar[Place] = "operation"
    FIELD: ClassVar[str] = "body"

    media_types: tuple[str, ...]
    required: bool
    max_bytes: int


EXAMPLES = (
    Body(media_types=("application/json",), required=True, max_bytes=65536),
    Body(media_types=("application/json", "text/*"), required=True, max_bytes=65536),
    Body(media_types=("*/*",), required=True, max_bytes=65536),
    Body(media_types=("application/json",), required=False, max_bytes=65536),
    Body(media_types=("application/json",), required=True, max_bytes=1024),
    Body(media_types=(), required=False, max_bytes=65536),
)
