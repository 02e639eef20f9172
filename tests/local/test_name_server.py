"""Answers as a real resolver takes them, and nothing for what is no query."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from gwc.local.name_server import NameServer, name_server

A, AAAA, TXT, ANY = 1, 28, 16, 255


def _query(name: str, kind: int, *, flags: int = 0x0100, questions: int = 1, network: int = 1) -> bytes:
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    return struct.pack("!6H", 0x1234, flags, questions, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, network)


def _ask(server: NameServer, query: bytes, timeout_s: float = 5) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout_s)
        s.sendto(query, ("127.0.0.1", server.port))
        return s.recv(512)


def _read(query: bytes, response: bytes) -> tuple[int, list[str]]:
    """The code and the addresses, after everything else was checked."""
    number, flags, questions, answers, authorities, additional = struct.unpack_from("!6H", response)
    assert (number, flags & 0xFFF0, questions, authorities, additional) == (0x1234, 0x8580, 1, 0, 0)
    assert response[12 : len(query)] == query[12:]
    records, found = response[len(query) :], []
    for i in range(answers):
        name, kind, network, _ttl_s, size = struct.unpack_from("!3HIH", records, 16 * i)
        assert (name, kind, network, size) == (0xC00C, A, 1, 4)
        found.append(socket.inet_ntoa(records[16 * i + 12 : 16 * i + 16]))
    assert len(records) == 16 * answers
    return flags & 0x000F, found


@pytest.mark.parametrize(
    ("name", "kind", "code", "addresses"),
    [
        ("idp.internal", A, 0, ["127.0.0.1"]),
        ("IdP.Internal", A, 0, ["127.0.0.1"]),
        ("other.internal", A, 0, ["127.0.0.2"]),
        ("idp.internal", AAAA, 0, []),
        ("idp.internal", TXT, 0, []),
        ("idp.internal", ANY, 0, []),
        ("nobody.internal", A, 3, []),
        ("internal", A, 3, []),
        ("x.idp.internal", A, 3, []),
    ],
)
def test_what_is_known(name, kind, code, addresses):
    with name_server({"idp.internal.": "127.0.0.1", "Other.internal": "127.0.0.2"}) as server:
        query = _query(name, kind)
        assert _read(query, _ask(server, query)) == (code, addresses)
        assert server.asked == [(name.lower(), kind)]


def test_names_can_change():
    with name_server(("idp.internal",)) as server:
        query = _query("idp.internal", A)
        assert _read(query, _ask(server, query)) == (0, ["127.0.0.1"])
        server.names["idp.internal"] = "127.0.0.9"
        assert _read(query, _ask(server, query)) == (0, ["127.0.0.9"])
        del server.names["idp.internal"]
        assert _read(query, _ask(server, query)) == (3, [])


def test_moods():
    with name_server(("idp.internal",)) as server:
        query = _query("idp.internal", A)
        server.mood = "failing"
        assert _read(query, _ask(server, query)) == (2, [])
        server.mood = "silent"
        with pytest.raises(TimeoutError):
            _ask(server, query, 0.3)
        server.mood = "good"
        assert _read(query, _ask(server, query)) == (0, ["127.0.0.1"])
        assert len(server.asked) == 3


GOOD = _query("idp.internal", A)


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"\0",
        GOOD[:12],
        GOOD[:-1],
        GOOD[:-4],
        _query("idp.internal", A, flags=0x8100),  # a response
        _query("idp.internal", A, flags=0x2800),  # an update
        _query("idp.internal", A, questions=0),
        _query("idp.internal", A, questions=2),
        _query("idp.internal", A, network=3),
        GOOD[:12] + b"\xc0\x0c" + GOOD[-4:],  # a name that points at itself
        GOOD[:12] + b"\x40" + b"a" * 64 + b"\0" + GOOD[-4:],  # a label of 64
        GOOD[:12] + b"\x01\xff\0" + GOOD[-4:],
        GOOD[:12] + b"\x3f",
    ],
)
def test_what_is_no_query_gets_no_answer_and_does_no_harm(query):
    with name_server(("idp.internal",)) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(query, ("127.0.0.1", server.port))
        s.sendto(GOOD, ("127.0.0.1", server.port))
        assert _read(GOOD, s.recv(512)) == (0, ["127.0.0.1"])
        assert server.asked == [("idp.internal", A)]


def test_nothing_is_left_running():
    before = threading.active_count()
    with name_server(("idp.internal",)) as server:
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", server.port))
