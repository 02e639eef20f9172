"""The vectors that the runtimes are tested with say what the model says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.controls.body import Body
from gwc.controls.canonical_path import TARGET
from gwc.controls.host_names import HostNames
from gwc.semantics import base64url, body, host_names, normalise
from gwc.semantics.canonical_path import is_canonical
from gwc.semantics.http1 import Request

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
NAMES = HostNames(names=("api.test", "partner.test"))


def _vectors(name: str) -> dict[str, Any]:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("target", _vectors("canonical_path")["accepted"])
def test_canonical_targets(target):
    assert is_canonical(target)


@pytest.mark.parametrize("target", _vectors("canonical_path")["refused"])
def test_other_targets(target):
    assert not is_canonical(target)


PIECES = st.sampled_from(
    ["/", "//", ".", "..", "a", "%2F", "%2f", "%41", "%20", "%C3", "%c3", "%25", "%7e", "%zz", "%2", ";", "\\", "?", "#", "é", "~", "|"]
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_the_grammar_of_the_gateways_is_the_grammar_of_the_model(target):
    assert is_canonical(target) == bool(re.fullmatch(TARGET, target))


@pytest.mark.parametrize("byte", range(256))
def test_each_byte_and_each_escape(byte):
    for target in (f"/a{chr(byte)}", f"/a%{byte:02x}", f"/a%{byte:02X}b", f"/a?x={chr(byte)}"):
        assert is_canonical(target) == bool(re.fullmatch(TARGET, target)), target


@pytest.mark.parametrize(("text", "data"), _vectors("base64url")["accepted"].items())
def test_base64url(text, data):
    assert base64url.decode(text) == bytes.fromhex(data)
    assert base64url.encode(bytes.fromhex(data)) == text


@pytest.mark.parametrize("text", _vectors("base64url")["refused"])
def test_other_spellings_of_base64(text):
    assert base64url.decode(text) is None


@pytest.mark.parametrize("case", _vectors("media_types")["cases"], ids=str)
def test_media_types(case):
    control = Body(media_types=tuple(sorted(case["takes"])), required=False, max_bytes=10)
    headers = tuple(("content-type", field.strip(" \t")) for field in case["fields"])
    found = {f.reason for f in body.find_faults(control, Request("POST", "/", (1, 1), headers, b"x", 10))}
    assert found == (set() if case["accepted"] else {"body.contentType"})


@pytest.mark.parametrize("case", _vectors("hosts")["cases"], ids=str)
def test_hosts(case):
    headers = tuple(("host", h) for h in case["hosts"])
    request = Request("GET", "/", (1, 1), headers, b"", 10)
    served = host_names.is_served(NAMES, case["sni"])
    found = [*host_names.find_faults(NAMES, request, case["sni"]), *normalise.find_faults(request)]
    assert (served and not found) == case["accepted"]
