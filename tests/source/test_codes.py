"""Every code that the source layer uses is documented, once, and every documented code is used."""

from __future__ import annotations

import re
from pathlib import Path

from gwc.source import codes

FOLDER = Path(codes.__file__).parent


def test_the_table_is_complete():
    constants = {v for k, v in vars(codes).items() if k.isupper() and isinstance(v, str)}
    assert constants == set(codes.CODES)
    assert all(re.fullmatch(r"GWC[08]\d\d", code) for code in constants)


def test_no_code_is_without_use():
    source = "".join(p.read_text(encoding="utf-8") for p in FOLDER.glob("*.py") if p.name != "codes.py")
    names = {k for k, v in vars(codes).items() if k.isupper() and isinstance(v, str)}
    assert names == {n for n in names if f"codes.{n}" in source}
    assert not re.search(r'"GWC\d', source)
