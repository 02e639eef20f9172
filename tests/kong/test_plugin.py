"""The compiled plugin on the fake kit, against the model: the answer, its form, what the upstream sees, and the log line."""

from __future__ import annotations

import json

import pytest

from gwc.semantics import Caller, Refusal, State, decide, faults, parse
from tests.kong.fake_kong import REQUEST_ID, FakeKong
from tests.lua.traffic import CLIENT, NOW_S, Sent, rich_gateway, traffic

GATEWAY = rich_gateway()
TRAFFIC = [s for s in traffic(GATEWAY, NOW_S) if not isinstance(parse(s.raw), Refusal)]


@pytest.fixture(scope="module")
def fake():
    return FakeKong(GATEWAY, NOW_S)


def problem(result):
    """The problem document of an answer of gwc, with its form checked."""
    assert result["headers"]["content-type"] == "application/problem+json", result
    assert result["headers"]["cache-control"] == "no-store"
    document = json.loads(result["body"])
    assert set(document) == {"type", "title", "status", "reason", "requestId"}
    assert document["status"] == result["status"]
    assert document["requestId"] == REQUEST_ID
    return document


@pytest.mark.parametrize("sent", TRAFFIC, ids=lambda s: s.name)
def test_equals_the_model(fake: FakeKong, sent: Sent):
    request = parse(sent.raw)
    result = fake.send(request, sni=sent.sni)
    assert not result["errors"]
    expected = decide(GATEWAY, request, sni=sent.sni, client=CLIENT, now_s=NOW_S, state=State())
    possible = faults(GATEWAY, request, Caller(sent.sni, CLIENT, NOW_S))
    if expected.allowed:
        _compare_forwarded(result, expected)
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


def _compare_forwarded(result, expected):
    seen = result["forwarded"]
    assert result["status"] == 200
    assert seen["target"] == expected.forwarded.target
    index = [u.name for u in GATEWAY.upstreams].index(expected.forwarded.upstream) + 1
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
    lua = fake.lua
    fake.plugin.configure(fake.plugin, lua.eval("{{digest = 'other'}}"))
    fake.plugin.configure(fake.plugin, None)


def test_schema_asks_for_the_digest(fake):
    schema = fake.lua.eval('(require "kong.plugins.gwc.schema")')
    assert schema.name == "gwc"
    digest = schema.fields[3].config.fields[1].digest
    assert digest.required is True
    assert digest.type == "string"
