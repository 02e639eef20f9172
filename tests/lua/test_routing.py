"""The trie finds the template that the control calls the most specific, for templates and paths of every mixture."""

from __future__ import annotations

import itertools
import random

import pytest

from gwc.backends.base import TargetProblems
from gwc.semantics.answers import Fault
from gwc.semantics.routing import find_operation
from tests.lua.lua_core import Core, module
from tests.support.sample import NO_BODY, PUBLIC, gateway, operation

SEGMENTS = ["a", "b", "ab", "{p}", "{p}.json", "a{p}", "{p}-{q}", "a{p}b", ""]


def small_gateway(paths):
    operations = tuple(operation("GET", path, PUBLIC, NO_BODY, f"o.{n}") for n, path in enumerate(paths))
    return gateway(operations=operations, rate_limits=(), jwts=(), api_keys=())


class Router:
    """The trie of a gateway."""

    def __init__(self, source):
        self.source, core = source, Core(source)
        self.routing = module(core.lua, "routing")
        self.tries = core.lua.table()
        core.data.operations(lambda operation: self.routing.add(self.tries, operation))

    def find(self, path: str) -> str | None:
        methods = self.routing.find(self.tries, "api.test", path)
        return methods["GET"].key if methods else None

    def expected(self, path: str) -> str | None:
        operation = find_operation(self.source, "api.test", "GET", path)
        return None if isinstance(operation, Fault) else operation.key


@pytest.mark.parametrize("seed", range(12))
def test_equals_the_model(seed):
    """Random sets of templates, against paths that are made of their pieces."""
    rng = random.Random(seed)
    templates = {"/" + "/".join(rng.choice(SEGMENTS[:-1]) for _ in range(rng.randint(1, 3))) for _ in range(14)}
    templates |= {t + "/" for t in list(templates)[:2]}
    router = Router(small_gateway(_without_equal_forms(templates)))
    texts = ["a", "b", "ab", "x", "x.json", ".json", "a-b", "-", "a--b", "aab", "a-.json", "abb", ""]
    for count in (1, 2, 3, 4):
        for path in itertools.islice(_paths(texts, count, rng), 400):
            assert router.find(path) == router.expected(path), (path, sorted(templates))


def _paths(texts, count, rng):
    for _ in range(400):
        yield "/" + "/".join(rng.choice(texts) for _ in range(count))


def _without_equal_forms(templates):
    forms = {}
    for template in sorted(templates):
        forms.setdefault(template.replace("{q}", "{p}"), template)
    return list(forms.values())


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/a", "o.0"),
        ("/v1/x", "o.1"),
        ("/v1/x.json", "o.2"),
        ("/v1/.json", "o.1"),
        ("/v1/a/b", "o.3"),
        ("/v1/x/c", "o.4"),
        ("/v1/a/c", "o.4"),
    ],
)
def test_falls_back_from_a_dead_end(path, key):
    router = Router(small_gateway(["/v1/a", "/v1/{p}", "/v1/{p}.json", "/v1/a/b", "/v1/{p}/c"]))
    assert router.find(path) == key == router.expected(path)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/a/", "/v1/a/b/c", "/V1/a", "/v1/x/b", "/parameter", "/v1/literals", "/methods"])
def test_nothing_else_is_found(path):
    router = Router(small_gateway(["/v1/a", "/v1/a/b"]))
    assert router.find(path) is None


def test_a_literal_segment_may_have_any_name():
    """Names that mean something inside of the trie are ordinary segments."""
    names = ["literals", "mixed", "parameter", "methods", "node", "form", "*", "="]
    router = Router(small_gateway([f"/{n}" for n in names]))
    for number, name in enumerate(names):
        assert router.find(f"/{name}") == f"o.{number}"
        assert router.find(f"/{name}/x") is None


def test_templates_of_one_form_are_refused():
    """`/a/{x}` and `/a/{y}` would need one of them to win for every method."""
    with pytest.raises(TargetProblems, match="match the same paths"):
        Core(small_gateway(["/a/{x}", "/a/{y}"]))
    assert Core(small_gateway(["/a/{x}", "/a/{y}/z"]))


def test_thousands_of_operations_load():
    """LuaJIT has limits for constants in a function; 5,000 operations stay below them."""
    paths = [f"/r{n}/{{id}}/s{n % 7}" for n in range(5000)]
    router = Router(small_gateway(paths))
    assert router.find("/r4999/x/s1") == "o.4999"
    assert router.find("/r4999/x/s2") is None
