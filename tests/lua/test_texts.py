"""How texts of a request become names and values: escapes, parameters of a media type, forms in parts."""

from __future__ import annotations

import pytest

from tests.lua.lua_core import module, to_python
from tests.lua.vectors import vectors


def as_bytes(text: str) -> str:
    """The UTF-8 of a text, as the runtime sees bytes."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("case", vectors("percent")["cases"], ids=lambda c: repr(c["text"]))
def test_escapes(lua, case):
    expected = None if case["value"] is None else as_bytes(case["value"])
    assert module(lua, "percent").decode(case["text"], case["plus"]) == expected


@pytest.mark.parametrize("case", vectors("media_type_parameters")["cases"], ids=lambda c: c["value"])
def test_parameters_of_media_types(lua, case):
    kind, subtype, parameters = (*module(lua, "media_type").read(case["value"]), None)[:3]
    assert (kind, subtype) == tuple(case["value"].partition(";")[0].strip().split("/"))
    assert (None if parameters is None else to_python(parameters)) == case["parameters"]


@pytest.mark.parametrize("case", vectors("multipart")["cases"], ids=lambda c: c["name"])
def test_forms_in_parts(lua, case):
    parts = module(lua, "multipart").read(case["body"], case["boundary"], 500)
    assert (parts and [described(part) for part in to_python(parts)]) == case["parts"]


def described(part: dict[str, object]) -> dict[str, object]:
    return {"name": part["name"], "isFile": part["is_file"], "contentType": part.get("content_type"), "value": part["value"]}


def test_the_border_of_the_parts(lua):
    part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    read = module(lua, "multipart").read
    assert len(read(part * 3 + "--b--", "b", 3)) == 3
    assert read(part * 4 + "--b--", "b", 3) == (None, "limit")
