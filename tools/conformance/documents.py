"""Real OpenAPI documents with validation: what compiles, what is refused by name, and that the code for each schema runs on both engines as the model says.

Every operation is asked once for its parameters and once for each kind of body, and every schema that several places share with four values: on
NGINX (njs) and on Envoy (LuaJIT). Security is taken away for that, so that the requests get as far as validation.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gwc.backends.base import TargetProblems
from gwc.controls.body import Body
from gwc.controls.routing import Literal, Route, Template
from gwc.controls.validation import OFF, MediaType, Validation
from gwc.ir import Gateway, Operation
from gwc.jsonschema.tree import Call, Schema
from tests.support import sample
from tests.support.sample import PUBLIC
from tests.support.shared import corpora
from tools.conformance.asking import Said, ask_gateway, ask_model_of
from tools.conformance.questions import HOST, Question
from tools.conformance.trimming import Trimmed, trimmed

TARGETS = ("nginx", "envoy", "kong")
ENGINES = ("nginx", "envoy")
VALUES = (b"{}", b"[]", b'"a"', b"1")
_MULTIPART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'


@dataclass
class Row:
    """What became of one document. `refused`: targets that can't have it, with the reason; `unequal`: answers that are not the model's."""

    name: str
    trimmed: Trimmed
    operations: int = 0
    parameters: int = 0
    bodies: int = 0
    shared: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    unequal: list[str] = field(default_factory=list)


def documents() -> list[Path]:
    """Those of OpenAPI 3; the one in many files is there in one, too."""
    return sorted(p for p in corpora("openapi").iterdir() if p.suffix in {".json", ".yaml"})


def row(document: Path, folder: Path, engines: Sequence[str] = ENGINES) -> Row:
    """Compiles a document and asks the engines."""
    done = trimmed(document, folder / "trimmed")
    result = Row(document.name, done)
    gateway = done.gateway
    if gateway is None:
        return result
    rules = [o.validation for o in gateway.operations]
    result.operations, result.shared = len(rules), len(gateway.json_schema.table)
    result.parameters = sum(len(v.parameters) for v in rules)
    result.bodies = sum(bool(m.json or m.form or m.multipart) for v in rules for m in v.media_types)
    for target in TARGETS:
        try:
            importlib.import_module(f"gwc.backends.{target}").compile(gateway)
        except TargetProblems as problems:
            result.refused[target] = str(problems)
    for name, changed, questions in (("parameters", *_parameters(gateway)), ("bodies", *_bodies(gateway))):
        model = ask_model_of(changed, questions)
        for engine in engines:
            place = folder / f"{engine}-{name}"
            place.mkdir(parents=True)
            _compare(result, engine, questions, ask_gateway(changed, questions, engine, place, model))
    return result


def _compare(result: Row, engine: str, questions: Sequence[Question], said: Sequence[Said]) -> None:
    result.requests[engine] += len(said)
    for question, one in zip(questions, said, strict=True):
        if one.differs:
            result.unequal.append(f"{result.name}: {engine}: {question.name}: {one.differs}")


def _opened(gateway: Gateway, operations: list[Operation]) -> Gateway:
    """The gateway with these operations, which anybody may call."""
    by_place = sorted(operations, key=lambda o: (o.route.template.text, o.route.method))
    return replace(gateway, operations=tuple(by_place), rate_limits=(), rules=(), metrics=())


def _parameters(gateway: Gateway) -> tuple[Gateway, list[Question]]:
    """Every operation without its body: once with every parameter of the query, once with none."""
    operations = [_with(o, replace(o.validation, media_types=(), responses=()), _NO_BODY) for o in gateway.operations]
    questions: list[Question] = []
    for o in operations:
        if o.route.method == "HEAD":
            continue
        names = [p.name for p in o.validation.parameters if p.location == "query" and p.name.isidentifier()]
        queries = ["", *(["?" + "&".join(f"{n}=1" for n in names)] if names else [])]
        questions += [_question(o, "parameters", query, b"", "") for query in queries]
    return _opened(gateway, operations), questions


def _bodies(gateway: Gateway) -> tuple[Gateway, list[Question]]:
    """Every body without the parameters beside it, and an operation for each shared schema."""
    operations, questions = [], []
    for o in gateway.operations:
        bare = replace(o.validation, parameters=(), closed_query=False, responses=())
        if o.route.method == "HEAD" or not bare.media_types:
            continue
        opened = _with(o, bare, replace(o.body, required=False))
        operations.append(opened)
        questions += [_question(opened, f"body {m.range}", "", *b) for m in bare.media_types for b in _texts(m)]
    for number in range(len(gateway.json_schema.table)):
        shared = _shared(number, gateway)
        operations.append(shared)
        questions += [_question(shared, f"shared schema {number}", "", text, "application/json") for text in VALUES]
    return _opened(gateway, operations), questions


_NO_BODY = Body(media_types=(), required=False, max_bytes=65536)


def _with(operation: Operation, rule: Validation, body: Body) -> Operation:
    return replace(operation, security=PUBLIC, validation=rule, body=body, route=_echoed(operation.route))


def _echoed(route: Route) -> Route:
    """The route, without a last segment by which the upstream of the tests is asked for something else than an echo."""
    template = route.template
    if template.segments[-1] != (Literal("close"),):
        return route
    other = Template(text=f"{template.text}d", segments=(*template.segments[:-1], (Literal("closed"),)))
    return replace(route, template=other)


def _shared(number: int, gateway: Gateway) -> Operation:
    json = MediaType(range="application/json", json=Schema((Call(number),)), form=None, multipart=None, opaque=False)
    made = sample.operation("POST", f"/gwc-shared-schemas/{number}", PUBLIC, sample.JSON, f"shared.s{number}", gateway.upstreams[0].name)
    return replace(made, validation=replace(OFF, media_types=(json,)))


def _texts(media: MediaType) -> Iterator[tuple[bytes, str]]:
    """A body for each way in which the range may be read."""
    concrete = media.range.replace("*/*", "application/*")
    if media.json:
        yield b"{}", concrete.replace("/*", "/json")
    if media.form:
        yield b"a=1", "application/x-www-form-urlencoded"
    if media.multipart:
        yield _MULTIPART, "multipart/form-data; boundary=x"


def _question(operation: Operation, what: str, query: str, body: bytes, content_type: str) -> Question:
    route = operation.route
    path = "/" + "/".join("".join(p.text if isinstance(p, Literal) else "1" for p in s) for s in route.template.segments)
    fields = [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"] if body else []
    head = "\r\n".join([f"{route.method} {path}{query} HTTP/1.1", f"Host: {HOST}", *fields, "", ""])
    return Question("documents", operation.key, f"{route.method} {route.template.text} {what}", head.encode() + body, "equal")


def page(rows: Sequence[Row]) -> list[str]:
    """The table of the documents, and what was refused of them."""
    lines = [
        "## Real documents",
        "",
        "With `validation: {request: {}}`, compiled for NGINX, Envoy and Kong. What the compiler refuses is removed from the document, where the finding lies (a path that no",
        "gateway serves gets another name, so that its operations stay), and named below; the rest must compile. Each operation's parameters and bodies, and each shared schema with four values, were asked on NGINX and Envoy.",
        "",
        "| document | operations | parameters | bodies | shared schemas | findings | requests | not as the model |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        numbers = (r.operations, r.parameters, r.bodies, r.shared, r.trimmed.findings.total(), r.requests.total(), len(r.unequal))
        lines.append(f"| {r.name} | " + " | ".join(map(str, numbers)) + " |")
    lines += ["", "| document | refused | how often |", "|---|---|--:|"]
    for r in rows:
        found = [*sorted(r.trimmed.findings.items()), *((f"for {t}: {why}", 1) for t, why in r.refused.items())]
        lines += [f"| {r.name} | {words.replace('|', chr(92) + '|').replace('<', '&lt;')} | {count} |" for words, count in found]
    return [*lines, "", *(f"- {text}" for r in rows for text in r.unequal)]
