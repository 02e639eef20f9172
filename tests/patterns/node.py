"""What `RegExp(p, "u")` of Node says: the truth about expressions."""

from __future__ import annotations

import json
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from gwc.patterns.properties import unicode_version

Case = tuple[str, Sequence[str]]


def judged(cases: Sequence[Case]) -> list[str | None]:
    """For each expression None (refused), or a digit for each text as tests/patterns/node.js has them; all in one process."""
    return _run(cases)["results"]


def comparable(texts: Sequence[str]) -> list[str]:
    """Without characters that newer versions of Unicode have added, where this Node has another version than our tables."""
    if has_our_unicode():
        return list(texts)
    return [text for text in texts if not any(unicodedata.category(char) == "Cn" for char in text)]


@cache
def has_our_unicode() -> bool:
    """Whether this Node has the version of Unicode that our tables are of."""
    return _run([])["unicode"] == unicode_version()


def _run(cases: Sequence[Case]):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: apt-get install nodejs")
    script = Path(__file__).with_name("node.js")
    done = subprocess.run([node, str(script)], input=json.dumps(cases).encode(), capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)
