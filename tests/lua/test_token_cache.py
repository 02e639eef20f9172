"""What was verified is remembered, and never more than twice the capacity."""

from __future__ import annotations

from tests.lua.lua_core import module


def test_bounded_and_the_oldest_goes_first(lua):
    cache = module(lua, "token_cache").new(3)
    for n in range(1, 8):
        cache.put(f"k{n}", n)
        kept = [k for k in range(1, n + 1) if cache_has(lua, cache, k)]
        assert len(kept) <= 6
        assert kept[-1] == n
    assert not cache_has(lua, cache, 1)


def cache_has(lua, cache, n):
    """Without asking `get`, which moves what it finds."""
    probe = lua.eval("function(get, key) return get(key) ~= nil end")
    return probe(cache.get, f"k{n}")


def test_what_is_asked_for_stays(lua):
    cache = module(lua, "token_cache").new(2)
    cache.put("a", 1)
    for n in range(50):
        cache.put(f"x{n}", n)
        assert cache.get("a") == 1
    assert cache.get("x0") is None


def test_put_replaces_and_forget_forgets(lua):
    cache = module(lua, "token_cache").new(2)
    cache.put("a", 1)
    cache.put("a", 2)
    assert cache.get("a") == 2
    cache.forget("a")
    assert cache.get("a") is None
