"""The decision tree and the prefix buckets find exactly the template that the definition of routing chooses."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.controls.routing import Template
from gwc.ir.dispatch import Leaf, Tree, decision_tree, group_regex, in_order, literal_prefix, path_regex, under
from tests.support.sample import template

_WORDS = ["a", "b", "ab", "a.b", "orders", "x+y", "{p}", "{p}.json", "v{p}", "{p}-{q}", "é"[:0] or "c"]
_segments = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5)
_templates = st.lists(_segments, min_size=1, max_size=24).map(
    lambda found: list({re.sub(r"\{.*?\}", "{}", t): template("/" + t) for s in found for t in ["/".join(s)]}.values())
)
_paths = st.lists(
    st.sampled_from(["a", "b", "ab", "a.b", "orders", "x+y", "q.json", "v1", "1-2", "", "zz", "c"]), min_size=1, max_size=6
).map(lambda parts: "/" + "/".join(parts))


def chosen(templates: list[Template], path: str) -> Template | None:
    """By definition: all that match in full, the most specific of them."""
    matching = [t for t in templates if re.fullmatch(path_regex(t), path)]
    return in_order(matching)[0] if matching else None


def walk(tree: Tree, path: str) -> Template | None:
    """As a gateway does: the first test that holds, no way back."""
    while not isinstance(tree, Leaf):
        tree = next((g.tree for g in tree.groups if re.search(group_regex(tree.depth, g), path)), tree.otherwise)
    return next((t for t in tree.templates if re.fullmatch(path_regex(t), path)), None)


@settings(max_examples=400, deadline=None)
@given(_templates, _paths)
def test_tree_chooses_as_defined(templates: list[Template], path: str) -> None:
    assert walk(decision_tree(templates), path) == chosen(templates, path)


@settings(max_examples=400, deadline=None)
@given(_templates, _paths)
def test_longest_prefix_bucket_holds_the_template(templates: list[Template], path: str) -> None:
    buckets = {literal_prefix(t) for t in templates}
    holding = [b for b in buckets if path.startswith(b)]
    found = walk(decision_tree(under(max(holding, key=len), templates)), path) if holding else None
    assert found == chosen(templates, path)


def test_a_tree_of_many_templates_tries_few_tests() -> None:
    templates = [template(f"/repos/{{o}}/{{r}}/word{i}/{{n}}") for i in range(500)]
    tried = []
    for i in (0, 250, 499):
        path, tree, count = f"/repos/o/r/word{i}/1", decision_tree(templates), 0
        while not isinstance(tree, Leaf):
            for group in tree.groups:
                count += 1
                if re.search(group_regex(tree.depth, group), path):
                    tree = group.tree
                    break
        tried.append(count + len(tree.templates))
    assert max(tried) <= 32
