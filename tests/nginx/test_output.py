"""The form of what is written, and that no text of a policy can change it."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from dataclasses import replace

import pytest
from jinja2 import UndefinedError

from gwc.backends import nginx
from gwc.backends.base import TargetProblems, subjects
from gwc.backends.nginx.canonical_path import REFUSED, accepted
from gwc.backends.nginx.quoting import argument, directive, javascript, literal
from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition
from gwc.controls.basic import Basic
from gwc.controls.canonical_path import MATRIX_TARGET, TARGET
from gwc.controls.consumer import Consumer, ConsumerLimit
from gwc.controls.jwt import RemoteKeys, SecretKeys
from gwc.controls.listener_tls import FileRef
from gwc.controls.metrics import Metrics
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.controls.problem_details import ProblemDetails
from gwc.controls.security import Requirement, Security
from gwc.controls.side import ConsumerSide
from gwc.controls.upstream import ClientCertificate, VerifiedTls
from gwc.controls.zone import Zone
from gwc.local.processes import nginx as program
from gwc.templating import Verbatim, environment
from tests.nginx.everything import everything
from tests.support import sample
from tests.support.nginx_process import KEY, edited, gateway, serving, unchanged
from tests.support.sample import address_limit
from tests.support.tokens import token_for

HOSTILE = "a\"b'c\\d;e}f{g#h$i`j\nk\u2028l\u0085m😀${n}</script>//*/o"


def test_the_files_of_the_sample(snapshot) -> None:
    output = nginx.compile(sample.gateway())
    assert sorted(output.files) == ["gwc.js", "nginx.conf", "policy.js", "problems.conf"]
    for name in ("nginx.conf", "policy.js", "problems.conf"):
        assert output.files[name].decode() == snapshot(name=name)


def test_the_files_with_everything_in_them(snapshot) -> None:
    """All kinds of credentials and of keys, and keys of callers that are removed."""
    output = nginx.compile(everything())
    for name in ("nginx.conf", "policy.js"):
        assert output.files[name].decode() == snapshot(name=name)


def test_every_row_of_the_ledger_points_at_a_line_about_it() -> None:
    source = sample.gateway()
    output = nginx.compile(source)
    assert {(r.control, r.subject) for r in output.ledger} == set(subjects(source))
    line = {(r.control, r.subject): output.files[r.file].decode().split("\n")[r.line - 1] for r in output.ledger}
    assert line["routing", "orders.getOrder"].strip() == '"2 GET" "orders.getOrder";'
    assert "orders:read" in line["security", "orders.getOrder"]
    assert "application/json" in line["body", "orders.createOrder"]
    assert line["rate_limit", "per-ip"].strip().startswith("limit_req_zone $gwc_client_64")
    assert line["upstream", "orders"].strip() == "upstream gwc_orders {"
    assert "es1" not in line["jwt", "oauth"]
    assert "https://id.example.com/" in line["jwt", "oauth"]


def test_the_lacking_group_is_told() -> None:
    output = nginx.compile(sample.gateway())
    assert [note.message for note in output.notes if "X25519MLKEM768" in note.message]
    assert b"ssl_ecdh_curve X25519:prime256v1:secp384r1;" in output.files["nginx.conf"]


def test_a_gateway_without_operations_denies_all(tmp_path) -> None:
    with serving(gateway(operations=(), rate_limits=()), tmp_path) as site:
        assert {site.ask(m, p).status for m in ("GET", "POST") for p in ("/", "/v1/health")} == {404}


@pytest.mark.gateway
def test_a_gateway_of_private_operations_only(tmp_path) -> None:
    """The map of open verdicts is empty then."""
    private = tuple(o for o in gateway().operations if not o.security.is_public)
    with serving(gateway(operations=private), tmp_path) as site:
        assert (site.ask("GET", "/v1/orders").status, site.ask("GET", "/v1/health").status) == (401, 404)


@pytest.mark.gateway
def test_every_listener_passes_nginx_t(tmp_path) -> None:
    with serving(gateway(), tmp_path) as site:
        command = [*program().command(site.running.folder), "-t"]
        done = subprocess.run(command, cwd=site.running.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr, done.stderr


# --- hostile texts


def test_quoting_is_what_nginx_reads() -> None:
    assert argument("/etc/gw/a.pem") == "/etc/gw/a.pem"
    assert argument(4) == "4"
    assert argument("") == '""'
    assert argument("a b") == '"a b"'
    assert argument('a"\\b') == '"a\\"\\\\b"'
    assert argument("$host") == '"${gwc_dollar}host"'
    assert literal("$host") == '"$host"'
    assert argument("a\nb") == '"a\\nb"'
    assert directive("set", Verbatim("$x"), "y;z") == 'set $x "y;z";'
    assert javascript("\u2028</a>") == '"\\u2028</a>"'


def test_a_template_prints_quoted_values_only() -> None:
    rendered = environment("nginx", argument).from_string("{{ a }} {{ b }} {{ c }}").render(a="x;y", b=Verbatim("z;"), c=1)
    assert rendered == '"x;y" z; 1'
    with pytest.raises(TypeError):
        environment("nginx", argument).from_string("{{ a }}").render(a=None)
    with pytest.raises(UndefinedError, match="'a' is undefined"):
        environment("nginx", argument).from_string("{{ a }}").render()


@pytest.mark.gateway
def test_hostile_texts_are_data(tmp_path) -> None:
    base = gateway()
    issuer = replace(base.jwts[0], scheme=HOSTILE, issuer=HOSTILE, audiences=(HOSTILE,), scopes_claim=(HOSTILE,))
    secured = Security(alternatives=((Requirement(scheme=HOSTILE, scopes=(HOSTILE.replace(" ", ""),)),),))
    key = replace(base.api_keys[0], keys=(replace(base.api_keys[0].keys[0], consumer="$a;c}m'e\"\\ #x"),))
    operation = sample.operation("GET", "/v1/orders", secured, sample.NO_BODY, "o.list")
    keyed = sample.operation("GET", "/v1/keyed", sample.one("partnerKey"), sample.NO_BODY, "o.keyed")
    limit = address_limit(id=HOSTILE, limit=60, window_s=60, burst=9, operations=("o.list",))
    other = replace(limit, id=HOSTILE + "2", limit=61)
    source = gateway(
        jwts=(issuer,),
        api_keys=(key,),
        operations=(operation, keyed),
        rate_limits=(limit, other),
        problem_details=ProblemDetails(realm="o rders;{}$x"),
    )
    with serving(source, tmp_path / "fo\"l'd;e{r} #\\x") as site:
        refused = site.ask("GET", "/v1/orders")
        assert refused.value("www-authenticate") == 'Bearer realm="o rders;{}$x"'
        claims = {"scope": HOSTILE}
        token = token_for(site.gateway.jwts[0], claims)
        assert site.ask("GET", "/v1/orders", f"Authorization: Bearer {token}").status == 200
        other_issuer = token_for(site.gateway.jwts[0], {**claims, "iss": HOSTILE + "x"})
        assert site.ask("GET", "/v1/orders", f"Authorization: Bearer {other_issuer}").problem()["reason"] == "authn.issuer"
        site.received()
        assert site.ask("GET", "/v1/keyed", f"X-API-Key: {KEY}").status == 200
        assert site.received()[0].values("x-gwc-consumer") == ("$a;c}m'e\"\\ #x",)


@pytest.mark.gateway
def test_hostile_texts_about_callers_are_data(tmp_path) -> None:
    """Consumers, zones, rules, names in certificates, places of keys: whatever they say, it is that text and nothing else."""
    base = gateway()
    who = "$a;c}m'e\"\\ #x"
    keys = (replace(base.api_keys[0].keys[0], consumer=who),)
    basic = Basic(scheme=HOSTILE, keys=keys)
    names = (CertificateName(kind="uri", value=HOSTILE, consumer=who), CertificateName(kind="dns", value="a.example.com", consumer=who))
    limit = ConsumerLimit(id=HOSTILE, limit=60, window_s=60, burst=5)
    secret = SecretKeys(file=FileRef(path="/x/" + HOSTILE.replace("/", "")))
    remote = RemoteKeys(host="id.example.com", port=443, path="/$gwc_up/~'*;${x}", ca=FileRef(path="/ca"), cache_for_s=9, max_stale_s=0)
    token = replace(base.jwts[0], roles_claim=(HOSTILE,), claims=(("own", (HOSTILE, "}")),), typ=HOSTILE.lower())
    rule = AuthorizationRule(
        id=HOSTILE,
        operations=("o.keyed",),
        scopes=(),
        roles=(HOSTILE,),
        consumers=(who,),
        zones=(HOSTILE,),
        claims=(),
        equal=((ConsumerSide(), ConsumerSide()),),
    )
    condition = ClaimCondition(name=HOSTILE, kind="oneOf", values=(HOSTILE, 7, True))
    source = gateway(
        jwts=(token, replace(token, scheme="remote", source=remote), replace(token, scheme="secret", algorithms=("HS256",), source=secret)),
        api_keys=(replace(base.api_keys[0], keys=keys),),
        basics=(basic,),
        mutual_tls=(MutualTls(scheme=HOSTILE, names=names),),
        consumers=(Consumer(id=who, roles=(HOSTILE,), limits=(limit,)),),
        zones=(Zone(name=HOSTILE, networks=("127.0.0.0/8",)),),
        metrics=(Metrics(address="127.0.0.1", port=1),),
        rules=(rule, replace(rule, id="o", operations=("o.list",), claims=(condition,), roles=())),
        operations=(
            sample.operation("GET", "/v1/keyed", sample.one("partnerKey"), sample.NO_BODY, "o.keyed"),
            sample.operation("GET", "/v1/list", sample.one("oauth"), sample.NO_BODY, "o.list"),
            sample.operation("GET", "/v1/other", sample.one(HOSTILE), sample.NO_BODY, "o.other"),
            sample.operation("GET", "/v1/remote", sample.one("remote"), sample.NO_BODY, "o.remote"),
            sample.operation("GET", "/v1/secret", sample.one("secret"), sample.NO_BODY, "o.secret"),
        ),
    )
    with serving(source, tmp_path) as site:
        assert [site.ask("GET", "/v1/keyed", f"X-API-Key: {KEY}").status for _ in range(6)] == [200] * 5 + [429]
        assert {r.values("x-gwc-consumer") for r in site.received()} == {(who,)}
        assert site.ask("GET", "/v1/list", f"Authorization: Bearer {token_for(site.gateway.jwts[0], {'typ': HOSTILE})}").status == 403
        port = site.gateway.metrics[0].port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        escaped = who.replace("\\", "\\\\").replace('"', '\\"')
        assert f'gwc_requests_total{{consumer="{escaped}",reason="allowed"}} 5\n' in text


@pytest.mark.parametrize("field", ["certificate", "private_key"])
def test_a_dollar_in_a_path_that_nginx_expands_is_refused(field) -> None:
    listener = replace(sample.gateway().listener_tls, **{field: FileRef(path="/etc/$gw.pem")})
    with pytest.raises(TargetProblems) as refused:
        nginx.compile(sample.gateway(listener_tls=listener))
    assert [(p.stem, p.field) for p in refused.value.problems] == [("listener_tls", field)]


def test_all_problems_are_told_at_once() -> None:
    base = sample.gateway()
    client = ClientCertificate(certificate=FileRef(path="/a$b"), private_key=FileRef(path="/c"))
    tls = VerifiedTls(server_name="a.b", ca=FileRef(path="/ca$.pem"), client=client)
    listener = replace(base.listener_tls, certificate=FileRef(path="/$"))
    with pytest.raises(TargetProblems) as refused:
        nginx.compile(sample.gateway(listener_tls=listener, upstreams=(replace(base.upstreams[0], transport=tls),)))
    assert {p.stem for p in refused.value.problems} == {"listener_tls", "upstream"}
    plain = replace(tls, client=None)
    nginx.compile(sample.gateway(upstreams=(replace(base.upstreams[0], transport=plain),)))


def test_output_has_no_place_or_time_in_it() -> None:
    one, two = (nginx.compile(sample.gateway()).files for _ in range(2))
    assert one == two
    assert not re.search(rb"/work|/home|20[0-9][0-9]-", b"".join(one.values()))


# --- the grammar


@pytest.mark.parametrize("matrix", [False, True])
def test_the_pieces_together_mean_the_grammar(matrix: bool) -> None:
    """Every text over the pieces that matter, up to five of them after the slash."""
    pieces = ["a", ".", "/", "?", "%41", "%20", "%2f", "%", ";", ":"]
    grammar = re.compile(MATRIX_TARGET if matrix else TARGET)
    taken = re.compile(accepted(matrix=matrix).replace("(?<", "(?P<").replace("\\z", "\\Z"))
    refused = [re.compile(expression) for expression in REFUSED]
    texts = [""]
    for _ in range(5):
        texts = ["", *(t + p for t in texts for p in pieces)]

    def passes(target: str) -> bool:
        line = f"GET {target} HTTP/1.1"
        return not any(r.search(line) for r in refused) and taken.search(line) is not None

    assert [t for t in texts if passes("/" + t) != bool(grammar.fullmatch("/" + t))] == []
    assert sum(grammar.fullmatch("/" + t) is not None for t in texts) > 1000


@pytest.mark.gateway
def test_the_log_is_json_whatever_a_client_sends(tmp_path) -> None:
    with serving(gateway(), tmp_path) as site:
        site.raw("GET /v1/\xe9?secret=1 HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n".encode("latin-1"))
        site.raw('GET /v1/"a\\b HTTP/1.1\r\nHost: "\\\xff\r\nConnection: close\r\n\r\n'.encode("latin-1"))
        site.raw(b"GET /v1/health HTTP/1.0\r\nHost: api.test\r\n\r\n")
        site.raw(b"GET /v1/health\r\n\r\n")
        site.raw(b"\x16\x03\x01\r\n\r\n")
        site.ask("GET", "/v1/health?secret=1")
    text = (site.running.folder / "stdout").read_bytes()
    lines = [json.loads(line.decode("ascii")) for line in text.splitlines()]
    assert len(lines) == 6
    assert "secret" not in text.decode()
    assert "secret" not in site.running.complaints()
    assert 426 in [line["status"] for line in lines]  # each worker writes for itself: no order


@pytest.mark.gateway
@pytest.mark.parametrize("cured", [True, False])
def test_a_bad_signature_writes_no_query_into_the_error_log(tmp_path, cured) -> None:
    """njs leaves OpenSSL's error behind, and NGINX writes an alert with the request line; seen again without the cure."""
    source = gateway(jwts=(replace(gateway().jwts[0], algorithms=("ES256", "RS256")),))
    head, payload, signature = token_for(source.jwts[0], {"scope": "orders:read", "alg": "RS256"}).split(".")
    bad = f"Authorization: Bearer {head}.{payload}.{signature[:-8]}AAAAAAAA"
    edit = unchanged if cured else edited(("nginx.conf", "  error_log /dev/stderr emerg;", "  error_log /dev/stderr crit;"))
    with serving(source, tmp_path, edit) as site:
        answers = [site.ask("GET", f"/v1/orders/7?s3cr3t={i}", bad).status for i in range(10)]
    assert answers == [401] * 10
    assert ("s3cr3t" in site.running.complaints()) is not cured


@pytest.mark.gateway
@pytest.mark.parametrize("count", [63, 64, 65, 200])
def test_as_many_rules_as_there_are_operations(tmp_path, count) -> None:
    """Each operation with a scope of its own; around the border at which functions of the policy get a second level."""
    operations = tuple(
        sample.operation("GET", f"/v1/x{n:03}", sample.one("oauth", f"s{n}"), sample.NO_BODY, f"o.op{n:03}") for n in range(count)
    )
    with serving(gateway(operations=operations), tmp_path) as site:
        for n in (0, 1, 62, 63, 64, 65, 127, 128, 199):
            expected = 200 if n < count else 404
            good, bad = (token_for(site.gateway.jwts[0], {"scope": scope}) for scope in (f"s{n}", f"s{n + 1}"))
            answers = [site.ask("GET", f"/v1/x{n:03}", f"Authorization: Bearer {token}").status for token in (good, good, bad)]
            assert answers == ([200, 200, 403] if expected == 200 else [404] * 3), n
