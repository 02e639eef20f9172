"""CPU and peak memory of compiling large documents with validation of all requests, for all targets.

GitHub's document beside `redocly lint` on the same file (npm's @redocly/cli, installed into a temporary folder); Stripe's by operation, for Kong alone (there are other
compilers for that); and how the time grows when a made document has ten times the operations, each with a schema of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.compile_time import Usage, good, run
from tests.support.minimal_policy import put

TARGETS = "nginx,envoy,kong"
VALIDATION: dict[str, dict[str, object]] = {"request": {}}
SMALL = 120
"""Operations of the small made document; the large one has ten times as many."""


def measure(corpora: Path, rounds: int = 3) -> Iterator[dict[str, object]]:
    """Three rows: GitHub, Stripe, growth. Raises RuntimeError when a process fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield _github(corpora / "github-api.github.com.json", folder / "github", rounds)
        yield _stripe(corpora / "stripe.json", folder / "stripe", rounds)
        yield _growth(folder / "growth", rounds)


def _github(document: Path, folder: Path, rounds: int) -> dict[str, object]:
    policy = project(document, folder)
    redocly = _redocly(folder)
    ours, theirs = [], []
    for i in range(rounds):
        ours.append(compiled(policy, f"out{i}"))
        if redocly:
            theirs.append(run([redocly, "lint", str(document), "--format=summary"], folder))  # findings end it with 1
    row: dict[str, object] = {"document": document.name, **_numbers(ours)}
    if theirs:
        row |= {"redocly_cpu_s": round(median(u.cpu_s for u in theirs), 2)}
        row |= {"cpu_by_redocly": round(median(a.cpu_s / b.cpu_s for a, b in zip(ours, theirs, strict=True)), 3)}
    return row


def _stripe(document: Path, folder: Path, rounds: int) -> dict[str, object]:
    policy = project(document, folder)
    ours = [compiled(policy, f"out{i}", "kong") for i in range(rounds)]
    operations = _operations(document)
    each = round(1000 * median(u.cpu_s for u in ours) / operations, 2)
    return {"document": document.name, **_numbers(ours), "operations": operations, "ms_per_operation": each}


def _growth(folder: Path, rounds: int) -> dict[str, object]:
    small, large = project(made(SMALL, folder), folder / "small"), project(made(10 * SMALL, folder), folder / "large")
    pairs = [(compiled(small, f"out{i}"), compiled(large, f"out{i}")) for i in range(rounds)]
    ratio = round(median(b.cpu_s / a.cpu_s for a, b in pairs), 2)
    return {"operations": [SMALL, 10 * SMALL], "cpu_s": [round(median(p[i].cpu_s for p in pairs), 2) for i in (0, 1)], "growth": ratio}


def _numbers(ours: list[Usage]) -> dict[str, object]:
    return {"gwc_cpu_s": round(median(u.cpu_s for u in ours), 2), "gwc_peak_mib": round(max(u.peak_mib for u in ours), 1)}


def project(document: Path, folder: Path) -> Path:
    """The least policy for the document, with validation; returns its path."""
    folder.mkdir(parents=True)
    policy = put(document, folder)
    tree = json.loads(policy.read_text(encoding="utf-8"))
    policy.write_text(json.dumps({**tree, "validation": VALIDATION}), encoding="utf-8")
    return policy


def compiled(policy: Path, out: str, targets: str = TARGETS) -> Usage:
    """One whole compile."""
    command = [sys.executable, "-m", "gwc", "compile", policy.name, "--target", targets, "--out", out]
    return good(run(command, policy.parent), "gwc compile")


def _operations(document: Path) -> int:
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"]
    return sum(m in item for item in paths.values() for m in ("get", "put", "post", "delete", "options", "head", "patch", "trace"))


def _redocly(folder: Path) -> str | None:
    """The command, installed by npm; None where there is no npm, or it can't install."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    place = folder / "npm"
    place.mkdir()
    done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "@redocly/cli"], cwd=place, capture_output=True, check=False)
    found = place / "node_modules" / ".bin" / "redocly"
    return str(found) if done.returncode == 0 and found.exists() else None


def made(operations: int, folder: Path) -> Path:
    """A document of so many operations, each with parameters and a schema that refers to another."""
    folder.mkdir(parents=True, exist_ok=True)
    schemas = {f"S{n}": _schema(n, operations) for n in range(operations)}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "made", "version": "1"},
        "security": [],
        "paths": {f"/p{n}/{{id}}": {"post": _operation(n)} for n in range(operations)},
        "components": {"schemas": schemas},
    }
    path = folder / f"made{operations}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _operation(number: int) -> dict[str, object]:
    return {
        "operationId": f"o{number}",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0}},
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/S{number}"}}}},
        "responses": {"200": {"description": "fine"}},
    }


def _schema(number: int, all_of_them: int) -> dict[str, object]:
    properties: dict[str, object] = {f"text{number}": {"type": "string", "maxLength": number + 1, "pattern": "^[a-z]+$"}}
    properties |= {f"n{i}": {"type": "integer", "minimum": i, "maximum": number + i} for i in range(6)}
    properties["next"] = {"$ref": f"#/components/schemas/S{(number + 1) % all_of_them}"}
    properties["list"] = {"type": "array", "maxItems": 10, "items": {"enum": ["a", "b", f"c{number}"]}}
    return {"type": "object", "properties": properties, "required": [f"text{number}", "n0"]}


if __name__ == "__main__":
    for line in measure(Path(__file__).resolve().parents[2] / "shared" / "corpora" / "openapi", rounds=int((*sys.argv, "3")[1])):
        print(json.dumps(line), flush=True)
