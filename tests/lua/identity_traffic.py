"""A gateway with every kind of credential and rule, and requests to it: what `traffic` does not have."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gwc.controls import forwarding, jwt, upstream
from gwc.controls.api_key import NEVER_S, ApiKey, KeyDigest
from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition, ClaimSide
from gwc.controls.basic import Basic
from gwc.controls.consumer import Consumer
from gwc.controls.jwt import FileKeys, Jwt
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.controls.security import Requirement, Security
from gwc.controls.side import ConsumerSide, PathSide
from gwc.controls.zone import Zone
from gwc.ir import Gateway
from gwc.local.token_faults import LIFETIME_FAULTS, TYPE_FAULTS
from gwc.semantics import Certificate
from tests.lua.traffic import Sent, request
from tests.support.sample import NO_BODY, PUBLIC, gateway, one, operation
from tests.support.tokens import identity_provider, token_for

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
ACME, BETA, OLD, YOUNG = ("gwc_" + c * 49 for c in "aboy")
URI = "spiffe://example.com/acme"


def _keys() -> tuple[KeyDigest, ...]:
    owners = {ACME: ("acme", 0, NEVER_S), BETA: ("beta", 0, NEVER_S), OLD: ("acme", 0, 1000), YOUNG: ("acme", 4_000_000_000, NEVER_S)}
    keys = [
        KeyDigest(digest=hashlib.sha256(k.encode()).hexdigest(), consumer=c, not_before_s=b, expires_s=e) for k, (c, b, e) in owners.items()
    ]
    return tuple(sorted(keys, key=lambda k: k.digest))


def _any(*schemes: str) -> Security:
    return Security(alternatives=tuple((Requirement(scheme=s, scopes=()),) for s in schemes))


_SECURITIES = {
    "token": _any("oauth"),
    "other": _any("oauth", "other"),
    "query": _any("queryKey"),
    "cookie": _any("cookieKey"),
    "basic": _any("login"),
    "mixed": Security(alternatives=(*one("login").alternatives, *one("oauth", "a").alternatives)),
    "certificate": _any("mtls"),
    "all": Security(alternatives=(tuple(Requirement(scheme=s, scopes=()) for s in ("mtls", "oauth", "queryKey")),)),
    "several": _any("cookieKey", "login", "mtls", "queryKey"),
    "optional": Security(alternatives=((), *_any("oauth", "queryKey").alternatives)),
    "admin": _any("oauth", "queryKey"),
    "near": PUBLIC,
    "far": PUBLIC,
    "scoped": _any("oauth", "other"),
    "claims": _any("oauth"),
    "only": _any("login", "queryKey"),
    "tenants/{tenant}.json": _any("oauth"),
    "mine/{id}": _any("queryKey"),
}


def _key(path: str) -> str:
    return "i." + path.partition("/")[0]


def _rule(path: str, **required: Any) -> AuthorizationRule:
    empty: dict[str, Any] = {"scopes": (), "roles": (), "consumers": (), "zones": (), "claims": (), "equal": ()}
    return AuthorizationRule(id=path, operations=(_key(path),), **{**empty, **required})


_RULES = (
    _rule("admin", roles=("admin", "root"), zones=("local",)),
    _rule("claims", claims=(ClaimCondition(name="plan", kind="oneOf", values=(True, 7, "gold")), ClaimCondition(name="tags", kind="contains", values=("x", 1)))),
    _rule("far", zones=("far",)),
    _rule("mine", equal=((ConsumerSide(), PathSide(name="id")),)),
    _rule("near", zones=("far", "local")),
    _rule("only", consumers=("acme",)),
    _rule("scoped", scopes=("a", "b")),
    _rule("tenants", equal=((ClaimSide(name="tenant"), PathSide(name="tenant")),)),
)  # fmt: skip


def identity_gateway() -> Gateway:
    """All on one host; the peer's address is in the zone `local`."""
    operations = tuple(
        sorted((operation("GET", f"/i/{p}", s, NO_BODY, _key(p)) for p, s in _SECURITIES.items()), key=lambda o: o.route.template.text)
    )
    api_keys = (
        ApiKey(scheme="cookieKey", location="cookie", name="key", keys=_keys()),
        ApiKey(scheme="queryKey", location="query", name="api_key", keys=_keys()),
    )
    names = (
        CertificateName(kind="dns", value="acme.example.com", consumer="acme"),
        CertificateName(kind="dns", value="beta.example.com", consumer="beta"),
        CertificateName(kind="uri", value=URI, consumer="acme"),
    )
    return gateway(
        operations=operations,
        rate_limits=(),
        jwts=_jwts(),
        api_keys=api_keys,
        basics=(Basic(scheme="login", keys=_keys()),),
        mutual_tls=(MutualTls(scheme="mtls", names=names),),
        consumers=(Consumer(id="acme", roles=("admin",), limits=()), Consumer(id="beta", roles=("reader",), limits=())),
        zones=(Zone(name="far", networks=("10.0.0.0/8", "2001:db8::/32")), Zone(name="local", networks=("127.0.0.0/9",))),
        rules=_RULES,
        upstreams=(upstream.EXAMPLES[0],),
        forwarding=forwarding.lower(api_keys),
    )


def _jwts() -> tuple[Jwt, Jwt]:
    claims = (("plan", ("plan",)), ("tags", ("tags",)), ("tenant", ("org", "id")))
    first = replace(
        jwt.EXAMPLES[0], algorithms=ALGORITHMS, typ="at+jwt", max_lifetime_s=7200, roles_claim=("realm", "roles"), claims=claims, forward="claims"
    )  # fmt: skip
    other = replace(jwt.EXAMPLES[0], scheme="other", issuer="https://other.example.com/", algorithms=("ES256",), forward="token")
    keys = identity_provider().keys_for
    return replace(first, source=FileKeys(keys=keys(first))), replace(other, source=FileKeys(keys=keys(other)))


def basic(user: str, password: str) -> str:
    """The field."""
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class _Tokens:
    def __init__(self, source: Gateway, now_s: float | None) -> None:
        self.first, self.other = source.jwts
        self.now_s = int(now_s or time.time())

    def __call__(self, *, other: bool = False, claims: dict[str, Any] | None = None, **more: Any) -> str:
        times = {"iat": self.now_s, "exp": self.now_s + 1000}
        token = token_for(self.other if other else self.first, {"claims": {**times, **(claims or {})}, **more})
        return f"Authorization: Bearer {token}"


def identity_traffic(source: Gateway, now_s: float | None = None) -> list[Sent]:
    """All requests. `now_s`: what the tokens take for now; None: the time of the clock."""
    tokens = _Tokens(source, now_s)
    parts = (_tokens(tokens), _carriers(tokens), _basics(tokens), _certificates(tokens), _rules(tokens), _combined(tokens))
    return [sent for part in parts for sent in part]


def _tokens(tokens: _Tokens) -> Iterator[Sent]:
    path = "GET /i/token"
    for algorithm in ALGORITHMS:
        yield request(f"token {algorithm}", path, tokens(alg=algorithm))
        yield request(f"token {algorithm}, again", path, tokens(alg=algorithm))
        for fault in ("tampered", "zeroSignature", "shortSignature", "longSignature", "foreignKey", "derSignature"):
            yield request(
                f"token {algorithm} {fault}", path, f"Authorization: Bearer {token_for(tokens.first, {'fault': fault, 'alg': algorithm})}"
            )
    for fault in (*TYPE_FAULTS, *LIFETIME_FAULTS):
        yield request(f"fault {fault}", path, f"Authorization: Bearer {token_for(tokens.first, {'fault': fault})}")
    for typ in ("AT+JWT", "application/at+jwt", "Application/AT+jwt", "jwt", "at+jwt;x=y", ""):
        yield request(f"typ {typ!r}", path, tokens(typ=typ))
    now = tokens.now_s
    for offset in (-7000, 20, 40):
        yield request(f"iat {offset}", path, tokens(claims={"iat": now + offset}))
    for lifetime in (7199, 7200, 7201):
        yield request(f"lifetime {lifetime}", path, tokens(claims={"exp": now + lifetime}))
    yield request("of the other issuer", "GET /i/other", tokens(other=True))
    yield request("of the other issuer, elsewhere", path, tokens(other=True))
    yield request("of the first issuer", "GET /i/other", tokens())
    yield request("of no issuer", "GET /i/other", tokens(iss="https://nobody.example.com/"))
    yield request("audience of nobody, two issuers", "GET /i/other", tokens(aud="nobody"))


def _carriers(tokens: _Tokens) -> Iterator[Sent]:
    for query in (
        f"api_key={ACME}", f"a=1&api_key={ACME}&b=2", f"%61pi_key={ACME}", f"api_key=gwc_%61{'a' * 48}", f"api_key={ACME}&api_key={ACME}",
        f"api_key={ACME}&", f"&api_key={ACME}", f"api_key={ACME}&a=?", f"api_key={OLD}", f"api_key={YOUNG}", "api_key=", "api_key", "api_key=no", "",
        f"API_KEY={ACME}", f"api_key={ACME}?", f"api_keys={ACME}", f"x=api_key={ACME}", f"api_key={ACME}=", f"+api_key={ACME}", "a=api_key",
    ):  # fmt: skip
        yield request(f"query {query}", f"GET /i/query?{query}")
        yield request(f"near {query}", f"GET /i/near?{query}")
    for cookie in (
        f"key={ACME}", f"a=b; key={ACME}; c=d", f" key={ACME} ;;a=b", f"key={ACME}; key={ACME}", f"Key={ACME}", f"key ={ACME}", "key=", "key",
        f"key={BETA};a", f"key=%61{ACME}", f"a=key={ACME}", ";", f"key={OLD}",
    ):  # fmt: skip
        yield request(f"cookie {cookie}", "GET /i/cookie", f"Cookie: {cookie}")
        yield request(f"near cookie {cookie}", "GET /i/near", f"Cookie: {cookie}")
    yield request("two cookie fields", "GET /i/cookie", "Cookie: a=b", f"Cookie: key={ACME}")
    yield request("a key in both fields", "GET /i/cookie", f"Cookie: key={ACME}", f"Cookie: key={ACME}")
    yield request("a key in the wrong place", "GET /i/cookie?key=" + ACME)
    yield request("a token and a key", f"GET /i/admin?api_key={ACME}", tokens())


def _basics(tokens: _Tokens) -> Iterator[Sent]:
    path = "GET /i/basic"
    for user, password in (("acme", ACME), ("beta", BETA), ("acme", BETA), ("", ACME), ("acme", ""), ("acme", "gwc_short"), ("acme", OLD), ("acme", YOUNG),
                           ("acme", ACME + "a"), ("ACME", ACME), ("acme", f"x:{ACME}"), ("a:b", ACME)):  # fmt: skip
        yield request(f"basic {user}:{password}", path, basic(user, password))
    good = basic("acme", ACME)
    for name, field in {
        "lower case": good.replace("Basic", "basic"),
        "two blanks": good.replace("Basic ", "Basic  "),
        "no padding": good.rstrip("="),
        "more padding": good + "=",
        "no colon": "Authorization: Basic " + base64.b64encode(b"acme").decode(),
        "url alphabet": "Authorization: Basic " + base64.urlsafe_b64encode(b"acme?>?>:" + ACME.encode()).decode(),
        "nothing": "Authorization: Basic ",
        "a token": tokens(),
    }.items():
        yield request(f"basic, {name}", path, field)
        yield request(f"mixed, {name}", "GET /i/mixed", field)
    yield request("basic, not canonical", path, "Authorization: Basic YWNtZR==")
    yield request("mixed, basic", "GET /i/mixed", good)
    yield request("mixed, token", "GET /i/mixed", tokens(scope="a"))
    yield request("mixed, poor token", "GET /i/mixed", tokens(scope="b"))
    yield request("mixed, bad basic", "GET /i/mixed", basic("acme", BETA))
    yield request("basic, missing", path)
    yield request("mixed, missing", "GET /i/mixed")


def _certificates(tokens: _Tokens) -> Iterator[Sent]:
    shown = {
        "uri": Certificate(uris=(URI,)),
        "dns": Certificate(dns_names=("acme.example.com",)),
        "dns in capitals": Certificate(dns_names=("ACME.example.com",)),
        "both": Certificate(uris=(URI,), dns_names=("acme.example.com", "unknown.example.com")),
        "two consumers": Certificate(uris=(URI,), dns_names=("beta.example.com",)),
        "unknown": Certificate(uris=("spiffe://example.com/Acme",), dns_names=("x.example.com",)),
        "nothing": Certificate(),
    }
    for name, certificate in shown.items():
        for path in ("certificate", "token", "near", "several"):
            yield replace(request(f"{path}, certificate: {name}", f"GET /i/{path}"), certificate=certificate)
        fields = (tokens(), f"GET /i/all?api_key={ACME}")
        yield replace(request(f"all, certificate: {name}", fields[1], fields[0]), certificate=certificate)
    yield request("certificate, none", "GET /i/certificate")
    yield request("certificate, a key instead", f"GET /i/certificate?api_key={ACME}")


def _rules(tokens: _Tokens) -> Iterator[Sent]:
    for roles in (["admin"], ["root", "x"], ["x"], "admin x", "x", [], None, 7, ["admin", 1], {"admin": 1}):
        yield request(f"roles {roles!r}", "GET /i/admin", tokens(claims={"realm": {"roles": roles}}))
    yield request("roles in the wrong place", "GET /i/admin", tokens(claims={"roles": ["admin"]}))
    yield request("roles in a list", "GET /i/admin", tokens(claims={"realm": [{"roles": ["admin"]}]}))
    for key in (ACME, BETA):
        yield request(f"roles of a consumer {key[4]}", f"GET /i/admin?api_key={key}")
    yield request("zone of the peer", "GET /i/near")
    yield request("zone of others", "GET /i/far", "X-Forwarded-For: 10.0.0.1")
    for scope in ("a b", "b a c", "a", "b", "", ["a", "b"], "a  b"):
        yield request(f"scoped {scope!r}", "GET /i/scoped", tokens(scope=scope))
    for plan in ("gold", "7", 7, 7.0, 7.5, True, "true", 1, False, None, ["gold"], 2**53 + 7, {"gold": 1}):
        yield request(f"plan {plan!r}", "GET /i/claims", tokens(claims={"plan": plan, "tags": ["x"]}))
    for tags in (["x"], ["y", "x"], ["y"], [], "x", [1], [True], ["1"], [None, 1.0], [["x"]], None):
        yield request(f"tags {tags!r}", "GET /i/claims", tokens(claims={"plan": 7, "tags": tags}))
    for tenant, path in (("a", "a"), ("a", "b"), ("a", "A"), ("a b", "a%20b"), ("é", "%C3%A9"), ("é", "%c3%a9"), ("a%20b", "a%20b"), (7, "7"), (None, "null"),
                         ("a+b", "a+b"), ("a.json", "a.json"), ("", "a")):  # fmt: skip
        yield request(f"tenant {tenant!r} {path}", f"GET /i/tenants/{path}.json", tokens(claims={"org": {"id": tenant}}))
    yield request("tenant nowhere", "GET /i/tenants/a.json", tokens(claims={"tenant": "a"}))
    for key, name in ((ACME, "acme"), (ACME, "beta"), (BETA, "beta"), (ACME, "ACME"), (ACME, "-")):
        yield request(f"mine {key[4]} {name}", f"GET /i/mine/{name}?api_key={key}")
    for key in (ACME, BETA):
        yield request(f"only {key[4]}", f"GET /i/only?api_key={key}")


def _combined(tokens: _Tokens) -> Iterator[Sent]:
    for key in ("", ACME, BETA, "bad"):
        query = f"?api_key={key}" if key else ""
        for name, fields in {
            "nothing": (),
            "basic acme": (basic("acme", ACME),),
            "basic beta": (basic("beta", BETA),),
            "cookie acme": (f"Cookie: key={ACME}",),
            "cookie bad": ("Cookie: key=bad",),
        }.items():
            yield request(f"several {key[-3:]}, {name}", f"GET /i/several{query}", *fields)
        for name, fields in {"nothing": (), "token": (tokens(),), "bad token": ("Authorization: Bearer x",)}.items():
            yield request(f"optional {key[-3:]}, {name}", f"GET /i/optional{query}", *fields)
            yield request(f"all {key[-3:]}, {name}", f"GET /i/all{query}", *fields)
    yield request(
        "spoofed claims", "GET /i/near", "X-Gwc-Claims: e30", "X-Gwc-Subject: root", "X-Gwc-Consumer: acme", "Authorization: Bearer x"
    )
    yield request("spoofed claims with a token", "GET /i/token", tokens(), "X-Gwc-Claims: e30", "Connection: X-Gwc-Claims, Authorization")
    yield request("forwarded token", "GET /i/other", tokens(other=True), "Connection: Authorization")
