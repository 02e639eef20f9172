"""Target for the parser of regular expressions and what is made of its trees."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from random import Random

from gwc.patterns import compile_pattern
from gwc.patterns.error import PatternError
from tests.support.shared import CORPORA
from tools.fuzz.mutations import mutated
from tools.fuzz.target import Target

_ATOMS = (
    "a", "b", "é", "\U0001f600", ".", "\\d", "\\W", "\\s", "\\b", "\\B", "\\p{L}", "\\P{Lu}", "\\p{Script=Greek}", "\\u{1F600}", "\\ud83d\\ude00", "\\x41",
    "\\cA", "\\0", "\\1", "\\k<n>", "[a-z]", "[^a]", "[\\d-]", "[]", "[^]", "[z-a]", "[\\b]", "[a-\\d]", "\\/", "\\-", "^", "$", "(?=a)", "(?!b)", "(?<=a)",
    "(?<!b)", "\\", "{", "}", "]", "(", ")", "[", "-", " ", "\n", "(?i:a)", "\\p{", "\\u", "\\x4",
)  # fmt: skip
_AFTER = (
    "",
    "",
    "",
    "",
    "*",
    "+",
    "?",
    "{0}",
    "{2}",
    "{1,3}",
    "{2,}",
    "*?",
    "+?",
    "??",
    "{1000}",
    "{0,500}",
    "{3,1}",
    "**",
    "{,5}",
    "{99999999999}",
)


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """Patterns that people wrote: those of small real documents, of the suite and of the collection of hostile ones."""
    files = [*sorted((CORPORA / "hostile" / "regex").glob("*")), *sorted((CORPORA / "jsonschema").rglob("*.json"))]
    files += [CORPORA / "openapi" / n for n in ("box.json", "aws-cognito-idp.json", "museum.yaml", "discord.json")]
    texts = (p.read_text(encoding="utf-8", errors="replace") for p in files if p.is_file())
    found = {m.replace("\\\\", "\\") for t in texts for m in re.findall(r'"?pattern"?: *"((?:[^"\\]|\\.)*)"', t)}
    return tuple(sorted(m.encode() for m in found)) or (b"^[a-z]+$",)


def make(random: Random) -> bytes:
    """A pattern out of pieces, or a changed one of the seeds."""
    if random.random() < 0.4:
        return mutated(random.choice(seeds()), random, list(seeds()))[:4000]
    return _piece(random, 3).encode("utf-8", "surrogatepass")


def _piece(random: Random, depth: int) -> str:
    parts = []
    for _ in range(random.randint(1, 5)):
        inner = depth and random.random() < 0.3
        atom = random.choice(("(", "(?:", "(?<n>", "(?=", "(?!")) + _piece(random, depth - 1) + ")" if inner else random.choice(_ATOMS)
        parts.append(atom + random.choice(_AFTER))
    return random.choice(("", "", "|")).join(parts)


def run(data: bytes, _: Path) -> str:
    """Compiles the pattern, and prints it for njs, which compares the printing; a refusal names a column of it."""
    text = data.decode("utf-8", "replace")
    try:
        printed = compile_pattern(text).pcre
    except PatternError as e:
        return "refused" if 1 <= e.column <= len(text) + 1 else _misplaced(e)
    return "compiled" if printed is None else "printed"


def _misplaced(error: PatternError) -> str:
    raise AssertionError(f"a column outside of the pattern: {error}")


PATTERN = Target("pattern", make, run)
