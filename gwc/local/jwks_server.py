"""The key server of an identity provider over HTTPS on loopback, which fails at a word in every way that a real one can."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from gwc.controls.jwk import Algorithm
from gwc.local import jwks_answers
from gwc.local.certificates import Certificates, Pair
from gwc.local.connections import Connection, Port
from gwc.local.identity_provider import IdentityProvider
from gwc.local.jwks_answers import Document

HANG_S = 60.0
SLOW_S = 2.0
DRIP_S = 0.2

Mode = Literal[
    "good",  # the key set
    "down",  # connections are refused
    "mute",  # connections are accepted, and nothing is ever sent, no handshake either
    "hang",  # the request is read and never answered
    "slow",  # the key set, `slow_s` late
    "drip",  # the head, then the key set, a byte every DRIP_S, for HANG_S at most: no timeout between two reads ends this
    # those of jwks_answers.BAD
    "garbage",
    "empty",
    "huge",
    "hugeChunked",
    "hugeUntilClose",
    "error",
    "redirect",
    "truncated",
]
_PATHS: Mapping[Mode, tuple[str, ...]] = {"redirect": (jwks_answers.PATH, jwks_answers.ELSEWHERE)}
Presented = Literal["upstream", "stranger", "misnamed"]  # fields of Certificates


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was read whole. `at_s` is of `time.monotonic`."""

    method: str
    path: str
    at_s: float


class JwksServer:
    """Serves `jwks_answers.PATH` at a port that stays the same through all modes; every connection carries one request.

    `mode`, `presented` (the certificate), `slow_s` and the document may be changed at any time, from any thread, and hold for
    what comes after: for a connection from its start, for a request from its arrival. `accepted_s`: when each connection came
    (`time.monotonic`), which is all that is seen of clients that refuse the certificate. `asked` grows by one for each request.
    """

    def __init__(self, document: Document, certificates: Certificates | None) -> None:
        self.presented: Presented = "upstream"
        self.slow_s = SLOW_S
        self.accepted_s: list[float] = []
        self.asked: list[Asked] = []
        self._document = document
        self._mode: Mode = "good"
        self._contexts = _contexts(certificates) if certificates else None
        self._port = Port(self._serve)

    @property
    def document(self) -> Document:
        """What is served when all is good."""
        return self._document

    @property
    def port(self) -> int:
        """On 127.0.0.1."""
        return self._port.number

    @property
    def mode(self) -> Mode:
        """What happens to the next request."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        """`down` ends open connections, too."""
        self._mode = mode
        if mode == "down":
            self._port.stop()
        else:
            self._port.start()

    def serve(self, document: Document) -> None:
        """The next requests get this document."""
        self._document = document

    def rotate(self, provider: IdentityProvider, algorithms: Sequence[Algorithm]) -> IdentityProvider:
        """Serves the next generation of the provider's keys, and none of the old ones; the provider that has them."""
        rotated = provider.rotated()
        self.serve(rotated.jwks(algorithms))
        return rotated

    def times_s(self, path: str = jwks_answers.PATH) -> list[float]:
        """When each request for `path` came."""
        return [a.at_s for a in list(self.asked) if a.path == path]

    def count(self, path: str = jwks_answers.PATH) -> int:
        """How many requests for `path` came."""
        return len(self.times_s(path))

    def close(self) -> None:
        """Ends all connections and threads, and gives the port up."""
        self._port.close()

    def _serve(self, connection: Connection) -> None:
        """One request and its answer, or what the mode has instead. Raises OSError when the peer goes."""
        self.accepted_s.append(time.monotonic())
        if self._mode == "mute":
            connection.ended.wait(HANG_S)
            return
        if self._contexts:
            connection.secure(self._contexts[self.presented])
        asked = _asked(connection.read_head())
        if asked is not None:
            self.asked.append(asked)
            self._answer(self._mode, asked, connection)

    def _answer(self, mode: Mode, asked: Asked, connection: Connection) -> None:
        if asked.method != "GET" or asked.path not in _PATHS.get(mode, (jwks_answers.PATH,)):
            connection.write(jwks_answers.not_found())
        elif asked.path == jwks_answers.ELSEWHERE:
            connection.write(jwks_answers.good(self._document))
        elif mode == "hang":
            connection.ended.wait(HANG_S)
        elif mode == "drip":
            _drip(connection, jwks_answers.good(self._document))
        else:
            connection.ended.wait(self.slow_s if mode == "slow" else 0)
            connection.write(jwks_answers.BAD.get(mode, jwks_answers.good)(self._document))


@contextmanager
def jwks_server(document: Document, certificates: Certificates | None = None) -> Iterator[JwksServer]:
    """A running server of `document`: with the certificate `upstream` of `certificates`, or without TLS. All threads have ended when the block ends."""
    server = JwksServer(document, certificates)
    try:
        server.mode = "good"
        yield server
    finally:
        server.close()


def _drip(connection: Connection, response: bytes) -> None:
    head, end, body = response.partition(b"\r\n\r\n")
    connection.write(head + end)
    for byte in body[: round(HANG_S / DRIP_S)]:
        connection.write(bytes([byte]))
        if connection.ended.wait(DRIP_S):
            return


def _asked(head: bytes) -> Asked | None:
    line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    return Asked(line[0], line[1], time.monotonic()) if head.endswith(b"\r\n\r\n") and len(line) == 3 else None


def _contexts(certificates: Certificates) -> dict[Presented, ssl.SSLContext]:
    pairs: dict[Presented, Pair] = {
        "upstream": certificates.upstream,
        "stranger": certificates.stranger,
        "misnamed": certificates.misnamed,
    }
    contexts: dict[Presented, ssl.SSLContext] = {}
    for name, pair in pairs.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(pair.certificate, pair.private_key)
    return contexts
