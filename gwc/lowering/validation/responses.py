"""Responses of the documents -> what answers of upstreams are compared with."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.controls.body import media_range
from gwc.controls.validation import Response, ResponseType
from gwc.lowering.validation.json_types import is_json
from gwc.lowering.validation.schemas import Meaning, Schemas
from gwc.source.cursor import Cursor
from gwc.source.openapi_model import ApiOperation


class Responses:
    """Makes the rules of answers; each Response Object is read once."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: dict[tuple[Cursor, Meaning], tuple[tuple[ResponseType, ...], tuple[str, ...]]] = {}

    def of_operation(self, source: ApiOperation, meaning: Meaning) -> tuple[Response, ...]:
        """The rules, sorted by status. Statuses are those of the document: `200`, `2XX`, `default`."""
        found = source.cursor.get("responses")
        rules = [self._rule(status, member.resolve(), meaning) for status, member in _statuses(found)]
        return tuple(sorted(rules, key=lambda r: r.status))

    def _rule(self, status: str, cursor: Cursor, meaning: Meaning) -> Response:
        if (cursor, meaning) not in self._known:
            self._known[cursor, meaning] = self._content(cursor, meaning)
        judged, others = self._known[cursor, meaning]
        return Response(status=status if status == "default" else status.upper(), media_types=judged, others=others)

    def _content(self, cursor: Cursor, meaning: Meaning) -> tuple[tuple[ResponseType, ...], tuple[str, ...]]:
        content = cursor.get("content")
        by_range = {r: m for text, m in (content.resolve().members() if content else ()) if (r := media_range(text)) is not None}
        judged = {r: m.resolve().get("schema") for r, m in by_range.items() if is_json(r)}
        types = tuple(ResponseType(range=r, schema=self._schemas.root(schema, meaning)) for r, schema in sorted(judged.items()))
        return types, tuple(sorted(by_range.keys() - judged.keys()))


def _statuses(responses: Cursor | None) -> Iterator[tuple[str, Cursor]]:
    for status, member in responses.resolve().members() if responses else ():
        if not status.startswith("x-"):
            yield status, member
