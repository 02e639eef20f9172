"""The vectors of schemas, built: `tests/vectors/schema.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from tests.jsonschema.given import Built, build

_FILE = Path(__file__).parents[1] / "vectors" / "schema.json"


class SchemaVector(NamedTuple):
    """A schema, and JSON texts with the failures that are told of them."""

    about: str
    built: Built
    values: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def schema_vectors(folder: Path) -> list[SchemaVector]:
    """All of them. `folder`: where documents may be written."""
    found = []
    for case in json.loads(_FILE.read_text(encoding="utf-8"))["cases"]:
        settings = {"closed": case.get("closed", False), "formats": case.get("formats", False), "components": case.get("components")}
        built, diagnostics = build(folder, case["schema"], case["version"], **settings)
        assert not [d for d in diagnostics if d.severity == "error"], diagnostics
        values = tuple((text, tuple((pointer, keyword) for pointer, keyword in failures)) for text, failures in case["values"])
        found.append(SchemaVector(case["about"], built, values))
    return found
