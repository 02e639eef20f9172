"""The strict JSON reader of njs on its own engine: what it reads, what it refuses, and what it is that it refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gwc.jsonschema.constant import canonical
from tests.support.nginx_process import scripting
from tests.support.shared import corpora

pytestmark = pytest.mark.gateway
VECTORS = Path(__file__).resolve().parents[1] / "vectors"
DESCRIBE = """
  function shown(v) {
    if (typeof v === 'number') return { number: String(v) };
    if (typeof v === 'symbol') return { number: v.description };
    if (typeof v !== 'object' || v === null) return v;
    if (v instanceof Array) return v.map(shown);
    return { object: Object.keys(v).map(function (name) { return [name, shown(v[name])]; }) };
  }"""
EACH = f"""(function () {{ {DESCRIBE}
  return x.map(function (c) {{
    const read = strictJson().read(Buffer.from(c.hex, 'hex'), c.limits);
    return read.kind === null ? [shown(read.value)] : [read.kind, read.name];
  }});
}})()"""
LIMITS = {"jsonDepth": 16, "jsonKeys": 500, "arrayItems": 1000, "stringBytes": 16384}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What the reader makes of each text: [value], or [kind, name]."""
    with scripting(tmp_path_factory.mktemp("strict"), EACH) as call:

        def run(texts: list[bytes], limits: dict[str, int] = LIMITS) -> list[Any]:
            return call([{"hex": text.hex(), "limits": limits} for text in texts])

        yield run


def value(found: Any) -> Any:
    """A value as the engine shows it."""
    if isinstance(found, list):
        return [value(item) for item in found]
    if isinstance(found, dict) and "number" in found:
        return Decimal(found["number"])
    if isinstance(found, dict):
        return {name: value(member) for name, member in found["object"]}
    return found


def of_vector(wanted: Any) -> Any:
    """A value as the vectors have it."""
    if isinstance(wanted, list):
        return [of_vector(item) for item in wanted]
    if isinstance(wanted, dict) and "object" in wanted:
        return {name: of_vector(member) for name, member in wanted["object"].items()}
    if isinstance(wanted, dict):
        digits, _, place = wanted.get("plain", wanted.get("long")).partition("e")
        return Decimal(f"{digits}e{int(place or 0) - len(digits.lstrip('-')) + 1}")
    return wanted


def test_what_all_strict_readers_share(read) -> None:
    table = json.loads((VECTORS / "json_reader.json").read_text(encoding="utf-8"))
    cases = [c for c in table["cases"] if {**table["limits"], **c.get("limits", {})}["jsonDepth"] <= 31]
    wrong = []
    for case in cases:
        (found,) = read([case["text"].encode("latin-1")], {**table["limits"], **case.get("limits", {})})
        if "fault" in case and found != case["fault"]:
            wrong.append((case, found))
        if "value" in case and (len(found) != 1 or canonical(value(found[0])) != canonical(of_vector(case["value"]))):
            wrong.append((case, found))
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(cases)}: {str(wrong)[:3000]}")
    assert len(cases) > 200


def test_the_collection_of_parsing_tests(read) -> None:
    files = sorted(corpora("json-parsing").glob("*.json"))
    files = [file for file in files if file.stat().st_size < 120_000]
    found = [read([file.read_bytes()])[0] for file in files]
    refused = {file.name for file, result in zip(files, found, strict=True) if len(result) == 2}
    assert refused >= {file.name for file in files if file.name.startswith("n_")}
    assert not {(name, *found[[f.name for f in files].index(name)]) for name in refused if name.startswith("y_")}
    assert len(files) > 190
