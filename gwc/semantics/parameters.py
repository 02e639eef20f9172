"""Phase 9, parameters: where their texts are, what they mean, and what does not hold (docs/validation.md, "Parameters")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from gwc.controls.json_schema import JsonSchema
from gwc.controls.routing import SharedPlace
from gwc.controls.validation import Parameter, Validation
from gwc.jsonschema.constant import JsonValue
from gwc.semantics.answers import Failure
from gwc.semantics.dealing import Sent, claimant, deal, pairs_of, value_of_sent
from gwc.semantics.http1 import Request
from gwc.semantics.json_schema import failures
from gwc.semantics.reading import Place, keywords_of, value_of_json, value_of_text
from gwc.semantics.text_value import UnreadableError, percent_decoded, plain

UNREADABLE = "%"

Alternatives = tuple[tuple[Failure, ...], ...]
"""What may be told of one parameter: one of these lists. Empty: it holds."""


def find_failures(rule: Validation, schemas: JsonSchema, request: Request) -> list[Alternatives]:
    """What does not hold, in the order of evaluation."""
    path, _, query = request.target.partition("?")
    pairs = pairs_of(query)
    queried = [p for p in rule.parameters if p.location == "query"]
    claimants = [claimant(p.name, p.reading, schemas.shapes, takes_rest=p.takes_rest) for p in queried]
    dealt, unclaimed = deal(claimants, pairs, rule.known_query)
    others = any(name is None or name not in rule.known_query for name, _ in unclaimed)
    found = []
    for parameter in rule.parameters:
        sent = dealt[queried.index(parameter)] if parameter.location == "query" else _sent(parameter, path, request)
        found.append(_judge(parameter, sent, _place(parameter, rule, schemas), schemas))
    if rule.closed_query and others:
        found.append(((("query", "", "unknown"),),))
    return [alternatives for alternatives in found if alternatives]


def pointer_to(name: str) -> str:
    """The JSON pointer of a parameter or member."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


# --- where the texts are -----------------------------------------------------------------------------------------------------


def _sent(parameter: Parameter, path: str, request: Request) -> Sent:
    if parameter.place is not None:
        return Sent([_text_in(path[1:].split("/")[parameter.place.index], parameter.place)])
    if parameter.location == "cookie":
        cookies = (c.strip(" \t").partition("=") for line in request.values("cookie") for c in line.split(";"))
        own = ((name, text) for name, _, text in cookies if name.rstrip(" \t").encode("latin-1") == parameter.name.encode())
        return Sent([text if _is_clear(name, text) else UNREADABLE for name, text in own])
    values = list(request.values(parameter.name.lower()))
    is_list = {"array", "object"} & set(parameter.reading.kinds)
    return Sent([",".join(values)] if is_list and len(values) > 1 else values)


def _is_clear(name: str, text: str) -> bool:
    """Whether readers of cookies agree: some take blanks around the equals sign away, some read escapes in quoted text."""
    return not name.endswith((" ", "\t")) and not text.startswith((" ", "\t")) and not (text.startswith('"') and "\\" in text)


def _text_in(segment: str, place: SharedPlace) -> str:
    """A text that nothing decodes where the segment can be divided in several ways."""
    first, *between, last = place.literals
    divided = list(_divisions(segment.removeprefix(first).removesuffix(last), between))
    return divided[0][place.number] if len(divided) == 1 else UNREADABLE


def _divisions(text: str, separators: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every way to write the text as texts with the separators between them, none of them empty; at most two are made."""
    if not separators:
        yield from ((text,),) if text else ()
        return
    starts = (at for at in range(1, len(text)) if text.startswith(separators[0], at))
    found = ((text[:at], *rest) for at in starts for rest in _divisions(text[at + len(separators[0]) :], separators[1:]))
    yield from islice(found, 2)


# --- what they mean ----------------------------------------------------------------------------------------------------------


def _place(parameter: Parameter, rule: Validation, schemas: JsonSchema) -> Place:
    if parameter.location == "header":
        return Place(schemas.shapes, rule.limits, plain, trims=True)
    plus = parameter.location == "query"
    return Place(schemas.shapes, rule.limits, lambda raw: percent_decoded(raw, plus=plus))


def _judge(parameter: Parameter, sent: Sent, place: Place, schemas: JsonSchema) -> Alternatives:
    """What may be told of the parameter."""
    is_empty = parameter.location == "query" and sent.own == [""] and not sent.members
    if is_empty and parameter.allow_empty:
        return ()
    if not (sent.own or sent.members) or (is_empty and _stands_for_nothing(parameter, place)):
        return ((_failure(parameter, "required"),),) if parameter.required else ()
    try:
        value = _value(parameter, sent, place)
    except UnreadableError as error:
        return tuple((_failure(parameter, keyword),) for keyword in keywords_of(error))
    start = pointer_to(parameter.name)
    found = failures(parameter.schema, schemas.table, value)
    return (tuple((parameter.location, start + pointer, keyword) for pointer, keyword in found),) if found else ()


def _stands_for_nothing(parameter: Parameter, place: Place) -> bool:
    reading = parameter.reading
    return reading.style != "json" and reading.kinds == ("text",) and "string" not in place.types(reading.shape)


def _failure(parameter: Parameter, keyword: str) -> Failure:
    return parameter.location, pointer_to(parameter.name), keyword


def _value(parameter: Parameter, sent: Sent, place: Place) -> JsonValue:
    if parameter.location == "query":
        return value_of_sent(parameter.name, parameter.reading, sent, place)
    if len(sent.own) > 1:
        raise UnreadableError("repeated")
    if parameter.reading.style == "json":
        return value_of_json(place.decode(sent.own[0]), place)
    return value_of_text(parameter.reading, parameter.name, sent.own[0], place)
