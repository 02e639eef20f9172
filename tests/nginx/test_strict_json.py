"""The strict JSON reader of njs on its own engine: what it reads, what it refuses, and what it is that it refuses."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.validation import Limits
from gwc.jsonschema.constant import canonical
from gwc.semantics.strict_json import Reading
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
ANYTHING = """
  function anything(number, x) {
    return function (v) { if (typeof v === 'object' && v !== null) x.members += x.total(v); return true; };
  }"""
EACH = f"""(function () {{ {DESCRIBE} {ANYTHING}
  return x.map(function (c) {{
    const bytes = Buffer.from(c.hex, 'hex'), read = strictJson().read(bytes, c.limits);
    return [read.kind === null ? [shown(read.value)] : [read.kind, read.name], fits(anything, null, 0, bytes.toString(), c.limits)];
  }});
}})()"""
LIMITS = {"jsonDepth": 16, "jsonKeys": 500, "arrayItems": 1000, "stringBytes": 16384}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What the reader makes of each text: [value], or [kind, name]. The quick way never takes what it refuses."""
    with scripting(tmp_path_factory.mktemp("strict"), EACH) as call:

        def run(texts: list[bytes], limits: dict[str, int] = LIMITS) -> list[Any]:
            found = []
            for at in range(0, len(texts), 500):
                found += call([{"hex": text.hex(), "limits": limits} for text in texts[at : at + 500]])
            wrong = [(text, result) for text, (result, is_quick) in zip(texts, found, strict=True) if is_quick and len(result) == 2]
            assert not wrong, wrong[:3]
            return [result for result, _ in found]

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


_PIECES = (
    *'{}[]",:.-+eE0123456789 \t\n\\/abtfnrul', '"a":', '"b":1', ',"a":2', '":', '":x"', '" :', "[]", "{}", "null", "true", "01", "1.", ".5", "-.5", "+1",
    "1e5", "1E+3", "1e400", "1e-400", "1e23", "-0", "0.0", "1.0", "12345678901234567", "0.30000000000000004", "9007199254740993", "100000000000000000000",
    "Infinity", "-Infinity", "NaN", "\\u0061", "\\ud83d\\ude00", "\\ud800", "\\ufffd", "\\u003a", "\\n", '\\"', "\\\\", "é", "😀", "\ufffd", "\ufeff", "\x00", "\x1f", "\x7f",
    "__proto__", "constructor", '"__proto__":1,', '"constructor":{}', '"a:"', '":a"', "12:30:01", "[1,2,3]", '{"a":{"a":1}}',
)  # fmt: skip
_BASES = (
    '{"a":1,"b":[1,2.5,"x",null,true],"c":{"d":"12:01:02Z","e":-0.5}}',
    '{"a": 1, "b": [1, 2, {"c": "d, 01"}], "e": "f"}',
    '[{"a":"x"},{"a":"y","b":1e2},[[[]]],"é",0,-1,12345678901234567890]',
    '{\n  "a": "b\\n",\n  "c": [\n    1\n  ]\n}',
    '"text"', "17", "[]", '{"":{"":{"":""}}}',
)  # fmt: skip


def mutated(rng: random.Random) -> bytes:
    """A text that is JSON, or nearly."""
    text = rng.choice(_BASES)
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        at, kind = rng.randrange(len(text) + 1), rng.random()
        end = at + rng.randrange(3) if kind < 0.6 else at
        text = text[:at] + (rng.choice(_PIECES) if kind > 0.25 else "") + text[end:]
    raw = text.encode()
    if rng.random() < 0.1 and raw:
        at = rng.randrange(len(raw))
        raw = raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
    return raw


def compare(read: Any, seed: int, count: int, limits: dict[str, int]) -> None:
    """What the reader says against the model, which knows everything that is wrong with a text."""
    rng = random.Random(seed)
    texts = [mutated(rng) for _ in range(count)]
    model = Limits(
        json_depth=limits["jsonDepth"], json_keys=limits["jsonKeys"], array_items=limits["arrayItems"], string_bytes=limits["stringBytes"]
    )
    wrong, valid = [], 0
    for text, found in zip(texts, read(texts, limits), strict=True):
        reading = Reading(text, model)
        valid += not reading.faults
        if reading.faults and (len(found) != 2 or found[1] not in reading.faults):
            wrong.append((text, found, list(reading.faults)))
        if not reading.faults and (len(found) != 1 or canonical(value(found[0])) != canonical(reading.value)):
            wrong.append((text, found, reading.value))
    if wrong:
        pytest.fail(f"{len(wrong)} of {count}: " + "\n".join(map(repr, wrong[:10]))[:3000])
    print(f"{count} texts, {valid} valid")
    assert count // 10 < valid < count * 9 // 10


SMALL = {"jsonDepth": 3, "jsonKeys": 4, "arrayItems": 4, "stringBytes": 6}


def test_broken_texts(read) -> None:
    compare(read, 1, 3000, LIMITS)
    compare(read, 2, 2000, SMALL)


@pytest.mark.long
def test_many_broken_texts(read) -> None:
    for seed in range(100, 130):
        compare(read, seed, 2000, LIMITS)
        compare(read, seed + 1000, 1000, SMALL)
