"""The protocol of Redis: what is read of a reply never depends on how it arrives, and nothing that a server sends is an error of Lua."""

from __future__ import annotations

import random

import pytest

from tests.lua.lua_core import module, new_runtime, to_lua, to_python

LUA = new_runtime()
RESP = module(LUA, "resp")
REPLIES = {
    b"+OK\r\n": {"kind": "text", "value": "OK"},
    b"-ERR no\r\n": {"kind": "error", "value": "ERR no"},
    b":-12\r\n": {"kind": "number", "value": -12},
    b"$5\r\na\r\nb\x00\r\n": {"kind": "text", "value": "a\r\nb\0"},
    b"$0\r\n\r\n": {"kind": "text", "value": ""},
    b"*2\r\n:1\r\n$1\r\n4\r\n": {"kind": "list", "value": [{"kind": "number", "value": 1}, {"kind": "text", "value": "4"}]},
}
NEVER = [
    b"x\r\n",
    b"\r\n",
    b":\r\n",
    b":1.5\r\n",
    b":0x1\r\n",
    b":99999999999999999\r\n",
    b"$-1\r\n",
    b"$x\r\n",
    b"$1\r\nabc",
    b"$999999\r\n",
    b"*-1\r\n",
    b"*1025\r\n",
    b"*1\r\n*0\r\n",
    b"+OK\r\n+OK\r\n",
    b"+" + b"x" * 20_000,
]


def parse(data: bytes):
    return to_python(RESP.parse(data.decode("latin-1")))


@pytest.mark.parametrize("data", REPLIES, ids=range(len(REPLIES)))
def test_replies(data):
    assert parse(data) == REPLIES[data]
    for cut in range(len(data)):
        assert parse(data[:cut]) is None, "a part is no reply, and may become one"


@pytest.mark.parametrize("data", NEVER, ids=range(len(NEVER)))
def test_what_never_becomes_a_reply(data):
    assert parse(data) is False


def test_any_bytes_have_an_answer():
    rng = random.Random(5)
    for _ in range(3000):
        data = bytearray(rng.choice(list(REPLIES)))
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b"*$+-:\r\n019 x\xff")
        found = parse(bytes(data))
        assert found is None or found is False or found["kind"] in {"text", "error", "number", "list"}


def test_commands_have_their_lengths():
    assert RESP.command(to_lua(LUA, ["EVAL", "a\r\nb", 3, ""])) == "*4\r\n$4\r\nEVAL\r\n$4\r\na\r\nb\r\n$1\r\n3\r\n$0\r\n\r\n"
