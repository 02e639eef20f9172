"""The request schemas of real documents: all become trees, or are refused where the test says so."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.lowering.schema import SchemaBuilder
from gwc.source import Workspace
from gwc.source.cursor import Cursor
from gwc.source.openapi import load_openapi
from gwc.source.openapi_model import OpenApi
from tests.support.shared import corpora

DOCUMENTS = [
    # path, roots, refusals, seconds of CPU that building may take (half of it, or less, is usual)
    ("museum.yaml", 14, {}, 1),
    ("petstore.yaml", 34, {}, 1),
    ("readme-parameters-style-31.json", 59, {}, 1),
    pytest.param("box.json", 691, {}, 2, marks=pytest.mark.long),
    pytest.param("discord.json", 585, {}, 3, marks=pytest.mark.long),
    ("github-api.github.com.json", 3871, {}, 3),
    ("stripe.json", 1604, {}, 4),
    pytest.param("twilio-api-v2010.json", 875, {}, 2, marks=pytest.mark.long),
    pytest.param("aws-cognito-idp.json", 945, {}, 4, marks=pytest.mark.long),
    pytest.param("kubernetes.json", 6765, {}, 4, marks=pytest.mark.long),
    # `\:` is no escape with flag u, which JSON Schema asks for.
    pytest.param("digitalocean-bundled.yaml", 1236, {"GWC421": 2}, 3, marks=pytest.mark.long),
    pytest.param("digitalocean/specification/DigitalOcean-public.v2.yaml", 1236, {"GWC421": 2}, 3, marks=pytest.mark.long),
]


def request_schemas(api: OpenApi) -> Iterator[Cursor]:
    for operation in api.operations:
        for parameter in operation.parameters:
            yield from _schemas(parameter.cursor)
        if operation.request_body:
            yield from _schemas(operation.request_body.cursor)


def _schemas(holder: Cursor) -> Iterator[Cursor]:
    schema, content = holder.get("schema"), holder.get("content")
    if schema:
        yield schema
    for _, media_type in content.resolve().members() if content else ():
        schema = media_type.resolve().get("schema")
        if schema:
            yield schema


@pytest.mark.parametrize(("path", "count", "refusals", "cpu_s"), DOCUMENTS)
def test_request_schemas_become_trees(path: str, count: int, refusals: dict[str, int], cpu_s: float):
    loaded: Any = load_openapi(Workspace(corpora("openapi")), path, Findings())
    assert loaded is not None
    for closed in (True, False):
        findings = Findings()
        builder = SchemaBuilder(findings, version=loaded.version, direction="request", formats=True)
        began = time.process_time()
        roots = [builder.root(c, closed) for c in request_schemas(loaded)]
        spent = time.process_time() - began
        errors = Counter(d.code for d in findings.diagnostics if d.severity == "error")
        assert (len(roots), errors) == (count, refusals)
        assert spent < cpu_s
