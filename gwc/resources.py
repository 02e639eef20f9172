"""Finds the files that are no Python: in `gwc/_data/` of a wheel, else beside the package in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def data_folder(name: str) -> Path:
    """The folder `templates` or `schemas`. Raises FileNotFoundError for an installation that lacks it."""
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"gwc is not installed completely: no folder {name!r}")


def runtime_text(path: str) -> str:
    """The text of a runtime file, for example `lua/gwc/body.lua`."""
    return (_PACKAGE / "runtime" / path).read_text(encoding="utf-8")
