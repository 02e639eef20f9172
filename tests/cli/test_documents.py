"""What the pages for users say works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from gwc.cli.group import COMMANDS, LATER, cli
from gwc.cli.schema import schema_text
from gwc.controls.problem_details import REASONS
from tests.cli.conftest import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / n for n in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))

OPENAPI = """
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /health: {get: {operationId: getHealth, security: [], responses: {"200": {description: d}}}}
  /orders: {get: {operationId: listOrders, security: [{oauth: []}], responses: {"200": {description: d}}}}
  /imports:
    post:
      operationId: importOrders
      security: [{oauth: []}]
      requestBody: {content: {application/json: {schema: {type: object}}, text/csv: {}}}
      responses: {"200": {description: d}}
components: {securitySchemes: {oauth: {type: openIdConnect, openIdConnectUrl: "https://id.example.com/.well-known/openid-configuration"}}}
"""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def test_the_policy_of_the_readme_compiles(tmp_path, run, monkeypatch):
    policy, validation = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "readme.gwc.yaml").write_text(policy + validation)
    (tmp_path / "openapi.yaml").write_text(OPENAPI)
    keys = json.loads((EXAMPLE / "jwks.json").read_text())["keys"]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [k for k in keys if k["alg"] == "ES256"]}))
    monkeypatch.chdir(tmp_path)
    assert run("lint", "readme.gwc.yaml")[:2] == (0, "")
    assert run("compile", "readme.gwc.yaml")[0] == 0


def test_the_project_of_the_language_page_fits_the_schema():
    (text,) = [b for b in blocks(ROOT / "docs/language.md", "yaml") if "kind: Project" in b]
    jsonschema.validate(yaml.safe_load(text), json.loads(schema_text("project")))


def test_the_commands_of_the_pages_exist():
    seen = set()
    for page in PAGES:
        for line in re.findall(r"(?:^ {4}|`)(gwc [a-z][^`\n#]*)", page.read_text(), re.MULTILINE):
            _, name, *arguments = shlex.split(line)
            assert name in COMMANDS, line
            command = cli.get_command(None, name)
            if isinstance(command, click.Group) and arguments:
                command = command.commands[arguments.pop(0)]
            options = {o for p in command.params for o in p.opts}
            assert {a for a in arguments if a.startswith("--")} <= options, line
            seen.add(name)
    assert seen == set(COMMANDS)


def test_the_readme_names_what_is_not_there_yet():
    text = (ROOT / "README.md").read_text()
    missing = [c for c in LATER if not re.search(rf"\b{c}\b", text)]
    assert not missing


def test_the_validation_of_its_page_fits_the_schema():
    (text,) = blocks(ROOT / "docs/validation.md", "yaml")
    schema = json.loads(schema_text("policy"))
    jsonschema.validate(yaml.safe_load(text)["validation"], {**schema["properties"]["validation"], "$defs": schema["$defs"]})


def test_every_reason_is_documented():
    text = (ROOT / "docs/reasons.md").read_text()
    assert all(f"| `{reason}` | {status} " in text for reason, status in REASONS.items())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_no_page_names_a_place_of_a_developers_machine():
    for page in [*PAGES, *(ROOT / "examples").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]:
        assert not re.search(r"/work/|/root/|/home/|\.\./shared", page.read_text()), page


def test_every_code_of_the_source_is_documented():
    used = {c for p in (ROOT / "gwc").rglob("*.py") for c in re.findall(r'"(GWC[0-9]{3})"', p.read_text())}
    documented = set(re.findall(r"^\| (GWC[0-9]{3}) \|", (ROOT / "docs/diagnostics.md").read_text(), re.MULTILINE))
    assert used == documented
