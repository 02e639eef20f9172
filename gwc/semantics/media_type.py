"""Content-Type with its parameters (RFC 9110 8.3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TYPE = re.compile(r"([^/; \t]+)/([^/; \t]+)[ \t]*(?=;|\Z)")
_PARAMETER = re.compile(r""";[ \t]*(?:([!#$%&'+.^_`|~0-9A-Za-z-]+)=([!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[^"\\]|\\.)*"))?[ \t]*""", re.DOTALL)
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")

JSON, FORM, MULTIPART, OPAQUE = "json", "form", "multipart", "opaque"


@dataclass(frozen=True, slots=True)
class MediaType:
    """`type/subtype` in lower case; names of `parameters` in lower case, None: they are malformed."""

    essence: str
    parameters: dict[str, str] | None

    @property
    def kind(self) -> str:
        """How a body of this type is read."""
        if self.essence in ("application/json", "text/json") or self.essence.endswith("+json"):
            return JSON
        return {"application/x-www-form-urlencoded": FORM, "multipart/form-data": MULTIPART}.get(self.essence, OPAQUE)

    @property
    def is_utf8(self) -> bool:
        """Whether the text is UTF-8, as far as the type says."""
        return self.parameters is not None and self.parameters.get("charset", "utf-8").lower() == "utf-8"


def read(text: str) -> MediaType | None:
    """The media type; None when there is none."""
    found = _TYPE.match(text)
    if not found:
        return None
    return MediaType(f"{found[1]}/{found[2]}".lower(), parameters(text[found.end() :]))


def parameters(text: str) -> dict[str, str] | None:
    """Name -> value from the first semicolon on; None when malformed, or a name is there twice.

    So is a name with an asterisk (RFC 2231, 8187): some readers take `boundary*` or `name*0` for `boundary` and `name`, others don't.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        one = _PARAMETER.match(text, at)
        if not one:
            return None
        if one[1] is not None:
            if one[1].lower() in found:
                return None
            found[one[1].lower()] = re.sub(r"\\(.)", r"\1", one[2][1:-1], flags=re.DOTALL) if one[2][0] == '"' else one[2]
        at = one.end()
    return found


def covers(range_: str, essence: str) -> bool:
    """Whether a media range of the document has this type in it."""
    return range_ in ("*/*", essence, essence.partition("/")[0] + "/*")


def generality(range_: str) -> int:
    """Orders ranges: the smaller, the more specific."""
    return 2 if range_ == "*/*" else int(range_.endswith("/*"))
