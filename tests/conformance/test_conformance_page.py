"""docs/conformance.md is what `make conformance` wrote, has every case of the collections, and says that no answer was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.schema_suite import groups
from tests.support.shared import corpora, corpus
from tools.conformance import random_schemas
from tools.conformance.asking import Said
from tools.conformance.counting import Count
from tools.conformance.documents import documents
from tools.conformance.page import ENGINES, MARK, page
from tools.conformance.questions import Batch, Question

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


def _rows(title: str) -> dict[str, list[str]]:
    """The cells behind the first one, of the table whose first column has this title."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {title} |"))
    found = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = [c.strip() for c in line.strip("|").split("|")]
        found[name] = cells
    return found


def test_the_first_line_says_what_makes_it():
    assert PAGE.read_text(encoding="utf-8").startswith(MARK + "\n")
    assert "make conformance" in MARK


def test_every_case_is_counted_and_none_is_wrong():
    cells = _rows("collection")
    for draft in ("draft4", "draft2020-12"):
        for is_optional, word in ((False, "mandatory"), (True, "optional")):
            chosen = [g for g in groups(draft) if g.is_optional == is_optional]
            assert cells[f"JSON Schema {draft}, {word}"][:2] == [str(len(chosen)), str(sum(len(g.tests) for g in chosen))]
        pairs = random_schemas.SCHEMAS * random_schemas.INSTANCES
        assert cells[f"random schemas, {draft}"][1] == str(pairs)
    assert cells["OpenAPI parameters"][1] == str(len(corpus("openapi-params/kin-openapi-decode-parameter.json")))
    texts = [p.name[:2] for p in corpora("json-parsing").glob("*.json")]
    assert {name: cells[f"JSON texts {name}"][1] for name in ("y_", "n_", "i_")} == {n: str(texts.count(n)) for n in ("y_", "n_", "i_")}
    for name, row in cells.items():
        engines, wrong = row[4:-2], row[-2:]
        assert len(engines) == len(ENGINES)
        assert wrong == ["0", "0"], name
        assert {a for a, _, b in (e.partition("/") for e in engines) if a != b} == set(), name


def test_every_real_document_is_in_it():
    cells = _rows("document")
    assert set(cells) == {d.name for d in documents()}
    assert {name: row[-1] for name, row in cells.items() if row[-1] != "0"} == {}


def test_wrong_answers_are_counted_and_named():
    """What the page would say of a gateway that is wrong."""
    wanted = ("accepted", "refused", "equal", "refused")
    questions = tuple(Question("s", f"g{i}", f"q{i}", b"", w) for i, w in enumerate(wanted))
    good = [Said("accepted"), Said("refused", "validate.body []"), Said("accepted"), Said("refused")]
    bad = [Said("refused", "x"), Said("accepted"), Said("refused"), Said("500 internal.error", differs="the model says refused")]
    count = Count()
    count.add(Batch("b", PAGE, questions, {"g9": "GWC1 no"}, (Question("s", "g9", "q9", b"", "refused"),)), {"model": good, "nginx": bad})
    section = count.sections["s"]
    assert (section.wrong_accepts, section.wrong_refusals, section.other, section.unequal) == (1, 1, 1, 4)
    assert (section.agreed, section.refused_cases, len(section.groups)) == ({"model": 4, "nginx": 1}, 1, 5)
    text = page(count, ("model", "nginx"), ["## Real documents"])
    for words in ("| s | 5 | 5 | 1 (1 cases) | 0 | 4/4 | 1/4 | 1 | 1 |", "q3", "GWC1 no", "the model says refused", "Real documents"):
        if words not in text:
            pytest.fail(f"{words!r} is not in\n{text}")
