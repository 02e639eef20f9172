"""Key servers with every fault, as the Lua hosts meet them: the declared denial in time, and other operations as if nothing were."""

from __future__ import annotations

import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwc.controls import jwt
from gwc.controls.base import FileRef
from gwc.controls.jwt import FETCH_TIMEOUT_S, REFRESH_S, RemoteKeys
from gwc.local.jwks_answers import BAD
from tests.conformance.conformance_hosts import require
from tests.lua.traffic import request
from tests.support import sample
from tests.support.cases import Case
from tests.support.harness import bench, running
from tests.support.requests import Offer, exchange
from tests.support.sample import NO_BODY, PUBLIC, one, operation
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway

REMOTE = RemoteKeys(host="id.example.com", port=443, path="/k", ca=FileRef(path="/ca"), cache_for_s=2, max_stale_s=3)
CONTROL = replace(jwt.EXAMPLES[0], algorithms=("ES256", "RS256"), source=REMOTE)
OTHER = replace(jwt.EXAMPLES[0], scheme="other")
QUICK_S = 1.0
HOSTS = ("openresty", "kong")


def source(remote=REMOTE):
    operations = (
        operation("GET", "/other", one("other"), NO_BODY, "o.other"),
        operation("GET", "/public", PUBLIC, NO_BODY, "o.public"),
        operation("GET", "/token", one("oauth"), NO_BODY, "o.token"),
    )
    return sample.gateway(operations=operations, rate_limits=(), rules=(), jwts=(replace(CONTROL, source=remote), OTHER))


class Served:
    """A gateway and the key server of its scheme `oauth`."""

    def __init__(self, prepared: Any, port: int) -> None:
        self.prepared, self.port = prepared, port
        self.server = prepared.keys.servers["oauth"]
        self.controls = {c.scheme: c for c in prepared.gateway.jwts}

    def ask(self, path: str = "token", scheme: str | None = "oauth", **described: Any) -> tuple[int, str, float]:
        """Status, reason and how long it took in seconds."""
        fields = [f"Authorization: Bearer {token_for(self.controls[scheme], described)}"] if scheme else []
        before = time.monotonic()
        answer = exchange(self.port, request("", f"GET /{path}", *fields).raw, Offer("api.test"))
        return answer.status, answer.problem().get("reason", "allowed"), time.monotonic() - before

    def others_are_served(self) -> None:
        """Operations that need no fetched key, while the server has its fault."""
        for path, scheme in (("public", None), ("other", "other")):
            status, reason, took_s = self.ask(path, scheme)
            assert (status, reason) == (200, "allowed")
            assert took_s < QUICK_S


@contextmanager
def serving(host, folder, monkeypatch, remote=REMOTE):
    require("openresty")  # the NGINX of both
    monkeypatch.setenv("GWC_KONG", shlex.join([sys.executable, str(Path(__file__).with_name("stand_in.py"))]))
    with bench(Case("keys", folder, folder, ()), source(remote), folder) as prepared, running(host, prepared, folder) as process:
        yield Served(prepared, process.port)


@pytest.mark.parametrize("host", HOSTS)
def test_down_at_start_and_back_later(host, tmp_path, monkeypatch):
    with serving(host, tmp_path, monkeypatch) as served:
        served.server.mode = "down"
        assert served.ask()[:2] == (503, "internal.unavailable")
        served.others_are_served()
        assert served.ask(header={"kid": 7})[:2] == (401, "authn.unknownKey")
        served.server.mode = "good"
        time.sleep(REFRESH_S + 0.2)
        assert served.ask()[:2] == (200, "allowed")


@pytest.mark.parametrize("mode", ["mute", "hang", "drip", *sorted(BAD)])
def test_faults_of_the_server(mode, tmp_path, monkeypatch):
    """503 in time; meanwhile everybody else is served; the next attempt comes no sooner than it may."""
    with serving("openresty", tmp_path, monkeypatch) as served, ThreadPoolExecutor(2) as pool:
        served.server.mode = mode
        waiting = pool.submit(served.ask)
        time.sleep(0.2)
        served.others_are_served()
        status, reason, took_s = waiting.result()
        assert (status, reason) == (503, "internal.unavailable")
        assert took_s < FETCH_TIMEOUT_S + QUICK_S
        before = time.monotonic()
        for _ in range(6):
            assert served.ask()[:2] == (503, "internal.unavailable")
        assert len(served.server.accepted_s) <= 2 + (time.monotonic() - before) // REFRESH_S


@pytest.mark.parametrize("presented", ["stranger", "misnamed"])
@pytest.mark.parametrize("host", HOSTS)
def test_the_certificate_of_the_server_is_verified(host, presented, tmp_path, monkeypatch):
    with serving(host, tmp_path, monkeypatch) as served:
        served.server.presented = presented
        assert served.ask()[:2] == (503, "internal.unavailable")
        assert served.server.count() == 0
        served.others_are_served()


@pytest.mark.parametrize("host", HOSTS)
def test_a_slow_server_is_waited_for(host, tmp_path, monkeypatch):
    """Many first requests at once: one of them fetches, for all workers, and the others wait for it."""
    with serving(host, tmp_path, monkeypatch) as served, ThreadPoolExecutor(20) as pool:
        served.server.mode, served.server.slow_s = "slow", 1.5
        asked = [pool.submit(served.ask) for _ in range(20)]
        time.sleep(0.3)
        served.others_are_served()
        answers = [a.result() for a in asked]
        assert {a[:2] for a in answers} == {(200, "allowed")}
        assert max(a[2] for a in answers) < FETCH_TIMEOUT_S
        assert served.server.count() == 1


@pytest.mark.parametrize("host", HOSTS)
def test_rotated_keys(host, tmp_path, monkeypatch):
    with serving(host, tmp_path, monkeypatch, replace(REMOTE, cache_for_s=3600)) as served:
        for _ in range(8):  # both workers have the set
            assert served.ask()[:2] == (200, "allowed")
        rotated = served.server.rotate(identity_provider(), served.controls["oauth"].algorithms)
        monkeypatch.setattr("tests.support.tokens.identity_provider", lambda: rotated)
        new = {"header": {"kid": "local-es256-1"}}
        assert served.ask(**new)[:2] == (401, "authn.unknownKey")
        before = served.server.count()
        for _ in range(50):  # nobody makes the gateway ask more often
            assert served.ask(header={"kid": "unknown"})[:2] == (401, "authn.unknownKey")
        assert served.server.count() == before
        time.sleep(REFRESH_S + 0.2)
        for _ in range(8):
            assert served.ask(**new)[:2] == (200, "allowed")
        # A worker that no token with a new key came to still has the old set: then the name is known, and the key another.
        assert served.ask(header={"kid": "local-es256"})[:2] in {(401, "authn.unknownKey"), (401, "authn.signature")}


def test_an_outage_later(tmp_path, monkeypatch):
    """The set is used for cacheFor, then, while it can't be had, for maxStale, then not at all."""
    with serving("openresty", tmp_path, monkeypatch, replace(REMOTE, cache_for_s=1, max_stale_s=3)) as served:
        start = time.monotonic()
        for _ in range(8):
            assert served.ask()[:2] == (200, "allowed")
        fetched = time.monotonic()
        served.server.mode = "garbage"
        while time.monotonic() < start + 3.8:
            assert served.ask()[:2] == (200, "allowed")
            time.sleep(0.1)
        time.sleep(max(0, fetched + 4.3 - time.monotonic()))
        for _ in range(8):
            assert served.ask()[:2] == (503, "internal.unavailable")
        served.server.mode = "good"
        time.sleep(REFRESH_S + 0.2)
        for _ in range(8):
            assert served.ask()[:2] == (200, "allowed")


def test_a_redirect_is_not_followed(tmp_path, monkeypatch):
    with serving("openresty", tmp_path, monkeypatch) as served:
        served.server.mode = "redirect"
        assert served.ask()[:2] == (503, "internal.unavailable")
        assert {a.path for a in served.server.asked} == {"/jwks.json"}


def test_the_request_says_no_more_than_it_must(tmp_path, monkeypatch):
    """The key server sees its path, and nothing of the client."""
    with serving("openresty", tmp_path, monkeypatch) as served:
        assert served.ask()[:2] == (200, "allowed")
        assert {(a.method, a.path) for a in served.server.asked} == {("GET", "/jwks.json")}
