"""The building blocks of Envoy's configuration: plain JSON trees, written once by `render`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_TYPE = "type.googleapis.com/"
_INDENT = " " * 16
_LINE = 120
"""A tree that fits into this many characters is written on one line."""

HTTP_FILTER = "envoy.extensions.filters.http."
ANY = {"any": True}
PRESENT = {"present_match": True}


def typed(message: str, **fields: Any) -> Json:
    """A message inside `Any`: Envoy refuses unknown types and fields of it."""
    return {"@type": _TYPE + message, **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """A named extension. The name of an HTTP filter is also the key of its configuration in routes."""
    return {"name": name, "typed_config": typed(message, **fields)}


def first_of(*operators: tuple[str, str | None]) -> str:
    """A command of Envoy's formats: the first of (command, parameter) that has a value."""
    written = [{"command": command, **({"param": param} if param else {})} for command, param in operators]
    return f"%COALESCE({json.dumps({'operators': written}, separators=(',', ':'))})%"


def header(name: str, value: str) -> Json:
    """Sets a header. `value` is a text of gwc's own, which may hold commands of Envoy's formats."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def rules(action: str, policies: Mapping[str, Sequence[Json]]) -> Json:
    """Rules of RBAC: policy -> principals, of which one must hold. `ALLOW` without any that holds denies."""
    made = {name: {"permissions": [ANY], "principals": list(principals)} for name, principals in policies.items()}
    return {"action": action, "policies": made}


def without_type(message: Json) -> Json:
    """The message for a place that knows its type."""
    return {k: v for k, v in message.items() if k != "@type"}


def render(documents: Mapping[str, Json]) -> dict[str, bytes]:
    """The documents by path: ASCII JSON in the order of the members, short parts on one line, a final newline."""
    return {path: _Writer().document(tree) for path, tree in documents.items()}


class _Writer:
    """Writes line by line. Parts that many routes share are written once: that makes a thousand operations cheap.

    The trees must live as long as the writer, which knows them by their identity.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._short: dict[int, str | None] = {}

    def document(self, tree: Json) -> bytes:
        """The whole text."""
        self._write(tree, 0, "", "")
        return ("\n".join(self._lines) + "\n").encode("ascii")

    def _write(self, value: Any, depth: int, before: str, after: str) -> None:
        """One line, or an opening line, the members, and a closing line. Deep levels are not indented further: half would be blanks."""
        blanks = _INDENT[:depth]
        text = self._inline(value)
        if text is not None:
            self._lines.append(f"{blanks}{before}{text}{after}")
            return
        start, end = "{}" if isinstance(value, dict) else "[]"
        self._lines.append(f"{blanks}{before}{start}")
        members = [(f"{_scalar(k)}: ", v) for k, v in value.items()] if isinstance(value, dict) else [("", v) for v in value]
        for i, (name, member) in enumerate(members, 1):
            self._write(member, depth + 1, name, "," if i < len(members) else "")
        self._lines.append(f"{blanks}{end}{after}")

    def _inline(self, value: Any) -> str | None:
        """The value on one line: scalars always, containers when they are short."""
        if not isinstance(value, (dict, list)):
            return _scalar(value)
        key = id(value)
        if key not in self._short:
            self._short[key] = self._container(value)
        return self._short[key]

    def _container(self, value: Json | list[Any]) -> str | None:
        parts: list[str] = []
        size = 0
        for name, member in value.items() if isinstance(value, dict) else (("", m) for m in value):
            text = self._inline(member)
            if text is None:
                return None
            parts.append(f"{_scalar(name)}: {text}" if isinstance(value, dict) else text)
            size += len(parts[-1])
            if size >= _LINE:
                return None
        joined = ", ".join(parts)
        return f"{{{joined}}}" if isinstance(value, dict) else f"[{joined}]"


_scalar = json.JSONEncoder().encode
