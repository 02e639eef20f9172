"""A gateway in which every part of the script has something to do, and a good request for each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gwc.controls import forwarding
from gwc.controls.api_key import NEVER_S, ApiKey, KeyDigest
from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition, ClaimSide
from gwc.controls.base import FileRef
from gwc.controls.basic import Basic
from gwc.controls.consumer import Consumer, ConsumerLimit
from gwc.controls.jwt import Jwt, RemoteKeys, SecretKeys
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import BodyKey, ClaimKey, ClientAddress, CookieKey, HeaderKey, KeyPart
from gwc.controls.side import ConsumerSide, PathSide
from gwc.controls.zone import Zone
from gwc.ir import Gateway
from gwc.local.certificates import client_certificate
from tests.nginx.validated import SCHEMAS, validated
from tests.support import sample
from tests.support.nginx_process import Site
from tests.support.requests import Answer
from tests.support.sample import JSON, NO_BODY, PUBLIC, address_limit, one, operation
from tests.support.tokens import token_for

KEY = "k-of-acme"
PASSWORD = "gwc_" + "A" * 49
BASIC = "Authorization: Basic " + base64.b64encode(f"acme:{PASSWORD}".encode()).decode()
SAN = "spiffe://example.com/Acme"
REMOTE = RemoteKeys(host="id.example.com", port=443, path="/jwks", ca=FileRef(path="/etc/ca.pem"), cache_for_s=600, max_stale_s=600)


def digest(text: str, consumer: str = "acme") -> KeyDigest:
    return KeyDigest(digest=hashlib.sha256(text.encode()).hexdigest(), consumer=consumer, not_before_s=0, expires_s=NEVER_S)


def everything() -> Gateway:
    """One operation for each kind of credential, and for each thing that is done with tokens."""
    base = sample.gateway()
    token = base.jwts[0]
    jwts = (
        replace(token, scheme="claims", forward="claims"),
        replace(token, scheme="oauth", algorithms=("ES256", "PS256", "RS256"), roles_claim=("roles",), claims=(("tenant", ("org", "id")),)),
        replace(token, scheme="remote", source=REMOTE),
        replace(token, scheme="secret", algorithms=("HS256",), source=SecretKeys(file=FileRef(path="/etc/secret.json"))),
        replace(token, scheme="token", forward="token"),
    )
    keys = tuple(
        ApiKey(scheme=location, location=location, name=name, keys=(digest(KEY),))
        for location, name in (("cookie", "key"), ("header", "x-api-key"), ("query", "api_key"))
    )
    rule = AuthorizationRule(
        id="own",
        operations=("e.ruled",),
        scopes=("orders:read",),
        roles=("admin",),
        consumers=(),
        zones=("here",),
        claims=(ClaimCondition(name="tenant", kind="oneOf", values=("t1",)),),
        equal=((ClaimSide(name="tenant"), PathSide(name="tenantId")),),
    )
    return replace(
        base,
        operations=(
            operation("GET", "/v1/basic", one("login"), NO_BODY, "e.basic"),
            operation("POST", "/v1/body", one("oauth"), JSON, "e.body"),
            operation("GET", "/v1/certificate", one("mtls"), NO_BODY, "e.certificate"),
            operation("GET", "/v1/claims", one("claims"), NO_BODY, "e.claims"),
            operation("GET", "/v1/cookie", one("cookie"), NO_BODY, "e.cookie"),
            operation("GET", "/v1/header", one("header"), NO_BODY, "e.header"),
            operation("GET", "/v1/open", PUBLIC, NO_BODY, "e.open"),
            operation("GET", "/v1/query", one("query"), NO_BODY, "e.query"),
            operation("GET", "/v1/remote", one("remote"), NO_BODY, "e.remote"),
            operation("GET", "/v1/secret", one("secret"), NO_BODY, "e.secret"),
            operation("GET", "/v1/tenants/{tenantId}", one("oauth"), NO_BODY, "e.ruled"),
            operation("GET", "/v1/token", one("token", "orders:read"), NO_BODY, "e.token"),
            validated(),
        ),
        rate_limits=(_limit("addresses", "e.header", ClientAddress(ipv6_prefix=64)), *_limits()),
        jwts=jwts,
        api_keys=keys,
        basics=(Basic(scheme="login", keys=(digest(PASSWORD),)),),
        mutual_tls=(MutualTls(scheme="mtls", names=(CertificateName(kind="uri", value=SAN, consumer="acme"),)),),
        consumers=(Consumer(id="acme", roles=("partner",), limits=(ConsumerLimit(id="all", limit=1000, window_s=1, burst=1000),)),),
        json_schema=SCHEMAS,
        zones=(Zone(name="here", networks=("127.0.0.0/8",)),),
        rules=(rule,),
        forwarding=forwarding.lower(keys),
    )


def _limit(name: str, key: str, *parts: KeyPart) -> RateLimit:
    """One that the script counts, and that nobody reaches."""
    whole = address_limit(id=name, limit=1_000_000, window_s=1, burst=1_000_000, operations=(key,))
    return replace(whole, key=parts, has_fields=True, max_keys=1000)


def _limits() -> tuple[RateLimit, ...]:
    return (
        _limit("body", "e.validated", BodyKey(path=("a", "b"))),
        _limit("carried", "e.header", ConsumerSide(), CookieKey(name="c"), HeaderKey(name="x-h")),
        _limit("claimed", "e.ruled", ClaimKey(name="tenant"), PathSide(name="tenantId")),
    )


@dataclass(frozen=True)
class Ask:
    """A request: header fields, and the token or certificate that goes with it."""

    target: str
    fields: tuple[str, ...] = ()
    scheme: str = ""
    described: Mapping[str, object] = field(default_factory=dict)
    has_certificate: bool = False
    method: str = "GET"
    body: bytes = b""

    def send(self, site: Site) -> Answer:
        """The answer of the site."""
        fields = list(self.fields)
        if self.scheme:
            control: Jwt = next(j for j in site.gateway.jwts if j.scheme == self.scheme)
            fields.append("Authorization: Bearer " + token_for(control, dict(self.described)))
        shown = client_certificate(site.certificates, [SAN], []) if self.has_certificate else None
        return site.ask(self.method, self.target, *fields, body=self.body, certificate=shown)


def sent(media_type: str, body: bytes, *fields: str, target: str = "/v1/validated/7") -> Ask:
    """A body for the operation that validates."""
    return Ask(target, (f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *fields), method="POST", body=body)


_PART = '--b\r\nContent-Disposition: form-data; name="{}"\r\n{}\r\n{}\r\n'
_PARTS = _PART.format("id", "", "1") + _PART.format("child", "Content-Type: application/json\r\n", '{"id":2}') + "--b--"
_ORDER = '{"id":1,"name":"e","tags":[{"a":[1.0]},{"a":[2]}],"kind":{"a":[1]},"child":{"id":2}}'

GOOD: Mapping[str, Ask] = {
    "json": sent("application/json", _ORDER.encode()),
    "exact": sent("application/json; charset=UTF-8", b'{"id":12345678901234567890,"price":1234567890123456.01}'),
    "escaped": sent("application/json", b'{"i\\u0064":1}'),
    "form": sent("application/x-www-form-urlencoded", b"id=1&child=%7B%22id%22:2%7D&name=abc"),
    "multipart": sent("multipart/form-data; boundary=b", _PARTS.encode()),
    "opaque": sent("text/plain", b"\xff"),
    "parameters": sent(
        "text/plain",
        b"x",
        "X-Ids: 1, 2",
        "Cookie: a=1; sort=up",
        target="/v1/validated/7?deep[from]=1&deep[ids][1]=2&deep[ids][0]=1&json=%7B%7D",
    ),
    "basic": Ask("/v1/basic", (BASIC,)),
    "body": Ask("/v1/body", ("Content-Type: application/json", "Content-Length: 2"), "oauth", {"alg": "RS256"}, method="POST", body=b"{}"),
    "chunked": Ask(
        "/v1/body",
        ("Content-Type: application/json", "Transfer-Encoding: chunked"),
        "oauth",
        {"alg": "PS256"},
        method="POST",
        body=b"2\r\n{}\r\n0\r\n\r\n",
    ),
    "certificate": Ask("/v1/certificate", has_certificate=True),
    "claims": Ask("/v1/claims", (), "claims"),
    "cookie": Ask("/v1/cookie", (f"Cookie: a=1; key={KEY}",)),
    "header": Ask("/v1/header", (f"X-API-Key: {KEY}",)),
    "open": Ask("/v1/open"),
    "query": Ask(f"/v1/query?a=1&api_key={KEY}"),
    "remote": Ask("/v1/remote", (), "remote"),
    "secret": Ask("/v1/secret", (), "secret", {"alg": "HS256"}),
    "ruled": Ask("/v1/tenants/t1", (), "oauth", {"scope": "orders:read", "claims": {"roles": ["admin"], "org": {"id": "t1"}}}),
    "token": Ask("/v1/token", (), "token", {"scope": "orders:read"}),
}
