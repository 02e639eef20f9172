"""Which media types are read how."""

from __future__ import annotations

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


def is_json(name: str) -> bool:
    """Whether bodies of this type are JSON."""
    return name in ("application/json", "text/json") or name.endswith("+json")


def may_be_json(range_: str) -> bool:
    """Whether a type in the range is JSON."""
    return is_json(range_) or range_ == "*/*" or range_.endswith("/*")


def may_be(name: str, range_: str) -> bool:
    """Whether the type is in the range."""
    return range_ in ("*/*", name, name.partition("/")[0] + "/*")


def may_be_opaque(range_: str) -> bool:
    """Whether a type in the range is none of those that are read."""
    return not (is_json(range_) or range_ in (FORM, MULTIPART))
