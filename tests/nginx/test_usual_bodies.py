"""Requests with JSON that nothing else must be asked of: they take a short way, which must never be shorter than the long one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from gwc.controls.body import Body
from gwc.controls.validation import DEFAULT_LIMITS, OFF
from gwc.ir import Gateway
from tests.nginx.validated import ORDER_JSON, SCHEMAS, id_in_path, number_in_path, number_in_query
from tests.support.nginx_process import edited, gateway, serving
from tests.support.sample import JSON, NO_BODY, PUBLIC, one, operation
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway

LIMITS = replace(DEFAULT_LIMITS, json_depth=3, json_keys=4, array_items=2, string_bytes=64)
GOOD = b'{"id": 1, "tags": [1, "a"]}'
BAD = {
    b"": "body.missing",
    b"{}": "validate.body",
    b'{"id":"1"}': "validate.body",
    b'{"id":1,"other":1}': "validate.body",
    b'{"id":1,"id":1}': "validate.syntax",
    b'{"id":1,"i\\u0064":1}': "validate.syntax",
    b'{"id":1,"kind":"\xff"}': "validate.syntax",
    b'{"id":1e400}': "validate.syntax",
    b'{"id":1,"child":{"id":1,"id":1}}': "validate.syntax",
    b'{"id":1,"tags":[{"a":1,"a":1}]}': "validate.syntax",
    b'{"id":1,"tags":[[[1]]]}': "validate.limits",
    b'{"id":1,"tags":[{"a":1,"b":1,"c":1}]}': "validate.limits",
    b'{"id":1,"tags":[1,2,3]}': "validate.limits",
    b'{"id":1,"tags":["' + b"x" * 65 + b'"]}': "validate.limits",
    b"x" * 2000: "body.size",
}
UNUSUAL = (
    b'{"i\\u0064":1}',
    b'{"id":1.0}',
    b'{"id":12345678901234567890}',
    b'{"id":1,"tags":["\xef\xbf\xbd",":x"]}',
    b'{"id":1,"tags":["\\""]}',
)


def source(**changed: object) -> Gateway:
    """Public operations, with and without parameters that something is asked of, and one with a token."""
    taken = Body(media_types=("application/json",), required=True, max_bytes=1000)
    rule = replace(OFF, media_types=(ORDER_JSON,), limits=LIMITS, closed_query=True)
    posts = (
        operation("POST", "/v1/open", PUBLIC, taken, "o.open"),
        operation("POST", "/v1/token", one("oauth", "orders:write"), taken, "o.token"),
    )
    put = operation("PUT", "/v1/{id}", PUBLIC, JSON, "o.put")
    wide = replace(OFF, media_types=(ORDER_JSON,), parameters=(id_in_path(put),), closed_query=True)
    narrow = [operation(method, "/v1/n/{id}", PUBLIC, body, f"o.{method}") for method, body in (("GET", NO_BODY), ("PUT", taken))]
    validated = (
        *(replace(post, validation=rule) for post in posts),
        *(replace(one, validation=replace(rule, parameters=(number_in_path(one), number_in_query()))) for one in narrow),
        replace(put, validation=wide),
    )
    return gateway(operations=validated, json_schema=SCHEMAS, **changed)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serving(source(), tmp_path_factory.mktemp("usual")) as running:
        yield running


def send(site, body: bytes, *fields: str, target: str = "/v1/open", media_type: str = "application/json", method: str = "POST"):
    return site.ask(method, target, f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *fields, body=body)


def chunked(body: bytes) -> bytes:
    return (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


@pytest.mark.parametrize("body", [GOOD, *UNUSUAL])
def test_good_bodies(site, body) -> None:
    site.received()
    assert send(site, body).status == 200
    assert site.ask("POST", "/v1/open", "Content-Type: application/json", "Transfer-Encoding: chunked", body=chunked(body)).status == 200
    assert [r.body_sha256 for r in site.received()] == [hashlib.sha256(body).hexdigest()] * 2


@pytest.mark.parametrize(("body", "reason"), BAD.items())
def test_bad_bodies(site, body, reason) -> None:
    site.received()
    assert send(site, body).problem()["reason"] == reason
    answer = site.ask("POST", "/v1/open", "Content-Type: application/json", "Transfer-Encoding: chunked", body=chunked(body))
    assert answer.problem()["reason"] == reason
    assert not site.received()


@pytest.mark.parametrize(
    ("media_type", "fields", "target", "status"),
    [
        ("APPLICATION/Json", (), "/v1/open", 200),
        ("application/json; charset=UTF-8", (), "/v1/open", 200),
        ("application/json; charset=latin-1", (), "/v1/open", 415),
        ("application/json2", (), "/v1/open", 415),
        ("application/json", ("Content-Type: application/json",), "/v1/open", 415),
        ("application/json", ("Content-Encoding: identity",), "/v1/open", 200),
        ("application/json", ("Content-Encoding: gzip",), "/v1/open", 415),
        ("application/json", (), "/v1/open?", 200),
        ("application/json", (), "/v1/open?a=1", 400),
    ],
)
def test_what_is_not_as_usual(site, media_type, fields, target, status) -> None:
    assert send(site, GOOD, *fields, target=target, media_type=media_type).status == status


@pytest.mark.parametrize(("target", "status"), [("/v1/x", 200), ("/v1/%C3%A9", 200), ("/v1/%FF", 400), ("/v1/x?y", 400)])
def test_paths(site, target, status) -> None:
    assert send(site, GOOD, target=target, method="PUT").status == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/n/1", 200),
        ("/v1/n/1e2", 200),
        ("/v1/n/x", 400),
        ("/v1/n/1?n=2", 200),
        ("/v1/n/1?n=x", 400),
        ("/v1/n/1?m=2", 400),
        ("/v1/n/%C3%A9", 400),
    ],
)
def test_parameters(site, target, status) -> None:
    site.received()
    assert site.ask("GET", target).status == status
    assert send(site, GOOD, target=target, method="PUT").status == status
    assert site.ask("PUT", target).status == 400
    assert send(site, b"{}", target=target, method="PUT").status == 400
    assert len(site.received()) == (2 if status == 200 else 0)


def test_a_token_that_is_known_is_no_less_needed(site) -> None:
    jwt = site.gateway.jwts[0]
    good = "Authorization: Bearer " + token_for(jwt, {"scope": "orders:write"})
    poor = "Authorization: Bearer " + token_for(jwt, {"scope": "orders:read"})
    for _ in range(2):
        assert send(site, GOOD, good, target="/v1/token").status == 200
        assert send(site, b"{}", good, target="/v1/token").status == 400
        assert send(site, GOOD, poor, target="/v1/token").status == 403
        assert send(site, GOOD, target="/v1/token").status == 401


TARGETS = ("/v1/n/1", "/v1/n/1?n=2", "/v1/n/1?n=%32")
LONG = ("gwc.js", "function rest() {\n", "function rest() { throw new Error('x');\n")


def test_the_short_way_is_taken(tmp_path) -> None:
    """The long one is broken here: only requests that need it fail."""
    with serving(source(), tmp_path, edited(LONG)) as site:
        assert send(site, GOOD).status == 200
        assert send(site, GOOD, target="/v1/x", method="PUT").status == 200
        assert site.ask("GET", "/v1/n/1?n=2").status == 200
        assert send(site, GOOD, target="/v1/n/1?n=2", method="PUT").status == 200
        site.received()
        assert site.ask("GET", "/v1/n/1?m=2").status == 500
        assert site.ask("PUT", "/v1/n/1").status == 500
        for body in (*BAD, UNUSUAL[0]):
            assert send(site, body).status == (413 if len(body) > 1000 else 500), body
        assert send(site, GOOD, target="/v1/open?a=1").status == 500
        assert not site.received()


@pytest.mark.parametrize(
    ("file", "old", "new", "targets"),
    [
        ("gwc.js", "function plainParameters(r, rule, schemas, more) {\n", "throw new Error('s3cr3t');", TARGETS),
        ("gwc.js", "function judging() {\n", "throw new Error('s3cr3t');", TARGETS[-1:]),
        ("gwc.js", "  function hasGoodParameters(r, rule) {", "throw new Error('s3cr3t');", TARGETS[-1:]),
        ("gwc.js", "  function checkParameters(r, rule) {", "throw new Error('s3cr3t');", TARGETS[-1:]),
        ("gwc.js", "  function checkParameters(r, rule) {", "return undefined;", TARGETS[-1:]),
        ("policy.js", "function parameters(number) {", "throw new Error('s3cr3t');", TARGETS),
        ("policy.js", "function parameters(number) {", "return {};", TARGETS),
        ("policy.js", "function parameters(number) {", "return null;", TARGETS),
        ("policy.js", "function validated(number) {", "throw new Error('s3cr3t');", TARGETS),
        ("policy.js", "function validated(number) {", "return [];", TARGETS),
        ("policy.js", "function schema(number, x, tells) {", "throw new Error('s3cr3t');", TARGETS),
        ("policy.js", "function schema(number, x, tells) {", "return null;", TARGETS),
        ("policy.js", "function schema(number, x, tells) {", "return function () {};", TARGETS),
        ("policy.js", "function schema(number, x, tells) {", "return function () { return 1; };", TARGETS),
        ("policy.js", "function shape(number) {", "return null;", TARGETS[-1:]),
    ],
)
def test_faults_of_parameters_deny(tmp_path, file, old, new, targets) -> None:
    with serving(source(), tmp_path, edited((file, old, old + new))) as site:
        for target in targets:
            answer = site.ask("GET", target)
            assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
        assert not site.received()
        assert "s3cr3t" not in site.running.complaints()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("gwc.js", "function inspect(r, row, number) {\n", "throw new Error('s3cr3t');"),
        ("gwc.js", "function fits(schemas, more, number, text, limits) {\n", "throw new Error('s3cr3t');"),
        ("gwc.js", "function judgeTools(schemas, more) {\n", "throw new Error('s3cr3t');"),
        ("gwc.js", "function oddNumber(text) {\n", "throw new Error('s3cr3t');"),
        ("policy.js", "function validated(number) {", "throw new Error('s3cr3t');"),
        ("policy.js", "function schema(number, x, tells) {", "throw new Error('s3cr3t');"),
        ("policy.js", "function schema(number, x, tells) {", "return null;"),
        ("policy.js", "function schema(number, x, tells) {", "return function () { throw new Error('s3cr3t'); };"),
        ("policy.js", "function schema(number, x, tells) {", "return function () {};"),
        ("policy.js", "function schema(number, x, tells) {", "return function () { return 1; };"),
    ],
)
def test_faults_deny(tmp_path, file, old, new) -> None:
    with serving(source(), tmp_path, edited((file, old, old + new))) as site:
        answer = send(site, GOOD)
        assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
        assert not site.received()
        assert "s3cr3t" not in site.running.complaints()
        assert site.ask("GET", "/v1/nowhere/at/all").status == 404
