"""How a gateway finds the one template of a path without trying all of them.

Gateways that only know prefixes and regular expressions (NGINX locations, Envoy matchers) choose the first test that
holds and never fall back to another branch. So every branch here holds *all* templates that can match under its test:
templates of shorter prefixes and parameters beside literals are copied into it, in the order of their specificity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from gwc.controls.routing import Literal, Segment, Template, is_literal

LEAF = 4
"""A list of this many templates is tried one after the other."""
FAN_OUT = 8
"""At most this many tests are tried at one branch."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Try these in order; the first that matches the whole path is the one; none: unknown path."""

    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Taken when segment `Split.depth` of the path is one of `literals`."""

    literals: tuple[str, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class Split:
    """Tests segment `depth` (counted from 0) of the path. The groups exclude each other; `otherwise` is taken when none holds."""

    depth: int
    groups: tuple[Group, ...]
    otherwise: Tree


Tree = Leaf | Split


@cache
def segment_regex(segment: Segment) -> str:
    """A regular expression for exactly this segment; PCRE, RE2 and Python read it alike."""
    return "".join(re.escape(p.text).replace(r"\-", "-") if isinstance(p, Literal) else "[^/]+" for p in segment)


def path_regex(template: Template) -> str:
    """A regular expression for the path without query, to be matched in full."""
    return "/" + "/".join(segment_regex(s) for s in template.segments)


def group_regex(depth: int, group: Group) -> str:
    """A regular expression for the beginning of the path: holds exactly when the group is to be taken."""
    literals = "|".join(segment_regex((Literal(x),)) for x in group.literals)
    skipped = f"(?:/[^/]*){{{depth}}}" if depth else ""
    return f"^{skipped}/(?:{literals})(?:/|$)"


@cache
def literal_prefix(template: Template) -> str:
    """The longest text that every path of the template begins with, up to and with its last slash; the whole text of a template without parameters."""
    known: list[str] = []
    for segment in template.segments:
        if not is_literal(segment):
            return "/" + "".join(s + "/" for s in known)
        known.append(_text(segment))
    return "/" + "/".join(known)


def may_match_under(template: Template, prefix: str) -> bool:
    """Whether some path that the template matches begins with `prefix` (which begins with a slash)."""
    *whole, partial = prefix[1:].split("/")
    if len(whole) >= len(template.segments):
        return False
    if not all(_matches(s, text) for s, text in zip(template.segments, whole, strict=False)):
        return False
    return _may_begin(template.segments[len(whole)], partial)


def under(prefix: str, templates: Iterable[Template]) -> tuple[Template, ...]:
    """The templates of the bucket `prefix`, the most specific first: those that can match a path whose longest bucket it is.

    There must be a bucket for the `literal_prefix` of every template: paths of a template with a longer one never get here.
    """
    return in_order(t for t in templates if prefix.startswith(literal_prefix(t)) and may_match_under(t, prefix))


def in_order(templates: Iterable[Template]) -> tuple[Template, ...]:
    """The most specific first; a total order, so that the result does not depend on the order of the input."""
    return tuple(sorted(templates, key=lambda t: (t.specificity(), t.text)))


def decision_tree(templates: Sequence[Template], depth: int = 0) -> Tree:
    """A tree that finds the template of a path by testing segments from `depth` on; earlier ones are known to be possible."""
    if len(templates) <= LEAF:
        return Leaf(in_order(templates))
    for at in range(depth, max(len(t.segments) for t in templates)):
        literals = sorted({_text(t.segments[at]) for t in templates if len(t.segments) > at and is_literal(t.segments[at])})
        if len(literals) > 1:
            rest = [t for t in templates if len(t.segments) <= at or not is_literal(t.segments[at])]
            return _split(templates, at, literals, decision_tree(rest, at + 1))
    return Leaf(in_order(templates))


def _split(templates: Sequence[Template], depth: int, literals: Sequence[str], otherwise: Tree) -> Split:
    size = -(-len(literals) // FAN_OUT)
    groups = []
    for start in range(0, len(literals), size):
        chosen = literals[start : start + size]
        possible = [t for t in templates if len(t.segments) > depth and any(_matches(t.segments[depth], x) for x in chosen)]
        if len(chosen) == 1:
            tree = decision_tree(possible, depth + 1)
        elif len(possible) <= LEAF:
            tree = Leaf(in_order(possible))
        else:
            tree = _split(possible, depth, chosen, Leaf(()))
        groups.append(Group(tuple(chosen), tree))
    return Split(depth, tuple(groups), otherwise)


def _text(segment: Segment) -> str:
    return "".join(p.text for p in segment if isinstance(p, Literal))


def _matches(segment: Segment, text: str) -> bool:
    if is_literal(segment):  # without this, thousands of literals at one place cost seconds
        return _text(segment) == text
    return re.fullmatch(segment_regex(segment), text) is not None


def _may_begin(segment: Segment, beginning: str) -> bool:
    """Whether a text of this segment can begin with `beginning`."""
    if not beginning:
        return True
    part = segment[0]
    if not isinstance(part, Literal):
        return True
    if len(part.text) >= len(beginning):
        return part.text.startswith(beginning)
    return beginning.startswith(part.text) and len(segment) > 1
