"""The JSON-Schema-Test-Suite as OpenAPI documents: each schema is the body of one operation, each instance one request.

2020-12 becomes OpenAPI 3.1. Every schema is a file of its own, word for word, so that `#` means what it means in the suite. Remote schemas are
bundled as JSON Schema Core 9.3.1 says: as a definition with `$id`. Where the remote calls itself otherwise, its retrieval URI gets a resource
that refers to it.

Draft 4 becomes OpenAPI 3.0, which has no `id`, no list of types and no type `null`: references are rewritten to files and pointers, remotes
are further files, `type` becomes `anyOf`, and `null` an `enum`. Nothing else is changed. Numbers keep the text that the suite has.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urldefrag, urljoin

from tests.support.shared import corpora

Draft = Literal["draft4", "draft2020-12"]
BASE = "http://suite.invalid/"
REMOTES = "http://localhost:1234/"


class Number(str):
    """A number by its text in the suite."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """A value as JSON text, and whether the schema holds."""

    description: str
    text: str
    is_valid: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A schema with its instances. `schema`: what the body's `schema` is; `files`: path -> JSON text, further files that it refers to."""

    draft: Draft
    keyword: str
    description: str
    schema: str
    files: tuple[tuple[str, str], ...]
    tests: tuple[Instance, ...]

    @property
    def name(self) -> str:
        return f"{self.draft} {self.keyword}: {self.description}"

    @property
    def is_optional(self) -> bool:
        return self.keyword.startswith("optional/")

    @property
    def asserts_formats(self) -> bool:
        """Whether `format` is more than an annotation in these tests."""
        return self.keyword.startswith("optional/format/")


@functools.cache
def groups(draft: Draft) -> tuple[Group, ...]:
    """All groups of a draft, in the order of files and groups; skips where the collection is absent."""
    folder = corpora("jsonschema") / draft
    found = []
    for path in sorted(folder.rglob("*.json")):
        keyword = path.relative_to(folder).with_suffix("").as_posix()
        for entry in read(path.read_text(encoding="utf-8")):
            place = f"{draft}/{len(found):03}.json"
            schema, files = _of_31(entry["schema"], place) if draft == "draft2020-12" else _of_30(entry["schema"], place)
            tests = tuple(Instance(t["description"], text(t["data"]), t["valid"]) for t in entry["tests"])
            found.append(Group(draft, keyword, entry["description"], schema, files, tests))
    return tuple(found)


def write_document(chosen: tuple[Group, ...], folder: Path) -> Path:
    """Writes an OpenAPI document for groups of one draft, with the operation `POST /s<n>` called `s<n>` for the n-th, and the files of all; returns its path."""
    for path, content in (f for g in chosen for f in g.files):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    version = "3.1.0" if chosen[0].draft == "draft2020-12" else "3.0.4"
    paths = ",\n".join(_path(n, g.schema) for n, g in enumerate(chosen))
    document = folder / "openapi.json"
    head = f'{{"openapi": "{version}", "info": {{"title": "suite", "version": "1"}}, "paths": {{\n'
    document.write_text(head + paths + "\n}}\n", encoding="utf-8")
    return document


def _path(number: int, schema: str) -> str:
    body = f'"requestBody": {{"required": true, "content": {{"application/json": {{"schema": {schema}}}}}}}'
    return f'"/s{number}": {{"post": {{"operationId": "s{number}", "security": [], {body}, "responses": {{"200": {{"description": "fine"}}}}}}}}'


def read(content: str) -> Any:
    """A JSON value whose numbers keep their text."""
    return json.loads(content, parse_int=Number, parse_float=Number)


def text(value: Any) -> str:
    """The JSON text of a value that `read` made."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {text(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


@functools.cache
def _remote(uri: str) -> Any:
    """What lies under an absolute URI without a fragment."""
    if uri.startswith(REMOTES):
        return read((corpora("jsonschema") / "remotes" / uri.removeprefix(REMOTES)).read_text(encoding="utf-8"))
    from jsonschema_specifications import REGISTRY  # noqa: PLC0415

    return read(json.dumps(REGISTRY.contents(uri if uri in REGISTRY else f"{uri}#")))


# --- 2020-12 ----------------------------------------------------------------------------------------------------------


def _of_31(schema: Any, place: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A boolean stands in the document itself; everything else in its file."""
    if not isinstance(schema, dict):
        return text(schema), ()
    bundled = {**schema, **_bundle(schema)}
    return json.dumps({"$ref": place}), ((place, text(bundled)),)


def _bundle(schema: dict[str, Any]) -> dict[str, Any]:
    """The member `$defs` with all remotes; empty when there is none."""
    known, wanted, added = set(_resources(schema, BASE)), list(_references(schema, BASE)), {}
    while wanted:
        uri = wanted.pop()
        if uri in known or uri == BASE:
            continue
        known.add(uri)
        remote = _remote(uri)
        own = remote.get("$id", uri)
        if own != uri:
            added[uri] = {"$id": uri, "$ref": own}
        added[own] = {**remote, "$id": own}
        known |= set(_resources(added[own], uri))
        wanted += _references(added[own], uri)
    return {"$defs": {**schema.get("$defs", {}), **added}} if added else {}


def _resources(schema: Any, base: str) -> Iterator[str]:
    for node, uri in _nodes_31(schema, base):
        if "$id" in node:
            yield uri


def _references(schema: Any, base: str) -> Iterator[str]:
    for node, uri in _nodes_31(schema, base):
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(node.get(keyword), str) and not node[keyword].startswith("#"):
                yield urldefrag(urljoin(uri, node[keyword]))[0]


_ONE = (
    "not",
    "if",
    "then",
    "else",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "items",
    "contains",
    "propertyNames",
)
_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAP = ("properties", "patternProperties", "dependentSchemas", "$defs")


def _nodes_31(schema: Any, base: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every schema object with its base URI."""
    if not isinstance(schema, dict):
        return
    base = (
        urljoin(base, schema["$id"])
        if isinstance(schema.get("$id"), str) and not schema["$id"].startswith("urn:")
        else schema.get("$id", base)
    )
    yield schema, base
    parts = [schema[k] for k in _ONE if k in schema]
    parts += [x for k in _LIST for x in schema.get(k, [])]
    parts += [x for k in _MAP for x in schema.get(k, {}).values()]
    for part in parts:
        yield from _nodes_31(part, base)


# --- draft 4 ----------------------------------------------------------------------------------------------------------


def _of_30(schema: dict[str, Any], place: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    translator = _Translator()
    translator.add(schema, BASE + place, place)
    return json.dumps({"$ref": place}), tuple(translator.files())


_UNKNOWN_TO_30 = {"id", "$schema", "$comment"}
"""Texts that say nothing of values, or were needed only to follow references."""


class _Translator:
    """Translates a draft 4 schema and the remotes that it refers to. Pointers into the schemas stay what they are: nothing moves, only `allOf` grows."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[Any, str]] = {}  # file -> schema, retrieval URI
        self._places: dict[str, tuple[str, str]] = {}  # URI, perhaps with an anchor -> file, pointer

    def add(self, schema: Any, uri: str, file: str) -> None:
        """Takes a document in, and those that it refers to."""
        self._documents[file] = schema, uri
        self._places[uri] = file, ""
        for node, base, pointer in self._nodes(schema, uri, ""):
            if isinstance(node.get("id"), str):
                self._places.setdefault(base.removesuffix("#"), (file, pointer))
        for node, base, _ in self._nodes(schema, uri, ""):
            target = urldefrag(urljoin(base, node["$ref"]))[0] if isinstance(node.get("$ref"), str) else uri
            if target not in self._places:
                self.add(_remote(target), target, _file(target))

    def files(self) -> Iterator[tuple[str, str]]:
        """Path and text of every document."""
        for file, (schema, uri) in self._documents.items():
            yield file, text(self._schema(schema, uri, file))

    def _nodes(self, schema: Any, base: str, pointer: str) -> Iterator[tuple[dict[str, Any], str, str]]:
        """Every schema object, the URI that it has or is relative to (with a fragment if it is an anchor), and its pointer."""
        if not isinstance(schema, dict):
            return
        own = urljoin(base, schema["id"]) if isinstance(schema.get("id"), str) else base
        yield schema, own, pointer
        inner = base if "#" in own.removesuffix("#") else own
        for token, part in self._parts(schema):
            yield from self._nodes(part, inner, pointer + token)

    @staticmethod
    def _parts(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Every value in the place of a schema, with its pointer."""
        for key in ("not", "additionalProperties", "items", "additionalItems"):
            if isinstance(schema.get(key), dict):
                yield f"/{key}", schema[key]
        for key in ("allOf", "anyOf", "oneOf", "items"):
            if isinstance(schema.get(key), list):
                yield from ((f"/{key}/{i}", x) for i, x in enumerate(schema[key]))
        for key in ("properties", "patternProperties", "definitions", "dependencies"):
            if isinstance(schema.get(key), dict):
                yield from ((f"/{key}/{_token(k)}", x) for k, x in schema[key].items() if isinstance(x, dict))

    def _schema(self, schema: Any, base: str, file: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        own = urljoin(base, schema["id"]) if isinstance(schema.get("id"), str) else base
        inner = base if "#" in own.removesuffix("#") else own
        result = {k: self._member(k, v, inner, file) for k, v in schema.items() if k not in _UNKNOWN_TO_30 or not isinstance(v, str)}
        if isinstance(schema.get("$ref"), str):
            result["$ref"] = self._reference(urljoin(inner, schema["$ref"]), file)
        if "type" in schema and (isinstance(schema["type"], list) or schema["type"] == "null"):
            del result["type"]
            result["allOf"] = [*result.get("allOf", []), _types(schema["type"])]
        return result

    def _member(self, key: str, value: Any, base: str, file: str) -> Any:
        if key in {"not", "additionalProperties", "items", "additionalItems"} and isinstance(value, dict):
            return self._schema(value, base, file)
        if key in {"allOf", "anyOf", "oneOf", "items"} and isinstance(value, list):
            return [self._schema(x, base, file) for x in value]
        if key in {"properties", "patternProperties", "definitions", "dependencies"} and isinstance(value, dict):
            return {k: self._schema(x, base, file) for k, x in value.items()}
        return value

    def _reference(self, uri: str, file: str) -> str:
        """The reference as a file (none for one's own) and a pointer."""
        resource, fragment = urldefrag(uri)
        if fragment and not fragment.startswith("/"):
            target, pointer = self._places[uri]
        else:
            target, start = self._places[resource]
            pointer = start + fragment
        return ("" if target == file else "../" * file.count("/") + target) + f"#{pointer}"


def _file(uri: str) -> str:
    """Where a remote lies in the project."""
    return "remotes/" + uri.partition("://")[2].replace(":", "-").removesuffix(".json") + ".json"


def _token(name: str) -> str:
    """A member's name as part of a pointer in a URI."""
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~")


def _types(types: str | list[str]) -> dict[str, Any]:
    """What OpenAPI 3.0 has for types of draft 4."""
    names = [types] if isinstance(types, str) else types
    alternatives: list[dict[str, Any]] = [{"enum": [None]} if n == "null" else {"type": n} for n in names]
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
