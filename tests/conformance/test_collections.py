"""Collections that others made, through the real gateways: what `make conformance` counts, with the numbers that must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.conformance_hosts import require
from tests.jsonschema.test_suite import REFUSED, REFUSED_FORMATS
from tests.support.schema_suite import groups
from tools.conformance import json_schema, json_texts, parameters, random_schemas
from tools.conformance.asking import HOSTS, Said, ask, ask_model
from tools.conformance.counting import Count
from tools.conformance.questions import Batch

pytestmark = pytest.mark.gateway

CASES = {"draft4-rest": 404, "draft4-formats": 88, "draft2020-12-rest": 793, "draft2020-12-formats": 341, "parameters": 73, "texts": 201}
"""Requests of each batch: what the compiler refuses is listed in `_REFUSED`, and cases cannot get lost."""


@pytest.fixture(scope="module")
def batches(tmp_path_factory) -> dict[str, Batch]:
    folder = tmp_path_factory.mktemp("collections")
    return {b.name: b for make in (json_schema.batches, parameters.batches, json_texts.batches) for b in make(folder)}


@pytest.fixture(scope="module")
def models(batches) -> dict[str, list[Said]]:
    """The model's answers, each batch once."""
    return {name: ask_model(batch) for name, batch in batches.items()}


def _require(host: str) -> None:
    require("openresty" if host == "kong" else host)  # the stand-in for Kong needs the same program


def test_nothing_is_lost(batches):
    assert {name: len(b.questions) for name, b in batches.items()} == CASES


def test_refused_by_name(batches):
    """What the compiler refuses: schemas of other dialects, and formats that no automaton holds; nothing else, and nothing silently."""
    refused = {group: why for b in batches.values() for group, why in b.refused.items()}
    formats = {g.name for g in groups("draft2020-12") if g.keyword in REFUSED_FORMATS}
    assert {group: why.partition(" ")[0] for group, why in refused.items()} == {**REFUSED, **dict.fromkeys(formats, "GWC422")}


@pytest.mark.parametrize("name", CASES)
def test_model(name, batches, models, count_requests):
    count_requests("model", len(models[name]))
    _check(batches[name], {"model": models[name]})


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("host", HOSTS)
def test_gateway(name, host, batches, models, tmp_path, count_requests):
    _require(host)
    answers = ask(batches[name], host, tmp_path, models[name])
    count_requests("kong stand-in" if host == "kong" else host, len(answers), sum(bool(s.differs) for s in answers))
    _check(batches[name], {"model": models[name], host: answers})


@pytest.mark.parametrize("host", HOSTS)
def test_random_schemas(host, tmp_path, count_requests):
    """A few of the pairs that `make conformance` asks; another seed than there."""
    _require(host)
    _ask_random(host, tmp_path, count_requests, seed=4, schemas=12, instances=12)


@pytest.mark.long
@pytest.mark.parametrize("host", HOSTS)
def test_many_random_schemas(host, tmp_path, count_requests):
    _require(host)
    _ask_random(host, tmp_path, count_requests, seed=5, schemas=100, instances=50)


def _ask_random(host: str, folder: Path, count_requests, **numbers: int) -> None:
    for batch in random_schemas.batches(folder / "projects", **numbers):
        assert not batch.refused
        model = ask_model(batch)
        answers = ask(batch, host, folder / batch.name, model)
        count_requests("kong stand-in" if host == "kong" else host, len(answers), sum(bool(s.differs) for s in answers))
        _check(batch, {"model": model, host: answers})


def _check(batch: Batch, answers: dict[str, list[Said]]) -> None:
    """Every answer as the collection wants it, and as the model gives it."""
    count = Count()
    count.add(batch, answers)
    if count.faults:
        pytest.fail(f"{len(count.faults)} faults\n" + "\n".join(count.faults[:40]), pytrace=False)
    for section in count.sections.values():
        assert section.wrong_accepts == section.wrong_refusals == section.other == section.unequal == 0
        assert all(section.agreed[engine] == section.asked for engine in answers)
