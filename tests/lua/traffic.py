"""A gateway with a bit of everything and requests to it, most with one fault: for the core in lupa, the fake Kong and the real server."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gwc.controls import api_key, body, forwarding, jwt, upstream
from gwc.controls.api_key import NEVER_S, KeyDigest
from gwc.controls.consumer import Consumer
from gwc.controls.host_names import HostNames
from gwc.controls.jwt import FileKeys
from gwc.controls.security import Requirement, Security
from gwc.ir import Gateway
from gwc.local.token_faults import FAULTS
from gwc.semantics import Certificate
from tests.support.sample import JSON, NO_BODY, PUBLIC, address_limit, gateway, one, operation
from tests.support.tokens import identity_provider, token_for

NOW_S = 1.8e9
CLIENT = "127.0.0.1"
OTHER_AUDIENCE = "https://other.example.com"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _keys(*names: str) -> tuple[KeyDigest, ...]:
    times = {"old": (0, 1000), "young": (4_000_000_000, NEVER_S)}
    keys = [(_digest(n), n, *times.get(n, (0, NEVER_S))) for n in names]
    return tuple(sorted((KeyDigest(digest=d, consumer=c, not_before_s=b, expires_s=e) for d, c, b, e in keys), key=lambda k: k.digest))


def _security() -> dict[str, Security]:
    return {
        "both": Security(alternatives=((Requirement(scheme="oauth", scopes=("a",)), Requirement(scheme="partnerKey", scopes=())),)),
        "either": Security(alternatives=(*one("oauth", "a", "b").alternatives, *one("partnerKey").alternatives)),
        "issuers": Security(alternatives=(*one("oauth", "a").alternatives, *one("oauth2", "b").alternatives)),
        "keys": Security(alternatives=(*one("partnerKey").alternatives, *one("staffKey").alternatives)),
    }


def rich_gateway() -> Gateway:
    """Two hosts, two upstreams, two issuers, two kinds of API key, every body rule."""
    text = body.Body(media_types=("text/*",), required=False, max_bytes=40)
    anything = body.Body(media_types=("*/*",), required=True, max_bytes=40)
    operations = [
        operation("GET", "/v1/health", PUBLIC, NO_BODY, "o.health"),
        operation("POST", "/v1/items", one("oauth", "a"), JSON, "o.create"),
        operation("GET", "/v1/items", one("partnerKey"), NO_BODY, "o.list"),
        operation("GET", "/v1/items/{id}", one("oauth"), NO_BODY, "o.read", "second"),
        operation("GET", "/v1/items/{id}.json", PUBLIC, NO_BODY, "o.readJson"),
        operation("HEAD", "/v1/health", PUBLIC, NO_BODY, "o.head"),
        operation("PUT", "/v1/note", PUBLIC, text, "o.note"),
        operation("PATCH", "/v1/any", PUBLIC, anything, "o.any"),
        *(operation("GET", f"/v1/{name}", security, NO_BODY, f"o.{name}") for name, security in _security().items()),
    ]
    elsewhere = operation("GET", "/v2/health", PUBLIC, NO_BODY, "o.elsewhere")
    operations.append(replace(elsewhere, route=replace(elsewhere.route, hosts=("api.test", "partner.test"))))
    operations.sort(key=lambda o: (o.route.template.text, o.route.method))
    first = replace(jwt.EXAMPLES[0], algorithms=("ES256", "RS256"))
    second = replace(first, scheme="oauth2", audiences=(OTHER_AUDIENCE,), algorithms=("ES256",))
    keys = identity_provider().keys_for
    limit = address_limit(id="all", limit=100_000, window_s=1, burst=100_000, operations=tuple(sorted(o.key for o in operations)))
    api_keys = (
        api_key.ApiKey(scheme="partnerKey", location="header", name="x-api-key", keys=_keys("k1", "old", "young")),
        api_key.ApiKey(scheme="staffKey", location="header", name="x-staff-key", keys=_keys("s1")),
    )
    return gateway(
        host_names=HostNames(names=("api.test", "partner.test")),
        operations=tuple(operations),
        rate_limits=(limit,),
        jwts=(replace(first, source=FileKeys(keys=keys(first))), replace(second, source=FileKeys(keys=keys(second)))),
        api_keys=api_keys,
        basics=(),
        mutual_tls=(),
        consumers=tuple(Consumer(id=name, roles=(), limits=()) for name in ("k1", "old", "s1", "young")),
        zones=(),
        rules=(),
        upstreams=(upstream.EXAMPLES[0], replace(upstream.EXAMPLES[0], name="second", port=9001, response_timeout_ms=3000)),
        forwarding=forwarding.lower(api_keys),
    )


@dataclass(frozen=True)
class Sent:
    """A request with a name. `sni`, `certificate`: of its connection."""

    name: str
    raw: bytes
    sni: str = "api.test"
    certificate: Certificate | None = None


def request(name: str, line: str, *fields: str, content: bytes = b"", host: str = "api.test", sni: str = "api.test") -> Sent:
    """HTTP/1.1 with a Host, unless the line or the fields say something else."""
    line = line if " HTTP/" in line else f"{line} HTTP/1.1"
    hosts = [f"Host: {host}"] if host else []
    length = [f"Content-Length: {len(content)}"] if content and not any(f.lower().startswith("transfer-encoding") for f in fields) else []
    head = "\r\n".join([line, *hosts, *fields, *length, "", ""])
    return Sent(name, head.encode("latin-1") + content, sni)


def traffic(source: Gateway, now_s: float | None = None) -> list[Sent]:
    """All requests. `now_s`: what the tokens take for now; None: the time of the clock."""
    tokens = _Tokens(source, now_s)
    parts = (_normalise(), _routing(), _keys_presented(), _bodies(tokens), _tokens(tokens), _combinations(tokens), _forwarding(tokens))
    return list(itertools.chain(*parts))


class _Tokens:
    def __init__(self, source: Gateway, now_s: float | None) -> None:
        self.first, self.second = source.jwts
        self.now_s = now_s

    def bearer(self, scope: object = "a", *, second: bool = False, **more: object) -> str:
        control = self.second if second else self.first
        claims = {} if self.now_s is None else {"exp": int(self.now_s) + 1000, "iat": int(self.now_s)}
        return f"Authorization: Bearer {token_for(control, {'scope': scope, 'claims': claims, **more})}"

    def broken(self, fault: str) -> str:
        return f"Authorization: Bearer {token_for(self.first, {'scope': 'a', 'fault': fault})}"


def _normalise() -> Iterator[Sent]:
    ok = "GET /v1/health"
    yield request("fine", ok)
    yield request("http 1.0", f"{ok} HTTP/1.0")
    yield request("no host", ok, host="")
    yield request("two hosts", ok, "Host: api.test")
    yield request("two authorizations", ok, "Authorization: a", "Authorization: b")
    yield request("joined authorizations", ok, "Authorization: a, b")
    yield request("authorization on a public operation", ok, "Authorization: a")
    yield request("underscore", ok, "X_Gwc_Subject: root")
    yield request("100 fields", ok, *(f"X-{n}: 1" for n in range(99)))
    yield request("101 fields", ok, *(f"X-{n}: 1" for n in range(100)))
    yield request("150 fields, the last has an underscore", ok, *(f"X-{n}: 1" for n in range(148)), "X_A: 1")
    yield request("100 KiB in fields", ok, *(f"X-{n}: {'a' * 10240}" for n in range(10)))
    yield request("TRACE", "TRACE /v1/health")
    yield request("TRACE of no path", "TRACE /nope")
    yield request("CONNECT", "CONNECT api.test:443")
    yield request("long target", "GET /v1/items/" + "a" * (4096 - 13) + ".json")
    for path in (
        "//",
        "/v1/./health",
        "/v1/%68ealth",
        "/v1/items/a%2fb",
        "/v1/items/a;b",
        "/v1/health?a=<",
        "/v1/items/a%25",
        "/v1/health#x",
    ):
        yield request(f"path {path}", f"GET {path}")
    yield request("absolute target", "GET http://api.test/v1/health")
    yield request("longest target", "GET /v1/items/" + "a" * (4096 - 19) + ".json")
    yield request("other host", ok, host="evil.test")
    yield request("host of another connection", ok, host="partner.test")
    yield request("host in capitals with a port", ok, host="API.test:8443")
    yield request("other connection", "GET /v2/health", host="partner.test", sni="partner.test")


def _routing() -> Iterator[Sent]:
    for path in (
        "/",
        "/v1",
        "/v1/health/",
        "/V1/health",
        "/v1/items/a/b",
        "/v1/nope",
        "/v1/items/",
        "/kong_error_handler",
        "/gwc-error",
        "/v1/items/.json",
    ):
        yield request(f"path {path}", f"GET {path}")
    for method in ("DELETE", "OPTIONS", "FOO", "M-SEARCH", "A_B"):
        yield request(f"method {method}", f"{method} /v1/items")
    yield request("not on this host", "GET /v1/health", host="partner.test", sni="partner.test")
    yield request("mixed segment", "GET /v1/items/x.json")
    yield request("query", "GET /v1/health?a=1&b=%2F;x[]=//..")
    yield request("question mark alone", "GET /v1/health?")
    yield request("head", "HEAD /v1/health")


def _keys_presented() -> Iterator[Sent]:
    for key in ("k1", "old", "young", "nope", "", "k1 ", "K1", "x" * 256, "x" * 257, _digest("k1")):
        yield request(f"key {key[:20]}", "GET /v1/items", f"X-API-Key: {key}")
    yield request("no key", "GET /v1/items")
    yield request("two keys", "GET /v1/items", "X-API-Key: k1", "X-API-Key: k1")
    yield request("key of another scheme", "GET /v1/items", "X-Staff-Key: s1")
    yield request("key in the query", "GET /v1/items?x-api-key=k1&apikey=k1")
    yield request("one of two", "GET /v1/keys", "X-Staff-Key: s1")
    yield request("both of two", "GET /v1/keys", "X-Staff-Key: s1", "X-API-Key: k1")
    yield request("one of two is bad", "GET /v1/keys", "X-Staff-Key: s1", "X-API-Key: bad")


def _bodies(tokens: _Tokens) -> Iterator[Sent]:
    good, json_type = tokens.bearer("a"), "Content-Type: application/json"
    yield request("json", "POST /v1/items", good, json_type, content=b"{}")
    yield request("chunked", "POST /v1/items", good, json_type, "Transfer-Encoding: chunked", content=b"2\r\n{}\r\n0\r\n\r\n")
    yield request("chunked, empty", "POST /v1/items", good, json_type, "Transfer-Encoding: chunked", content=b"0\r\n\r\n")
    yield request("missing", "POST /v1/items", good, json_type)
    yield request("no type", "POST /v1/items", good, content=b"{}")
    yield request("two types", "POST /v1/items", good, json_type, json_type, content=b"{}")
    yield request("text", "POST /v1/items", good, "Content-Type: text/plain", content=b"{}")
    yield request("coding", "POST /v1/items", good, json_type, "Content-Encoding: gzip", content=b"{}")
    yield request("identity", "POST /v1/items", good, json_type, "Content-Encoding: identity", content=b"{}")
    yield request("64 KiB", "POST /v1/items", good, json_type, content=b" " * 65536)
    yield request("64 KiB and one", "POST /v1/items", good, json_type, content=b" " * 65537)
    yield request("chunked 64 KiB", "POST /v1/items", good, json_type, "Transfer-Encoding: chunked", content=_chunk(65536))
    yield request("chunked 64 KiB and one", "POST /v1/items", good, json_type, "Transfer-Encoding: chunked", content=_chunk(65537))
    yield request("unexpected", "GET /v1/health", content=b"x")
    yield request("unexpected, chunked", "GET /v1/health", "Transfer-Encoding: chunked", content=_chunk(1))
    yield request("optional, absent", "PUT /v1/note")
    yield request("optional, there", "PUT /v1/note", "Content-Type: text/csv", content=b"a")
    yield request("optional, wrong", "PUT /v1/note", json_type, content=b"a")
    yield request("small limit", "PUT /v1/note", "Content-Type: text/csv", content=b"a" * 41)
    yield request("anything", "PATCH /v1/any", "Content-Type: image/png", content=b"a")
    yield request("anything but nothing", "PATCH /v1/any", content=b"a")


def _chunk(size: int) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (size, b" " * size)


def _tokens(tokens: _Tokens) -> Iterator[Sent]:
    path = "GET /v1/items/x"
    yield request("good", path, tokens.bearer())
    yield request("good RS256", path, tokens.bearer(alg="RS256"))
    yield request("no token", path)
    for scheme in ("bearer", "Basic", "Bearer ", ""):
        yield request(f"scheme {scheme!r}", path, tokens.bearer().replace("Bearer", scheme))
    yield request("key instead of a token", path, "X-API-Key: k1")
    for scope in ("a", "b", "a b", "b a", "aa", "", ["a"], ["b", "a"], [], ["a", 1], 1, None, "A"):
        body = {"content": b"{}"}
        yield request(f"scope {scope!r}", "POST /v1/items", tokens.bearer(scope), "Content-Type: application/json", **body)
    for fault in FAULTS:
        yield request(f"fault {fault}", path, tokens.broken(fault))
    if tokens.now_s is None:
        return
    for claim in ("exp", "nbf"):
        for offset in (-31, -30, -29, 29, 30, 31):
            claims = {"exp": tokens.now_s + 1000, claim: tokens.now_s + offset}
            yield request(f"{claim} {offset}", path, tokens.bearer(claims=claims))


def _combinations(tokens: _Tokens) -> Iterator[Sent]:
    credentials = {
        "token": tokens.bearer("a b"),
        "poor token": tokens.bearer("c"),
        "other token": tokens.bearer("b", second=True),
        "bad token": tokens.broken("wrong_signature" if "wrong_signature" in FAULTS else next(iter(FAULTS))),
    }
    for (name, token), key, path in itertools.product(
        [("", ""), *credentials.items()], ("", "k1", "bad"), ("both", "either", "issuers", "keys", "health")
    ):
        fields = [f for f in (token, f"X-API-Key: {key}" if key else "") if f]
        yield request(f"{path}: {name} {key}", f"GET /v1/{path}", *fields)


def _forwarding(tokens: _Tokens) -> Iterator[Sent]:
    spoofed = (
        "X-Gwc-Subject: root",
        "X-Gwc-Consumer: root",
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Host: evil",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 1",
        "X-Forwarded-Prefix: /x",
        "X-Forwarded-Path: /x",
        "X-Real-IP: 6.6.6.6",
        "X-Request-Id: mine",
        "X-Original-URL: /admin",
        "Forwarded: for=6.6.6.6",
        "Via: 1.1 x",
        "TE: trailers",
        "Trailer: X-A",
        "Keep-Alive: timeout=5",
        "Proxy-Authorization: Basic eA==",
        "X-Other: kept",
        "X-Other: twice",
        "Accept: */*",
        "Cookie: a=b; c=d",
    )
    yield request("spoofed", "GET /v1/health", *spoofed)
    yield request("spoofed with a token", "GET /v1/items/x", tokens.bearer(), *spoofed)
    yield request("spoofed with a key", "GET /v1/items", "X-API-Key: k1", *spoofed)
    for named in ("X-Gwc-Subject", "close, X-Gwc-Subject, X-Forwarded-For, Host, X-Request-Id", "TE, keep-alive", "Upgrade"):
        yield request(
            f"connection names {named}",
            "GET /v1/items/x",
            tokens.bearer(),
            f"Connection: {named}",
            "X-Other: kept",
            "Upgrade: websocket",
            "TE: trailers",
        )
