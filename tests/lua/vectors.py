"""The vectors that all runtimes share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> Any:
    """The document `tests/vectors/<name>.json`."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
