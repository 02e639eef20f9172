"""Queries and forms: whose the parts are. A name can belong to several; what nobody claims may be the rest of an open object."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from gwc.controls.json_schema import Shape
from gwc.controls.validation import Reading
from gwc.jsonschema.constant import JsonValue
from gwc.semantics.deep_object import value_of_brackets
from gwc.semantics.reading import Place, value_of_json, value_of_members, value_of_own_text, value_of_text, value_of_texts
from gwc.semantics.text_value import UnreadableError, percent_decoded

Pair = tuple[str | None, str]
"""Decoded name (None: it can't be decoded) and raw text."""


@dataclass(slots=True)
class Sent:
    """What there is of one parameter or field: texts of its own name, and of its members (decoded name, or brackets); all texts raw."""

    own: list[str] = field(default_factory=list)
    members: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Claimant:
    """What a parameter or field claims: its name with or without brackets behind it, names of members, and all that is left."""

    name: str
    is_own: bool
    has_brackets: bool
    members: frozenset[str]
    takes_rest: bool


def claimant(name: str, reading: Reading, shapes: Sequence[Shape], *, takes_rest: bool) -> Claimant:
    """What a parameter of the query, or a field of a form, claims."""
    is_deep, is_spread = reading.style == "deepObject", is_exploded_object(reading)
    members = frozenset(n for n, _ in shapes[reading.shape].properties) if is_spread else frozenset[str]()
    return Claimant(name, "text" in reading.kinds or not (is_deep or is_spread), is_deep, members, takes_rest)


def is_exploded_object(reading: Reading) -> bool:
    """Whether, in a query or form, its members are parts themselves."""
    return reading.style == "form" and reading.explode and "object" in reading.kinds


def pairs_of(text: str) -> list[Pair]:
    """The parts of a query or form."""
    return [(_name(part.partition("=")[0]), part.partition("=")[2]) for part in text.split("&") if part]


def _name(raw: str) -> str | None:
    try:
        return percent_decoded(raw, plus=True)
    except UnreadableError:
        return None


def deal(claimants: Sequence[Claimant], pairs: Sequence[Pair], known: Collection[str] = ()) -> tuple[list[Sent], list[Pair]]:
    """What there is of each claimant, and what nobody claims. Raises nothing: what is wrong with texts is seen when they are read.

    `known`: names that are nobody's rest.
    """
    sent, others = [Sent() for _ in claimants], list[Pair]()
    takers = [its for c, its in zip(claimants, sent, strict=True) if c.takes_rest]
    declared = {c.name for c in claimants}
    for name, raw in pairs:
        claims = [_claims(c, its, name, raw, declared) for c, its in zip(claimants, sent, strict=True) if name is not None]
        if name is None or not any(claims):
            others.append((name, raw))
    left = [(name, raw) for name, raw in others if name is None or name in known or not takers]
    for name, raw in others:
        for its in takers if name is not None and name not in known else ():
            its.members.append((str(name), raw))
    return sent, left


def _claims(one: Claimant, its: Sent, name: str, raw: str, declared: set[str]) -> bool:
    """Gives it the part if it is one of its own."""
    is_own = one.is_own and name == one.name
    is_member = name in one.members
    is_below = one.has_brackets and name.startswith(one.name + "[") and name not in declared
    if is_own:
        its.own.append(raw)
    if is_member:
        its.members.append((name, raw))
    if is_below:
        its.members.append((name.removeprefix(one.name), raw))
    return is_own or is_member or is_below


def value_of_sent(name: str, reading: Reading, sent: Sent, place: Place) -> JsonValue:
    """The value of a parameter of the query or a field of a form, of which something was sent. Raises UnreadableError."""
    if reading.style == "deepObject" or is_exploded_object(reading):
        return _value_of_members(reading, sent, place)
    if reading.explode and "array" in reading.kinds and reading.style != "json":
        return value_of_texts(reading, sent.own, place)
    if len(sent.own) > 1:
        raise UnreadableError("repeated")
    if reading.style == "json":
        return value_of_json(place.decode(sent.own[0]), place)
    return value_of_text(reading, name, sent.own[0], place)


def _value_of_members(reading: Reading, sent: Sent, place: Place) -> JsonValue:
    names = [name for name, _ in sent.members]
    if len(sent.own) > 1 or (reading.style != "deepObject" and len(set(names)) != len(names)):
        raise UnreadableError("repeated")
    if sent.own and sent.members:
        raise UnreadableError("style")
    if sent.own:
        return value_of_own_text(sent.own[0], reading.shape, place)
    if reading.style == "deepObject":
        return value_of_brackets(reading, sent.members, place)
    return value_of_members(sent.members, reading.shape, place)
