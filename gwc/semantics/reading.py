"""How the texts of one parameter or field become its value, step by step (docs/validation.md, "From texts to the value")."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gwc.controls.json_schema import Shape
from gwc.controls.validation import Limits, Reading
from gwc.jsonschema.constant import JsonValue
from gwc.semantics import strict_json
from gwc.semantics.text_value import UnreadableError, fits, value_of

Decode = Callable[[str], str]
_BLANK_OR_PIPE = {"spaceDelimited": re.compile(r"%20|\+"), "pipeDelimited": re.compile(r"\||%7[Cc]")}


@dataclass(frozen=True, slots=True)
class Place:
    """What a text needs to be read: the shapes, the limits, and how to decode a piece of it. `trims`: blanks around pieces do not count."""

    shapes: tuple[Shape, ...]
    limits: Limits
    decode: Decode
    trims: bool = False

    def types(self, shape: int) -> tuple[str, ...]:
        """The types that are possible at a place with this shape."""
        return self.shapes[shape].types

    def item(self, shape: int, index: int) -> int:
        """The shape of an item."""
        here = self.shapes[shape]
        return here.prefix[index] if index < len(here.prefix) else here.items

    def member(self, shape: int, name: str) -> int:
        """The shape of a member."""
        here = self.shapes[shape]
        return dict(here.properties).get(name, here.additional)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What a text consists of before anything is decoded. Of one text, or the items, or name and text of members."""

    kind: str
    texts: tuple[str, ...]
    names: tuple[str, ...] = ()


def value_of_text(reading: Reading, name: str, raw: str, place: Place) -> JsonValue:
    """The value of one text, of any style but those with names in the query, deepObject and json. Raises UnreadableError."""
    return _assembled(_split(reading, name, raw, place), reading.shape, place)


def value_of_texts(reading: Reading, raws: Sequence[str], place: Place) -> JsonValue:
    """The value of texts that were sent one by one (exploded, in query or form). Raises UnreadableError."""
    if len(raws) > 1 and "array" not in reading.kinds:
        raise UnreadableError("repeated")
    if len(raws) == 1 and "text" in reading.kinds and (reading.kinds == ("text",) or _fits(raws[0], reading, place)):
        return _assembled(_Pieces("text", tuple(raws)), reading.shape, place)
    return _assembled(_Pieces("array", tuple(raws)), reading.shape, place)


def value_of_own_text(raw: str, shape: int, place: Place) -> JsonValue:
    """The value of a text that is nothing else. Raises UnreadableError."""
    return _assembled(_Pieces("text", (raw,)), shape, place)


def value_of_members(members: Sequence[tuple[str, str]], shape: int, place: Place) -> JsonValue:
    """The value of an exploded object in the query; names are decoded already, and distinct. Raises UnreadableError."""
    names = [name for name, _ in members]
    texts = _decoded([raw for _, raw in members], place)
    _check_length([*names, *texts], place)
    return _object(names, texts, shape, place)


def value_of_json(text: str, place: Place) -> JsonValue:
    """The value of a strict JSON text. Raises UnreadableErrors."""
    found = strict_json.Reading(text.encode(), place.limits)
    if found.faults:
        raise UnreadableErrors(tuple(found.faults))
    return found.value


class UnreadableErrors(UnreadableError):  # noqa: N818 - several of them
    """Any of `keywords` may be reported."""

    def __init__(self, keywords: tuple[str, ...]) -> None:
        super().__init__(keywords[0])
        self.keywords = keywords


def keywords_of(error: UnreadableError) -> tuple[str, ...]:
    """What may be reported."""
    return error.keywords if isinstance(error, UnreadableErrors) else (error.keyword,)


def _fits(raw: str, reading: Reading, place: Place) -> bool:
    return fits(place.decode(raw), place.types(reading.shape))


def _split(reading: Reading, name: str, raw: str, place: Place) -> _Pieces:
    """Prefix off, then what the text is, then its pieces."""
    if reading.style == "matrix":
        return _split_matrix(reading, name, raw, place)
    if reading.style == "label":
        if not raw.startswith("."):
            raise UnreadableError("style")
        raw = raw[1:]
    separator = _separator(reading)
    return _of_kind(_kind(reading, raw, bool(separator.search(raw)), place), separator.split(raw), raw, reading)


def _separator(reading: Reading) -> re.Pattern[str]:
    if reading.style in _BLANK_OR_PIPE:
        return _BLANK_OR_PIPE[reading.style]
    return re.compile(r"\." if reading.style == "label" and reading.explode else ",")


def _kind(reading: Reading, raw: str, is_delimited: bool, place: Place) -> str:
    kinds = reading.kinds
    if len(kinds) == 1:
        return kinds[0]
    structure = next(k for k in kinds if k != "text")
    return "text" if not is_delimited and _fits(raw, reading, place) else structure


def _of_kind(kind: str, pieces: list[str], raw: str, reading: Reading) -> _Pieces:
    if kind == "text":
        return _Pieces(kind, (raw,))
    if kind == "array":
        return _Pieces(kind, tuple(pieces))
    if reading.explode:
        if not all("=" in piece for piece in pieces):
            raise UnreadableError("style")
        pairs = [piece.partition("=") for piece in pieces]
        return _Pieces(kind, tuple(p[2] for p in pairs), tuple(p[0] for p in pairs))
    if len(pieces) % 2:
        raise UnreadableError("style")
    return _Pieces(kind, tuple(pieces[1::2]), tuple(pieces[::2]))


def _split_matrix(reading: Reading, name: str, raw: str, place: Place) -> _Pieces:
    """`;p=x`, `;p=x,y`, `;p=x;p=y`, `;a=x;b=y`."""
    if not raw.startswith(";"):
        raise UnreadableError("style")
    parts = [part.partition("=") for part in raw[1:].split(";")]
    if reading.explode and reading.kinds == ("object",):
        return _Pieces("object", tuple(p[2] for p in parts), tuple(p[0] for p in parts))
    if any(place.decode(p[0]) != name for p in parts):
        raise UnreadableError("style")
    text = parts[0][2]
    if reading.explode:
        kind = _kind(reading, text, len(parts) > 1, place)
        pieces = [p[2] for p in parts]
    else:
        kind = _kind(reading, text, "," in text, place)
        pieces = text.split(",")
    if len(parts) > 1 and not (reading.explode and kind == "array"):
        raise UnreadableError("style")
    return _of_kind(kind, pieces, text, reading)


def _decoded(raws: Sequence[str], place: Place) -> list[str]:
    return [place.decode(raw.strip(" \t") if place.trims else raw) for raw in raws]


def _check_length(texts: Sequence[str], place: Place) -> None:
    if any(len(t.encode()) > place.limits.string_bytes for t in texts):
        raise UnreadableError("stringBytes")


def _assembled(pieces: _Pieces, shape: int, place: Place) -> JsonValue:
    texts, names = _decoded(pieces.texts, place), _decoded(pieces.names, place)
    _check_length([*texts, *names], place)
    if pieces.kind == "text":
        return value_of(texts[0], place.types(shape))
    if pieces.kind == "object":
        if len(set(names)) != len(names):
            raise UnreadableError("style")
        return _object(names, texts, shape, place)
    if len(texts) > place.limits.array_items:
        raise UnreadableError("arrayItems")
    return [value_of(text, place.types(place.item(shape, i))) for i, text in enumerate(texts)]


def _object(names: Sequence[str], texts: Sequence[str], shape: int, place: Place) -> JsonValue:
    if len(names) > place.limits.json_keys:
        raise UnreadableError("jsonKeys")
    return {n: value_of(t, place.types(place.member(shape, n))) for n, t in zip(names, texts, strict=True)}
