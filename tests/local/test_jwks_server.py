"""Each mode of the key server really does that, as seen by a client over a socket."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import closing

import pytest

from gwc.local.certificates import write_certificates
from gwc.local.jwks_answers import ELSEWHERE, HUGE_BYTES, PATH
from gwc.local.jwks_server import jwks_server
from tests.support.tokens import identity_provider

PROVIDER = identity_provider()
KEYS = PROVIDER.jwks(["ES256"])
NAMES = ["localhost", "idp.internal", "127.0.0.1"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return write_certificates(tmp_path_factory.mktemp("idp"), ["api.test"], NAMES)


@pytest.fixture
def server(certificates):
    before = threading.active_count()
    with jwks_server(KEYS, certificates) as running:
        yield running
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port), 5)


@pytest.fixture
def get(server, certificates):
    """Asks as a careful client does: (status, headers, body), or the error."""
    context = ssl.create_default_context(cafile=str(certificates.ca))

    def ask(path: str = PATH, name: str = "idp.internal", timeout_s: float = 5, method: str = "GET"):
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout_s) as plain,
            context.wrap_socket(plain, server_hostname=name) as tls,
        ):
            tls.sendall(f"{method} {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            with closing(http.client.HTTPResponse(tls, method=method)) as response:
                response.begin()
                return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()

    return ask


@pytest.mark.parametrize("name", NAMES)
def test_good_under_every_name_of_the_certificate(get, server, name):
    status, headers, body = get(name=name)
    assert (status, json.loads(body), headers["content-type"]) == (200, KEYS, "application/json")
    assert int(headers["content-length"]) == len(body)
    assert (server.count(), len(server.accepted_s)) == (1, 1)


def test_without_tls():
    with jwks_server(KEYS) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        with closing(connection):
            connection.request("GET", PATH)
            assert json.load(connection.getresponse()) == KEYS


def test_other_paths_and_methods(get, server):
    assert [get("/")[0], get(ELSEWHERE)[0], get(PATH + "?x")[0], get(method="POST")[0]] == [404] * 4
    assert [(a.method, a.path) for a in server.asked] == [("GET", "/"), ("GET", ELSEWHERE), ("GET", PATH + "?x"), ("POST", PATH)]


def test_down_and_up_again_on_the_same_port(get, server):
    port = server.port
    for _ in range(3):
        server.mode = "down"
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                get()
        server.mode = "good"
        assert (get()[0], server.port) == (200, port)
    assert server.count() == 3


def test_the_port_stays_reserved_while_it_is_down(server):
    server.mode = "down"
    with socket.socket() as s, pytest.raises(OSError, match="in use"):
        s.bind(("127.0.0.1", server.port))


def test_down_ends_open_connections(get, server):
    server.mode = "hang"
    errors = []

    def ask():
        try:
            get(timeout_s=10)
        except (OSError, http.client.HTTPException) as e:
            errors.append(type(e).__name__)

    client = threading.Thread(target=ask)
    client.start()
    _until(lambda: server.count() == 1)
    begin = time.monotonic()
    server.mode = "down"
    client.join(5)
    assert errors
    assert time.monotonic() - begin < 2


def test_hang_reads_the_request_and_does_not_answer(get, server):
    server.mode = "hang"
    with pytest.raises(TimeoutError):
        get(timeout_s=0.5)
    assert server.count() == 1


def test_hang_ends_by_itself(get, server, monkeypatch):
    monkeypatch.setattr("gwc.local.jwks_server.HANG_S", 0.3)
    server.mode = "hang"
    with pytest.raises(http.client.RemoteDisconnected):
        get()


def test_mute_does_not_even_shake_hands(get, server):
    server.mode = "mute"
    with pytest.raises(TimeoutError, match="handshake"):
        get(timeout_s=0.5)
    assert (server.count(), len(server.accepted_s)) == (0, 1)


def test_slow_answers_late_and_does_not_hold_up_others(get, server):
    server.mode, server.slow_s = "slow", 0.6
    begin = time.monotonic()
    late = threading.Thread(target=get)
    late.start()
    _until(lambda: server.count() == 1)
    server.mode = "good"
    assert get()[0] == 200
    assert time.monotonic() - begin < 0.5
    late.join(5)
    assert time.monotonic() - begin >= 0.6


def test_drip_sends_one_byte_after_the_other(get, server, monkeypatch):
    monkeypatch.setattr("gwc.local.jwks_server.DRIP_S", 0.01)
    server.mode = "drip"
    begin = time.monotonic()
    assert json.loads(get(timeout_s=2)[2]) == KEYS
    assert time.monotonic() - begin > 0.01 * len(json.dumps(KEYS)) * 0.9


def test_garbage(get, server):
    server.mode = "garbage"
    status, _, body = get()
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_empty(get, server):
    server.mode = "empty"
    assert (get()[0], json.loads(get()[2])) == (200, {"keys": []})


@pytest.mark.parametrize(
    ("mode", "length", "encoding"),
    [("huge", str(HUGE_BYTES), None), ("hugeChunked", None, "chunked"), ("hugeUntilClose", None, None)],
)
def test_huge_is_a_good_key_set_wherever_it_is_cut(get, server, mode, length, encoding):
    server.mode = mode
    status, headers, body = get(timeout_s=20)
    assert (status, headers.get("content-length"), headers.get("transfer-encoding")) == (200, length, encoding)
    assert len(body) == HUGE_BYTES
    assert json.loads(body[:100_000]) == KEYS


def test_huge_is_survived_when_the_client_leaves(get, server, certificates):
    server.mode = "huge"
    context = ssl.create_default_context(cafile=str(certificates.ca))
    with (
        socket.create_connection(("127.0.0.1", server.port), 5) as plain,
        context.wrap_socket(plain, server_hostname="idp.internal") as tls,
    ):
        tls.sendall(f"GET {PATH} HTTP/1.1\r\n\r\n".encode())
        assert tls.recv(1000)
    server.mode = "good"
    assert get()[0] == 200


def test_error_has_good_keys_in_it(get, server):
    server.mode = "error"
    assert (get()[0], json.loads(get()[2])) == (500, KEYS)


def test_redirect_leads_to_good_keys(get, server):
    server.mode = "redirect"
    status, headers, _ = get()
    assert (status, headers["location"]) == (302, ELSEWHERE)
    assert json.loads(get(ELSEWHERE)[2]) == KEYS
    assert (server.count(), server.count(ELSEWHERE)) == (1, 1)


def test_truncated_has_fewer_bytes_than_it_says(get, server):
    server.mode = "truncated"
    with pytest.raises(http.client.IncompleteRead) as incomplete:
        get()
    assert incomplete.value.partial == json.dumps(KEYS).encode()[:-1]


def test_rotation_replaces_keys_and_ids(get, server):
    rotated = server.rotate(PROVIDER, ["ES256"])
    keys = json.loads(get()[2])["keys"]
    assert keys == rotated.jwks(["ES256"])["keys"]
    assert [k["kid"] for k in keys] == ["local-es256-1"]
    assert [k["kid"] for k in server.rotate(rotated, ["EdDSA"]).jwks(["EdDSA"])["keys"]] == ["local-eddsa-2"]


@pytest.mark.parametrize("document", [{"keys": "none"}, b"", b"\xff"])
def test_any_document(get, server, document):
    server.serve(document)
    assert get()[2] == (document if isinstance(document, bytes) else json.dumps(document).encode())


@pytest.mark.parametrize(
    ("presented", "message"), [("stranger", "unable to get local issuer|self-signed|unable to verify"), ("misnamed", "Hostname mismatch")]
)
def test_certificates_that_are_not_the_right_ones(get, server, presented, message):
    server.presented = presented
    with pytest.raises(ssl.SSLCertVerificationError, match=message):
        get()
    assert (server.count(), len(server.accepted_s)) == (0, 1)
    server.presented = "upstream"
    assert get()[0] == 200


def test_times(get, server):
    before = time.monotonic()
    for _ in range(3):
        get()
    get("/other")
    times = server.times_s()
    assert len(times) == 3
    assert before <= times[0] < times[1] < times[2] <= time.monotonic()


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"GET /jwks.json", b"GET\r\n\r\n", b"x" * 70_000])
def test_what_is_no_request(data):
    with jwks_server(KEYS) as server:
        with socket.create_connection(("127.0.0.1", server.port), 5) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            assert _rest(s) == b""
        assert server.asked == []


def _rest(s: socket.socket) -> bytes:
    try:
        return s.recv(100)
    except ConnectionResetError:
        return b""


def _until(holds) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
