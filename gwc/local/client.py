"""Sends the bytes of one request to a gateway on loopback and reads the answer."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names in lower case, the last of equal ones."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        """The reason code of the gateway's own answer; an empty text when it is not one."""
        if self.headers.get("content-type", "") != "application/problem+json":
            return ""
        return str(json.loads(self.body).get("reason", ""))


def send(port: int, ca: Path, server_name: str, raw: bytes) -> Answer:
    """The answer to `raw`, sent as it is on a connection of its own with the server name `server_name`."""
    context = ssl.create_default_context(cafile=str(ca))
    with (
        socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=server_name) as tls,
    ):
        tls.sendall(raw)
        response = http.client.HTTPResponse(tls, method=raw.partition(b" ")[0].decode("latin-1"))
        try:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            response.close()
