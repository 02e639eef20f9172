"""Real OpenAPI documents: each 3.x one compiles for all targets, or ends in located diagnostics that name what no gateway can do."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import pytest
import yaml

from gwc.diagnostics import Problems
from gwc.lowering import compile_policy
from tests.support.minimal_policy import put
from tests.support.shared import corpora

FOLDER = corpora("openapi")
EXPECTED = yaml.safe_load(Path(__file__).with_name("expected_diagnostics.yaml").read_text(encoding="utf-8"))
_TREES = {"digitalocean/specification/DigitalOcean-public.v2.yaml": FOLDER / "digitalocean"}


def test_every_document_is_expected() -> None:
    found = {p.name for p in FOLDER.iterdir() if p.suffix in (".json", ".yaml")} | set(_TREES)
    assert found == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_document(name: str, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    path = put(FOLDER / name, tmp_path, tree=_TREES.get(name))
    try:
        gateway = compile_policy(path, root=tmp_path).gateway
    except Problems as problems:
        found = [d for d in problems.diagnostics if d.severity == "error"]
        assert dict(Counter(d.code for d in found)) == expected["errors"], [f"{d.span} {d.code} {d.message}" for d in found][:20]
        for finding in found:
            assert (tmp_path / finding.span.path).is_file()
            assert finding.span.line >= 1
            assert "\n" not in finding.message
        return
    assert "errors" not in expected
    assert len(gateway.operations) == expected["operations"]
    for target in ("nginx", "envoy", "kong"):
        output = importlib.import_module(f"gwc.backends.{target}").compile(gateway)
        assert len(output.ledger) > len(gateway.operations)
