"""References to base URIs (RFC 3986, section 5.2): as text, nothing is ever fetched."""

from __future__ import annotations

import re
from typing import NamedTuple

_URI = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")


class _Parts(NamedTuple):
    scheme: str | None
    authority: str | None
    path: str
    query: str | None

    def text(self) -> str:
        scheme = "" if self.scheme is None else f"{self.scheme.lower()}:"
        authority = "" if self.authority is None else f"//{self.authority}"
        query = "" if self.query is None else f"?{self.query}"
        return f"{scheme}{authority}{self.path}{query}"


def _split(text: str) -> _Parts:
    match = _URI.match(text)
    assert match is not None  # every text has a path, perhaps an empty one
    return _Parts(*match.group("scheme", "authority", "path", "query"))


def resolve_uri(base: str, reference: str) -> str:
    """The absolute URI of a reference, without its fragment. `base` is absolute."""
    own, to = _split(base), _split(reference)
    if to.scheme is not None:
        return to._replace(path=_without_dots(to.path)).text()
    if to.authority is not None:
        return to._replace(scheme=own.scheme, path=_without_dots(to.path)).text()
    if not to.path:
        return own._replace(query=own.query if to.query is None else to.query).text()
    path = to.path if to.path.startswith("/") else _merged(own, to.path)
    return own._replace(path=_without_dots(path), query=to.query).text()


def _merged(base: _Parts, path: str) -> str:
    if base.authority is not None and not base.path:
        return f"/{path}"
    return base.path[: base.path.rfind("/") + 1] + path


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4. A path without slash, as in a URN, stays."""
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "..":
            if len(kept) > 1 or (kept and kept[0]):
                kept.pop()
            if is_last:
                kept.append("")
        elif segment != ".":
            kept.append(segment)
        elif is_last:
            kept.append("")
    return "/".join(kept)
