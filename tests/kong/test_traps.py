"""Kong's fail-open traps on the surface of the plugin: closed with the cure, and open again when only the cure is taken away.

Numbers are those of the project's list of facts about Kong. What only a real Kong can show is in `ON_A_REAL_KONG`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from gwc.backends import kong
from gwc.semantics import parse
from tests.kong.fake_kong import FakeKong
from tests.lua.identity_traffic import ACME, basic, identity_gateway
from tests.lua.traffic import NOW_S, request, rich_gateway
from tests.support.sample import gateway
from tests.support.tokens import identity_provider, token_for

GATEWAY = rich_gateway()
IDENTITY = identity_gateway()
_MODULES = "lua/gwc/"
CASES = Path(__file__).parents[1] / "cases"


def without(name: str, cure: str, instead: str = "") -> Callable[[dict[str, str]], None]:
    """Takes a cure out of a file; it must be there exactly once."""

    def change(files: dict[str, str]) -> None:
        file = name if name in files else f"{_MODULES}{name}.lua"
        assert files[file].count(cure) == 1, f"{file} has {files[file].count(cure)} times {cure!r}"
        files[file] = files[file].replace(cure, instead)

    return change


def together(*changes: Callable[[dict[str, str]], None]) -> Callable[[dict[str, str]], None]:
    def change(files: dict[str, str]) -> None:
        for one in changes:
            one(files)

    return change


def entity(change: Callable[[dict], object]) -> Callable[[dict[str, str]], None]:
    """Changes kong.yml."""

    def write(files: dict[str, str]) -> None:
        document = json.loads(files["kong.yml"])
        change(document)
        files["kong.yml"] = json.dumps(document)

    return write


def token(**described: object) -> str:
    claims = {"exp": int(NOW_S) + 1000}
    return f"Authorization: Bearer {token_for(GATEWAY.jwts[0], {'scope': 'a', 'claims': claims, **described})}"


def der_token() -> str:
    return f"Authorization: Bearer {_der(identity_provider(), token()[len('Authorization: Bearer ') :])}"


def _der(provider, text: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415

    from gwc.semantics.base64url import encode  # noqa: PLC0415

    signed, _, _ = text.rpartition(".")
    raw = provider.signature(signed.encode(), "ES256")
    return f"{signed}.{encode(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))}"


PUBLIC = request("", "GET /v1/health")
WITH_TOKEN = request("", "GET /v1/items/x", token())
MANY_FIELDS = request("", "GET /v1/health", *(f"X-{n}: 1" for n in range(148)), "X_Gwc_Subject: root")


def passes(result) -> bool:
    return bool(result.get("forwarded"))


def seen(result, name: str) -> list[str]:
    return [v for k, v in result["forwarded"]["headers"] if k == name]


@dataclass(frozen=True)
class Trap:
    """`is_open` looks at what became of `sent`; `broken` is another fault that the cure is for, there in both runs."""

    name: str
    sent: object
    cure: Callable[[dict[str, str]], None]
    is_open: Callable[[dict], bool] = passes
    broken: Callable[[dict[str, str]], None] = lambda _: None
    more: tuple[tuple[str, object], ...] = ()


_OPEN_HOST = entity(lambda d: d["services"][0].update(host=d["upstreams"][0]["name"]))
_NO_PLUGIN = entity(lambda d: d.pop("plugins"))
_DISABLED = entity(lambda d: d["plugins"][0].update(enabled=False))
_OTHER_BUILD = entity(lambda d: d["plugins"][0]["config"].update(digest="other"))
_NO_DIGEST_CHECK = without("host_kong", "conf.digest ~= data.digest or ngx.ctx.gwc_normalised ~= true", "false")
_TRUTHY = together(
    without("kong_cryptography", "verify(signature, message, digest) == true", "verify(signature, message, digest)"),
    without(
        "jwt", "if key.verify(token.signature, token.signed, r) ~= true then", "if not key.verify(token.signature, token.signed, r) then"
    ),
)
_OPEN_QUERY = without("host_kong", 'ngx.ctx.request_uri, var.args = target, string.match(target, "%?(.*)$") or ""', "")


def identity(changed: Callable[[dict[str, str]], None] = lambda _: None, **more) -> FakeKong:
    return FakeKong(IDENTITY, NOW_S, change=changed, **more)


_BIG_CHUNK = request("", "GET /v1/health", "Transfer-Encoding: chunked", content=b"11170\r\n" + b" " * 70_000 + b"\r\n0\r\n\r\n")

TRAPS = [
    Trap("1 no plugin", PUBLIC, _OPEN_HOST, broken=_NO_PLUGIN),
    Trap("1 plugin disabled", PUBLIC, _OPEN_HOST, broken=_DISABLED),
    Trap("1 plugin of a route, of another build", PUBLIC, together(_NO_DIGEST_CHECK, without("host_kong", "ngx.ctx.gwc_request, {}", "base.read(decide.values), {}")),
         broken=_OTHER_BUILD, more=(("scoped", True),)),
    Trap("2 plugin of a route, whose rewrite never runs", request("", "GET /v1/health", host="evil.test"),
         together(_NO_DIGEST_CHECK, without("host_kong", "ngx.ctx.gwc_request, {}", "base.read(decide.values), {}"),
                  without("decide", "routing.find(core.tries, r.host,", 'routing.find(core.tries, "api.test",')), more=(("scoped", True),)),
    Trap("3 the 101st header is not seen", MANY_FIELDS, without("nginx_request", "get_headers(0)", "get_headers()")),
    Trap("4 Connection names the identity", request("", "GET /v1/items/x", token(), "Connection: X-Gwc-Subject"),
         without("host_kong", "ngx.ctx.cached_request_headers = nil"), lambda r: passes(r) and seen(r, "x-gwc-subject") != ["alice"]),
    Trap("4 TE comes back", request("", "GET /v1/health", "TE: trailers"), without("host_kong", "ngx.ctx.cached_request_headers = nil"),
         lambda r: seen(r, "te") != []),
    Trap("5 a name with an underscore", request("", "GET /v1/health", "X_Gwc_Subject: root"),
         without("decide", 'if underscore then return "normalise.headerName" end')),
    Trap("6 identity of the client", request("", "GET /v1/health", "X-Gwc-Subject: root"), without("data", '"x-gwc-subject", '),
         lambda r: seen(r, "x-gwc-subject") != []),
    Trap("6 credentials reach the upstream", WITH_TOKEN, without("data", '"authorization", '), lambda r: seen(r, "authorization") != []),
    Trap("7 another path is forwarded than was checked", request("", "GET /v1/items/%c3%a9.json"),
         without("host_kong", 'var.upstream_uri = string.match(target, "^[^?]*")'), lambda r: r["forwarded"]["target"] != "/v1/items/%c3%a9.json"),
    Trap("12 kong.yml of another build", PUBLIC, _NO_DIGEST_CHECK, broken=_OTHER_BUILD),
    Trap("14 a body above the buffer is nil", _BIG_CHUNK, without("nginx_request", "  local file = io.open", "  do return 0 end\n  local file = io.open")),
    Trap("17 a DER signature", request("", "GET /v1/items/x", der_token()),
         without("kong_cryptography", "#signature == bytes and public:verify(signature, message, digest, nil, options)",
                 "public:verify(signature, message, digest, nil, {})")),
    Trap("24 HTTP/1.0 without Host", request("", "GET /v1/health HTTP/1.0", host="", sni="kong"),
         together(without("decide", 'if r.version < 1.1 then return "normalise.version" end'), without("decide", 'r.host == nil or r.host == "" or #r.header("host") ~= 1 or '),
                  without("nginx_request", "host = var.http_host and var.host", "host = var.host"), without("data", '["api.test"] = true,', '["kong"] = true, ["api.test"] = true,'),
                  without("decide", "routing.find(core.tries, r.host,", 'routing.find(core.tries, "api.test",'))),
    Trap("0 unknown SNI", replace(PUBLIC, sni="evil.test"), without("host_kong", "if host == nil then return ngx.exit(ngx.ERROR) end"),
         lambda r: r["handshake"]),
    Trap("0 Host is not the SNI", request("", "GET /v2/health", host="partner.test"), without("decide", "== true and r.sni == r.host", "== true")),
    Trap("10 X-Forwarded-For of the client", request("", "GET /v1/health", "X-Forwarded-For: 6.6.6.6"),
         without("host_kong", 'var.upstream_x_forwarded_for, var.upstream_x_forwarded_host, var.upstream_x_forwarded_proto = var.remote_addr, var.host, "https"'),
         lambda r: seen(r, "x-forwarded-for") != ["127.0.0.1"]),
    Trap("10 a websocket upgrade", request("", "GET /v1/health", "Connection: Upgrade", "Upgrade: websocket"),
         without("host_kong", 'var.upstream_via, var.upstream_te, var.upstream_upgrade, var.upstream_connection = "", "", "", "keep-alive"'),
         lambda r: seen(r, "upgrade") != []),
]  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name)
def test_closed_with_the_cure_and_open_without(trap: Trap):
    cured = FakeKong(GATEWAY, NOW_S, change=trap.broken)
    opened = FakeKong(GATEWAY, NOW_S, change=together(trap.broken, trap.cure))
    parsed = parse(trap.sent.raw)
    closed = cured.send(parsed, sni=trap.sent.sni, **dict(trap.more))
    assert not trap.is_open(closed), closed
    after = opened.send(parsed, sni=trap.sent.sni, **dict(trap.more))
    assert trap.is_open(after), after


@pytest.mark.parametrize("answer", [False, None, 1, "true", 0])
def test_16_only_true_is_a_good_signature(answer):
    """An error of the library is nil or false with a text, and must never be taken for a good signature."""
    good = request("", "GET /v1/items/x", token(alg="RS256"))
    assert not passes(FakeKong(GATEWAY, NOW_S, verify=lambda *_: answer).send(parse(good.raw)))
    assert passes(FakeKong(GATEWAY, NOW_S, verify=lambda *_: True).send(parse(good.raw)))


def test_16_open_without_the_comparison():
    good = request("", "GET /v1/items/x", token(alg="RS256"))
    assert passes(FakeKong(GATEWAY, NOW_S, change=_TRUTHY, verify=lambda *_: 1).send(parse(good.raw)))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_16_the_digest_is_always_named(algorithm):
    named = []
    fake = FakeKong(GATEWAY, NOW_S, verify=lambda *given: named.append(given[3]) or True)
    assert passes(fake.send(parse(request("", "GET /v1/items/x", token(alg=algorithm)).raw)))
    assert named == ["sha256"]


def _pss_with_a_short_salt() -> str:
    """A token with a valid signature of PS256, but for the length of its salt (RFC 7518 3.5)."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS  # noqa: PLC0415

    from gwc.semantics.base64url import encode  # noqa: PLC0415

    claims = {"exp": int(NOW_S) + 1000, "iat": int(NOW_S)}
    signed, _, _ = token_for(IDENTITY.jwts[0], {"alg": "PS256", "claims": claims}).rpartition(".")
    salted = PSS(mgf=MGF1(hashes.SHA256()), salt_length=20)
    signature = identity_provider().private_key("PS256").sign(signed.encode(), salted, hashes.SHA256())
    return f"Authorization: Bearer {signed}.{encode(signature)}"


def test_15_a_salt_of_another_length_is_no_good_signature():
    sent = parse(request("", "GET /i/token", _pss_with_a_short_salt()).raw)
    assert not passes(identity().send(sent))
    assert passes(identity(without("kong_cryptography", "{ pss_saltlen = hash_bytes }", "{}")).send(sent))


@pytest.mark.parametrize("target", [f"/i/query?a=1&api_key={ACME}", f"/i/query?api_key={ACME}", f"/i/query?api_key={ACME}&"])
def test_10_a_key_in_the_query_stays_here(target):
    """Kong adds the query of the request to the path that the plugin gives it."""
    sent = parse(request("", f"GET {target}").raw)
    assert ACME not in identity().send(sent)["forwarded"]["target"]
    assert ACME in identity(_OPEN_QUERY).send(sent)["forwarded"]["target"]


def test_10_a_key_in_a_cookie_stays_here():
    sent = parse(request("", "GET /i/cookie", f"Cookie: a=b; key={ACME}").raw)
    assert seen(identity().send(sent), "cookie") == ["a=b"]
    assert ACME in str(seen(identity(without("forwarding", "  clean_cookies(data, r)\n")).send(sent), "cookie"))


def test_10_a_generated_password_stays_here():
    sent = parse(request("", "GET /i/basic", basic("acme", ACME)).raw)
    result = identity().send(sent)
    assert passes(result)
    assert not seen(result, "authorization")


def test_4_connection_can_not_take_the_claims_away():
    claims = {"exp": int(NOW_S) + 1000, "iat": int(NOW_S)}
    good = f"Authorization: Bearer {token_for(IDENTITY.jwts[0], {'claims': claims})}"
    sent = parse(request("", "GET /i/token", good, "Connection: X-Gwc-Claims", "X-Gwc-Claims: e30").raw)
    (payload,) = seen(identity().send(sent), "x-gwc-claims")
    assert payload == good.split(".")[1]


_BROKEN = {
    "api_key": ("local presented = values[1]", f"GET /i/query?api_key={ACME}", ()),
    "basic": ("local decoded = M.is_meant(value)", "GET /i/basic", (basic("acme", ACME),)),
    "carrier": ("local found, query = {}, match(target", f"GET /i/query?api_key={ACME}", ()),
    "jwt": ("local key, reason = verifying_key(control, token, r)", "GET /i/token", ("token",)),
    "json": ("if not is_utf8(text) then return nil end", "GET /i/token", ("token",)),
    "base64url": ('if find(text, "[^%w_-]") then return nil end', "GET /i/token", ("token",)),
    "kong_cryptography": ("return public:verify(signature, message, digest) == true", "GET /i/token", ("token RS256",)),
    "token_cache": ("local value = young[key]", "GET /i/token", ("token",)),
    "key_source": ("local key = keys[kid]", "GET /i/token", ("token",)),
    "authorization": ("local refusal = refused(core,", f"GET /i/admin?api_key={ACME}", ()),
    "zone": ("if address == nil then return false end", "GET /i/near", ()),
    "security": ("local result\n  for _, alternative in", f"GET /i/query?api_key={ACME}", ()),
}


@pytest.mark.parametrize("module", _BROKEN)
def test_an_exception_in_any_check_denies_and_nothing_else_is_touched(module):
    """What a check raises is 500 for the requests that need it; an operation without it goes on."""
    place, line, fields = _BROKEN[module]
    claims = {"exp": int(NOW_S) + 1000, "iat": int(NOW_S)}
    tokens = {"token": "ES256", "token RS256": "RS256"}
    made = [
        f"Authorization: Bearer {token_for(IDENTITY.jwts[0], {'alg': tokens[f], 'claims': claims})}" if f in tokens else f for f in fields
    ]
    fake = identity(without(module, place, f"error('secret of the check') {place}"))
    assert passes(identity().send(parse(request("", line, *made).raw)))
    result = fake.send(parse(request("", line, *made).raw))
    assert not passes(result)
    assert (result["status"], json.loads(result["body"])["reason"]) == (500, "internal.error")
    assert "secret" not in result["body"]
    elsewhere = request("", "GET /i/near" if module in {"carrier", "security"} else "GET /i/optional")
    assert passes(fake.send(parse(elsewhere.raw)))


def _spends(fake: FakeKong) -> bool:
    """Whether one address gets more than its burst while others fill the dictionary."""
    sent = parse(PUBLIC.raw)
    for number in range(20):
        fake.send(sent, client=f"10.0.0.{number}")
        if number > 5 and passes(fake.send(sent, client="10.0.0.0")):
            return True
    return False


def test_20_a_full_dictionary_forgets_no_bucket():
    """Where callers can't make keys as they like; by address, who has so many has as many full buckets."""
    limit = replace(GATEWAY.rate_limits[0], limit=1, window_s=3600, burst=1)
    source = replace(GATEWAY, rate_limits=(limit,))
    assert _spends(FakeKong(source, NOW_S, capacity=4))
    kept = without("data", "may_forget = true", "may_forget = false")
    assert not _spends(FakeKong(source, NOW_S, capacity=4, change=kept))
    forgotten = without("token_buckets", "dictionary:safe_set(", "dictionary:set(")
    assert _spends(FakeKong(source, NOW_S, capacity=4, change=together(kept, forgotten)))


def test_an_invalid_path_is_decided_before_kongs_router():
    """Kong's router answers 404 to a path that is not UTF-8: `rewrite` must have refused it before."""
    raw = request("", "GET /v1/items/\xe9")
    fake = FakeKong(GATEWAY, NOW_S)
    assert '"reason":"normalise.path"' in fake.send(parse(raw.raw))["body"]


@pytest.mark.parametrize("place", ["rewrite", "access"])
def test_an_exception_denies(place):
    """Whatever fails inside of the plugin: no upstream, and an answer in the form of gwc."""
    broken = {"rewrite": without("host_kong", "local denied = core.normalise(r)", "local denied = core.nothing(r)"),
              "access": without("host_kong", "verdict = core.judge(r, verdict)", "verdict = core.nothing(r, verdict)")}[place]  # fmt: skip
    result = FakeKong(GATEWAY, NOW_S, change=broken).send(parse(PUBLIC.raw))
    assert not passes(result)
    assert (result["status"], json.loads(result["body"])["reason"]) == (500, "internal.error")
    assert result["errors"]


def test_an_unknown_upstream_denies():
    gone = entity(lambda d: d["upstreams"].pop(0))
    result = FakeKong(GATEWAY, NOW_S, change=gone).send(parse(PUBLIC.raw))
    assert (passes(result), result["status"]) == (False, 500)


@pytest.mark.parametrize(
    "broken",
    [
        without("nginx-http.conf", "lua_shared_dict gwc_limit_per-ip ", "lua_shared_dict other "),
        without("nginx-http.conf", "lua_shared_dict gwc_limits 1m;"),
        without("data", '"P-256", x = "', '"P-256", x = "!'),
    ],
)
def test_what_is_missing_or_broken_stops_the_start(broken):
    files = together(broken) if broken else None
    with pytest.raises(Exception, match=r"lua_shared_dict|base64url"):
        FakeKong(gateway(), NOW_S, change=files)


SETTINGS = {
    "database": "off",
    "plugins": "gwc",  # 22: nothing else is loaded
    "untrusted_lua": "off",  # 22
    "admin_listen": "off",  # 21
    "admin_gui_listen": "off",
    "status_listen": "off",
    "request_debug": "off",  # 21
    "allow_debug_header": "off",  # 21
    "anonymous_reports": "off",
    "headers": "off",
    "headers_upstream": "off",
    "lua_max_req_headers": "1000",  # 3
    "ssl_session_tickets": "off",
    "ssl_cipher_suite": "custom",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_21_and_22_every_dangerous_default_is_set(name):
    assert FakeKong(GATEWAY, NOW_S).settings()[name] == SETTINGS[name]


def test_23_no_address_of_a_client_is_believed():
    assert not {"trusted_ips", "real_ip_header", "real_ip_recursive"} & set(FakeKong(GATEWAY, NOW_S).settings())


def test_13_nginx_has_a_limit_for_bodies():
    assert int(FakeKong(GATEWAY, NOW_S).settings()["nginx_http_client_max_body_size"]) > 65536
    empty = replace(gateway(), operations=tuple(replace(o, body=replace(o.body, max_bytes=0)) for o in gateway().operations))
    assert int(FakeKong(empty, NOW_S).settings()["nginx_http_client_max_body_size"]) > 0


def test_8_and_9_and_10_one_route_one_service_no_retries():
    document = FakeKong(GATEWAY, NOW_S).document
    (service,) = document["services"]
    (route,) = service["routes"]
    assert service["retries"] == 0
    assert (route["paths"], route["strip_path"], "hosts" in route, "methods" in route) == (["/"], False, False, False)
    assert [p["name"] for p in document["plugins"]] == ["gwc"]
    assert not {"route", "service", "consumer"} & set(document["plugins"][0])


def test_19_no_regular_expression_with_a_match_limit():
    files = kong.compile(GATEWAY).files
    assert not [n for n, text in files.items() if n.endswith(".lua") and re.search(rb"\bngx\.re\b", text)]


ON_A_REAL_KONG = {
    "0 a handshake with an unknown name, or with old TLS": "listener_tls",
    "5 signatures by resty.openssl, sets that are fetched": "jwt",
    "5 client certificates": "mutual_tls",
    "7 limits of consumers": "consumer",
    "7 exactly the burst under load with two workers": "rate_limit",
    "9 upstreams of another authority, or with another name": "upstream",
    "10 the head as Kong's template sends it": "forwarding",
    "11 the answers of NGINX itself": "problem_details",
    "12 the access log": "access_log",
}
"""What the fake takes from the facts: shown by the cases of this folder when GWC_KONG names a Kong (tests/conformance)."""


@pytest.mark.parametrize("what", ON_A_REAL_KONG)
def test_what_only_a_real_kong_shows_has_cases(what):
    files = sorted((CASES / ON_A_REAL_KONG[what]).glob("*/requests.yaml"))
    assert any(yaml.safe_load(f.read_text(encoding="utf-8")) for f in files)
