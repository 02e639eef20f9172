"""Requests with odd credentials of every kind for the policy `identity`: good ones, broken by seeded chance where readers disagree."""

from __future__ import annotations

import base64
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support import odd_tokens

Pick = random.Random

SECRETS = ("acme-key", "globex-key", "initech-key", "gwc_", "p@ss", "eyJ", "YWNtZT", "session_key", "api_key")
"""What must be in no output of a gateway: the keys below, and how tokens and the query look."""


@dataclass(frozen=True)
class Probe:
    """A request and where it comes from. `certificate` as in the cases; `is_kept`: on a connection that others of its kind use, too."""

    target: str
    headers: tuple[str, ...]
    method: str
    body: bytes
    source: str
    certificate: dict[str, Any] | None
    is_kept: bool

    def raw(self) -> bytes:
        length = [f"Content-Length: {len(self.body)}"] if self.body else []
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: api.test", *self.headers, *length]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


_TARGETS = (
    "/v1/open", "/v1/maybe", "/v1/token", "/v1/token", "/v1/header", "/v1/query", "/v1/cookie", "/v1/login", "/v1/either", "/v1/either", "/v1/certificate", "/v1/bound",
    "/v1/any", "/v1/any", "/v1/admin", "/v1/scoped", "/v1/buyers", "/v1/tier", "/v1/tier", "/v1/groups", "/v1/near", "/v1/far", "/v1/open-near", "/v1/open-far",
)  # fmt: skip
_FORMS = ("/v1/tenants/{}", "/v1/tenants/{}/orders/{}", "/v1/files/t-{}.json", "/v1/partners/{}")
_PARAMETERS = (
    "t1", "t1", "t1", "t2", "t%C3%A9", "a%20b", "t%2531", "%EF%BF%BD", "acme", "globex", "%FF", "t1.json", "t-t1", "%5Bt1%5D", "T1", "t1%20", "%E9", "t" * 300, "t1,t2",
    "t1@", "alice", ".t1", "..t1",
)  # fmt: skip
_TOKENS = ("token", "either", "maybe", "bound", "any", "admin", "scoped", "tier", "groups", "near", "far", "tenants", "files", "login")
_SCHEMES = (
    "bearer ", "BEARER ", "Bearer  ", "Bearer\t", "Bearer", "", "Token ", "Bearer:", "Bearer=", "JWT ", "Basic ", "Bearer Bearer ", "xBearer ", "Bearer, ", "\u00a0Bearer ",
    "DPoP ",
)  # fmt: skip
_GOOD_BASIC = (("acme", "gwc_" + "A" * 49), ("globex", "gwc_" + "G" * 49))
_PASSWORDS = (
    "gwc_" + "A" * 49, "gwc_" + "G" * 49, "gwc_" + "O" * 49, "gwc_" + "N" * 49, "acme-key", "gwc_" + "A" * 48 + "B", "p@ss word+/=", "", "gwc_" + "A" * 50,
)  # fmt: skip
_USERS = ("acme", "acme", "globex", "initech", "ACME", "", "acme ", "nobody", "\u00e9", "__proto__", "ac\0me", "0")
_BASICS = ("Basic ",) * 6 + ("basic ", "BASIC ", "Basic  ", "Basic\t", "Basic", " Basic ")
_KEYS = (
    "acme-key", "globex-key", "initech-key", "nope", "", "gwc_" + "O" * 49, "gwc_" + "N" * 49, "p@ss word+/=", "acme-key ", "ACME-KEY", "k" * 256, "k" * 257,
    "acme-key,acme-key", '"acme-key"', "acme%2Dkey", "\u00e9", "acme-key;", "acme-key\t x",
)  # fmt: skip
_COOKIES = (
    "session_key=acme-key", "session_key=acme-key", "session_key=globex-key", "session_key=nope", "session_key", "session_key=", "Session_Key=acme-key",
    "session_key =acme-key", "session_key= acme-key", 'session_key="acme-key"', "session_key==acme-key", "=session_key", "a=b", "", " ", "\t", "a", "a=b=c",
    "session%5fkey=acme-key", "session_key=acme-key\t", "\u00e9=\u00e9", "__proto__=x", 'a="b;c"', "$Version=1", "session_key=acme-key,session_key=globex-key",
    "xsession_key=1", "session_keyx=1", "session_key=p@ss word+/=", "session_key=" + "k" * 257, "session_key\t=acme-key", "\u0080session_key=acme-key",
)  # fmt: skip
_QUERIES = (
    "api_key=acme-key", "api_key=acme-key", "api_key=globex-key", "api_key=nope", "api_key", "api_key=", "API_KEY=acme-key", "%61pi_key=acme-key", "api%5fkey=acme%2Dkey",
    "api%5Fkey=acme-key", "api_key==acme-key", "=api_key", "a=b", "", "=", "a", "a=b=c", "api_key%3Dacme-key", "api_key=acme-key?", "?api_key=acme-key",
    "api_key;=acme-key", "a;api_key=acme-key", "api_key=acme-key;x", "api+key=acme-key", "api%20key=x", "api_key=acme+key", "api_key=p@ss%20word%2B/%3D",
    "api_key=p@ss+word+/=", "%2561pi_key=acme-key", "api%255fkey=acme-key", "api_key[]=acme-key", "api_key=%00", "api_key=acme-key%00", "api%00_key=acme-key", "%E9=%E9",
    "api_key=%E9", "api_key=" + "k" * 257, "api_key=acme%26key", "%26api_key=acme-key", "api_key%=x", "api_key=%4", "%", "__proto__=1", "api_keyx=1", "xapi_key=1",
    "api_ke%79=acme-key", "a=" + "b" * 1500, "api_key%FF=acme-key",
)  # fmt: skip
_SPOOFED = (
    "X-Gwc-Subject: root", "x-gwc-consumer: globex", "X-GWC-CLAIMS: e30", "X-Gwc-Sni: other.test", "X-Gwc-Reason: allowed", "X-Forwarded-For: 10.20.0.1",
    "Forwarded: for=10.20.0.1", "X-Real-IP: 10.20.0.1", "X-Original-URL: /v1/open", "Proxy-Authorization: Basic eDp5", "X-Consumer-Username: globex", "Accept: */*",
    "X-Forwarded-Client-Cert: URI=spiffe://example.com/acme", "X-Forwarded-Proto: http", "X-Request-Id: mine", "Ssl-Client-Verify: SUCCESS",
)  # fmt: skip
_CERTIFICATES: tuple[dict[str, Any], ...] = (
    {"dns": ["acme.example.com"]}, {"dns": ["GLOBEX.example.com"]}, {"uris": ["spiffe://example.com/acme"]}, {"uris": ["spiffe://example.com/globex"]},
    {"dns": ["acme.example.com", "globex.example.com"]}, {"dns": ["nobody.example.com"]}, {}, {"dns": ["*.example.com"]}, {"uris": ["spiffe://example.com/ACME"]},
    {"uris": ["spiffe://example.com/acme/"]}, {"dns": ["acme.example.com."]}, {"dns": ["acme.example.com"], "trusted": False},
    {"uris": ["spiffe://example.com/acme"], "dns": ["acme.example.com", "x.example.com"]},
)  # fmt: skip
_SOURCES = ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.4", "127.0.0.7", "127.0.0.8")


class OddRequests:
    """Requests by chance; values of Authorization come back on other operations, so that what a gateway remembers of them is put to the test."""

    def __init__(self, seed: str) -> None:
        self._pick = random.Random(seed)
        self._recent: deque[str] = deque(["Bearer x"], maxlen=12)

    def next(self) -> Probe:
        """A request for some operation with some credentials; about one in four is allowed."""
        pick, target = self._pick, _target(self._pick)
        method, body = _body(pick, target)
        fields = [*self._credentials(target), *(pick.sample(_SPOOFED, 2) if pick.random() < 0.1 else ())]
        fields += ["Content-Type: application/json"] if method == "POST" and pick.random() < 0.9 else []
        pick.shuffle(fields)
        return Probe(
            target=target + (_query(pick) if self._is_asked(target, ("query", "any")) else ""),
            headers=tuple(fields),
            method=method,
            body=body,
            source=pick.choice(_SOURCES),
            certificate=pick.choice(_CERTIFICATES) if self._is_asked(target, ("certificate", "bound", "buyers", "partners")) else None,
            is_kept=pick.random() < 0.8,
        )

    def _is_asked(self, target: str, words: Sequence[str]) -> bool:
        """Whether to send a credential: mostly where operations ask for it, sometimes elsewhere."""
        return self._pick.random() < (0.6 if any(word in target for word in words) else 0.05)

    def _credentials(self, target: str) -> list[str]:
        fields: list[str] = []
        if self._is_asked(target, _TOKENS) or self._is_asked(target, _TOKENS):
            fields += [f"Authorization: {value}" for value in self._authorization(target)]
        if self._is_asked(target, ("header", "any", "buyers", "partners", "admin", "maybe")):
            fields += _key_fields(self._pick)
        if self._is_asked(target, ("cookie", "any")):
            fields += _cookie_fields(self._pick)
        return fields

    def _authorization(self, target: str) -> tuple[str, ...]:
        """Values of Authorization, mostly one."""
        pick, chance = self._pick, self._pick.random()
        if chance < (0.7 if "login" in target else 0.1):
            return (_basic(pick),)
        value = pick.choice(self._recent) if chance > 0.75 else self._fresh()
        if pick.random() < 0.08:
            value = pick.choice((odd_tokens.mangled(pick, value), odd_tokens.with_other_signature(pick, value, pick.choice(self._recent))))
        if pick.random() < 0.02:
            return value, pick.choice(("Bearer x", _basic(pick), value))
        return (pick.choice(("", "", "", " ", "\t", " \t ")) + value + pick.choice(("", "", "", " ", "\t", "\t  ")),)

    def _fresh(self) -> str:
        scheme = self._pick.choice(_SCHEMES) if self._pick.random() < 0.04 else "Bearer "
        value = scheme + odd_tokens.token(self._pick, int(time.time()))
        self._recent.append(value)
        return value


def _target(pick: Pick) -> str:
    if pick.random() < 0.75:
        return pick.choice(_TARGETS)
    return pick.choice(_FORMS).replace("{}", pick.choice(_PARAMETERS), 1).replace("{}", pick.choice(_PARAMETERS))


def _body(pick: Pick, target: str) -> tuple[str, bytes]:
    if "/orders/" in target and pick.random() < 0.5:
        return "POST", pick.choice((b"", b"{}", b"{}" * 500))
    return pick.choice(("GET",) * 40 + ("HEAD", "OPTIONS")), b""


def _basic(pick: Pick) -> str:
    user, password = pick.choice(_GOOD_BASIC) if pick.random() < 0.5 else (pick.choice(_USERS), pick.choice(_PASSWORDS))
    colon = ":" if pick.random() < 0.9 else pick.choice(("", "::"))
    text = base64.b64encode(f"{user}{colon}{password}".encode()).decode()
    if pick.random() < 0.15:
        odd = (text.rstrip("="), text + "=", text + "==", text.replace("=", "%3D"), "=" + text, text[:-1], text.lower(), text + " x")
        text = pick.choice((*odd, odd_tokens.mangled(pick, text)))
    return pick.choice(_BASICS) + text


def _key_fields(pick: Pick) -> list[str]:
    values = [pick.choice(_KEYS[: pick.choice((2, len(_KEYS)))]) for _ in range(1 if pick.random() < 0.9 else 2)]
    name = pick.choice(("X-Partner-Key", "x-partner-key", "X-PARTNER-KEY"))
    return [f"{name}:{pick.choice(('', ' ', chr(9), '  '))}{value}{pick.choice(('', '', ' ', chr(9)))}" for value in values]


def _cookie_fields(pick: Pick) -> list[str]:
    parts = [[pick.choice(_COOKIES) for _ in range(pick.choice((1, 1, 2, 3)))] for _ in range(pick.choice((1, 1, 1, 2, 3)))]
    return ["Cookie: " + pick.choice((";", "; ", " ;\t", ";;")).join(some) for some in parts]


def _query(pick: Pick) -> str:
    parts = [pick.choice(_QUERIES) for _ in range(pick.choice((1, 1, 2, 3, 5)))]
    return pick.choice(("?", "?", "?", "?", "??", "?&")) + "&".join(parts)
