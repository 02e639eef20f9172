"""The answer of a key server, read strictly: whole, with status 200, and in one way only."""

from __future__ import annotations

import pytest

from tests.lua.lua_core import module

BODY = '{"keys":[]}'
SIZED = f"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
CHUNKED = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{BODY[:4]}\r\n{len(BODY) - 4:X};a=b\r\n{BODY[4:]}\r\n0\r\n\r\n"
UNTIL_CLOSE = f"HTTP/1.0 200 OK\r\n\r\n{BODY}"


def parse(lua, text, is_closed=False):
    return module(lua, "http_response").parse(text, is_closed)


@pytest.mark.parametrize(
    "text",
    [
        SIZED,
        CHUNKED,
        SIZED.replace(" OK", ""),
        SIZED.replace("Content-Length: ", "content-length:  \t"),
        SIZED + "more",
        CHUNKED.replace("chunked", "Chunked"),
        CHUNKED.replace("0\r\n\r\n", "0\r\nX: y\r\n\r\n"),
        SIZED.replace("Content-Type: a", "Content-Encoding: identity"),
        SIZED.replace("Content-Type: a", "Set-Cookie: a\r\nSet-Cookie: b"),
    ],
)
def test_whole_answers(lua, text):
    assert parse(lua, text) == BODY
    assert parse(lua, text, is_closed=True) == BODY


def test_an_answer_that_ends_with_the_connection(lua):
    assert parse(lua, UNTIL_CLOSE) is None
    assert parse(lua, UNTIL_CLOSE, is_closed=True) == BODY


@pytest.mark.parametrize("text", [SIZED, CHUNKED])
def test_every_part_of_an_answer_is_not_yet_one(lua, text):
    for size in range(len(text)):
        assert parse(lua, text[:size]) is None, text[:size]
    assert parse(lua, text) == BODY


@pytest.mark.parametrize(
    "text",
    [
        SIZED.replace("200", "201"),
        SIZED.replace("200", "404"),
        SIZED.replace("200 OK", "302 Found\r\nLocation: https://evil.example/"),
        SIZED.replace("200", "2000"),
        SIZED.replace("HTTP/1.1", "HTTP/2"),
        SIZED.replace("HTTP/1.1", "ICY"),
        "HTTP/1.1 100 Continue\r\n\r\n" + SIZED,
        SIZED.replace("Content-Type: a", "Content-Length: 5"),
        SIZED.replace("Content-Type: a", "Transfer-Encoding: chunked"),
        SIZED.replace("Content-Type: a", "Content-Encoding: gzip"),
        SIZED.replace("Content-Type: a", "Content-Type : a"),
        SIZED.replace("Content-Type: a", " folded"),
        SIZED.replace("Content-Type: a", "no colon"),
        SIZED.replace("Content-Type: a", "X: a\nb"),
        SIZED.replace("Content-Type: a", "X: a\0b"),
        SIZED.replace(f"Length: {len(BODY)}", "Length: -1"),
        SIZED.replace(f"Length: {len(BODY)}", "Length: 1e1"),
        SIZED.replace(f"Length: {len(BODY)}", "Length: 0x1"),
        SIZED.replace(f"Length: {len(BODY)}", "Length: 9999999999"),
        SIZED.replace(f"Length: {len(BODY)}", "Length: "),
        CHUNKED.replace("chunked", "gzip, chunked"),
        CHUNKED.replace("chunked", "identity"),
        CHUNKED.replace("4\r\n", "+4\r\n"),
        CHUNKED.replace("4\r\n", "0x4\r\n"),
        CHUNKED.replace("4\r\n", "\r\n"),
        CHUNKED.replace("4\r\n", "3\r\n"),
        CHUNKED.replace("4\r\n", "123456789\r\n"),
    ],
)
def test_everything_else_is_none(lua, text):
    assert parse(lua, text, is_closed=True) is False


@pytest.mark.parametrize("text", [SIZED[:-1], CHUNKED[:-1], "", "HTTP/1.1 200 OK\r\n"])
def test_an_answer_that_was_cut_off_is_none(lua, text):
    assert not parse(lua, text, is_closed=True)


def test_an_endless_head_is_given_up(lua):
    assert parse(lua, "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 100) is None
    assert parse(lua, "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 6000) is False


def test_no_number_of_chunks_takes_long(lua):
    text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + "1\r\nx\r\n" * 50_000
    assert parse(lua, text) is None
    assert parse(lua, text + "0\r\n\r\n") == "x" * 50_000
