"""Each fail-open trap of NGINX on this surface, twice: with its cure it is closed, without the cure it is open, so the trap is real.

Traps that this surface does not have:

| trap | why not |
|---|---|
| hex ranges in one letter case | the grammar lists what is allowed: a range that lacks a case refuses more (checked below all the same) |
| limit_req keyed by a variable of js_access; limits keyed by unverified claims | limit_req knows the client's address only; consumers are counted by the script |
| a second limit_req after an internal redirect is skipped | a lane has at most one, nothing before it has any; two limits are counted by the script |
| readRequestText() repairs UTF-8, duplicate keys in bodies | bodies are read as bytes, strictly (test_strict_json.py); for tokens both are below |
| a dictionary with `evict` forgets | keys are addresses (who has enough to flush it has as many full buckets), or verified tokens (they are verified again); that of consumers has room for all |
| nginx-auth-jwt ignores aud, nbf, crit | never emitted (checked below) |
| a periodic JWKS refresh fails silently | the request that needs a set asks for it; its age is looked at each time (test_key_fetching.py) |
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gwc.backends import nginx
from gwc.backends.nginx.script import MODULES
from gwc.controls.listener_tls import FileRef
from gwc.controls.upstream import VerifiedTls
from gwc.resources import runtime_text
from gwc.semantics.base64url import encode
from tests.support import sample
from tests.support.nginx_process import KEY, Edit, edited, gateway, serving, unchanged
from tests.support.sample import address_limit
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway

PASS = "proxy_pass http://$gwc_to_0$request_uri;"
FIXED = "proxy_pass http://gwc_orders$request_uri;"
WITH_KEY = f"X-API-Key: {KEY}"


def status(tmp_path, edit: Edit, *request: str, **serve) -> int:
    with serving(gateway(**serve), tmp_path, edit) as site:
        return site.ask(*request).status


# 1: a handler that rejects grants access

REJECT = (
    "gwc.js",
    "async function verify(r, rule, isFramed, nowS) {\n    try {",
    "async function verify(r, rule, isFramed, nowS) {\n    { throw new Error('x'); } try {",
)
TOKEN_REQUEST = ("GET", "/v1/orders/7", "Authorization: Bearer e30.e30.e30")
THROW_INSIDE = ("gwc.js", "  function name(r, known) {", "  function name(r, known) { throw new Error('x');")


@pytest.mark.parametrize(("changes", "expected"), [((REJECT,), 500), ((REJECT, ("nginx.conf", PASS, FIXED)), 200)], ids=["cured", "open"])
def test_a_rejected_handler_has_no_verdict(tmp_path, changes, expected) -> None:
    """The token is none at all."""
    assert status(tmp_path, edited(*changes), *TOKEN_REQUEST) == expected


def test_an_exception_is_a_problem_document_even_without_the_verdict(tmp_path) -> None:
    with serving(gateway(), tmp_path, edited(THROW_INSIDE, ("nginx.conf", PASS, FIXED))) as site:
        answer = site.ask("GET", "/v1/orders", WITH_KEY)
        assert (answer.status, answer.problem()["reason"], site.received()) == (500, "internal.error", [])


# 2: a location without js_access

NO_SCRIPT = ("nginx.conf", "js_access gwc.access;", "")


@pytest.mark.parametrize(
    ("changes", "expected"), [((NO_SCRIPT,), 500), ((NO_SCRIPT, ("nginx.conf", PASS, FIXED)), 200)], ids=["cured", "open"]
)
def test_a_location_without_the_script_has_no_verdict(tmp_path, changes, expected) -> None:
    assert status(tmp_path, edited(*changes), "GET", "/v1/orders") == expected


def test_a_lane_without_script_is_for_public_operations_only(tmp_path) -> None:
    """Should a map ever send a protected operation there: its rule has no open verdict."""
    stray = ("nginx.conf", '"1 GET" "/|gwc/orders/0+";', '"1 GET" "/|gwc/orders/0";')
    with serving(gateway(), tmp_path, edited(stray)) as site:
        assert site.ask("GET", "/v1/health").status == 200
        assert site.ask("GET", "/v1/orders").status == 500
        assert len(site.received()) == 1


# 3 and 4: the path that was checked, the path that is forwarded

NO_GATE = ("nginx.conf", "    rewrite ^ $gwc_route;\n", "")


@pytest.mark.parametrize(("edit", "expected"), [(unchanged, 400), (edited(NO_GATE), 200)], ids=["cured", "open"])
def test_another_spelling_of_a_path_is_refused(tmp_path, edit, expected) -> None:
    assert status(tmp_path, edit, "GET", "/v1/x%2f%2e%2e/%2e%2e/v1/health") == expected


def test_escapes_in_both_letter_cases(tmp_path) -> None:
    with serving(gateway(), tmp_path) as site:
        for escape in ("%2F", "%2f", "%5C", "%5c", "%2E", "%2e", "%3B", "%3b", "%7E", "%7e", "%25", "%00"):
            assert site.ask("GET", f"/v1/orders/a{escape}b", WITH_KEY).status == 400, escape
        for escape in ("%C3%A9", "%c3%a9", "%2B", "%2b"):
            assert site.ask("DELETE", f"/v1/orders/a{escape}b", WITH_KEY).status == 200, escape


def test_the_locations_see_the_path_as_it_was_sent(tmp_path) -> None:
    """NGINX decodes: `%3A` would be the literal `:` to it, and not to the other gateways."""
    colon = sample.operation("GET", "/v1/orders:all", sample.PUBLIC, sample.NO_BODY, "orders.all")
    source = gateway(operations=(colon,))
    with serving(source, tmp_path / "cured") as site:
        assert (site.ask("GET", "/v1/orders:all").status, site.ask("GET", "/v1/orders%3Aall").status) == (200, 404)
    with serving(source, tmp_path / "open", edited(NO_GATE)) as site:
        assert site.ask("GET", "/v1/orders%3Aall").status == 200


# 5 and 6: TLS to the upstream

FIRST = VerifiedTls(server_name="orders.internal", ca=FileRef(path="/etc/gw/tls/ca.pem"), client=None)


@pytest.mark.parametrize(
    ("edit", "expected"), [(unchanged, 502), (edited(("nginx.conf", "proxy_ssl_verify on;", "")), 200)], ids=["cured", "open"]
)
def test_the_certificate_of_the_upstream_is_verified(tmp_path, edit, expected) -> None:
    orders = replace(gateway().upstreams[0], transport=FIRST)
    with serving(gateway(upstreams=(orders,)), tmp_path, edit, stranger=True) as site:
        assert site.ask("GET", "/v1/health").status == expected


@pytest.mark.parametrize("is_cured", [True, False], ids=["cured", "open"])
def test_a_kept_connection_belongs_to_one_identity(tmp_path, is_cured) -> None:
    orders = replace(gateway().upstreams[0], transport=FIRST)
    other = replace(orders, name="other", transport=replace(FIRST, server_name="other.internal"))
    away = sample.operation("GET", "/v1/away", sample.PUBLIC, sample.NO_BODY, "orders.away", "other")
    source = gateway(upstreams=(orders, other), operations=(away, *gateway().operations))
    one_worker = ("nginx.conf", "worker_processes auto;", "worker_processes 1;")
    one_group = (
        ("nginx.conf", " local;", ";"),
        (
            "nginx.conf",
            'map $gwc_rule $gwc_open {\n    default "";\n    0 gwc_other;',
            'map $gwc_rule $gwc_open {\n    default "";\n    0 gwc_orders;',
        ),
        ("nginx.conf", "proxy_pass https://$gwc_to_1", "proxy_pass https://$gwc_to_0"),
    )
    with serving(source, tmp_path, edited(one_worker, *(() if is_cured else one_group))) as site:
        assert site.ask("GET", "/v1/health").status == 200
        assert site.ask("GET", "/v1/away").status == (502 if is_cured else 200)


# 10: headers of a level that has some of its own


@pytest.mark.parametrize("is_cured", [True, False], ids=["cured", "open"])
def test_no_location_in_an_upstreams_one_sets_headers(tmp_path, is_cured) -> None:
    own = ("nginx.conf", PASS, f"proxy_set_header X-Own 1; {PASS}")
    with serving(gateway(), tmp_path, unchanged if is_cured else edited(own)) as site:
        site.ask("GET", "/v1/health", "X-Gwc-Subject: root", "X-Gwc-Consumer: root", "X-Original-URL: /admin")
        (received,) = site.received()
        spoofed = [received.values(name) for name in ("x-gwc-subject", "x-gwc-consumer", "x-original-url")]
        assert spoofed == ([(), (), ()] if is_cured else [("root",), ("root",), ("/admin",)])


# 11 to 13: what njs makes of tokens


def read_order(site, payload: bytes) -> int:
    idp = identity_provider()
    header = encode(b'{"alg":"ES256","kid":"local-es256"}')
    return site.ask("GET", "/v1/orders/7", f"Authorization: Bearer {idp.sign_parts(header, encode(payload), 'ES256')}").status


CLAIMS = b'{"iss":"https://id.example.com/","aud":"https://orders.example.com","exp":4102444800,"scope":"orders:read",%b}'
TOKENS = {
    "a final newline": (b'"sub":"alice\\n"', "{1,255}(?![\\s\\S])", "{1,255}$"),
    "invalid UTF-8": (b'"sub":"alice","x":"\xff"', "{ fatal: true, ignoreBOM: true }", "{}"),
    "a member twice": (b'"sub":"alice","sub":"bob"', "&& isPlain(text, value)", ""),
    "a member twice, escaped": (b'"sub":"alice","s\\u0075b":"bob"', "&& isPlain(text, value)", ""),
    "a member twice, deeper": (b'"sub":"alice","x":[{"a":1,"b":{},"a":2}]', "&& isPlain(text, value)", ""),
}


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_are_read_in_one_way_only(tmp_path, name) -> None:
    claim, cure, nothing = TOKENS[name]
    with serving(gateway(), tmp_path / "cured") as site:
        assert read_order(site, CLAIMS % b'"sub":"alice","x":[{"a":1},{"a":1}]') == 200
        assert read_order(site, CLAIMS % claim) == 401
    with serving(gateway(), tmp_path / "open", edited(("gwc.js", cure, nothing))) as site:
        assert read_order(site, CLAIMS % claim) in {200, 502}  # 502: the upstream refused the newline that arrived in X-Gwc-Subject


# 14 and 16: what must not be there


def test_modules_have_no_state() -> None:
    for module in MODULES:
        outside = [line for line in runtime_text(f"js/{module}.js").splitlines() if re.match(r"(?:let|const|var) ", line)]
        assert not outside, module


def test_no_directive_of_the_modules_that_ignore_claims() -> None:
    text = b"".join(nginx.compile(gateway()).files.values())
    assert not re.search(rb"\bauth_jwt|\bkeyval", text)


# 18: a bucket that two workers change at once

SLOW = "const waitMs = full - now - (limit.burst - tokens) * limit.interval;"
SLOWLY = SLOW + " for (let end = Date.now() + 20; Date.now() < end;) {}"
LOCK = "for (let n = 0; !locks.add(lock, 1, LOCK_MS); n++) if (n > ATTEMPTS) throw new Error('no lock for a bucket');"


@pytest.mark.parametrize("is_cured", [True, False], ids=["cured", "open"])
def test_two_workers_never_spend_one_token_twice(tmp_path, is_cured) -> None:
    limit = address_limit(id="slow", limit=7, window_s=86400, burst=7, operations=("orders.getHealth",))
    slow = (
        ("gwc.js", SLOW, SLOWLY),
        ("nginx.conf", "worker_processes auto;", "worker_processes 2;"),
        ("gwc.js", "ATTEMPTS = 50000", "ATTEMPTS = 5000000"),
    )
    lock = () if is_cured else (("gwc.js", LOCK, ""),)
    with serving(gateway(rate_limits=(limit,)), tmp_path, edited(*slow, *lock)) as site, ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: site.ask("GET", "/v1/health").status, range(24)))
    assert set(answers) == {200, 429}
    assert (answers.count(200) == 7) is is_cured, answers


# not in the list of facts: NGINX obeys headers of the upstream's answer

OBEDIENT = ("nginx.conf", "proxy_ignore_headers ", "# ")


@pytest.mark.parametrize("is_cured", [True, False], ids=["cured", "open"])
def test_an_upstream_cannot_redirect_inside_the_gateway(tmp_path, is_cured) -> None:
    with commanding() as port, serving(gateway(), tmp_path, unchanged if is_cured else edited(OBEDIENT), port=port) as site:
        answer = site.ask("GET", "/v1/health")
    assert (answer.status, answer.value("x-accel-redirect")) == ((200, "/|gwc/internal.error") if is_cured else (500, None))


@contextmanager
def commanding():
    """An upstream whose answers ask for an internal redirect."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("X-Accel-Redirect", "/|gwc/internal.error")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_token_of_the_test_is_good(tmp_path) -> None:
    with serving(gateway(), tmp_path) as site:
        token = token_for(site.gateway.jwts[0], {"scope": "orders:read"})
        assert site.ask("GET", "/v1/orders/7", f"Authorization: Bearer {token}").status == 200
