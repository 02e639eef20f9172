"""Media types of request bodies -> what is taken, how it is read, and by which schema it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gwc.controls.body import media_range
from gwc.controls.validation import MediaType
from gwc.diagnostics import Findings, Label
from gwc.jsonschema.tree import Schema
from gwc.lowering.validation import codes
from gwc.lowering.validation.any_text import takes_any_text
from gwc.lowering.validation.forms import Forms, FormSource
from gwc.lowering.validation.json_types import FORM, MULTIPART, is_json, may_be, may_be_json, may_be_opaque
from gwc.lowering.validation.schemas import Meaning, Schemas
from gwc.lowering.validation.settings import MediaTypeList
from gwc.source.cursor import Cursor
from gwc.source.openapi_model import ApiBody
from gwc.source.text import shown

_WAY_OUT = "take other media types only: validation.request.mediaTypes: [application/json]"


@dataclass(frozen=True, slots=True)
class Taken:
    """A media range that an operation takes after all restrictions, and the Media Type Object that is its most specific one."""

    range: str
    cursor: Cursor


def taken(body: ApiBody, restrictions: Iterable[MediaTypeList], findings: Findings) -> list[Taken]:
    """What is taken, sorted by range. Keys that are no media ranges are reported elsewhere."""
    declared: dict[str, Cursor] = {}
    content = body.cursor.get("content")
    for text, member in content.resolve().members() if content else ():
        name = media_range(text)
        if name is not None and declared.setdefault(name, member) is not member:
            where = Label(declared[name].span(key=True), "first here")
            findings.error(codes.MEDIA_TYPE, f"{name} is there twice: parameters of media types do not count", member.span(key=True), where)
    found = set(declared)
    for restriction in restrictions:
        found = {both for r in found for other in restriction.ranges if (both := _both(r, other)) is not None}
    return [Taken(name, _most_specific(name, declared).resolve()) for name in sorted(found)]


def _both(one: str, other: str) -> str | None:
    """The range of all types that are in both."""
    if _covers(one, other):
        return other
    return one if _covers(other, one) else None


def _covers(outer: str, inner: str) -> bool:
    return outer in ("*/*", inner) or (outer.endswith("/*") and inner.startswith(outer[:-1]))


def _most_specific(name: str, declared: dict[str, Cursor]) -> Cursor:
    covering = [r for r in declared if _covers(r, name)]
    return declared[max(covering, key=lambda r: (r == name, r.endswith("/*") and r != "*/*"))]


class Bodies:
    """Makes the rules of media types; each Media Type Object is read once."""

    def __init__(self, schemas: Schemas, findings: Findings) -> None:
        self._schemas, self._findings = schemas, findings
        self._forms = Forms(schemas, findings)
        self._known: dict[tuple[str, Cursor, Meaning], MediaType | None] = {}

    def media_types(self, found: Sequence[Taken], meaning: Meaning) -> tuple[MediaType, ...]:
        """The rules, without those that have a finding."""
        return tuple(m for one in found if (m := self._media_type(one, meaning)) is not None)

    def _media_type(self, one: Taken, meaning: Meaning) -> MediaType | None:
        key = one.range, one.cursor, meaning
        if key not in self._known:
            is_range = one.range.endswith("/*")
            self._known[key] = self._of_range(one, meaning) if is_range else self._of_type(one, meaning)
        return self._known[key]

    def _schema(self, one: Taken, meaning: Meaning) -> Schema:
        return self._schemas.root(one.cursor.get("schema"), meaning)

    def _of_type(self, one: Taken, meaning: Meaning) -> MediaType | None:
        nothing = MediaType(range=one.range, json=None, form=None, multipart=None, opaque=False)
        if is_json(one.range):
            return replace(nothing, json=self._schema(one, meaning))
        if one.range in (FORM, MULTIPART):
            form = self._forms.form(FormSource(one.cursor, is_multipart=one.range == MULTIPART), meaning)
            if form is None:
                return None
            return replace(nothing, multipart=form) if one.range == MULTIPART else replace(nothing, form=form)
        if takes_any_text(self._schema(one, meaning), self._schemas):
            return replace(nothing, opaque=True)
        text = f"a body of type {shown(one.range)} can't be judged by a schema that asks for more than `type: string`"
        self._findings.error(codes.MEDIA_TYPE, text, one.cursor.span(key=True), help=_WAY_OUT)
        return None

    def _of_range(self, one: Taken, meaning: Meaning) -> MediaType | None:
        """JSON, forms and multipart by the schema; forms that it can't read, and other types unless they may be any bytes, are refused."""
        schema = self._schema(one, meaning)
        aside = Forms(self._schemas, Findings())
        rule = MediaType(
            range=one.range,
            json=schema if may_be_json(one.range) else None,
            form=aside.form(FormSource(one.cursor, is_multipart=False), meaning) if may_be(FORM, one.range) else None,
            multipart=aside.form(FormSource(one.cursor, is_multipart=True), meaning) if may_be(MULTIPART, one.range) else None,
            opaque=may_be_opaque(one.range) and takes_any_text(schema, self._schemas),
        )
        if rule.json is None and rule.form is None and rule.multipart is None and not rule.opaque:
            text = f"no body in {shown(one.range)} can be judged by this schema"
            self._findings.error(codes.MEDIA_TYPE, text, one.cursor.span(key=True), help=_WAY_OUT)
            return None
        return rule
