"""Bodies of fields: urlencoded and multipart forms become one object (docs/validation.md, "Forms")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gwc.controls.json_schema import Shape
from gwc.controls.validation import Field, Form, Limits, Reading
from gwc.jsonschema.constant import JsonValue
from gwc.semantics import media_type
from gwc.semantics.dealing import Sent, claimant, deal, pairs_of, value_of_sent
from gwc.semantics.multipart import Part
from gwc.semantics.reading import Place, UnreadableErrors, keywords_of, value_of_json
from gwc.semantics.text_value import UnreadableError, fits, percent_decoded, utf8, value_of

ItemT = TypeVar("ItemT")


@dataclass(slots=True)
class Filled:
    """The object, and for each field that can't be read its name (empty: undeclared) with the keywords, one of which is told."""

    value: dict[str, JsonValue] = field(default_factory=dict)
    faults: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TooMuch:
    """Faults of the form as a whole: (reason, keyword), any of which may be told."""

    faults: tuple[tuple[str, str], ...]


def urlencoded(form: Form, body: bytes, shapes: Sequence[Shape], limits: Limits) -> Filled | TooMuch:
    """The fields of an urlencoded form."""
    pairs = pairs_of(body.decode("latin-1"))
    names = [name for name, _ in pairs if name is not None]
    faults = [("validate.syntax", "form")] * (len(names) < len(pairs))
    faults += _limits(len(pairs), names, limits)
    if faults:
        return TooMuch(tuple(faults))
    place = Place(tuple(shapes), limits, lambda raw: percent_decoded(raw, plus=True))
    dealt, others = deal([claimant(f.name, f.reading, shapes, takes_rest=False) for f in form.fields], pairs)
    filled = Filled()
    for one, sent in zip(form.fields, dealt, strict=True):
        if sent.own or sent.members:
            _fill(filled, one.name, one.name, lambda f=one, s=sent: _value(f, s, place))  # type: ignore[misc]
    _fill_rest(filled, [(str(n), raw) for n, raw in others], lambda name, raws: _value(form.rest, Sent(raws), place, name))
    return filled


def multipart(form: Form, parts: Sequence[Part], shapes: Sequence[Shape], limits: Limits) -> Filled | TooMuch:
    """The fields of multipart/form-data."""
    faults = _limits(len(parts), [p.name for p in parts], limits)
    if faults:
        return TooMuch(tuple(faults))
    place, filled = Place(tuple(shapes), limits, lambda raw: raw), Filled()
    for one in form.fields:
        its = [p for p in parts if p.name == one.name]
        if its:
            _fill(filled, one.name, one.name, lambda f=one, p=its: _value_of_parts(f, p, place))  # type: ignore[misc]
    declared = {f.name for f in form.fields}
    others = [(p.name, p) for p in parts if p.name not in declared]
    _fill_rest(filled, others, lambda _, its: _value_of_parts(form.rest, its, place))
    return filled


def _limits(count: int, names: Sequence[str], limits: Limits) -> list[tuple[str, str]]:
    faults = [("validate.limits", "jsonKeys")] * (count > limits.json_keys)
    return faults + [("validate.limits", "stringBytes")] * any(len(n.encode()) > limits.string_bytes for n in names)


def _fill(filled: Filled, name: str, told: str, read: Callable[[], JsonValue]) -> bool:
    try:
        filled.value[name] = read()
    except UnreadableError as error:
        filled.faults.append((told, keywords_of(error)))
        return False
    return True


def _fill_rest(filled: Filled, others: Sequence[tuple[str, ItemT]], read: Callable[[str, list[ItemT]], JsonValue]) -> None:
    """Undeclared fields in the order of their first appearance; only the first fault is told."""
    grouped: dict[str, list[ItemT]] = {}
    for name, item in others:
        grouped.setdefault(name, []).append(item)
    for name, items in grouped.items():
        if name in filled.value:  # a field that only takes brackets has both
            filled.faults.append(("", ("repeated",)))
            return
        if not _fill(filled, name, "", lambda n=name, i=items: read(n, i)):  # type: ignore[misc]
            return


def _value(one: Field, sent: Sent, place: Place, name: str = "") -> JsonValue:
    if one.reading.style != "json":
        return value_of_sent(one.name or name, one.reading, sent, place)
    _check_count(one.reading, sent.own)
    return _one_or_all(one.reading, [value_of_json(place.decode(raw), place) for raw in sent.own])


def _check_count(reading: Reading, items: Sequence[object]) -> None:
    if len(items) > 1 and "array" not in reading.kinds:
        raise UnreadableError("repeated")


def _one_or_all(reading: Reading, values: list[JsonValue]) -> JsonValue:
    """One value stands for itself, unless only a list may be there."""
    is_list_of_one = reading.kinds == ("array",) and not isinstance(values[0], list)
    return values if len(values) > 1 or is_list_of_one else values[0]


def _value_of_parts(one: Field, parts: Sequence[Part], place: Place) -> JsonValue:
    reading = one.reading
    _check_count(reading, parts)
    if len(parts) > place.limits.array_items:
        raise UnreadableError("arrayItems")
    if reading.style in ("json", "binary"):
        return _one_or_all(reading, [_value_of_part(one, p, 0, place) for p in parts])
    if len(parts) == 1 and "array" not in reading.kinds:
        return _value_of_part(one, parts[0], reading.shape, place)
    if len(parts) == 1 and "text" in reading.kinds and fits(_text(one, parts[0], place), place.types(reading.shape)):
        return _value_of_part(one, parts[0], reading.shape, place)
    return [_value_of_part(one, p, place.item(reading.shape, i), place) for i, p in enumerate(parts)]


def _value_of_part(one: Field, part: Part, shape: int, place: Place) -> JsonValue:
    if one.reading.style == "json":
        _check_type(one, part)
        _check_charset(part)
        return _json(part, place)
    if one.reading.style == "binary":
        _check_type(one, part)
        return ""
    return value_of(_text(one, part, place), place.types(shape))


def _json(part: Part, place: Place) -> JsonValue:
    try:
        text = part.content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableErrors(("json",)) from None
    return value_of_json(text, place)


def _check_type(one: Field, part: Part) -> None:
    found = media_type.read(part.content_type if part.content_type is not None else "text/plain")
    if one.media_types and (found is None or not any(media_type.covers(r, found.essence) for r in one.media_types)):
        raise UnreadableError("contentType")


def _check_charset(part: Part) -> None:
    found = media_type.read(part.content_type if part.content_type is not None else "text/plain")
    if found is None or not found.is_utf8:
        raise UnreadableError("style")


def _text(one: Field, part: Part, place: Place) -> str:
    _check_type(one, part)
    _check_charset(part)
    text = utf8(part.content)
    if len(text.encode()) > place.limits.string_bytes:
        raise UnreadableError("stringBytes")
    return text
