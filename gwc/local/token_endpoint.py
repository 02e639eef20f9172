"""A loopback HTTP endpoint for `gwc up`: `GET /jwks.json`, `POST /token?sub=&scope=&alg=&lifetime_s=&claims=`.

`claims` is a JSON object (url-encoded), whose members are added to the payload or replace those of the same name.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from gwc.controls.jwt import Jwt
from gwc.local.identity_provider import IdentityProvider, TokenRequest

HOUR_S = 3600


@contextmanager
def token_endpoint(provider: IdentityProvider, control: Jwt) -> Iterator[int]:
    """The port of an endpoint that issues tokens which `control` takes."""

    class Handler(_Handler):
        issue = staticmethod(lambda query: _issue(provider, control, query))
        jwks = staticmethod(lambda: provider.jwks_for(control))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wanted_by(control: Jwt, now_s: int, scope: object = "") -> TokenRequest:
    """A request for a token that `control` takes, signed by the first of its algorithms, for an hour or as long as the policy allows."""
    return TokenRequest(
        issuer=control.issuer,
        audience=control.audiences[0],
        now_s=now_s,
        scopes_claim=control.scopes_claim,
        scope=scope,
        algorithm=control.algorithms[0],
        lifetime_s=min(HOUR_S, control.max_lifetime_s or HOUR_S),
        typ=control.typ or "at+jwt",
    )


def _issue(provider: IdentityProvider, control: Jwt, query: dict[str, str]) -> str:
    wanted = wanted_by(control, int(time.time()), query.get("scope", ""))
    if "alg" in query and query["alg"] not in control.algorithms:
        raise ValueError(f"alg is one of {', '.join(control.algorithms)}")
    algorithm = next((a for a in control.algorithms if a == query.get("alg")), wanted.algorithm)
    lifetime_s = int(query.get("lifetime_s", wanted.lifetime_s))
    changed = replace(wanted, subject=query.get("sub", "alice"), lifetime_s=lifetime_s, algorithm=algorithm)
    return provider.token(replace(changed, claims=_claims(query.get("claims", "{}"))))


def _claims(text: str) -> dict[str, object]:
    """Raises ValueError when the text is no JSON object."""
    try:
        claims = json.loads(text)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise ValueError("claims is a JSON object")  # noqa: TRY004 - of the request, not of the caller
    return claims


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200, self.jwks()) if self.path == "/jwks.json" else self._answer(404, {"error": "not_found"})  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        if url.path != "/token":
            self._answer(404, {"error": "not_found"})
            return
        try:
            token = self.issue({k: v[-1] for k, v in parse_qs(url.query).items()})  # type: ignore[attr-defined]
        except ValueError as e:
            self._answer(400, {"error": "invalid_request", "error_description": str(e)})
            return
        self._answer(200, {"access_token": token, "token_type": "Bearer"})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tokens of the query have no place on a terminal."""
