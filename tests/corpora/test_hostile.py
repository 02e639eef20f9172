"""Hostile documents: refused at a place of theirs, or inert: only strings of the output differ from the benign twin's."""

from __future__ import annotations

import importlib
import json
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gwc.backends.base import TargetProblems
from gwc.diagnostics import Problems
from gwc.ir import Gateway
from gwc.lowering import compile_policy
from tests.support.minimal_policy import put
from tests.support.shared import corpora

FOLDER = corpora("hostile")
CASES = [c for c in json.loads((FOLDER / "MANIFEST.json").read_text(encoding="utf-8")) if "expect" in c]
CANARY = "GWCCANARY"
TARGETS = ("nginx", "envoy", "kong")
LIMIT_S = 10

# What these documents are about is enforced by a later version; until then nothing of a schema reaches an output.
_LATER = {"regex"}
_EITHER = {"reject-or-inert", "reject-or-identical", "identical-or-reject", "reject-or-defined", "reject-or-string", "reject-or-bounded",
           "reject-or-enforce", "reject-or-support", "accept-or-reject", "explicit", "warn"}  # fmt: skip
_MUST_COMPILE = {"accept", "accept-bounded", "deny-all"}


@contextmanager
def time_limit() -> Iterator[None]:
    """Fails a case that does not end."""

    def expired(*_: object) -> None:
        raise TimeoutError(f"no end within {LIMIT_S} s")

    previous = signal.signal(signal.SIGALRM, expired)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def compiled(document: Path, folder: Path, *, validated: bool) -> Gateway | Problems:
    """The IR, or the findings, of which each lies in a file of the project and fits in one line. `validated`: with every request validated."""
    policy = put(document, folder)
    if validated:
        policy.write_text(json.dumps({**json.loads(policy.read_text(encoding="utf-8")), "validation": {"request": {}}}), encoding="utf-8")
    try:
        with time_limit():
            return compile_policy(policy, root=folder).gateway
    except Problems as problems:
        assert any(d.severity == "error" for d in problems.diagnostics)
        for d in problems.diagnostics:
            assert (folder / d.span.path).is_file(), d
            assert d.span.line >= 1, d
            assert d.span.column >= 1, d
            assert "\n" not in d.message, d
            assert "GWCSECRET" not in d.message + d.help, d
        return problems


def outputs(gateway: Gateway) -> dict[str, dict[str, bytes]]:
    """The files of every target that can enforce the document."""
    found = {}
    for target in TARGETS:
        try:
            found[target] = dict(importlib.import_module(f"gwc.backends.{target}").compile(gateway).files)
        except TargetProblems:
            continue
    return found


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, dict[str, bytes]]]:
    """The outputs of the document that all injection documents of a location are variants of."""

    @cache
    def twin(location: str) -> dict[str, dict[str, bytes]]:
        folder = tmp_path_factory.mktemp("benign")
        document = json.loads((FOLDER / "control" / "control-baseline.json").read_text(encoding="utf-8"))
        if location == "path":  # these have another path, without the parameter
            item = document["paths"].pop("/pets/{petId}")
            for operation in item.values():
                operation["parameters"] = [p for p in operation["parameters"] if p["in"] != "path"]
            document["paths"]["/x/benign"] = item
        (folder / "twin.json").write_text(json.dumps(document), encoding="utf-8")
        (folder / "project").mkdir()
        gateway = compiled(folder / "twin.json", folder / "project", validated=False)
        assert isinstance(gateway, Gateway)
        found = outputs(gateway)
        assert set(found) == set(TARGETS)
        return found

    return twin


@pytest.mark.parametrize("validated", [False, True], ids=["", "validated"])
@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_case(case: dict[str, Any], validated: bool, tmp_path: Path, benign: Callable[[str], dict[str, dict[str, bytes]]]) -> None:
    result = compiled(FOLDER / case["file"], tmp_path, validated=validated)
    expect = case["expect"]
    if expect == "reject":
        assert isinstance(result, Problems), "it compiles"
        return
    assert expect in _EITHER | _MUST_COMPILE
    if expect in _MUST_COMPILE:
        assert isinstance(result, Gateway), str(result)
    if isinstance(result, Problems) or case["family"] in _LATER:
        return
    made = outputs(result)
    twins = _twins(case, tmp_path, benign, validated=validated)
    for target, files in made.items():
        for name, data in files.items():
            if CANARY in unquoted(name, data.decode()):
                pytest.fail(f"{target}: {name} has the canary outside of a quoted literal")
        if target in twins:
            twin = twins[target]
            assert set(files) == set(twin)
            for name, data in files.items():
                if shape(name, data.decode()) != shape(name, twin[name].decode()):  # no assert: pytest would diff megabytes
                    pytest.fail(f"{target}: {name} has another structure than the benign twin's")


def _twins(
    case: dict[str, Any], folder: Path, benign: Callable[[str], dict[str, dict[str, bytes]]], *, validated: bool
) -> dict[str, dict[str, bytes]]:
    """What the outputs must look like. Empty where nothing can be said: a payload that is an expression is compiled (tests/patterns).

    A header parameter whose name is none of HTTP can't be sent and is not in the outputs at all, in which the canary is looked for.
    """
    if case["family"] != "injection" or (validated and (case["location"] == "pattern" or _has_no_header(case))):
        return {}
    return _without_payload(case, folder) if validated else benign("path" if case["location"] == "path" else "")


def _has_no_header(case: dict[str, Any]) -> bool:
    """Whether the document has a header parameter that no request can have: its name is no token, or has an underscore."""
    document = json.loads((FOLDER / case["file"]).read_text(encoding="utf-8"))
    parameters = [p for item in document["paths"].values() for o in item.values() if isinstance(o, dict) for p in o.get("parameters", ())]
    return any(p.get("in") == "header" and not re.fullmatch(r"[!#$%&'*+.^`|~0-9A-Za-z-]+", p["name"]) for p in parameters)


def _without_payload(case: dict[str, Any], folder: Path) -> dict[str, dict[str, bytes]]:
    """The outputs of the same document with a harmless text in the place of the payload: schemas are in the output, so it has their form."""

    inherited = case["payload"] in {"__proto__", "constructor", "toString"}  # JavaScript must ask for these in another way
    benign = "valueOf" if inherited and case["location"] == "property" else "benign"

    def harmless(value: Any) -> Any:
        if isinstance(value, dict):
            return {harmless(k): harmless(v) for k, v in value.items()}
        if isinstance(value, list):
            return [harmless(v) for v in value]
        return value.replace(case["payload"], benign) if isinstance(value, str) else value

    original = json.loads((FOLDER / case["file"]).read_text(encoding="utf-8"))
    changed = harmless(original)
    assert changed != original, "the payload is not in the document"
    text = json.dumps(changed)
    if text not in _TWINS:
        (folder / "twin").mkdir()
        (folder / "twin.json").write_text(text, encoding="utf-8")
        gateway = compiled(folder / "twin.json", folder / "twin", validated=True)
        assert isinstance(gateway, Gateway), str(gateway)
        _TWINS[text] = outputs(gateway)
    return _TWINS[text]


_TWINS: dict[str, dict[str, dict[str, bytes]]] = {}
"""By the text of the document: most payloads of a location have the same twin."""


def test_what_is_public_is_said_twice(tmp_path: Path) -> None:
    """`security: []` alone opens nothing."""
    policy = put(FOLDER / "security-semantics" / "sec-empty-override.json", tmp_path)
    document = json.loads(policy.read_text(encoding="utf-8"))
    assert document["authorization"].pop("public")
    policy.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Problems, match="GWC301"):
        compile_policy(policy, root=tmp_path)


_STRINGS = {
    ".conf": re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL),
    # Expressions are printed without a slash, a quote or anything else that is not escaped.
    ".js": re.compile(r"(?<=search\()/[^/\n]*/(?=\))|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL),
    ".lua": re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|\[(=*)\[.*?\]\1\]", re.DOTALL),
}


def unquoted(name: str, text: str) -> str:
    """The text without its string literals (of JSON documents: the keys that are no names of the gateway, as parsed)."""
    suffix = Path(name).suffix
    if suffix in (".json", ".yml"):
        return " ".join(_names(json.loads(text)))
    return _STRINGS[suffix].sub("S", text)


def _names(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield "" if key.startswith("/") else key
            yield from _names(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _names(value)


def shape(name: str, text: str) -> object:
    """What is left of a file when names and strings don't count: punctuation and nesting."""
    suffix = Path(name).suffix
    if suffix in (".json", ".yml"):
        return _tree(json.loads(text))
    return re.sub(r"[^{}()\[\];\n]+", "", unquoted(name, text))


def _tree(tree: Any) -> object:
    if isinstance(tree, dict):
        return ("object", *sorted((_tree(v) for v in tree.values()), key=repr))
    if isinstance(tree, list):
        return ("list", *(_tree(v) for v in tree))
    return type(tree).__name__
