"""Requests that others collected, through every host: no bypass, no smuggled request, the same verdict on tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from gwc.controls.body import Body
from gwc.controls.canonical_path import CanonicalPath
from gwc.controls.jwk import EcKey, RsaKey
from gwc.controls.jwt import Jwt
from gwc.ir import Gateway
from gwc.semantics import State
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support import sample
from tests.support.cases import Case, Expectation, Step
from tests.support.harness import Bench, Exchange, bench, compare, judge, running
from tests.support.requests import Answer, Offer, exchange
from tests.support.sample import NO_BODY, PUBLIC, one, operation
from tests.support.shared import corpus

pytestmark = pytest.mark.gateway
ANY_BODY = Body(media_types=("*/*",), required=False, max_bytes=65536)
OFFER = Offer("api.test")


@pytest.fixture(params=HOSTS)
def host(request):
    require(request.param)
    return request.param


def _gateway(*operations, **changed) -> Gateway:
    """The sample with these operations and without limits."""
    by_place = sorted(operations, key=lambda o: (o.route.template.text, o.route.method))
    return sample.gateway(operations=tuple(by_place), rate_limits=(), rules=(), **changed)


@contextmanager
def _serving(gateway: Gateway, host: str, folder: Path) -> Iterator[tuple[Bench, int]]:
    case = Case("corpus", folder, folder, ())
    with bench(case, gateway, folder) as prepared, running(host, prepared, folder) as process:
        yield prepared, process.port


def _exchange(prepared: Bench, port: int, name: str, raw: bytes) -> Exchange:
    step = Step(name, {"sni": "api.test"}, Expectation("allowed"))
    verdict = judge(prepared.gateway, raw, OFFER, State())
    return Exchange(step, raw, verdict, exchange(port, raw, OFFER), prepared.take())


def _get(target: str, *fields: str) -> bytes:
    return ("\r\n".join([f"GET {target} HTTP/1.1", "Host: api.test", *fields]) + "\r\n\r\n").encode()


# --- paths -------------------------------------------------------------------------------------------------------------


def _path_gateway() -> Gateway:
    return _gateway(
        operation("GET", "/public", PUBLIC, NO_BODY, "p.public"),
        operation("GET", "/publicx", PUBLIC, NO_BODY, "p.publicx"),
        operation("GET", "/public/{name}", PUBLIC, NO_BODY, "p.name"),
        operation("GET", "/public/{a}/{b}", PUBLIC, NO_BODY, "p.two"),
        operation("GET", "/public/{a}/{b}/{c}/{d}", PUBLIC, NO_BODY, "p.four"),
        operation("GET", "/{other}", PUBLIC, NO_BODY, "p.other"),
        operation("GET", "/admin/secret", one("partnerKey"), NO_BODY, "p.secret"),
    )


def _readings(target: str) -> set[str]:
    """What backends may make of a target: each way of normalising alone, and all of them one after the other."""
    path = re.sub(r"^[A-Za-z]+://[^/]*", "", target).split("?")[0].split("#")[0]
    ways = (
        unquote,
        lambda p: unquote(unquote(p)),
        lambda p: p.replace("\\", "/"),
        lambda p: re.sub(r";[^/]*", "", p),
        _merged,
        _resolved,
        str.lower,
    )
    readings = {path, *(w(path) for w in ways)}
    for way in ways:
        readings |= {way(r) for r in readings}
    return readings


def _merged(path: str) -> str:
    return re.sub(r"/+", "/", path)


def _resolved(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def test_no_path_bypasses_a_control(host, tmp_path, count_requests):
    document = corpus("paths/path-confusion.json")
    bypasses, wrong = [], []
    with _serving(_path_gateway(), host, tmp_path) as (prepared, port):
        for case in document["cases"]:
            done = _exchange(prepared, port, case["target"], _get(case["target"]))
            if done.received and case["protected"] in _readings(case["target"]):
                bypasses.append(case["target"])
            wrong += [f"{case['target']}: {text}" for text in compare(done)]
        probe = _exchange(prepared, port, "the oracle", _get("/public/x"))
    count_requests(host, len(document["cases"]), len(wrong))
    assert len(probe.received) == 1, "without an allowed request the test shows nothing"
    assert not bypasses
    assert not wrong, "\n".join(wrong)


def test_benign_paths_are_equal(host, tmp_path, count_requests):
    wrong, passed = [], 0
    cases = corpus("paths/benign.json")["cases"]
    with _serving(_path_gateway(), host, tmp_path) as (prepared, port):
        for case in cases:
            done = _exchange(prepared, port, case["target"], _get(case["target"]))
            passed += len(done.received)
            wrong += [f"{case['target']}: {text}" for text in compare(done)]
    count_requests(host, len(cases), len(wrong))
    assert not wrong, "\n".join(wrong)
    assert passed == len(cases) - 3, "all but needless and doubtful escapes (%41, %25, %2F) reach the upstream"


# --- HTTP/1 ------------------------------------------------------------------------------------------------------------


def _open_gateway() -> Gateway:
    """As much as possible is allowed, so that whatever is smuggled would arrive."""
    methods = ("GET", "POST")
    paths = ("/", "/public", "/smuggled", "/admin")
    found = [operation(m, p, PUBLIC, ANY_BODY, f"o.{m}{p.replace('/', '.')}") for p in paths for m in methods]
    return _gateway(*found)


def _is_right(expect: str, answer: Answer, arrived: int) -> bool:
    """The verdict of the collection's `expect`: a refusal reaches nobody, an acceptance exactly one."""
    refused = (400 <= answer.status <= 505 or answer.status == -1) and arrived == 0
    if expect == "4xx":
        return refused
    return refused or (answer.status == 200 and arrived == 1)


def test_anomalies_of_http(host, tmp_path, count_requests):
    wrong = []
    cases = corpus("smuggling/h1-anomalies.json")["cases"]
    with _serving(_open_gateway(), host, tmp_path) as (prepared, port):
        for case in cases:
            raw = case["raw_latin1"].replace("Host: localhost", "Host: api.test").replace("localhost:1", "api.test:1")
            answer = exchange(port, raw.encode("latin-1", "ignore"), OFFER, timeout_s=3)
            arrived = prepared.take()
            if not _is_right(case["expect"], answer, len(arrived)):
                wrong.append(f"{case['id']}: {answer.status}, {len(arrived)} requests arrived, expected {case['expect']}")
            if any(r.target not in {"/", "/public"} or "/admin" in r.values("x-rewrite-url") for r in arrived):
                wrong.append(f"{case['id']}: arrived as {arrived}")
        assert _exchange(prepared, port, "ordinary", _get("/")).answer.status == 200
        malformed = [e.malformed for e in prepared.echoes.values()]
    count_requests(host, len(cases), len(wrong))
    assert not wrong, "\n".join(wrong)
    assert malformed == [0]


def _smuggled(gadget: str) -> Iterator[tuple[str, bytes]]:
    """A request with both framings, the real one and the gadget, once for each belief. The connection is to be closed after it."""
    inner = "GET /smuggled HTTP/1.1\r\nHost: api.test\r\nX: "
    head = "POST / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    body = f"0\r\n\r\n{inner}"
    yield "CL.TE", f"{head}Content-Length: {len(body)}\r\n{gadget}\r\n{body}".encode("latin-1", "replace")
    chunk = f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n"
    yield "TE.CL", f"{head}Content-Length: 4\r\n{gadget}\r\n{chunk}".encode("latin-1", "replace")


def test_nothing_is_smuggled(host, tmp_path, count_requests):
    cases = corpus("smuggling/te-gadgets.json")["cases"]
    requests = [(c["id"], raw) for c in cases for _, raw in _smuggled(c["gadget_latin1"])]
    with _serving(_open_gateway(), host, tmp_path) as (prepared, port):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda r: exchange(port, r[1], OFFER, timeout_s=4), requests))
        arrived = prepared.take()
        malformed = [e.malformed for e in prepared.echoes.values()]
        assert _exchange(prepared, port, "ordinary", _get("/smuggled")).answer.status == 200
    count_requests(host, len(requests))
    accepted = sum(a.status == 200 for a in answers)
    assert [r for r in arrived if r.target != "/"] == []
    assert malformed == [0]
    assert len(arrived) == accepted, "one request arrives for each one that was accepted"
    assert not [r.headers for r in arrived if _frames_twice(r.headers)]


def _frames_twice(headers: tuple[tuple[str, str], ...]) -> bool:
    """Whether an upstream that reads names carelessly finds a second framing."""
    names = [re.sub(r"[^a-z-]", "", k.lower().replace("_", "-")) for k, _ in headers]
    return names.count("transfer-encoding") + names.count("content-length") > 1


# --- tokens ------------------------------------------------------------------------------------------------------------


class _CorpusKeys:
    """Stands for the identity provider: the keys of the collection, as far as gwc takes them (2048 bits, for signatures)."""

    def __init__(self, jwks: list[dict[str, str]]) -> None:
        self._jwks = {k["kid"]: k for k in jwks}

    def keys_for(self, _: Jwt) -> tuple[RsaKey | EcKey, ...]:
        ec, rsa = self._jwks["ec1"], self._jwks["rsa1"]
        found = EcKey(kid="ec1", algorithm="ES256", crv="P-256", x=ec["x"], y=ec["y"])
        return found, RsaKey(kid="rsa1", algorithm="RS256", n=rsa["n"], e=rsa["e"])


def _token_gateway(policy: dict) -> Gateway:
    jwt = replace(
        sample.gateway().jwts[0],
        issuer=policy["issuer"],
        audiences=(policy["audience"],),
        algorithms=("ES256", "RS256"),
        clock_skew_s=policy["leeway_s"],
    )
    path = CanonicalPath(max_uri_bytes=4096, matrix=False)
    return _gateway(operation("GET", "/read", one("oauth", policy["scope"]), NO_BODY, "t.read"), jwts=(jwt,), canonical_path=path)


def test_tokens_of_the_collection(host, tmp_path, count_requests, monkeypatch):
    document = corpus("jwt/attack-vectors.json")
    monkeypatch.setattr("tests.support.harness.identity_provider", lambda: _CorpusKeys(document["jwks"]["keys"]))
    wrong = []
    with _serving(_token_gateway(document["policy"]), host, tmp_path) as (prepared, port):
        for case in document["cases"]:
            fields = case.get("raw_headers") or [f"Authorization: {case['authorization']}"]
            done = _exchange(prepared, port, case["id"], _get("/read", *fields))
            verdict = {200: "accept", 403: "reject-scope"}.get(done.answer.status, "reject")
            if case["expect"] not in {verdict, "free"}:
                wrong.append(f"{case['id']}: {verdict} ({done.answer.status}), expected {case['expect']}: {case['why']}")
            wrong += [f"{case['id']}: {text}" for text in compare(done)]
    count_requests(host, len(document["cases"]), len(wrong))
    assert not wrong, "\n".join(wrong)
