"""Key sets that are fetched: when, how often, how long they last, and what a bad answer changes (nothing)."""

from __future__ import annotations

import json

import pytest

from gwc.local.identity_provider import IdentityProvider
from tests.lua.lua_core import module, new_runtime, to_lua

T0 = 1.8e9
OLD, NEW = IdentityProvider(), IdentityProvider().rotated()
CACHE_S, STALE_S = 60, 100


def text(*providers: IdentityProvider) -> str:
    return json.dumps({"keys": [k for p in providers for k in p.jwks(["ES256"])["keys"]]})


class Source:
    """A source of keys with a clock, a server, and a host that counts. `answer`: what the server says, or a function."""

    def __init__(self, answer=None, *, kind="remote", parallel=1, can_wait=True, files=None, algorithms=("ES256",), store=None, lua=None):
        self.lua, self.now_s, self.answer, self.asked, self.warnings, self.pauses = new_runtime(), T0, answer, [], [], 0
        self.lua = lua or self.lua
        host = {
            "now": lambda: self.now_s,
            "verifier": lambda key, scheme: None if key.kid == "refused" else (lambda *_: True),
            "read_file": (files or {}).get,
            "warn": self.warnings.append,
            "fetch": self._fetch,
            "parallel_fetches": parallel,
            "pause": self._pause if can_wait else None,
            "store": store,
        }
        control = {
            "algorithms": dict.fromkeys(algorithms, True),
            "source": {"kind": kind, "host": "idp", "file": "/f", "cache_for_s": CACHE_S, "max_stale_s": STALE_S, "keys": []},
        }
        self.source = module(self.lua, "key_source").new(to_lua(self.lua, control), "oauth", self.lua.table_from(host))

    def _fetch(self, source, _):
        self.asked.append(self.now_s - T0)
        return self.answer() if callable(self.answer) else self.answer

    def _pause(self, seconds):
        self.pauses += 1
        self.now_s += seconds

    def find(self, kid="local-es256", at_s=None):
        """True, or the reason."""
        self.now_s = self.now_s if at_s is None else T0 + at_s
        key, reason = self.source.find(kid, None)
        return reason if key is None else True

    def key(self, kid="local-es256"):
        return self.source.find(kid, None)[0]


def test_the_first_request_fetches_and_the_others_use_it():
    source = Source(text(OLD))
    assert [source.find(at_s=s) for s in (0, 1, CACHE_S)] == [True] * 3
    assert source.asked == [0]


def test_both_sides_of_cache_for():
    source = Source(text(OLD))
    assert source.find(at_s=0)
    assert source.find(at_s=CACHE_S)
    assert source.asked == [0]
    assert source.find(at_s=CACHE_S + 0.5)
    assert source.asked == [0, CACHE_S + 0.5]


def test_both_sides_of_max_stale():
    source = Source(text(OLD))
    assert source.find(at_s=0) is True
    source.answer = None
    assert source.find(at_s=CACHE_S + STALE_S) is True
    assert source.find(at_s=CACHE_S + STALE_S + 0.5) == "internal.unavailable"
    assert source.find("other", at_s=CACHE_S + STALE_S + 1) == "internal.unavailable"


def test_at_most_one_attempt_in_five_seconds():
    source = Source()
    for tenth in range(200):
        assert source.find(at_s=tenth / 10) == "internal.unavailable"
    assert source.asked == [0, 5, 10, 15]


def test_an_unknown_kid_asks_anew_but_seldom():
    source = Source(text(OLD))
    assert source.find(at_s=0) is True
    for tenth in range(100):
        assert source.find("unknown", at_s=tenth / 10) == "authn.unknownKey"
    assert source.asked == [0, 5]


def test_rotation_is_seen_by_the_first_token_of_the_new_key():
    source = Source(text(OLD))
    assert source.find(at_s=0) is True
    source.answer = text(NEW)
    assert source.find("local-es256-1", at_s=4.9) == "authn.unknownKey"
    assert source.find("local-es256-1", at_s=5) is True
    assert source.find("local-es256", at_s=6) == "authn.unknownKey"


def test_an_outage_ends_with_the_next_attempt():
    source = Source()
    assert source.find(at_s=0) == "internal.unavailable"
    source.answer = text(OLD)
    assert source.find(at_s=4.9) == "internal.unavailable"
    assert source.find(at_s=5) is True


@pytest.mark.parametrize(
    "bad",
    [None, "", "x", "[]", "{}", '{"keys":[]}', '{"keys":{}}', text(OLD)[:-1], text(OLD, OLD), text(NEW) + "x", text(NEW).replace('"sig"', '"enc"'),
     text(NEW) + " " * 256 * 1024, '{"keys":[' + ",".join(["{}"] * 10) + "]}"],
)  # fmt: skip
def test_a_bad_answer_changes_nothing(bad):
    source = Source(text(OLD))
    assert source.find(at_s=0) is True
    source.answer = bad
    before = source.key()
    assert source.find(at_s=CACHE_S + 1) is True
    assert len(source.asked) == 2
    assert source.lua.eval("function(a, b) return rawequal(a, b) end")(before, source.key())


def test_the_border_of_the_size():
    size = 256 * 1024
    assert Source(text(OLD).ljust(size)).find() is True
    assert Source(text(OLD).ljust(size + 1)).find() == "internal.unavailable"


def test_keys_keep_their_identity_until_they_are_replaced():
    source = Source(text(OLD))
    equal = source.lua.eval("function(a, b) return rawequal(a, b) end")
    first = source.key()
    source.now_s += 1
    assert equal(first, source.key())
    source.now_s += CACHE_S
    assert not equal(first, source.key())


def test_a_key_that_the_host_does_not_take_is_left_out():
    keys = json.loads(text(OLD))["keys"]
    refused = {**NEW.jwks(["ES256"])["keys"][0], "kid": "refused"}
    assert Source(json.dumps({"keys": [*keys, refused]})).find("refused") == "authn.unknownKey"
    assert Source(json.dumps({"keys": [refused]})).find("refused") == "internal.unavailable"


class Parallel(Source):
    """A source whose server is asked while another request comes in: `meanwhile` holds what that one found."""

    def __init__(self, *, meanwhile_kid="local-es256", answer=None, **more):
        self.meanwhile, self.kid, self.depth = [], meanwhile_kid, 0
        super().__init__(self._slow, **more)
        self.slow_answer = answer or text(OLD)

    def _slow(self):
        if self.depth < 12:
            self.depth += 1
            self.meanwhile.append(self.find(self.kid))
        self.now_s += 0.1
        return self.slow_answer


def test_others_wait_for_the_first_set_no_longer_than_the_fetch_may_take():
    source = Parallel()
    assert source.find() is True
    assert source.meanwhile == ["internal.unavailable"]  # the fetch did not end while it waited
    assert 2.9 < source.pauses * 0.02 < 3.2
    assert len(source.asked) == 1


_TWO_REQUESTS = """
return function(new, control, host, text)
  local yield = coroutine.yield
  host.fetch, host.pause = function() return yield("fetch") end, function() yield("pause") end
  local source = new(control, "oauth", host)
  local function request() return coroutine.create(function() return source.find("local-es256") end) end
  local first, second = request(), request()
  local steps = {}
  local function step(name, thread, value)
    local _, found = coroutine.resume(thread, value)
    steps[#steps + 1] = name .. " " .. (type(found) == "table" and "key" or tostring(found))
  end
  step("first", first)
  step("second", second)
  step("second", second)
  step("first", first, text)
  step("second", second)
  return steps
end
"""


def test_who_waits_gets_what_was_fetched():
    """Two requests of a worker, one after the other at the places where they wait."""
    lua = new_runtime()
    control = {"algorithms": {"ES256": True}, "source": {"kind": "remote", "cache_for_s": CACHE_S, "max_stale_s": STALE_S}}
    host = lua.table_from({"now": lambda: T0, "verifier": lambda *_: lambda *_: True, "parallel_fetches": 1})
    new = module(lua, "key_source").new
    steps = list(lua.execute(_TWO_REQUESTS)(new, to_lua(lua, control), host, text(OLD)).values())
    assert steps == ["first fetch", "second pause", "second pause", "first key", "second key"]


def test_others_go_on_with_the_set_that_is_there():
    source = Parallel()
    assert source.find() is True
    source.depth, source.meanwhile, source.pauses = 0, [], 0
    assert source.find(at_s=CACHE_S + 10) is True
    assert source.meanwhile == [True]
    assert source.pauses == 0
    assert len(source.asked) == 2


def test_where_nobody_can_wait_some_fetch_at_once_and_the_rest_is_refused():
    source = Parallel(parallel=8, can_wait=False)
    assert source.find() is True
    assert len(source.asked) == 8
    assert source.meanwhile.count("internal.unavailable") == 1  # the ninth, innermost; the others fetched for themselves


def test_unknown_kids_never_fetch_side_by_side():
    source = Source(text(OLD), parallel=8, can_wait=False)
    assert source.find() is True
    inner = []

    def answer():
        inner.append(source.find("unknown"))
        return text(OLD)

    source.answer = answer
    assert source.find("unknown", at_s=10) == "authn.unknownKey"
    assert inner == ["authn.unknownKey"]
    assert len(source.asked) == 2


def test_a_request_that_ends_while_it_fetches_blocks_nobody():
    source = Source(text(OLD))

    def lost():
        raise RuntimeError("the client went away")

    source.answer = lost
    with pytest.raises(RuntimeError):
        source.find(at_s=0)
    source.answer = text(OLD)
    assert source.find(at_s=1) == "internal.unavailable"  # still counted as one that fetches: waited for
    assert source.pauses
    assert source.find(at_s=5) is True


_STORE = """
function(now)
  local store, entries = {}, {}
  function store:get(key)
    local entry = entries[key]
    return entry and now() < entry.until_s and entry.value or nil
  end
  function store:set(key, value, for_s) entries[key] = { value = value, until_s = now() + for_s } return true end
  function store:add(key, value, for_s)
    if self:get(key) ~= nil then return false end
    return self:set(key, value, for_s)
  end
  function store:delete(key) entries[key] = nil end
  return store
end
"""


class Workers:
    """Two workers that share a store and a clock."""

    def __init__(self, answer):
        lua, self.now_s = new_runtime(), T0
        store = lua.eval(_STORE)(lambda: self.now_s)
        self.both = [Source(answer, store=store, lua=lua), Source(answer, store=store, lua=lua)]

    def find(self, kid="local-es256", at_s=0.0):
        """What each says, one after the other."""
        self.now_s = T0 + at_s
        return [w.find(kid, at_s=at_s) for w in self.both]

    def asked(self):
        return sum(len(w.asked) for w in self.both)

    def answer(self, text):
        for worker in self.both:
            worker.answer = text


def test_workers_that_share_a_store_ask_once():
    workers = Workers(text(OLD))
    assert [workers.find(at_s=s) for s in (0, 1, CACHE_S)] == [[True, True]] * 3
    assert workers.asked() == 1
    assert workers.find(at_s=CACHE_S + 1) == [True, True]
    assert workers.asked() == 2


def test_workers_that_share_a_store_share_an_outage_and_its_end():
    workers = Workers(None)
    assert [workers.find(at_s=s) for s in (0, 1, 2, 4.9)] == [["internal.unavailable"] * 2] * 4
    assert workers.asked() == 1
    workers.answer(text(OLD))
    assert workers.find(at_s=5) == [True, True]
    assert workers.asked() == 2
    workers.answer(None)
    assert workers.find(at_s=5 + CACHE_S + STALE_S) == [True, True]
    assert workers.find(at_s=5 + CACHE_S + STALE_S + 1) == ["internal.unavailable"] * 2


def test_workers_that_share_a_store_see_a_rotation_together():
    workers = Workers(text(OLD))
    assert workers.find(at_s=0) == [True, True]
    workers.answer(text(NEW))
    assert workers.find("local-es256-1", at_s=5) == [True, True]
    assert workers.asked() == 2


SECRET = json.dumps({"keys": [{"kty": "oct", "kid": "local-es256", "alg": "HS256", "k": "A" * 43}]})


def test_secrets_are_read_once():
    source = Source(kind="secret", files={"/f": SECRET}, algorithms=("HS256",))
    assert source.find() is True
    assert source.find("other") == "authn.unknownKey"
    assert not source.warnings


@pytest.mark.parametrize("content", [None, "", "x", "{}", '{"keys":[]}', SECRET.replace("HS256", "HS512"), SECRET.replace("oct", "RSA")])
def test_without_secrets_nobody_gets_in_and_it_is_said(content):
    source = Source(kind="secret", files={"/f": content} if content is not None else {}, algorithms=("HS256",))
    assert source.find() == "internal.unavailable"
    assert len(source.warnings) == 1
    assert "oauth" in source.warnings[0]
    assert "AAAA" not in source.warnings[0]


def test_no_module_follows_the_headers_of_a_token():
    """`jku`, `x5u` and `jwk` are text that nobody reads."""
    from tests.lua.lua_core import RUNTIME  # noqa: PLC0415

    for file in RUNTIME.rglob("*.lua"):
        words = file.read_text(encoding="utf-8")
        assert not any(
            f"{quote}{name}{quote}" in words or f"header.{name}" in words for name in ("jku", "x5u", "jwk", "x5c") for quote in "'\""
        )
