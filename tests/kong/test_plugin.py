"""The compiled plugin on the fake kit, against the model: the answer, its form, what the upstream sees, and the log line."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gwc.controls.base import FileRef
from gwc.controls.consumer import ConsumerLimit
from gwc.controls.jwt import RemoteKeys, SecretKeys
from gwc.controls.problem_details import REASONS
from gwc.local.certificates import client_certificate, write_certificates
from gwc.semantics import Caller, Refusal, State, decide, faults, parse
from tests.kong.fake_kong import REQUEST_ID, FakeKong
from tests.lua.identity_traffic import ACME, BETA, identity_gateway, identity_traffic
from tests.lua.traffic import CLIENT, NOW_S, Sent, request, rich_gateway, traffic
from tests.support.sample import gateway
from tests.support.tokens import identity_provider, token_for

GATEWAY = rich_gateway()
GATEWAYS = {"rich": GATEWAY, "identity": identity_gateway()}
TRAFFIC = [s for s in traffic(GATEWAY, NOW_S) if not isinstance(parse(s.raw), Refusal)]
IDENTITY = [s for s in identity_traffic(GATEWAYS["identity"], NOW_S) if not isinstance(parse(s.raw), Refusal)]
ALL = [*(("rich", s) for s in TRAFFIC), *(("identity", s) for s in IDENTITY)]


@pytest.fixture(scope="module")
def fakes():
    return {name: FakeKong(source, NOW_S) for name, source in GATEWAYS.items()}


@pytest.fixture(scope="module")
def fake(fakes):
    return fakes["rich"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The variables of a connection with this client certificate."""
    certificates = write_certificates(tmp_path_factory.mktemp("tls"), ("api.test",), ())

    def variables(certificate):
        if certificate is None:
            return {}
        pair = client_certificate(certificates, certificate.uris, certificate.dns_names)
        return {"ssl_client_verify": "SUCCESS", "ssl_client_raw_cert": pair.certificate.read_text(encoding="ascii")}

    return variables


def problem(result):
    """The problem document of an answer of gwc, with its form checked."""
    assert result["headers"]["content-type"] == "application/problem+json", result
    assert result["headers"]["cache-control"] == "no-store"
    document = json.loads(result["body"])
    assert set(document) == {"type", "title", "status", "reason", "requestId"}
    assert document["status"] == result["status"]
    assert document["requestId"] == REQUEST_ID
    return document


@pytest.mark.parametrize(("name", "sent"), ALL, ids=[f"{n}: {s.name}" for n, s in ALL])
def test_equals_the_model(fakes: dict[str, FakeKong], shown, name: str, sent: Sent):
    source, request = GATEWAYS[name], parse(sent.raw)
    result = fakes[name].send(request, sni=sent.sni, variables=shown(sent.certificate))
    assert not result["errors"]
    expected = decide(source, request, sni=sent.sni, client=CLIENT, now_s=NOW_S, state=State(), certificate=sent.certificate)
    possible = faults(source, request, Caller(sent.sni, CLIENT, NOW_S, sent.certificate))
    if expected.allowed:
        _compare_forwarded(source, result, expected)
        reason = "allowed"
    else:
        assert not result.get("forwarded")
        reason = problem(result)["reason"]
        fault = next(f for f in possible if (f.status, f.reason) == (result["status"], reason))
        assert dict(fault.headers).items() <= {**result["headers"]}.items()
    assert result["log_line"]["reason"] == reason
    if len(possible) < 2 and not reason.startswith("normalise."):
        assert {k: result["log_line"][k] for k in ("operation", "subject", "consumer")} == {
            k: getattr(expected, k) for k in ("operation", "subject", "consumer")
        }


def _compare_forwarded(source, result, expected):
    seen = result["forwarded"]
    assert result["status"] == 200
    assert seen["target"] == expected.forwarded.target
    index = [u.name for u in source.upstreams].index(expected.forwarded.upstream) + 1
    assert seen["upstream"] == f"gwc-upstream-{index}"
    framing = {"content-length", "transfer-encoding", "connection", "x-request-id", "expect"}
    headers = sorted((k, v) for k, v in seen["headers"] if k not in framing)
    assert headers == list(expected.forwarded.headers)
    assert [v for k, v in seen["headers"] if k == "x-request-id"] == [REQUEST_ID]
    assert [v for k, v in seen["headers"] if k == "connection"] == ["keep-alive"]


@pytest.mark.parametrize("sni", ["API.test", "api.test", "partner.test"])
def test_served_names_get_a_handshake(fake, sni):
    assert fake.send(parse(TRAFFIC[0].raw), sni=sni)["handshake"]


@pytest.mark.parametrize("sni", [None, "", "evil.test", "api.test.evil.test", "xapi.test"])
def test_other_names_get_none(fake, sni):
    assert not fake.send(parse(TRAFFIC[0].raw), sni=sni)["handshake"]


CORE = [(400, 400, "normalise.request"), (404, 404, "route.unknown"), (405, 405, "route.method"), (408, 408, "normalise.timeout"),
        (413, 413, "body.size"), (414, 414, "normalise.uri"), (417, 400, "normalise.request"), (494, 431, "normalise.headers"),
        (500, 500, "internal.error"), (501, 400, "normalise.request"), (502, 502, "upstream.unavailable"),
        (503, 503, "internal.unavailable"), (504, 504, "upstream.timeout"), (505, 400, "normalise.request"), (599, 500, "internal.error")]  # fmt: skip


@pytest.mark.parametrize(("made", "status", "reason"), CORE)
def test_answers_of_nginx_get_the_form_of_gwc(fake, made, status, reason):
    result = fake.send(parse(TRAFFIC[0].raw), core_status=made)
    assert (result["status"], problem(result)["reason"]) == (status, reason)
    assert result["headers"]["content-length"] == len(result["body"])
    assert result["log_line"]["reason"] == reason


@pytest.mark.parametrize(
    ("made", "verified", "mode", "reason"),
    [
        (495, "FAILED:self-signed certificate", "optional", "normalise.certificate"),
        (496, "NONE", "required", "normalise.certificate"),
        (400, "FAILED:unable to verify the first certificate", "optional", "normalise.certificate"),
        (400, "NONE", "required", "normalise.certificate"),
        (400, "NONE", "optional", "normalise.request"),
        (400, "SUCCESS", "required", "normalise.request"),
        (414, "NONE", "required", "normalise.uri"),
    ],
)
def test_refused_certificates_are_told_from_malformed_requests(made, verified, mode, reason):
    """Kong's template has no error page for the numbers by which NGINX refuses certificates: the plugin sees a plain 400."""
    listener = GATEWAY.listener_tls
    asked = replace(listener, client_certificates=replace(listener.client_certificates, mode=mode))
    fake = FakeKong(replace(GATEWAY, listener_tls=asked), NOW_S)
    result = fake.send(parse(TRAFFIC[0].raw), core_status=made, variables={"ssl_client_verify": verified})
    assert (result["status"], problem(result)["reason"]) == (REASONS[reason], reason)
    assert result["log_line"]["reason"] == reason


def test_every_answer_is_counted_once():
    fake = FakeKong(GATEWAYS["identity"], NOW_S)
    good, bad = parse(request("", f"GET /i/query?api_key={ACME}").raw), parse(request("", "GET /i/query?api_key=x").raw)
    for sent in (good, good, bad, parse(request("", "GET /nowhere").raw)):
        fake.send(sent)
    fake.send(good, core_status=400)
    lines = sorted(fake.metrics().splitlines())
    assert [x for x in lines if not x.startswith("#")] == [
        'gwc_requests_total{consumer="-",reason="authn.apiKey"} 1',
        'gwc_requests_total{consumer="-",reason="normalise.request"} 1',
        'gwc_requests_total{consumer="-",reason="route.unknown"} 1',
        'gwc_requests_total{consumer="acme",reason="allowed"} 2',
    ]


def test_limits_of_a_consumer():
    """The third request of three is too many; another consumer, and a refused request, do not count."""
    limit = ConsumerLimit(id="all", limit=60, window_s=3600, burst=2)
    source = GATEWAYS["identity"]
    fake = FakeKong(replace(source, consumers=(replace(source.consumers[0], limits=(limit,)), source.consumers[1])), NOW_S)
    good, other = parse(request("", f"GET /i/query?api_key={ACME}").raw), parse(request("", f"GET /i/query?api_key={BETA}").raw)
    refused = parse(request("", f"GET /i/mine/beta?api_key={ACME}").raw)
    assert [fake.send(x)["status"] for x in (good, refused, other, good, other)] == [200, 403, 200, 200, 200]
    result = fake.send(good)
    assert (result["status"], problem(result)["reason"], result["headers"]["retry-after"]) == (429, "throttle.limit", "60")
    assert (result["log_line"]["consumer"], result["log_line"]["reason"]) == ("acme", "throttle.limit")
    assert fake.send(other)["status"] == 200


REMOTE = RemoteKeys(host="id.example.com", port=8443, path="/jwks.json", ca=FileRef(path="/ca"), cache_for_s=60, max_stale_s=60)


def remote_gateway():
    control = replace(GATEWAY.jwts[0], algorithms=("ES256", "EdDSA"), source=REMOTE)
    return replace(gateway(), jwts=(control,), rules=(), rate_limits=()), control


def answered(document: dict) -> str:
    body = json.dumps(document)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def test_a_fetched_set():
    source, control = remote_gateway()
    token = token_for(control, {"scope": "orders:read", "alg": "EdDSA", "claims": {"exp": int(NOW_S) + 99, "iat": int(NOW_S)}})
    sent = parse(request("", "GET /v1/orders/7", f"Authorization: Bearer {token}").raw)
    fake = FakeKong(source, NOW_S, served={REMOTE.host: answered(identity_provider().jwks_for(control))})
    assert [fake.send(sent)["status"] for _ in range(3)] == [200] * 3
    (asked,) = fake.asked
    assert asked.startswith("GET /jwks.json HTTP/1.1\r\nHost: id.example.com:8443\r\n")
    assert "Authorization" not in asked
    assert token not in asked


@pytest.mark.parametrize(
    "served", [{}, {REMOTE.host: "HTTP/1.1 500 No\r\n\r\n"}, {REMOTE.host: ""}, {"evil.example": answered({"keys": []})}]
)
def test_without_a_set_there_are_no_tokens(served):
    source, control = remote_gateway()
    token = token_for(control, {"scope": "orders:read", "claims": {"exp": int(NOW_S) + 99}})
    fake = FakeKong(source, NOW_S, served=served)
    result = fake.send(parse(request("", "GET /v1/orders/7", f"Authorization: Bearer {token}").raw))
    assert (result["status"], problem(result)["reason"]) == (503, "internal.unavailable")
    assert not result["errors"]
    assert fake.send(parse(request("", "GET /v1/health").raw))["status"] == 200


def test_a_missing_secret_is_said_and_denies(tmp_path):
    secret = FileRef(path=str(tmp_path / "secret.json"))
    control = replace(GATEWAY.jwts[0], algorithms=("HS256",), source=SecretKeys(file=secret))
    source = replace(gateway(), jwts=(control,), rules=(), rate_limits=())
    token = token_for(control, {"scope": "orders:read", "claims": {"exp": int(NOW_S) + 99}})
    sent = parse(request("", "GET /v1/orders/7", f"Authorization: Bearer {token}").raw)
    assert problem(FakeKong(source, NOW_S).send(sent))["reason"] == "internal.unavailable"
    (tmp_path / "secret.json").write_text(json.dumps(identity_provider().secret_jwks_for(control)))
    fake = FakeKong(source, NOW_S)
    assert fake.send(sent)["status"] == 200
    flipped = sent.headers[1][1][:-4] + "AAAA"
    bad = request("", "GET /v1/orders/7", f"Authorization: {flipped}")
    assert problem(fake.send(parse(bad.raw)))["reason"] == "authn.signature"


def test_answers_of_the_upstream_stay_as_they_are(fake):
    result = fake.send(parse(TRAFFIC[0].raw))
    assert (result["status"], result["body"], dict(result["headers"])) == (200, "upstream", {"server": "upstream"})


def test_the_log_line_has_a_duration(fake):
    assert fake.send(parse(TRAFFIC[0].raw))["log_line"]["duration_ms"] == "250"


def test_no_body_is_read_before_the_caller_is_authorised(fake):
    chunked = b"POST /v1/items HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n%s\r\n1\r\nx\r\n0\r\n\r\n"
    assert not fake.send(parse(chunked % b""))["body_read"]
    good = next(s for s in TRAFFIC if s.name == "chunked")
    assert fake.send(parse(good.raw))["body_read"]


def test_a_body_that_nginx_cuts_short_is_logged_with_its_operation():
    source = next(s for s in TRAFFIC if s.name == "chunked")
    head, _, _ = source.raw.partition(b"\r\n\r\n")
    size = 2 * 65536 + 1024 * 1024 + 1
    request = parse(head + b"\r\n\r\n%x\r\n" % size + b" " * size + b"\r\n0\r\n\r\n")
    result = FakeKong(GATEWAY, NOW_S).send(request)
    assert (result["status"], problem(result)["reason"]) == (413, "body.size")
    assert (result["log_line"]["operation"], result["log_line"]["subject"]) == ("o.create", "alice")


def test_timeouts_follow_the_upstream(fake):
    by_path = {s.name: fake.send(parse(s.raw)).get("forwarded") for s in TRAFFIC if s.name in {"fine", "good"}}
    assert by_path["fine"].get("timeouts") is None
    assert by_path["good"]["timeouts"] == [2000, 3000, 3000]


def test_configure_says_early_that_the_builds_differ(fake):
    lua, ngx, said = fake.lua, fake.lua.globals().ngx, []
    log, ngx.log = ngx.log, lambda _, *words: said.append("".join(words))
    try:
        fake.plugin.configure(fake.plugin, lua.eval("{{digest = 'other'}}"))
        fake.plugin.configure(fake.plugin, None)
    finally:
        ngx.log = log
    assert said == ["gwc: kong.yml and data.lua are from different builds"]


def test_schema_asks_for_the_digest(fake):
    schema = fake.lua.eval('(require "kong.plugins.gwc.schema")')
    assert schema.name == "gwc"
    digest = schema.fields[3].config.fields[1].digest
    assert digest.required is True
    assert digest.type == "string"
