"""Phase 9 in Kong's plugin on the fake kit, and in a real NGINX: with every part of it broken, and with bodies in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lupa.luajit21 import LuaError

from gwc.backends.base import Output
from gwc.controls.body import Body
from gwc.controls.validation import Validation
from gwc.jsonschema.tree import Required, Schema, Types
from gwc.local.processes import NotStarted
from gwc.semantics import parse
from tests.kong.fake_kong import FakeKong
from tests.kong.test_openresty import serving
from tests.lua.traffic import request
from tests.support.requests import Answer, Offer, exchange
from tests.support.validated import FAULTS, GOOD, REFUSED, RULE, counters, validated_gateway, watched_gateway

GATEWAY = validated_gateway()
Files = dict[str, str]


def asked(target: str, content: bytes, *fields: str) -> bytes:
    return request("", f"POST {target}", "Content-Type: application/json", *fields, content=content).raw


def broken(fault: str) -> Callable[[Files], None]:
    """Puts a mistake into the one file that has its place."""
    code, instead = FAULTS[fault]

    def change(files: Files) -> None:
        (name,) = [n for n, text in files.items() if n.startswith("lua/gwc/") and code in text]
        assert files[name].count(code) == 1
        files[name] = files[name].replace(code, instead)

    return change


def of_output(change: Callable[[Files], None]) -> Callable[[Output], Output]:
    """The same for files of a real server."""

    def changed(output: Output) -> Output:
        files = {name: data.decode() for name, data in output.files.items()}
        change(files)
        return Output({name: text.encode() for name, text in files.items()}, output.ledger)

    return changed


def told(problem: dict[str, object]) -> list[tuple[str, str, str]]:
    errors = problem.get("errors", [])
    assert isinstance(errors, list)
    return [(e["in"], e["pointer"], e["keyword"]) for e in errors]


# --- the plugin on the fake kit


def test_what_holds_passes_and_what_does_not_is_told():
    kong = FakeKong(GATEWAY)
    assert kong.send(parse(asked(*GOOD)))["status"] == 200
    for (target, body), (reason, expected) in REFUSED.items():
        result = kong.send(parse(asked(target, body)))
        problem = json.loads(result["body"])
        assert (result["status"], problem["reason"], told(problem)) == (400, reason, expected)
        assert not result.get("forwarded")
        assert result["log_line"]["reason"] == reason


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_phase_refuses(fault: str):
    result = FakeKong(GATEWAY, change=broken(fault)).send(parse(asked(*GOOD)))
    assert not result.get("forwarded")
    assert (result["status"], json.loads(result["body"])["reason"]) == (500, "internal.error")


def _without_rules(files: Files) -> None:
    head, found, rest = files["lua/gwc/data.lua"].partition("validation = {")
    assert found
    files["lua/gwc/data.lua"] = f"{head}other = {{{rest}"


def test_an_operation_that_says_nothing_about_validation_stops_the_start():
    with pytest.raises(LuaError, match="assertion failed"):
        FakeKong(GATEWAY, change=_without_rules)


def test_without_the_compiled_schemas_kong_does_not_start():
    with pytest.raises(LuaError, match=r"gwc\.schemas"):
        FakeKong(GATEWAY, change=lambda files: files.pop("lua/gwc/schemas.lua"))


def test_the_schemas_are_bound_to_the_entities():
    """With schemas of another build the digest of kong.yml is another one, too."""
    first, second = (FakeKong(g).files for g in (GATEWAY, validated_gateway(is_split=True)))
    assert first["lua/gwc/schemas.lua"] == second["lua/gwc/schemas.lua"]
    (limit,) = RULE.parameters
    null = replace(limit, schema=Schema((Types(("null",)),)))
    closed, other = (_with_rule(r) for r in (replace(RULE, closed_query=False), replace(RULE, parameters=(null,))))
    assert len({_digest(first), _digest(closed), _digest(other)}) == 3
    assert first["lua/gwc/schemas.lua"] != other["lua/gwc/schemas.lua"]
    assert first["lua/gwc/data.lua"].replace(_digest(first), "") == other["lua/gwc/data.lua"].replace(_digest(other), "")


def _with_rule(rule: Validation) -> Files:
    changed = tuple(replace(o, validation=rule) if o.key == "orders.open" else o for o in GATEWAY.operations)
    return FakeKong(replace(GATEWAY, operations=changed)).files


def _digest(files: Files) -> str:
    return str(json.loads(files["kong.yml"])["plugins"][0]["config"]["digest"])


# --- a real NGINX


def send(port: int, target: str, content: bytes, *fields: str) -> Answer:
    return exchange(port, asked(target, content, *fields), Offer("api.test"))


@pytest.mark.gateway
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_phase_refuses_in_nginx(tmp_path: Path, fault: str):
    with serving(GATEWAY, tmp_path, of_output(broken(fault))) as (_, running, echoes):
        answer = send(running.port, *GOOD)
        assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
        assert not echoes["orders"].take()


@pytest.mark.gateway
def test_without_the_compiled_schemas_nginx_does_not_start(tmp_path: Path):
    with pytest.raises(NotStarted), serving(GATEWAY, tmp_path, of_output(lambda files: files.pop("lua/gwc/schemas.lua"))):
        pass


def _large() -> Body:
    return Body(media_types=("application/json",), required=True, max_bytes=4 * 1024 * 1024)


@pytest.mark.gateway
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunks"])
def test_bodies_in_files_are_judged_as_they_are_forwarded(tmp_path: Path, is_chunked: bool):
    """Above the buffer of a megabyte NGINX keeps them in a file."""
    operations = tuple(replace(o, body=_large()) if o.key == "orders.open" else o for o in GATEWAY.operations)
    good = b'{"sku": "a",' + b" " * 2_000_000 + b'"qty": 1}'
    with serving(replace(GATEWAY, operations=operations), tmp_path) as (_, running, echoes):
        for content, status in ((good, 200), (good.replace(b"1}", b"0}"), 400), (good[:-1], 400)):
            sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if is_chunked else content
            answer = send(running.port, GOOD[0], sent, *(["Transfer-Encoding: chunked"] if is_chunked else []))
            assert answer.status == status
            assert [r.body_bytes for r in echoes["orders"].take()] == [len(good)] * (status == 200)


@pytest.mark.gateway
def test_a_body_that_can_not_be_had_is_refused(tmp_path: Path):
    def change(files: Files) -> None:
        files["lua/gwc/nginx_request.lua"] = files["lua/gwc/nginx_request.lua"].replace('file:read("*a")', "nil")

    operations = tuple(replace(o, body=_large()) if o.key == "orders.open" else o for o in GATEWAY.operations)
    with serving(replace(GATEWAY, operations=operations), tmp_path, of_output(change)) as (_, running, echoes):
        answer = send(running.port, GOOD[0], b'{"sku": "a",' + b" " * 2_000_000 + b'"qty": 1}')
        assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
        assert not echoes["orders"].take()


# --- what upstreams answer


ECHO = Schema((Types(("object",)), Required(("method",))))
"""What the upstream of the tests answers."""


@pytest.mark.gateway
@pytest.mark.parametrize("code", ["", "error('boom')", "return nil"])
def test_answers_stay_as_they_are_and_are_counted(tmp_path: Path, code: str):
    """Also when the schema is broken: then nothing is known of them."""

    def change(files: Files) -> None:
        if code:
            files["lua/gwc/schemas.lua"] = files["lua/gwc/schemas.lua"].replace("return V\n", f"V[1] = function() {code} end return V\n")

    with serving(watched_gateway(ECHO), tmp_path, of_output(change)) as (local, running, _):
        answers = [
            exchange(running.port, request("", f"GET /v1/watched/{wish}").raw, Offer("api.test")) for wish in ("a", "large", "close")
        ]
        assert [a.status for a in answers] == [200, 200, 502]
        assert len(answers[1].body) == 4 * 65536
        lines = counters(local)
    word = "unchecked" if code else "valid"
    assert [line for line in lines if line.startswith("gwc_responses_total{")] == sorted(
        f'gwc_responses_total{{operation="orders.watched",response="{w}"}} 1' for w in ("contentType", word)
    )
    assert 'gwc_requests_total{consumer="-",reason="allowed"} 2' in lines
