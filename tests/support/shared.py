"""Data that lies beside the checkout and is no part of the project: collections of external cases.

Users don't have them: tests that read them skip there, and fail in CI, where they must be.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = (Path(__file__).resolve().parents[3] / "shared").resolve()
CORPORA = SHARED / "corpora"


def corpora(name: str) -> Path:
    """The folder of a collection; skips the module where there is none, except in CI."""
    folder = CORPORA / name
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(f"CI needs the collection {name!r} beside the checkout")
        pytest.skip(f"the collection {name!r} is not beside this checkout", allow_module_level=True)
    return folder


def corpus(path: str) -> Any:
    """A JSON file of the collections. Skips where they are absent, except in CI."""
    file = CORPORA / path
    if not file.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"no {file.parent.name}/{file.name} of the shared collections")
    return json.loads(file.read_text(encoding="utf-8"))
