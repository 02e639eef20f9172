"""kin-openapi's table of parameters: each is the only parameter of an operation.

The table says for each case whether the decoder found the parameter. Where it did not, and the case is to be rejected, the parameter is declared
as required: nothing else can reject what is not there. All others are declared as the table has them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.shared import corpus
from tools.conformance.questions import Batch, Question, Wanted, get, write_policy

SECTION = "OpenAPI parameters"
DECLARED = {
    "query Oneof: oneofSchema string": "the text is neither of the types of `oneOf`; the table's decoder gives nil and does not judge",
}
"""Cases whose verdict gwc turns round on purpose, with the reason."""


def batches(folder: Path) -> list[Batch]:
    """One batch with all cases."""
    cases = corpus("openapi-params/kin-openapi-decode-parameter.json")
    place = folder / "parameters"
    place.mkdir(parents=True)
    document = {"openapi": "3.0.4", "info": {"title": "parameters", "version": "1"}, "paths": dict(map(_path, range(len(cases)), cases))}
    (place / "openapi.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    policy = write_policy(place, [f"p{n}" for n in range(len(cases))], {"body": "schema", "parameters": "strict", "formats": "assert"})
    return [Batch("parameters", policy, tuple(_question(n, c) for n, c in enumerate(cases)), {})]


def _path(number: int, case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    required = case["parameter"]["in"] == "path" or not case["found"]
    parameter = {**case["parameter"], **({"required": True} if required else {})}
    path = f"/p{number}" + ("/{param}" if parameter["in"] == "path" else "")
    operation = {"operationId": f"p{number}", "security": [], "parameters": [parameter], "responses": {"200": {"description": "fine"}}}
    return path, {"get": operation}


def _question(number: int, case: dict[str, Any]) -> Question:
    target = f"/p{number}{case.get('path', '')}" + (f"?{quote(case['query'], safe='=&,|[]')}" if case.get("query") else "")
    fields = [case["header"].replace(":", ": ", 1)] if "header" in case else []
    name = f"{case['group']}: {case['name']}"
    wanted: Wanted = "accepted" if (case["expect"] == "accept") != (name in DECLARED) else "refused"
    return Question(SECTION, name, name, get(target, *fields), wanted, turned=name in DECLARED)
