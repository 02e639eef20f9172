"""Phase 9: parameters and body are what the OpenAPI document says. docs/validation.md has every rule; this is its form.

Denied with 400: `validate.parameters`, then `validate.syntax` and `validate.limits` (the body's text), then `validate.body`. Each answer names at
most five failures `(in, pointer, keyword)`, never a value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field as Number

from gwc.controls.base import Node, Place
from gwc.controls.routing import SharedPlace
from gwc.controls.spec import Size, Spec
from gwc.jsonschema.tree import Call, Schema, Types

Location = Literal["path", "query", "header", "cookie"]
Style = Literal["simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "json", "binary"]
Kind = Literal["text", "array", "object"]
Strictness = Literal["strict", "schema", "off"]

LOCATIONS: tuple[Location, ...] = ("path", "query", "header", "cookie")
"""In the order of evaluation."""
MAX_ERRORS = 5
MAX_JSON_DEPTH = 64


class LimitsSpec(Spec):
    """`validation.limits`: of one JSON text, form or parameter. Several add up to the smallest."""

    json_depth: Annotated[int, Number(ge=1, le=MAX_JSON_DEPTH)] | None = None
    json_keys: Annotated[int, Number(ge=1, le=100_000)] | None = None
    array_items: Annotated[int, Number(ge=1, le=100_000)] | None = None
    string_bytes: Size | None = None


class RequestSpec(Spec):
    """`validation.request`. `media_types`: of those that the document takes, only these are taken."""

    mode: Literal["enforce", "off", "monitor"] | None = None
    parameters: Strictness | None = None
    body: Strictness | None = None
    formats: Literal["assert", "ignore"] | None = None
    media_types: Annotated[list[str], Number(min_length=1)] | None = None


class ResponseSpec(Spec):
    """`validation.response`: what upstreams answer is compared with the document and logged; answers are never changed."""

    mode: Literal["monitor", "off", "enforce"] | None = None
    body: Literal["schema", "off"] | None = None


class ValidationSpec(Spec):
    """`validation`: without it nothing is validated; inside it the strictest values are the defaults."""

    request: RequestSpec | None = None
    response: ResponseSpec | None = None
    limits: LimitsSpec = LimitsSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one JSON text, form body or parameter value.

    `json_depth`: arrays and objects inside one another; `json_keys`: members of all objects together; `array_items`: items of one array;
    `string_bytes`: UTF-8 bytes of one decoded string, names of members included.
    """

    json_depth: int
    json_keys: int
    array_items: int
    string_bytes: int


DEFAULT_LIMITS = Limits(json_depth=16, json_keys=500, array_items=1000, string_bytes=16384)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How texts become a value.

    `kinds`: what the texts may be, in the order text, array, object, never empty; array and object together only in `deepObject`. Without
    meaning for `json` (the text is strict JSON) and `binary` (not read at all: any text is the empty string).
    `shape`: of the value, a number in `JsonSchema.shapes`.
    """

    style: Style
    explode: bool
    kinds: tuple[Kind, ...]
    shape: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One declared parameter. `name` as declared; names of headers are compared without case.

    `place`: of a path parameter, None for others. `allow_empty`: of a query parameter, whose empty text is accepted whatever the schema says.
    `takes_rest`: of an exploded object in the query (style form): names that no parameter declares are its members, too.
    """

    location: Location
    name: str
    required: bool
    allow_empty: bool
    takes_rest: bool
    place: SharedPlace | None
    reading: Reading
    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A declared field of a form, or (`name` empty) any other. `media_types`: ranges, one of which a part must have; empty: not looked at."""

    name: str
    reading: Reading
    media_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A body of fields, read as an object that `schema` judges. `fields` in the order of the schema's properties; `rest` reads all others."""

    schema: Schema
    fields: tuple[Field, ...]
    rest: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """What may come as a media range (lower case, without parameters). None, or not `opaque`: a body of that kind is refused with 415.

    `json`: application/json, text/json and all that ends with +json. `form`: application/x-www-form-urlencoded. `multipart`:
    multipart/form-data. `opaque`: everything else, whose bytes are not looked at.
    """

    range: str
    json: Schema | None
    form: Form | None
    multipart: Form | None
    opaque: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseType:
    """A JSON answer under a media range."""

    range: str
    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Answers that the document knows: `status` is `200`, `2XX` or `default`. `media_types`: those whose text is judged, `others`: not judged.

    Both by range, sorted. Neither: an answer without content.
    """

    status: str
    media_types: tuple[ResponseType, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation(Node):
    """What is asked of the requests of an operation, and watched in its answers.

    `parameters`: by location (path, query, header, cookie), then by name. `closed_query`: a query parameter that nothing declares, and that
    is not one of `known_query` (sorted; API keys of the operation's security), is refused. `media_types`: sorted by range; none: bodies are
    not looked at. `responses`: sorted by status; none: answers are not looked at.
    """

    STEM: ClassVar[str] = "validation"
    PLACE: ClassVar[Place] = "operation"
    FIELD: ClassVar[str] = "validation"

    parameters: tuple[Parameter, ...]
    closed_query: bool
    known_query: tuple[str, ...]
    media_types: tuple[MediaType, ...]
    limits: Limits
    responses: tuple[Response, ...]

    @property
    def is_off(self) -> bool:
        """Whether nothing is looked at."""
        return not (self.parameters or self.closed_query or self.media_types or self.responses)

    @property
    def matrix_segments(self) -> tuple[int, ...]:
        """The segments of the path, from 0, that may have semicolons: those with a parameter of style matrix."""
        found = (p.place for p in self.parameters if p.reading.style == "matrix")
        return tuple(sorted({place.index for place in found if place is not None}))


RESPONSE_WORDS = ("valid", "status", "contentType", "syntax", "limits", "body", "unchecked")
"""What the access log says about an answer that is watched, and the counter `RESPONSES` counts with the operation."""
RESPONSES = "gwc_responses_total"

OFF = Validation(parameters=(), closed_query=False, known_query=(), media_types=(), limits=DEFAULT_LIMITS, responses=())
"""Nothing is looked at."""

_CALLED, _INTEGER = Schema((Call(0),)), Schema((Types(("integer",)),))
_TEXT = Reading(style="form", explode=True, kinds=("text",), shape=0)
_LIMIT = Parameter(
    location="query", name="limit", required=False, allow_empty=False, takes_rest=False, place=None, reading=_TEXT, schema=_CALLED
)
_ID = replace(_LIMIT, location="path", name="id", required=True, place=SharedPlace(index=1, literals=("", ""), number=0))
_JSON = MediaType(range="application/json", json=_CALLED, form=None, multipart=None, opaque=False)
_FIELD = Field(name="a", reading=_TEXT, media_types=())
_FORM = Form(schema=Schema((Types(("object",)),)), fields=(), rest=replace(_FIELD, name=""))
_MULTIPART = MediaType(range="multipart/form-data", json=None, form=None, multipart=_FORM, opaque=False)
_ANSWER = Response(status="200", media_types=(ResponseType(range="application/json", schema=_CALLED),), others=())
_BASE = replace(OFF, parameters=(_LIMIT,), media_types=(_JSON,))
"""With the first schema of the table, so that its changes are to be seen."""
EXAMPLES = (
    _BASE,
    replace(_BASE, closed_query=True),
    replace(_BASE, known_query=("api_key",)),
    replace(_BASE, limits=replace(DEFAULT_LIMITS, json_depth=8)),
    replace(_BASE, limits=replace(DEFAULT_LIMITS, json_keys=8)),
    replace(_BASE, limits=replace(DEFAULT_LIMITS, array_items=8)),
    replace(_BASE, limits=replace(DEFAULT_LIMITS, string_bytes=8)),
    replace(_BASE, responses=(_ANSWER,)),
    *(
        replace(_BASE, parameters=(changed,))
        for changed in (
            _ID,
            replace(_LIMIT, name="other"),
            replace(_LIMIT, location="header"),
            replace(_LIMIT, location="cookie"),
            replace(_LIMIT, required=True),
            replace(_LIMIT, allow_empty=True),
            replace(_LIMIT, takes_rest=True),
            replace(_LIMIT, schema=_INTEGER),
            replace(_LIMIT, reading=replace(_TEXT, style="pipeDelimited")),
            replace(_LIMIT, reading=replace(_TEXT, explode=False)),
            replace(_LIMIT, reading=replace(_TEXT, kinds=("text", "array"))),
        )
    ),
    *(
        replace(_BASE, media_types=(changed,))
        for changed in (
            replace(_JSON, range="text/json"),
            replace(_JSON, json=_INTEGER),
            replace(_JSON, range="*/*", opaque=True),
            replace(_MULTIPART, range="application/x-www-form-urlencoded", multipart=None, form=_FORM),
            _MULTIPART,
            replace(_MULTIPART, multipart=replace(_FORM, fields=(_FIELD,))),
            replace(_MULTIPART, multipart=replace(_FORM, fields=(replace(_FIELD, media_types=("image/png",)),))),
            replace(_MULTIPART, multipart=replace(_FORM, rest=replace(_FORM.rest, reading=replace(_TEXT, style="json")))),
        )
    ),
)
