"""`gwc explain` with a caller: verdicts of the phases, the smallest change, exit codes, and what options are refused."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.cli.test_explain import IDENTITY

ALLOWED, DENIED, INPUT = 0, 1, 2


@pytest.fixture
def decide(run):
    """Runs explain on the identity policy without targets: (exit code, standard output, standard error)."""
    return lambda request, *options: run("explain", request, IDENTITY, "--target", "none", *options)


def verdicts(out: str) -> list[tuple[str, str, str]]:
    """(phase number, control, verdict) of each row."""
    return re.findall(r"^  (\d+) \w+ +(\w+) +(pass|DENY|not reached|-) ", out, re.MULTILINE)


def last_lines(out: str) -> list[str]:
    lines = out.splitlines()
    return lines[next(i for i, line in enumerate(lines) if line.startswith(("allowed", "denied"))) :]


def test_a_denial_is_1_with_the_verdict_of_every_phase(decide):
    code, out, err = decide("GET /v1/admin", "--claims", '{"sub": "bob", "realm_access": {"roles": ["user"]}}')
    assert (code, err) == (DENIED, "")
    assert verdicts(out) == [
        ("0", "listener_tls", "pass"),
        ("1", "host_names", "pass"),
        ("1", "canonical_path", "pass"),
        ("2", "routing", "pass"),
        ("5", "jwt", "pass"),
        ("5", "api_key", "-"),
        ("6", "security", "pass"),
        ("6", "authorization_rule", "DENY"),
        ("8", "body", "not reached"),
        ("10", "upstream", "not reached"),
        ("10", "forwarding", "not reached"),
        ("11", "problem_details", "pass"),
        ("12", "access_log", "pass"),
    ]
    assert "here: subject bob, scopes: none" in out
    assert "here: roles: user" in out
    denied, change, other = last_lines(out)
    assert denied.startswith("denied: 403 authz.role by authorization_rule (rule admins requires role admin or buyer) at ")
    assert re.search(r"policies/identity/policy\.gwc\.yaml:30:7$", denied)
    assert change == "the smallest change that would allow it: give the token one of the roles admin, buyer (claim realm_access.roles)"
    assert other.strip() == "or: present a key of globex (scheme partner, the header x-partner-key)"


def test_allowed_is_0_and_says_who_the_upstream_believes(decide):
    code, out, _ = decide("GET /v1/admin", "--claims", '{"sub": "bob", "realm_access": {"roles": ["admin"]}}')
    assert code == ALLOWED
    assert last_lines(out) == ["allowed: forwarded to upstream backend, which will believe the caller is subject bob (X-Gwc-Subject)"]
    assert "X-Gwc-Subject: bob" in out
    code, out, _ = decide("GET /v1/bound", "--key", "acme", "--cert", "uri:spiffe://example.com/acme")
    assert code == ALLOWED
    assert last_lines(out) == ["allowed: forwarded to upstream backend, which will believe the caller is consumer acme (X-Gwc-Consumer)"]
    code, out, _ = decide("GET /v1/open", "--decide")
    assert last_lines(out) == ["allowed: forwarded to upstream backend, which is told of no caller"]


@pytest.mark.parametrize(
    ("request_", "options", "reason"),
    [
        ("GET /v1/token", ["--claims", "{}"], "allowed"),
        ("GET /v1/token", ["--decide"], "authn.missing"),
        ("GET /v1/token", ["--claims", '{"exp": 1}'], "authn.expired"),
        ("GET /v1/token", ["--basic", "acme"], "authn.malformed"),
        ("GET /v1/token", ["--claims", '{"exp": 1800000000}', "--at", "2027-01-15T07:59:59Z"], "allowed"),
        ("GET /v1/token", ["--claims", '{"exp": 1800000000}', "--at", "2027-01-16"], "authn.expired"),
        ("GET /v1/near", ["--claims", "{}", "--from", "127.0.0.1"], "allowed"),
        ("GET /v1/near", ["--claims", "{}", "--from", "::ffff:127.0.0.1"], "allowed"),
        ("GET /v1/near", ["--claims", "{}"], "authz.zone"),
        ("GET /v1/open-far", ["--from", "2001:db8::1"], "allowed"),
        ("GET /v1/header", ["--key", "acme"], "allowed"),
        ("GET /v1/any", ["--key", "queryKey=acme", "--key", "cookieKey=acme"], "allowed"),
        ("GET /v1/any", ["--key", "queryKey=acme", "--key", "cookieKey=globex"], "authz.consumer"),
        ("GET /v1/either", ["--basic", "login=globex"], "allowed"),
        ("GET /v1/certificate", ["--cert", "dns:nobody.example.com", "--cert", "uri:spiffe://example.com/acme"], "allowed"),
        ("GET /v1/certificate", ["--cert", "dns:nobody.example.com"], "authn.certificate"),
        ("GET /v1/open", ["--header", "X_A: 1"], "normalise.headerName"),
        ("GET /v1/open", ["--host", "other.test", "--decide"], "tls.handshake"),
        ("GET /v1/open", ["--host", "API.test:8443", "--decide"], "allowed"),
        ("GET /v1/open?x=%", ["--decide"], "normalise.path"),
        ("GET /v1/open/", ["--decide"], "route.unknown"),
        ("PUT /v1/open", ["--decide"], "route.method"),
        ("TRACE /v1/open", ["--decide"], "route.method"),
        ("POST /v1/tenants/t1/orders/7", ["--claims", '{"scope": "write", "org": {"id": "t1"}}'], "allowed"),
        ("POST /v1/tenants/t1/orders/7", ["--claims", '{"scope": "write", "org": {"id": "t1"}}', "--body-bytes", "0"], "body.missing"),
        (
            "POST /v1/tenants/t1/orders/7",
            ["--claims", '{"scope": "write", "org": {"id": "t1"}}', "--body-type", "text/csv"],
            "body.contentType",
        ),
        (
            "POST /v1/tenants/t1/orders/7",
            ["--claims", '{"scope": "write", "org": {"id": "t1"}}', "--body-type", "application/json", "--body-bytes", "65537"],
            "body.size",
        ),
        ("GET /v1/open", ["--body-bytes", "1"], "body.unexpected"),
    ],
)
def test_the_decision(decide, request_, options, reason):
    code, out, _ = decide(request_, *options, "--format", "json")
    (found,) = json.loads(out)["explanations"]
    assert found["reason"] == reason
    assert code == (ALLOWED if reason == "allowed" else DENIED)
    assert found["allowed"] == (reason == "allowed")
    denying = [s for s in found["steps"] if s["verdict"] == "deny"]
    assert [s["faults"][0]["reason"] for s in denying] == ([] if reason == "allowed" else [reason])
    assert bool(found["changes"]) == (reason != "allowed")


def test_claims_from_a_file(decide, tmp_path):
    file = tmp_path / "claims.json"
    file.write_text('{"scope": "read write audit"}')
    assert decide("GET /v1/scoped", "--claims", f"@{file}")[0] == ALLOWED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--claims", '{"a": 1,}'], "--claims, line 1, column 9: malformed JSON"),
        (["--claims", '{"a": 1,\n "a": 2}'], "--claims, line 2, column 2: duplicate key 'a'"),
        (["--claims", '{"a": "\\ud800"}'], "--claims, line 1, column 7: a lone surrogate is no character"),
        (["--claims", '{"a": NaN}'], "--claims, line 1, column 7: NaN is no JSON number"),
        (["--claims", "[1]"], "--claims is a JSON object"),
        (["--claims", "@missing.json"], "--claims: the file can't be read: No such file or directory"),
        (["--claims", "{}", "--scheme", "oaut"], "no such scheme takes tokens (did you mean 'oauth'?); there is oauth"),
        (["--scheme", "oauth"], "give --claims, too"),
        (["--claims", "{}", "--basic", "acme"], "give --claims or --basic, not both"),
        (["--key", "acm"], "--key: no such consumer has a key (did you mean 'acme'?); there is acme, globex, initech"),
        (["--key", "partnr=acme"], "--key: no such scheme is for API keys (did you mean 'partner'?)"),
        (["--key", "oauth=acme"], "--key: no such scheme is for API keys"),
        (
            ["--key", "acme"],
            "--key: several schemes take this consumer's keys: write cookieKey=CONSUMER or partner=CONSUMER or queryKey=CONSUMER",
        ),
        (["--key", "partner=acme", "--key", "partner=globex"], "a request has one key of scheme partner"),
        (["--basic", "nobody"], "--basic: no such consumer has a key; there is acme, globex, initech"),
        (["--cert", "acme.example.com"], "--cert is uri: or dns: and a name"),
        (["--from", "10.0.0.0/8"], "--from is an IP address"),
        (["--from", "fe80::1%eth0"], "--from is an IP address"),
        (["--at", "tomorrow"], "--at: a moment is a date such as 2027-01-31"),
        (["--header", "no colon"], "--header is a name, a colon and a value"),
        (["--header", "X-A: 1\r\nX-B: 2"], "--header is a name, a colon and a value on one line"),
        (["--header", "Content-Length: 5"], "Content-Length follows from --body-bytes"),
        (["--body-type", "text/csv\r\nX: y"], "--body-type is a media type"),
        (["--body-bytes", "-1"], "--body-bytes"),
        (["--host", "a b"], "--host is a DNS name"),
        (["--format", "xml"], "--format"),
    ],
)
def test_wrong_options_are_2_and_say_what_is_right(decide, options, message):
    code, out, err = decide("GET /v1/any", "--decide", *options)
    assert (code, out) == (INPUT, "")
    assert message in err
    assert "Traceback" not in err


def test_a_template_is_no_concrete_path(decide):
    code, _, err = decide("GET /v1/partners/{id}", "--key", "acme")
    assert code == INPUT
    assert "a decision needs a concrete path" in err
    assert decide("GET /v1/partners/{id}")[0] == 0  # listed


def test_options_that_the_policy_has_no_use_for_are_refused(project, run):
    for options, message in (
        (["--cert", "dns:acme.example.com"], "does not ask clients for certificates"),
        (["--basic", "acme"], "the policy has no scheme for Basic"),
    ):
        code, _, err = run("explain", "GET /v1/orders/7", "--target", "none", *options)
        assert code == INPUT
        assert message in err


SECRET = "s3cr3t-" + "x" * 20


@pytest.mark.parametrize(
    "arguments",
    [
        ["GET /v1/header", "--key", SECRET],
        ["GET /v1/header", "--key", f"partner={SECRET}"],
        ["GET /v1/header", "--key", f"{SECRET}=acme"],
        ["GET /v1/login", "--basic", SECRET],
        ["GET /v1/header", "--header", f"X-Partner-Key: {SECRET}"],
        ["GET /v1/header", "--header", f"Authorization: Bearer {SECRET}"],
        ["GET /v1/header", "--header", f"Cookie: a=b; session_key={SECRET}"],
        [f"GET /v1/query?api_key={SECRET}", "--decide"],
        [f"GET /v1/query?%61pi_key={SECRET}", "--decide"],
        ["GET /v1/header", "--claims", SECRET],
        ["GET /v1/header", "--claims", "{}", "--scheme", SECRET],
        ["GET /v1/header", "--cert", SECRET],
        ["GET /v1/header", "--from", SECRET],
        ["GET /v1/header", "--at", SECRET],
        ["GET /v1/header", "--key", "gwc_" + "x" * 49],
        ["GET /v1/header", "--nonsense", "gwc_" + "x" * 49],
        ["GET /v1/header", "--claims", "eyJhbGciOiJFUzI1NiJ9." + "x" * 20 + ".x"],
        ["GET /v1/header", "gwc_" + "x" * 49, "gwc_" + "x" * 49],
    ],
)
def test_a_secret_that_was_given_by_mistake_is_refused_and_not_repeated(decide, arguments):
    code, out, err = decide(*arguments)
    assert (code, out) == (INPUT, "")
    assert "x" * 20 not in err


def test_a_query_and_values_of_fields_are_not_shown(decide):
    code, out, _ = decide("GET /v1/open?token=abcdef", "--header", "X-Session: ghijkl", "--header", "Cookie: sid=mnopqr")
    assert code == ALLOWED
    assert "of the client's fields X-Session, Cookie" in out
    assert not re.search("abcdef|ghijkl|mnopqr", out)


def test_control_characters_do_not_reach_the_terminal(decide):
    code, out, err = decide("GET /v1/open", "--claims", '{"sub": "\\u001b[31m"}')
    assert code == ALLOWED
    assert "\x1b" not in out + err
    code, out, err = decide("GET /v1/open\x1b[31m", "--decide")
    assert code == INPUT
    assert "\x1b" not in out + err


def test_several_hosts_with_different_operations_need_a_choice(run, tmp_path, monkeypatch):
    shutil.copytree(IDENTITY.parent, tmp_path / "p")
    policy = tmp_path / "p" / "policy.gwc.yaml"
    text = policy.read_text()
    line = next(line for line in text.splitlines() if line.startswith("  identity: {openapi"))
    policy.write_text(
        text.replace(line, f"{line}\n  other: {{openapi: openapi.yaml, hosts: [other.test], basePath: /v1, upstream: backend}}")
    )
    monkeypatch.chdir(tmp_path)
    code, _, err = run("explain", "GET /v1/open", policy, "--target", "none", "--decide")
    assert code == INPUT
    assert "choose one with --host: api.test, other.test" in err
    code, out, _ = run("explain", "GET /v1/open", policy, "--target", "none", "--decide", "--host", "other.test")
    assert code == ALLOWED
    assert "operation other.getOpen" in out


def test_several_schemes_for_tokens_need_a_choice(run):
    policy = IDENTITY.parents[2] / "security" / "two_issuers" / "policy.gwc.yaml"
    code, _, err = run("explain", "GET /either", policy, "--target", "none", "--claims", "{}")
    assert code == INPUT
    assert "choose one with --scheme: customers, staff" in err
    assert run("explain", "GET /either", policy, "--target", "none", "--claims", "{}", "--scheme", "staff")[0] == ALLOWED
    assert run("explain", "GET /either", policy, "--target", "none", "--claims", '{"iss": "https://staff.example.com"}')[0] == ALLOWED
    assert run("explain", "GET /customers", policy, "--target", "none", "--claims", "{}")[0] == ALLOWED
    code, out, _ = run("explain", "GET /customers", policy, "--target", "none", "--claims", "{}", "--scheme", "staff")
    assert code == DENIED
    assert "present a token of " in out


def test_what_no_caller_gets_past_is_named(run, tmp_path):
    shutil.copytree(IDENTITY.parent, tmp_path / "p")
    policy = tmp_path / "p" / "policy.gwc.yaml"
    policy.write_text(
        policy.read_text().replace("operations: {ids: [getNear, getOpenNear]}", "operations: {ids: [getNear, getOpenNear, getOpenFar]}")
    )
    code, out, _ = run("explain", "GET /v1/open-far", policy, "--target", "none", "--from", "10.20.0.1")
    assert code == DENIED
    lines = last_lines(out)
    assert lines[1] == "no change of the request allows it; one of these would have to change:"
    assert re.fullmatch(r"  rule far requires zone far at \S*policy\.gwc\.yaml:36:7", lines[2])
    assert re.fullmatch(r"  rule near requires zone near at \S*policy\.gwc\.yaml:35:7", lines[3])


def test_a_certificate_that_the_listener_insists_on(run, tmp_path):
    shutil.copytree(IDENTITY.parent, tmp_path / "p")
    policy = tmp_path / "p" / "policy.gwc.yaml"
    policy.write_text(policy.read_text().replace("clientCertificates: {mode: optional", "clientCertificates: {mode: required"))
    code, out, _ = run("explain", "GET /v1/open", policy, "--target", "none", "--decide")
    assert code == DENIED
    assert verdicts(out)[0] == ("0", "listener_tls", "DENY")
    assert "no handshake, or 400 normalise.certificate" in out
    assert "present a client certificate" in last_lines(out)[1]
    assert run("explain", "GET /v1/open", policy, "--target", "none", "--cert", "dns:acme.example.com")[0] == ALLOWED


def test_another_method_is_refused_where_the_path_is(project, run):
    code, out, _ = run("explain", "PUT /v1/orders?x=1", "--decide", "--target", "nginx")
    assert code == DENIED
    assert "405 route.method: PUT /v1/orders" in out
    assert "here: the path has GET, POST" in out
    route = out[out.index("2 route") :]
    assert re.search(r"^ +said at openapi\.yaml:\d+:\d+\n +nginx: nginx/nginx\.conf:\d+$", route[: route.index("11 respond")], re.MULTILINE)
    assert "use one of the methods GET, POST" in last_lines(out)[1]


def test_lines_that_enforce_the_decision(project, run):
    """Every row of a decision has the lines of all three targets."""
    code, out, _ = run("explain", "GET /v1/orders/4711", "--claims", '{"scope": "orders:read"}')
    assert code == ALLOWED
    rows = len(verdicts(out))
    for target in ("nginx", "envoy", "kong"):
        assert len(re.findall(rf"^ +{target}: {target}/\S+:\d+$", out, re.MULTILINE)) == rows
    run("compile")
    for file, line in re.findall(r"(?:nginx|envoy|kong): (\S+):(\d+)$", out, re.MULTILINE):
        assert len((project / "out" / file).read_text().splitlines()) >= int(line)
