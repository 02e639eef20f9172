"""Every part of the script at work at once; and what happens when any one of them fails."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gwc.backends.nginx.script import LAZY, MODULES
from gwc.resources import runtime_text
from tests.nginx.everything import BASIC, GOOD, KEY, PASSWORD, everything
from tests.support.nginx_process import edited, serving

pytestmark = pytest.mark.gateway


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serving(everything(), tmp_path_factory.mktemp("everything")) as running:
        yield running


@pytest.mark.parametrize("name", GOOD)
def test_all_of_it_works(site, name) -> None:
    site.received()
    assert [GOOD[name].send(site).status for _ in range(2)] == [200, 200]
    assert len(site.received()) == 2


def test_keys_do_not_reach_the_upstream(site) -> None:
    site.received()
    for name in ("basic", "cookie", "header", "query"):
        assert GOOD[name].send(site).status == 200
    seen = site.received()
    assert not [r for r in seen if KEY in repr(r) or PASSWORD in repr(r) or r.values("authorization")]
    assert [r.target for r in seen] == ["/v1/basic", "/v1/cookie", "/v1/header", "/v1/query?a=1"]
    assert seen[1].values("cookie") == ("a=1",)


def test_a_public_operation_forwards_no_key_either(site) -> None:
    """They have a lane without the script, but not for requests that may carry a key."""
    site.received()
    assert site.ask("GET", f"/v1/open?api_key={KEY}&b=2", f"Cookie: key={KEY}", "Cookie: b=2", f"X-API-Key: {KEY}").status == 200
    (got,) = site.received()
    assert (got.target, got.values("cookie"), got.values("x-api-key")) == ("/v1/open?b=2", ("b=2",), ())


def test_bytes_that_are_no_text_stay_in_cookies(site) -> None:
    site.received()
    assert site.ask("GET", "/v1/open", f"Cookie: a=\xe9\xff; key={KEY};b=\xc3\xa9").status == 200
    assert site.received()[0].values("cookie") == ("a=\xe9\xff; b=\xc3\xa9",)


def test_no_log_holds_what_was_shown(tmp_path) -> None:
    """Good credentials and bad ones, of every kind."""
    with serving(everything(), tmp_path) as site:
        for ask in GOOD.values():
            assert ask.send(site).status == 200
            for fault in ("tampered", "expired", "headerNotJson"):
                if ask.scheme:
                    assert replace(ask, described={**ask.described, "fault": fault}).send(site).status == 401
        bad = "bad-key-0123456789"
        for target, *fields in (
            (f"/v1/query?api_key={bad}",),
            ("/v1/cookie", f"Cookie: key={bad}"),
            ("/v1/header", f"X-API-Key: {bad}"),
            ("/v1/basic", "Authorization: Basic " + base64.b64encode(f"acme:gwc_{bad * 3}".encode()).decode()),
        ):
            assert site.ask("GET", target, *fields).status == 401
        text = site.running.complaints() + (site.running.folder / "stdout").read_text()
    secrets = (KEY, PASSWORD, BASIC[-20:], bad, base64.b64encode(bad.encode()).decode()[:12], "eyJ")
    assert not [secret for secret in secrets if secret in text], text[:500]


# --- faults

# Where each function of the runtime that has something to do with a request fails, and the request that runs into it.
FAULTS = [
    ("api_key", "  function check(r, scheme, nowS) {\n", "header"),
    ("api_key", "  function find(r, map, key, nowS, unknown) {\n", "header"),
    ("api_key", "  function presented(r, location, name) {\n", "query"),
    ("authorization", "  function check(r, rules, known) {\n", "ruled"),
    ("authorization", "  function areEqual(r, sides, known) {\n", "ruled"),
    ("authorization", "  function rolesOf(r, known) {\n", "ruled"),
    ("basic", "  function check(r, scheme, authorization, nowS) {\n", "basic"),
    ("body", "  function check(r, rule, length) {\n", "body"),
    ("body", "  function check(r, rule, length) {\n", "chunked"),
    ("body", "  function checkAbsent(rule) {", "header"),
    ("base64url", "  function decode(text) {\n", "claims"),
    ("carrier", "  function cookiesWithout(field, names) {\n", "cookie"),
    ("carrier", "  function inCookies(field, name) {\n", "cookie"),
    ("carrier", "  function inQuery(target, name) {\n", "query"),
    ("carrier", "  function targetWithout(target, names) {\n", "query"),
    ("bearer", "  function grant(known, scheme, found) {\n", "claims"),
    ("bearer", "  function recall(r, schemes, nowS, known) {\n", "claims"),
    ("bearer", "  async function verify(r, schemes, nowS, known) {\n", "claims"),
    ("blanks", "export default function blanks(bytes) {\n", "header"),
    ("lowered", "export default function lowered(text) {\n", "body"),
    ("caller", "  function nobody() {", "header"),
    ("certificate", "  function names(pem) {\n", "certificate"),
    ("client_address", "export default function clientAddress(r, ipv6Prefix) {\n", "header"),
    ("claims", "  function find(payload, path) {\n", "ruled"),
    ("claims", "  function texts(payload, path) {\n", "token"),
    ("consumer", "  function find(r, number) {\n", "header"),
    ("consumer", "  function take(known) {\n", "header"),
    ("decision", "  function decide(r, number, isFramed) {\n", "header"),
    ("decision", "  function count(r, rule, phase, known, value) {\n", "header"),
    ("decision", "  function finish(r, rule, known, value) {\n", "chunked"),
    ("decision", "  function isLimited(r, rule, kind, waitMs) {\n", "header"),
    ("decision", "  function tell(r, rule) {\n", "header"),
    ("decision", "  function name(r, known) {\n", "token"),
    ("decision", "  function settle(r, rule, isFramed, known) {\n", "claims"),
    ("forwarding", "  function forwardToken(r, schemes, known) {\n", "claims"),
    ("forwarding", "  function prepare(r, rule, known) {\n", "token"),
    ("forwarding", "  function removeKeys(r) {\n", "cookie"),
    ("json", "  function parseObject(bytes) {\n", "claims"),
    ("jwt", "  function claimFault(issuer, payload) {\n", "claims"),
    ("jwt", "  async function check(r, scheme, token, nowS) {\n", "claims"),
    ("jwt", "  function granted(scheme, payload) {\n", "claims"),
    ("jwt", "  function payloadText(authorization) {", "claims"),
    ("jwt", "  function read(authorization) {\n", "claims"),
    ("key_source", "  async function current(r, issuer, kid) {\n", "remote"),
    ("key_source", "  async function find(r, issuer, kid) {\n", "remote"),
    ("key_source", "  function readSecrets(issuer) {\n", "secret"),
    ("mutual_tls", "  function check(r, scheme) {\n", "certificate"),
    ("mutual_tls", "  function isPresented(r) {", "certificate"),
    ("bucket", "  function keep(buckets, key, full, now) {", "header"),
    ("bucket", "  function take(buckets, key, limit, tokens) {\n", "header"),
    ("bucket", "  function takeLocked(buckets, key, limit, tokens) {\n", "header"),
    ("rate_key", "  function inCookies(r, name) {\n", "header"),
    ("rate_key", "  function inHeader(r, name) {\n", "header"),
    ("rate_key", "  function member(value, names) {\n", "json"),
    ("rate_key", "  function of(r, parts, known, value) {\n", "header"),
    ("rate_key", "  function scalar(value) {\n", "ruled"),
    ("rate_key", "  function valueOf(r, part, known, value) {\n", "header"),
    ("rate_limit", "  function count(r, charges, known, value, told) {\n", "header"),
    ("rate_limit", "  function left(limit, missingMs) {\n", "header"),
    ("remembered", "export default function remembered(mark, source, authorization, now) {\n", "claims"),
    ("security", "  function decide(asked, known) {\n", "header"),
    ("security", "  function judge(r, asked, nowS, known) {\n", "header"),
    ("security", "  function recall(r, asked, nowS) {\n", "header"),
    ("security", "  async function verify(r, asked, nowS) {\n", "claims"),
    ("signature", "  async function isGood(algorithm, key, bytes, text) {\n", "claims"),
    ("signature", "  function hmac(algorithm, key, text) {\n", "secret"),
    ("signature", "  function kindOf(algorithm) {\n", "claims"),
    ("ascii", "export default function ascii(bytes) {\n", "form"),
    ("automaton", "  function find(text, table, states, width, start) {\n", "json"),
    ("decimal", "  function compare(a, b) {\n", "exact"),
    ("decimal", "  function isMultiple(value, digits, exponent) {\n", "exact"),
    ("decimal", "  function of(isNegative, digits, exponent) {\n", "exact"),
    ("deep_object", "  function read(name, members, decode) {\n", "parameters"),
    ("deep_object", "  function value(texts, shape, limits) {\n", "parameters"),
    ("form", "  function ofParts(rule, bytes, found, limits) {\n", "multipart"),
    ("form", "  function urlencoded(rule, bytes, limits) {\n", "form"),
    ("json_bytes", "  function read(given, within) {\n", "exact"),
    ("media_type", "  function parameters(text, at) {\n", "exact"),
    ("media_type", "  function read(text) {\n", "json"),
    ("multipart", "  function read(bytes, boundary, most) {\n", "multipart"),
    ("parameters", "  function check(r, rule) {\n", "parameters"),
    ("parameters", "  function checkOne(one, sent, limits, failures) {\n", "parameters"),
    ("parameters", "  function inCookies(one, r) {\n", "parameters"),
    ("parameters", "  function inHeader(one, r) {\n", "parameters"),
    ("percent", "export default function percent(text, plus) {\n", "parameters"),
    ("pointer", "export default function pointer(name) {", "parameters"),
    ("put", "export default function put(object, name, value) {\n", "form"),
    ("query_parts", "  function deal(declared, parts, known) {\n", "parameters"),
    ("query_parts", "  function read(text, most) {\n", "parameters"),
    ("reading", "  function jsonField(plain, texts, decode, limits) {\n", "form"),
    ("reading", "  function value(plain, isSpread, name, sent, decode, limits) {\n", "parameters"),
    ("schema", "  function failures(number, value, pointer) {\n", "json"),
    ("judge_tools", "  function unique(items) {\n", "json"),
    ("strict_json", "  function read(bytes, limits) {\n", "json"),
    ("style", "  function read(reading, name, raw, decode) {\n", "parameters"),
    ("text_value", "  function read(text, shape) {\n", "parameters"),
    ("trimmed", "export default function trimmed(text) {\n", "parameters"),
    ("utf8", "export default function utf8(bytes) {\n", "form"),
    ("values_of", "export default function valuesOf(fields, name) {\n", "parameters"),
    ("odd_number", "export default function oddNumber(text) {\n", "json"),
    ("judge_tools", "export default function judgeTools(schemas, more) {\n", "json"),
    ("judge_tools", "  function call(number) {\n", "json"),
    ("validation", "  function checkBody(rule, type, bytes, taken) {\n", "opaque"),
    ("validation", "  function checkParameters(r, rule) {", "parameters"),
    ("validation", "  function judge(number, found, taken) {\n", "json"),
    ("token_key", "export default function tokenKey(mark, source, authorization, now) {\n", "claims"),
    ("token_memory", "  function keep(key, known, now) {\n", "claims"),
]
# What is no part of a decision, or not of these: a fault there has another end (below, test_key_fetching.py and test_usual_bodies.py).
ELSEWHERE = {"fits", "plain_parameters", "judging", "head", "gwc", "jwk", "key_provider", "metrics", "problem", "rest", "spki"}


def named(module: str, function: str) -> str:
    found = re.search(r"function (\w+)", function)
    assert found
    return f"{module}.{found[1]}"


def breakable(files: Mapping[str, str]) -> dict[str, str]:
    """Each of these functions throws when it is the one that `/fault?<name>` named last."""
    setter = "function fault(r) { ngx.shared.faults.set('now', r.variables.args); r.return(204); }\n"
    changes = [
        ("gwc.js", "export default { access, ", setter + "export default { fault, access, "),
        ("nginx.conf", "  js_path .;", "  js_path .; js_shared_dict_zone zone=faults:32k;"),
        ("nginx.conf", "server_name api.test;\n", "server_name api.test;\n    location = /fault { js_content gwc.fault; }\n"),
    ]
    for module, function in dict.fromkeys((m, f) for m, f, _ in FAULTS):
        text = function.replace("export default ", "")
        assert runtime_text(f"js/{module}.js").count(function) == 1, function
        name = named(module, function)
        throw = f" if (ngx.shared.faults.get('now') === '{name}') throw new Error('injected s3cr3t'); "
        start = files["gwc.js"].index(runtime_text(f"js/{module}.js").split("\n", 1)[0])
        files = {**files, "gwc.js": files["gwc.js"][:start] + files["gwc.js"][start:].replace(text, text + throw, 1)}
    return edited(*changes)(files)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    with serving(everything(), tmp_path_factory.mktemp("faults"), breakable) as running:
        yield running


@pytest.mark.parametrize(("module", "function", "name"), FAULTS, ids=[f"{named(m, f)}-{n}" for m, f, n in FAULTS])
def test_a_part_that_fails_denies(fragile, module, function, name) -> None:
    """500 `internal.error`; nothing arrives, operations that do not need the broken part go on, and it is over when the fault is."""
    fragile.ask("GET", f"/fault?{named(module, function)}")
    fragile.received()
    answer = GOOD[name].send(fragile)
    assert (answer.status, answer.problem().get("reason")) == (500, "internal.error"), answer
    assert not fragile.received()
    assert fragile.ask("GET", "/v1/open").status == 200
    assert fragile.ask("GET", "/v1/nowhere").status == 404
    fragile.ask("GET", "/fault?none")
    assert GOOD[name].send(fragile).status == 200
    assert "s3cr3t" not in fragile.running.complaints()


def test_every_part_was_made_to_fail() -> None:
    assert {module for module, _, _ in FAULTS} | ELSEWHERE == set(MODULES)
    assert set(LAZY) <= set(MODULES)


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        (edited(("gwc.js", "function rest() {\n", "function rest() { throw new Error('x');\n")), "header"),
        (edited(("policy.js", "function rule(number) {", "function rule(number) { throw new Error('x');")), "claims"),
        (edited(("policy.js", "function usual(number) {", "function usual(number) { throw new Error('x');")), "claims"),
        (edited(("policy.js", "function issuer(scheme) {", "function issuer(scheme) { return null;")), "claims"),
        (edited(("policy.js", "function rule(number) {", "function rule(number) { return null;")), "header"),
        (edited(("policy.js", "function usual(number) {", "function usual(number) { return [];")), "claims"),
        (edited(("policy.js", "function schema(number, x, tells) {", "function schema(number, x, tells) { throw new Error('x');")), "json"),
        (edited(("policy.js", "function schema(number, x, tells) {", "function schema(number, x, tells) { return null;")), "json"),
        (
            edited(
                (
                    "policy.js",
                    "function schema(number, x, tells) {",
                    "function schema(number, x, tells) { return function () { throw new Error('x'); };",
                )
            ),
            "json",
        ),
        (
            edited(("policy.js", "function schema(number, x, tells) {", "function schema(number, x, tells) { return function () {};")),
            "json",
        ),
        (
            edited(
                (
                    "policy.js",
                    "function schema(number, x, tells) {",
                    "function schema(number, x, tells) { return function () { return 1; };",
                )
            ),
            "form",
        ),
        (edited(("policy.js", "function shape(number) {", "function shape(number) { return null;")), "parameters"),
        (edited(("policy.js", "function parameters(number) {", "function parameters(number) { return null;")), "parameters"),
        (edited(("policy.js", "function bodies(number) {", "function bodies(number) { return null;")), "json"),
    ],
    ids=[
        "rest",
        "rule",
        "usual",
        "issuer",
        "no rule",
        "an empty usual",
        "schema",
        "no schema",
        "a schema that fails",
        "a schema that says nothing",
        "a schema that says something else",
        "no shape",
        "no parameters",
        "no bodies",
    ],
)
def test_whatever_else_fails_lets_nothing_pass(tmp_path, edit, name) -> None:
    """The answer may be NGINX's own 500."""
    with serving(everything(), tmp_path, edit) as site:
        assert GOOD[name].send(site).status == 500
        assert not site.received()
        assert site.ask("GET", "/v1/open").status == 200


def test_a_refusal_that_fails_lets_nothing_pass(tmp_path) -> None:
    edit = edited(("gwc.js", "  function answer(r, reason, name, value, errors) {\n", "  function answer() { throw new Error('x');\n"))
    with serving(everything(), tmp_path, edit) as site:
        for target, *fields in (("/v1/header",), ("/v1/header", "X-API-Key: nobodys"), ("/v1/claims", "Authorization: Bearer x")):
            assert site.ask("GET", target, *fields).status == 500
        assert not site.received()
        assert GOOD["header"].send(site).status == 200
