"""JSONTestSuite: each text is the body of a request to an operation that takes every JSON value."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.shared import corpora
from tools.conformance.questions import Batch, Question, Wanted, post, write_policy

SECTIONS: dict[str, tuple[str, Wanted]] = {
    "y_": ("JSON texts y_", "accepted"),
    "n_": ("JSON texts n_", "refused"),
    "i_": ("JSON texts i_", "equal"),
}


def batches(folder: Path) -> list[Batch]:
    """One batch with all texts."""
    place = folder / "texts"
    place.mkdir(parents=True)
    body = {"required": True, "content": {"application/json": {"schema": {}}}}
    operation = {"operationId": "any", "security": [], "requestBody": body, "responses": {"200": {"description": "fine"}}}
    document = {"openapi": "3.1.0", "info": {"title": "texts", "version": "1"}, "paths": {"/any": {"post": operation}}}
    (place / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    policy = write_policy(place, ["any"], {"body": "schema", "parameters": "strict", "formats": "assert"})
    return [Batch("texts", policy, tuple(_question(p) for p in sorted(corpora("json-parsing").glob("*.json"))), {})]


def _question(path: Path) -> Question:
    section, wanted = SECTIONS[path.name[:2]]
    return Question(section, path.stem, path.stem, post("/any", path.read_bytes()), wanted)
