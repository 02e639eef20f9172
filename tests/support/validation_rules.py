"""Random validation rules, and requests that come near to what they take: to compare what the model and the runtimes make of the same texts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gwc.controls.json_schema import ANY_SHAPE, JsonSchema, Shape
from gwc.controls.routing import SharedPlace
from gwc.controls.validation import LOCATIONS, Field, Form, Kind, Limits, Location, MediaType, Parameter, Reading, Style, Validation
from gwc.jsonschema.tree import JsonType, Schema

NAMES = ("p", "q", "a", "é", "x/~", "p[a]")
KEYS = ("a", "b", "0", "1", "2", "01", "", "é", "long-key")
PIECES = (
    *("a", "b", "1", "2.5", "1e3", "1.0", "01", "-0", "true", "false", "null", "", "1e999", "p", "q", "é", "longer"),
    *(",", ",", ".", "=", "|", "+", "%20", ";", "%7C", "%7c", "%2C", "%C3%A9", "%FF", "%zz", "%", "%00", '"', "[1]", '{"a":1}', "\xff"),
)
_PLAIN = 24  # of them can be decoded, and have no delimiter of all styles
STYLES: dict[Location, tuple[Style, ...]] = {
    "path": ("simple", "label", "matrix", "json"),
    "query": ("form", "form", "spaceDelimited", "pipeDelimited", "deepObject", "json"),
    "header": ("simple", "json"),
    "cookie": ("form", "json"),
}
_TYPES: tuple[JsonType, ...] = ("array", "boolean", "integer", "null", "number", "object", "string")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as phase 9 sees it. Text is latin-1."""

    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def random_rule(pick: Random) -> tuple[Validation, JsonSchema]:
    """A rule with its shapes. Each of its schemas takes everything: what is compared is the value."""
    shapes = (ANY_SHAPE, *(_shape(pick, 6) for _ in range(5)))
    is_open = pick.random() < 0.4  # only what is about the body
    names = [] if is_open else pick.sample(NAMES, pick.randint(1, 4))
    literals = pick.choice((("pre", ""), ("pre", ""), ("pre", "-", "")))
    places = [pick.choice(LOCATIONS if name.isascii() and name.isalpha() else ("path", "query", "cookie")) for name in names]
    parameters = [_parameter(pick, name, place, literals) for name, place in zip(names, places, strict=True)]
    rule = Validation(
        parameters=tuple(sorted(parameters, key=lambda p: (LOCATIONS.index(p.location), p.name))),
        closed_query=not is_open and pick.random() < 0.3,
        known_query=("k",) if pick.random() < 0.5 else (),
        media_types=_media_types(pick),
        limits=_limits(pick),
        responses=(),
    )
    return rule, JsonSchema(table=(), shapes=shapes)


def random_request(pick: Random, rule: Validation) -> Asked:
    """A request of an operation with the path `/x/{..}/y`."""
    headers = [("cookie", _cookies(pick, rule))] if pick.random() < 0.8 else []
    for parameter in rule.parameters:
        if parameter.location == "header":
            headers += [(parameter.name, _text(pick, parameter)) for _ in range(pick.choice((0, 1, 1, 1, 2)))]
    path = next((p for p in rule.parameters if p.location == "path"), None)
    literals = path.place.literals if path and path.place else ("pre", "")
    texts = [((_text(pick, path) if path else "") or "z").replace("/", "") or "z" for _ in literals[1:]]
    segment = literals[0] + "".join(text + literal for text, literal in zip(texts, literals[1:], strict=True))
    query = "&".join(_part(pick, rule) for _ in range(pick.randint(0, 6)))
    target = f"/x/{_utf8(segment)}/y" + (f"?{_utf8(query)}" if query or pick.random() < 0.2 else "")
    kind, body = _body(pick, rule)
    return Asked(target.replace(" ", "+"), (*((n, v.strip(" \t")) for n, v in headers), *((("content-type", kind),) if body else ())), body)


def _shape(pick: Random, count: int) -> Shape:
    types = pick.sample(_TYPES, pick.randint(1, 4))
    return Shape(
        types=tuple(sorted(types)),
        prefix=tuple(pick.randrange(count) for _ in range(pick.choice((0, 0, 1)))),
        items=pick.randrange(count),
        properties=tuple((name, pick.randrange(count)) for name in pick.sample(("a", "b", "q", "é"), pick.randint(0, 3))),
        additional=pick.randrange(count),
    )


def _limits(pick: Random) -> Limits:
    if pick.random() < 0.5:
        return Limits(json_depth=16, json_keys=500, array_items=1000, string_bytes=16384)
    return Limits(
        json_depth=pick.randint(1, 3), json_keys=pick.randint(1, 4), array_items=pick.randint(1, 3), string_bytes=pick.randint(2, 5)
    )


def _reading(pick: Random, style: Style, *, is_query: bool) -> Reading:
    explode = style == "deepObject" or pick.random() < 0.5
    choices: list[tuple[Kind, ...]] = [("text",), ("array",), ("object",), ("text", "array"), ("text", "object")]
    if style == "deepObject":
        choices += [("array", "object"), ("text", "array", "object")]
    elif style in {"spaceDelimited", "pipeDelimited"} and explode:
        choices = [("text",), ("array",), ("text", "array")]
    elif explode and not is_query:
        choices.remove(("text", "object"))
    return Reading(style=style, explode=explode, kinds=pick.choice(choices), shape=pick.randrange(6))


def _parameter(pick: Random, name: str, location: Location, literals: tuple[str, ...]) -> Parameter:
    reading = _reading(pick, pick.choice(STYLES[location]), is_query=location == "query")
    is_spread = location == "query" and reading.style == "form" and reading.explode and "object" in reading.kinds
    return Parameter(
        location=location,
        name=name,
        required=pick.random() < 0.5,
        allow_empty=location == "query" and pick.random() < 0.3,
        takes_rest=is_spread and pick.random() < 0.5,
        place=SharedPlace(index=1, literals=literals, number=pick.randrange(len(literals) - 1)) if location == "path" else None,
        reading=reading,
        schema=Schema(),
    )


def _field(pick: Random, name: str, *, is_multipart: bool) -> Field:
    styles: tuple[Style, ...] = (
        ("form", "json", "binary") if is_multipart else ("form", "spaceDelimited", "pipeDelimited", "deepObject", "json")
    )
    reading = _reading(pick, pick.choice(styles), is_query=not is_multipart)
    if is_multipart:
        reading = Reading(
            style=reading.style, explode=True, kinds=pick.choice((("text",), ("array",), ("text", "array"))), shape=reading.shape
        )
    ranges = pick.choice(((), (), ("text/plain",), ("text/*", "application/json"))) if is_multipart else ()
    return Field(name=name, reading=reading, media_types=ranges)


def _form(pick: Random, *, is_multipart: bool) -> Form:
    fields = tuple(_field(pick, name, is_multipart=is_multipart) for name in pick.sample(NAMES, pick.randint(0, 4)))
    return Form(schema=Schema(), fields=fields, rest=_rest(pick, is_multipart=is_multipart))


def _rest(pick: Random, *, is_multipart: bool) -> Field:
    kinds: tuple[Kind, ...] = pick.choice((("text",), ("text", "array")))
    style: Style = pick.choice(("form", "json")) if is_multipart else "form"
    return Field(name="", reading=Reading(style=style, explode=True, kinds=kinds, shape=pick.randrange(6)), media_types=())


def _media_types(pick: Random) -> tuple[MediaType, ...]:
    if pick.random() < 0.1:
        return ()
    ranges = pick.sample(
        ("*/*", "application/*", "application/json", _FORM, "multipart/form-data", "text/*", "text/plain"), pick.randint(1, 4)
    )
    return tuple(_media_type(pick, name) for name in sorted(ranges))


def _media_type(pick: Random, name: str) -> MediaType:
    return MediaType(
        range=name,
        json=Schema() if pick.random() < 0.7 else None,
        form=_form(pick, is_multipart=False) if pick.random() < 0.8 else None,
        multipart=_form(pick, is_multipart=True) if pick.random() < 0.8 else None,
        opaque=pick.random() < 0.5,
    )


# --- texts -------------------------------------------------------------------------------------------------------------------


def _pieces(pick: Random) -> str:
    pieces = PIECES[:_PLAIN] if pick.random() < 0.6 else PIECES
    return "".join(pick.choice(pieces) for _ in range(pick.choice((0, 1, 1, 1, 2, 3, 5))))


def _utf8(text: str) -> str:
    """The text as bytes, seen as latin-1; characters below U+0100 other than é are bytes already."""
    return text.replace("é", "\xc3\xa9")


def _text(pick: Random, parameter: Parameter) -> str:
    """A text that often begins as the style wants it."""
    text, style = _pieces(pick), parameter.reading.style
    if style == "label" and pick.random() < 0.9:
        return "." + text
    if style == "matrix" and pick.random() < 0.9:
        start = pick.choice((parameter.name, parameter.name, "a", "%70"))
        return ";".join(
            ["", *(pick.choice((f"{start}={t}", start, t)) for t in [text, *(_pieces(pick) for _ in range(pick.choice((0, 0, 1, 2))))])]
        )
    return _utf8(text).strip(" \t")


def _name(pick: Random, names: list[str]) -> str:
    """A name with brackets, at times."""
    base = pick.choice([*names, *names, "k", "new", "a", "b", "%70", "%FF", ""])
    return (
        base
        + "".join(f"[{pick.choice(KEYS)}]" for _ in range(pick.choice((0, 0, 0, 1, 1, 2, 3))))
        + pick.choice(("",) * 12 + ("[", "]", "x"))
    )


def _part(pick: Random, rule: Validation) -> str:
    names = [p.name for p in rule.parameters if p.location == "query"] or ["p"]
    return _name(pick, names) + pick.choice(("=", "=", "=", "=", "")) + _pieces(pick).replace("&", "")


def _cookies(pick: Random, rule: Validation) -> str:
    names = [p.name for p in rule.parameters if p.location == "cookie"] or ["p"]
    parts = (
        _utf8(pick.choice(names)) + pick.choice(("=", "=", "")) + _utf8(_pieces(pick)).replace(";", "") for _ in range(pick.randint(0, 3))
    )
    return pick.choice(("; ", ";", ";;", "; \t")).join(parts)


def _body(pick: Random, rule: Validation) -> tuple[str, bytes]:
    kind = pick.choice(
        ("application/json", "text/json", "application/a+json", _FORM, _FORM, "multipart/form-data", "multipart/form-data", "text/plain")
    )
    forms = [m.form if kind == _FORM else m.multipart for m in rule.media_types]
    names = [field.name for form in forms if form for field in form.fields] or ["p"]
    suffix = pick.choice(("", "", "", "; charset=utf-8", ";Charset=UTF-8", "; charset=latin-1", "; x"))
    if kind == _FORM:
        text = "&".join(_name(pick, names) + pick.choice(("=", "=", "")) + _pieces(pick) for _ in range(pick.randint(0, 6)))
        return kind + suffix, _utf8(text).encode("latin-1")
    if kind == "multipart/form-data":
        body = "".join(_multipart_part(pick, names) for _ in range(pick.randint(0, 4))) + pick.choice(
            ("--b--", "--b--\r\n", "--b--\r\n", "--b", "")
        )
        return kind + pick.choice(("; boundary=b", "; boundary=b", "; boundary=b", "", '; boundary="b"', "; boundary=c")), _utf8(
            body
        ).encode("latin-1")
    return kind + suffix, pick.choice(
        (b"{}", b"[1]", b"[1,2,3,4]", b'"text"', b'{"a":1,"b":[[[]]]}', b"1e999", b"{", b"\xff", b" null", b"nul")
    )


def _multipart_part(pick: Random, names: list[str]) -> str:
    name = pick.choice([*names, *names, "new"])
    kind = pick.choice(
        ("", "", "", "Content-Type: text/plain\r\n", "Content-Type: application/json\r\n", "content-type: text/plain; charset=latin-1\r\n")
    )
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n{kind}\r\n{_pieces(pick)}\r\n'
