"""Phase 9: what does not hold about parameters and body (docs/validation.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from gwc.controls.json_schema import JsonSchema
from gwc.controls.validation import MAX_ERRORS, Form, MediaType, Validation
from gwc.jsonschema.constant import JsonValue
from gwc.jsonschema.tree import Schema
from gwc.semantics import media_type, multipart
from gwc.semantics.answers import Failure, Fault, fault
from gwc.semantics.form import Filled, TooMuch, urlencoded
from gwc.semantics.form import multipart as multipart_form
from gwc.semantics.http1 import Request
from gwc.semantics.json_schema import failures
from gwc.semantics.parameters import find_failures, pointer_to
from gwc.semantics.strict_json import JSON, NUMBER, Reading

_MOST_ALTERNATIVES = 64


def is_matrix_misplaced(rule: Validation, path: str) -> bool:
    """Whether a segment that may not have one has a semicolon (`normalise.path`)."""
    return any(";" in s and i not in rule.matrix_segments for i, s in enumerate(path[1:].split("/")))


def find_faults(rule: Validation, schemas: JsonSchema, request: Request) -> Iterator[Fault]:
    """Everything that is wrong. Where a text has several faults, there is a fault for each that may be told."""
    found = find_failures(rule, schemas, request)
    for chosen in islice(product(*found), _MOST_ALTERNATIVES) if found else ():
        yield _fault("validate.parameters", [failure for one in chosen for failure in one])
    if not found and request.body and rule.media_types:
        yield from _body_faults(rule, schemas, request)


def value_of_body(rule: Validation, schemas: JsonSchema, request: Request) -> JsonValue:
    """What the body says, of a request without faults; None where nothing is read: no body, or a media type whose bytes are not looked at."""
    types = request.values("content-type")
    sent = media_type.read(types[0]) if len(types) == 1 and request.body else None
    one = _rule_for(rule.media_types, sent.essence) if sent is not None else None
    if sent is None or one is None:
        return None
    if sent.kind == media_type.JSON and one.json is not None:
        return Reading(request.body, rule.limits).value
    found: Filled | TooMuch | None = None
    if sent.kind == media_type.FORM and one.form is not None:
        found = urlencoded(one.form, request.body, schemas.shapes, rule.limits)
    elif sent.kind == media_type.MULTIPART and one.multipart is not None:
        parts = multipart.read(request.body, (sent.parameters or {}).get("boundary"))
        found = multipart_form(one.multipart, parts, schemas.shapes, rule.limits)
    return found.value if isinstance(found, Filled) else None


def _fault(reason: str, errors: Sequence[Failure]) -> Fault:
    return fault(reason, errors=tuple(errors[:MAX_ERRORS]))


def _whole(reason: str, keyword: str) -> Fault:
    return _fault(reason, [("body", "", keyword)])


def _body_faults(rule: Validation, schemas: JsonSchema, request: Request) -> Iterator[Fault]:
    types = request.values("content-type")
    sent = media_type.read(types[0]) if len(types) == 1 else None
    if sent is None:
        return  # phase 8 has said so
    one = _rule_for(rule.media_types, sent.essence)
    if one is None or not _is_taken(one, sent):
        yield fault("body.contentType")
    elif sent.kind == media_type.JSON and one.json is not None:
        yield from _json_faults(one.json, rule, schemas, request.body)
    elif sent.kind == media_type.FORM and one.form is not None:
        yield from _form_faults(one.form, schemas, urlencoded(one.form, request.body, schemas.shapes, rule.limits))
    elif sent.kind == media_type.MULTIPART and one.multipart is not None:
        yield from _multipart_faults(one.multipart, sent, rule, schemas, request.body)


def _rule_for(rules: Sequence[MediaType], essence: str) -> MediaType | None:
    covering = [r for r in rules if media_type.covers(r.range, essence)]
    return min(covering, key=lambda r: media_type.generality(r.range), default=None)


def _is_taken(one: MediaType, sent: media_type.MediaType) -> bool:
    if sent.kind == media_type.OPAQUE:
        return one.opaque
    if sent.kind == media_type.MULTIPART:
        return one.multipart is not None and (sent.parameters is None or sent.is_utf8)
    return (one.json if sent.kind == media_type.JSON else one.form) is not None and sent.is_utf8


def _json_faults(schema: Schema, rule: Validation, schemas: JsonSchema, body: bytes) -> Iterator[Fault]:
    reading = Reading(body, rule.limits)
    for keyword in reading.faults:
        yield _whole("validate.syntax" if keyword in (JSON, NUMBER) else "validate.limits", keyword)
    if not reading.faults:
        found = failures(schema, schemas.table, reading.value)
        if found:
            yield _fault("validate.body", [("body", pointer, keyword) for pointer, keyword in found])


def _multipart_faults(form: Form, sent: media_type.MediaType, rule: Validation, schemas: JsonSchema, body: bytes) -> Iterator[Fault]:
    try:
        parts = multipart.read(body, (sent.parameters or {}).get("boundary"))
    except multipart.MalformedError:
        yield _whole("validate.syntax", "multipart")
        if body.count(b"\r\n--") >= rule.limits.json_keys:  # a reader may count before it comes to what is malformed
            yield _whole("validate.limits", "jsonKeys")
        return
    yield from _form_faults(form, schemas, multipart_form(form, parts, schemas.shapes, rule.limits))


def _form_faults(form: Form, schemas: JsonSchema, found: Filled | TooMuch) -> Iterator[Fault]:
    if isinstance(found, TooMuch):
        yield from (_whole(reason, keyword) for reason, keyword in found.faults)
        return
    if found.faults:
        told = [[("body", pointer_to(name) if name else "", keyword) for keyword in keywords] for name, keywords in found.faults]
        for chosen in islice(product(*told), _MOST_ALTERNATIVES):
            yield _fault("validate.body", list(chosen))
        return
    failing = failures(form.schema, schemas.table, found.value)
    if failing:
        yield _fault("validate.body", [("body", pointer, keyword) for pointer, keyword in failing])
