"""The external documents: real ones, official ones, and hostile ones, as far as the source layer decides on them."""

from __future__ import annotations

import json
import socket
import time
from functools import cache
from pathlib import Path

import pytest
import yaml

from gwc.diagnostics import Findings, Problems
from gwc.report import render_full
from gwc.source import Workspace
from gwc.source.json_text import parse_json
from gwc.source.openapi import load_openapi
from gwc.source.yaml_text import parse_yaml
from tests.support.shared import CORPORA, corpora

corpora("hostile")

SECONDS = 10
"""No document may take longer, however hostile."""


@pytest.fixture(autouse=True)
def _no_connection(monkeypatch):
    def connect(*_):
        raise AssertionError("a document made gwc connect")

    monkeypatch.setattr(socket, "socket", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)


def judge(path, root=None):
    """The operations of a document (None: refused) and its findings, which are all in place and printable."""
    space = Workspace(root or path.parent)
    findings = Findings()
    start = time.process_time()
    api = load_openapi(space, str(path.relative_to(space.root)), findings)
    shown = render_full(findings.diagnostics, space.text, color=False)
    assert time.process_time() - start < SECONDS
    assert (api is None) == findings.has_errors
    assert all(d.labels and d.span.line >= 1 and d.span.column >= 1 for d in findings.diagnostics)
    assert shown.replace("\n", "").isprintable() or not shown
    return api, findings.diagnostics


# Real documents

REAL = {
    "aws-cognito-idp.json": 103,
    "box.json": 296,
    "digitalocean-bundled.yaml": 659,
    "digitalocean/specification/DigitalOcean-public.v2.yaml": 659,
    "discord.json": 242,
    "github-api.github.com.json": 1223,
    "kubernetes.json": 845,
    "museum.yaml": 8,
    "petstore.yaml": 19,
    "readme-parameters-style-31.json": 25,
    "stripe.json": 452,
    "twilio-api-v2010.json": 197,
}
REFUSED = {
    "docker-engine-v2.yaml": {("GWC801", 12)},
    "slack-v2.json": {("GWC801", 27439)},
    # Keywords of JSON Schema draft 4 and 2019-09 in a document of OpenAPI 3.1, and a list of `required` with doublets.
    "openai.yaml": {("GWC802", n) for n in (32289, 32652, 35081, 39926, 39953, 40023, 40060, 40130, 40337, 75686)},
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_documents_load(name):
    api, _ = judge(CORPORA / "openapi" / name)
    assert api is not None
    assert len(api.operations) == REAL[name]
    # Each place is where the method is written.
    for operation in api.operations[:: len(api.operations) // 8]:
        line = api.document.loader.text(operation.span.path).split("\n")[operation.span.line - 1]
        assert line[operation.span.column - 1 : operation.span.end_column - 1].strip('"').upper() == operation.method


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_real_documents_that_are_refused(name):
    api, found = judge(CORPORA / "openapi" / name)
    assert api is None
    assert {(d.code, d.span.line) for d in found if d.severity == "error"} == REFUSED[name]


def test_no_real_document_is_forgotten():
    names = {p.name for p in (CORPORA / "openapi").iterdir() if p.suffix in (".json", ".yaml")}
    assert names == {n for n in (*REAL, *REFUSED) if "/" not in n}


# Official documents

MEANINGLESS = {
    # The schema accepts them; what they mean does not hold together, or is on another machine.
    "3.1/pass/operation-object-example.yaml": {"GWC805", "GWC809"},
    "3.1/pass/security-scheme-object-examples.yaml": {"GWC010"},
}


@pytest.mark.parametrize("path", sorted((CORPORA / "openapi-documents").rglob("*.yaml")), ids=lambda p: "/".join(p.parts[-3:]))
def test_official_documents(path):
    api, found = judge(path)
    version, verdict, _ = path.parts[-3:]
    expected = MEANINGLESS.get("/".join(path.parts[-3:]))
    if version == "3.2":
        assert [d.code for d in found] == ["GWC801"]
    elif expected:
        assert {d.code for d in found} == expected
    else:
        assert (api is not None) == (verdict == "pass"), found


# Hostile documents


@cache
def manifest():
    return {e["id"]: e for e in json.loads((CORPORA / "hostile" / "MANIFEST.json").read_text()) if "expect" in e}


HERE = sorted(
    k
    for k, e in manifest().items()
    if e["family"] in ("yaml", "encoding", "ref", "resource", "security-semantics", "control", "path-template", "regex", "injection")
)


@pytest.mark.parametrize("case", HERE)
def test_hostile_documents(case):
    entry = manifest()[case]
    api, _ = judge(CORPORA / "hostile" / entry["file"])
    if entry["expect"] == "reject":
        assert api is None
    if entry["expect"] in ("accept", "accept-bounded", "warn", "deny-all", "explicit") and case not in STRICTER:
        assert api is not None


STRICTER = {
    "res-kw-typo": "3.0's official schema has no unknown keywords",
    "sec-method-trace": "TRACE can't be served",
}


@pytest.mark.parametrize(
    "case", sorted(k for k, e in manifest().items() if e["family"] in ("yaml", "encoding") and e["expect"] == "reject" and k != "neg-int")
)
def test_hostile_texts_are_refused_by_the_loader_itself(case):
    path = CORPORA / "hostile" / manifest()[case]["file"]
    with pytest.raises(Problems) as raised:
        Workspace(path.parent).load(path.name)
    assert [d.span.path for d in raised.value.diagnostics] == [path.name]


@pytest.mark.parametrize("case", [k for k, e in manifest().items() if e["expect"] == "warn"])
def test_what_is_to_be_warned_of_is_not_silent(case):
    assert judge(CORPORA / "hostile" / manifest()[case]["file"])[1]


def test_no_secret_of_a_hostile_document_is_shown():
    path = CORPORA / "hostile" / manifest()["sec-server-userinfo"]["file"]
    space, findings = Workspace(path.parent), Findings()
    load_openapi(space, path.name, findings)
    assert "GWCSECRET" not in render_full(findings.diagnostics, space.text, color=True) + str(findings.diagnostics)


# Texts for parsers


def parse(parser, path):
    """The value and None, or None and the code of the error."""
    start = time.process_time()
    try:
        return parser(path.name, path.read_bytes().decode("utf-8")), None
    except UnicodeDecodeError:
        return None, "GWC002"
    except Problems as problems:
        assert problems.diagnostics[0].span.path == path.name
        return None, problems.diagnostics[0].code
    finally:
        assert time.process_time() - start < SECONDS


# Valid JSON that this layer refuses: documents are objects or arrays, and names have no NUL.
NO_DOCUMENT = ("y_structure_lonely", "y_string_space")


@pytest.mark.parametrize("path", sorted((CORPORA / "json-parsing").glob("*.json")), ids=lambda p: p.name)
def test_json_suite(path):
    value, code = parse(parse_json, path)
    if path.name.startswith("n_"):
        assert code
    elif path.name.startswith("y_") and not path.name.startswith(NO_DOCUMENT):
        assert code is None or code == "GWC007", code
        if code is None:
            assert value == json.loads(path.read_text(encoding="utf-8"))


def yaml_cases():
    for path in sorted((CORPORA / "yaml-suite").glob("*.yaml")):
        for number, case in enumerate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)):
            yield f"{path.stem}-{number}", case


LIBYAML = {"L24T-1": "the last line of a block scalar has spaces only and no line end: libyaml adds no line end"}


def original(text):
    """The suite writes invisible characters as visible ones (yaml-test-suite, "Special characters")."""
    for visible, meant in (("␣", " "), ("»", "\t"), ("————»", "\t"), ("—", ""), ("←", "\r"), ("⇔", "\ufeff"), ("↵", ""), ("∎\n", "")):
        text = text.replace(visible, meant)
    return text


@pytest.mark.parametrize(("name", "case"), [pytest.param(n, c, id=n) for n, c in yaml_cases()])
def test_yaml_suite(name, case):
    text = original(case["yaml"])
    start = time.process_time()
    try:
        value, positions = parse_yaml("a.yaml", text)
    except Problems as problems:
        assert problems.diagnostics[0].span.line <= text.count("\n") + 2
        return
    finally:
        assert time.process_time() - start < SECONDS
    positions.span(())
    if case.get("json") and name not in LIBYAML:
        assert value == json.loads(case["json"])


def test_the_folder_of_the_corpora_is_not_part_of_any_finding():
    _, found = judge(Path(CORPORA / "openapi" / "openai.yaml"))
    assert not any(str(CORPORA) in str(d) for d in found)
