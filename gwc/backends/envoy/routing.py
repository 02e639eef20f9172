"""Routing: a prefix map, below it the decision tree of `gwc.ir.dispatch`, then the method by its name.

Every path gets its answer here: 404 at the top, 405 with Allow at each template.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from gwc.backends.envoy import matcher
from gwc.backends.envoy.answers import refuse
from gwc.backends.envoy.document import Json
from gwc.controls.routing import Literal, Template
from gwc.ir import Operation
from gwc.ir.dispatch import Group, Leaf, Tree, decision_tree, literal_prefix, path_regex, segment_regex, under

_NO_QUERY = "[^/?]"
"""In expressions over the raw target a segment ends at the query, too. Literals have no brackets that could be taken for `[^/]`."""


def emit(operations: Iterable[Operation], ends: Mapping[str, Json]) -> Json:
    """A matcher that ends for every canonical path. `operations` in the order of the gateway; `ends`: what is behind each, by key."""
    answers = {template.text: _by_method(of_template, ends) for template, of_template in _grouped(operations)}
    templates = [t for t, _ in _grouped(operations)]
    buckets = {p: _tree(decision_tree(under(p, templates)), answers) for p in sorted({literal_prefix(t) for t in templates})}
    cases = {prefix: matcher.nested(tree) for prefix, tree in buckets.items() if tree is not None}
    return matcher.by_prefix(matcher.PATH, cases, otherwise=matcher.nested(_unknown())) if cases else _unknown()


def _unknown() -> Json:
    """404; but TRACE is a method that no path has."""
    trace = matcher.case(matcher.has_method("TRACE"), matcher.take(refuse("route.method")))
    return matcher.first([trace], otherwise=matcher.take(refuse("route.unknown")))


def _grouped(operations: Iterable[Operation]) -> list[tuple[Template, list[Operation]]]:
    return [(template, list(group)) for template, group in groupby(operations, key=lambda o: o.route.template)]


def _by_method(operations: Iterable[Operation], ends: Mapping[str, Json]) -> Json:
    """What follows when a template matches: the end of one of its methods, or 405."""
    methods = {o.route.method: ends[o.key] for o in operations}
    refused = matcher.take(refuse("route.method", allow=", ".join(sorted(methods))))
    return matcher.nested(matcher.by_value(matcher.METHOD, methods, otherwise=refused))


def _tree(tree: Tree, answers: Mapping[str, Json]) -> Json | None:
    """A matcher without an answer of its own for other paths; None when there is nothing to match."""
    if isinstance(tree, Leaf):
        cases = [matcher.case(matcher.whole(_raw(path_regex(t))), answers[t.text]) for t in tree.templates]
        return matcher.first(cases) if cases else None
    branches = [(_begins(tree.depth, group), _tree(group.tree, answers)) for group in tree.groups]
    rest = _tree(tree.otherwise, answers)
    chosen = [matcher.case(predicate, matcher.nested(branch)) for predicate, branch in branches if branch is not None]
    return matcher.first(chosen, otherwise=matcher.nested(rest) if rest is not None else None)


def _begins(depth: int, group: Group) -> Json:
    """A predicate: segment `depth` of the path is one of the group's literals."""
    literals = "|".join(segment_regex((Literal(text),)) for text in group.literals)
    skipped = f"(?:/{_NO_QUERY}*){{{depth}}}" if depth else ""
    return matcher.holds(matcher.PATH, matcher.regex(f"{skipped}/(?:{literals})(?:[/?].*)?"))


def _raw(expression: str) -> str:
    return expression.replace("[^/]", _NO_QUERY)
