"""An identity provider that fails in every way, before and while a gateway runs: always the declared denial, never another one, and
nothing else is touched by it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.base import FileRef
from gwc.controls.jwt import FETCH_TIMEOUT_S, REFRESH_S, RemoteKeys
from gwc.ir import Gateway
from gwc.local.certificates import write_certificates
from gwc.local.echo import echo
from gwc.local.jwks_answers import PATH
from gwc.local.jwks_server import JwksServer, Mode, Presented, jwks_server
from gwc.local.key_sources import KEY_HOST
from gwc.local.localise import localise
from tests.conformance.conformance_hosts import require
from tests.semantics.given import digest
from tests.support import sample
from tests.support.harness import Bench, running
from tests.support.requests import Answer, Offer, exchange
from tests.support.sample import NO_BODY, PUBLIC, one, operation
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway
HOSTS = ("nginx", "envoy", "openresty")
OFFER = Offer("api.test")

# What no gateway may take for a key set; the fast ones in every run, all in `make test-long`.
FAULTS: tuple[Mode, ...] = ("garbage", "hugeChunked", "error")
MORE_FAULTS: tuple[Mode, ...] = ("down", "mute", "hang", "drip", "empty", "huge", "hugeUntilClose", "redirect", "truncated")
CERTIFICATES: tuple[Presented, ...] = ("stranger", "misnamed")


@dataclass(frozen=True)
class Served:
    """A gateway with its identity provider."""

    port: int
    keys: JwksServer
    gateway: Gateway
    upstream: Any

    def token(self, **described: Any) -> Answer:
        """The answer to a request with a token."""
        field = "Authorization: Bearer " + token_for(self.gateway.jwts[0], {"scope": "orders:read", **described})
        return self.get("/token", field)

    def get(self, target: str, *fields: str) -> Answer:
        raw = "\r\n".join([f"GET {target} HTTP/1.1", "Host: api.test", *fields]) + "\r\n\r\n"
        return exchange(self.port, raw.encode(), OFFER)

    def others_go_on(self) -> None:
        """Operations without tokens do not care."""
        assert self.get("/open").status == 200
        assert self.get("/key", "X-API-Key: good").status == 200
        assert _reason(self.get("/key", "X-API-Key: bad")) == "authn.apiKey"
        assert _reason(self.get("/token")) == "authn.missing"
        assert _reason(self.get("/token", "Authorization: Bearer x")) == "authn.malformed"

    def warm(self) -> None:
        """Every worker has the set: each has had a request with a token."""
        for _ in range(16):
            assert self.token().status == 200


def _reason(answer: Answer) -> str:
    return answer.problem().get("reason", f"none: {answer.status} {answer.why}")


def _gateway(cache_for_s: int, max_stale_s: int) -> Gateway:
    source = RemoteKeys(host="x.example", port=1, path="/", ca=FileRef(path="/ca"), cache_for_s=cache_for_s, max_stale_s=max_stale_s)
    base = sample.gateway(rate_limits=(), rules=(), metrics=())
    operations = (
        operation("GET", "/key", one("partnerKey"), NO_BODY, "t.key"),
        operation("GET", "/open", PUBLIC, NO_BODY, "t.open"),
        operation("GET", "/token", one("oauth", "orders:read"), NO_BODY, "t.token"),
    )
    keys = (replace(base.api_keys[0], keys=(digest("good"),)),)
    return replace(base, operations=operations, api_keys=keys, jwts=(replace(base.jwts[0], algorithms=("ES256", "RS256"), source=source),))


@contextmanager
def serving(
    host: str, folder: Path, *, mode: Mode = "good", presented: Presented = "upstream", cache_for_s: int = 600, max_stale_s: int = 600
) -> Iterator[Served]:
    """The gateway `host` with a provider in this mode; both end with the block."""
    require(host)
    gateway = _gateway(cache_for_s, max_stale_s)
    certificates = write_certificates(folder / "tls", ["api.test"], [KEY_HOST])
    with jwks_server(identity_provider().jwks_for(gateway.jwts[0]), certificates) as server, echo(None, None) as upstream:
        server.presented, server.mode = presented, mode
        where = {"host": KEY_HOST, "port": server.port, "path": PATH, "ca": FileRef(path=str(certificates.ca))}
        local = localise(
            gateway,
            port=1,
            certificates=certificates,
            upstreams={u.name: ("127.0.0.1", upstream.port) for u in gateway.upstreams},
            provider=identity_provider(),
            sources={"oauth": replace(gateway.jwts[0].source, **where)},
        )
        local = replace(local, upstreams=tuple(replace(u, transport=sample.gateway().upstreams[0].transport) for u in local.upstreams))
        prepared = Bench(local, certificates, {}, None)
        with running(host, prepared, folder) as process:
            yield Served(process.port, server, gateway, upstream)


def _denied_in_time(served: Served) -> None:
    """503 for the token, soon enough, and the rest as if nothing were."""
    start = time.monotonic()
    answer = served.token()
    assert (answer.status, _reason(answer)) == (503, "internal.unavailable"), answer
    assert time.monotonic() - start < FETCH_TIMEOUT_S + 2
    served.others_go_on()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("mode", [*FAULTS, *(pytest.param(m, marks=pytest.mark.long) for m in MORE_FAULTS)])
def test_a_provider_that_fails_from_the_start(host: str, mode: Mode, tmp_path):
    with serving(host, tmp_path, mode=mode) as served:
        _denied_in_time(served)
        asked, start = len(served.keys.accepted_s), time.monotonic()
        for _ in range(10):
            assert served.token().status == 503
        assert len(served.keys.accepted_s) - asked <= _most_attempts(host, time.monotonic() - start)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("presented", CERTIFICATES)
def test_a_provider_with_another_certificate(host: str, presented: Presented, tmp_path):
    with serving(host, tmp_path, presented=presented) as served:
        _denied_in_time(served)
        assert not served.keys.asked, "no request was sent to a stranger"


@pytest.mark.parametrize("host", HOSTS)
def test_a_provider_that_was_down_is_found_again(host: str, tmp_path):
    with serving(host, tmp_path, mode="down") as served:
        _denied_in_time(served)
        served.keys.mode = "good"
        _until(lambda: served.token().status == 200, REFRESH_S + 3)
        served.others_go_on()


@pytest.mark.parametrize("host", HOSTS)
def test_a_slow_provider_is_waited_for(host: str, tmp_path):
    with serving(host, tmp_path, mode="slow") as served:
        served.keys.slow_s = 1.0
        assert served.token().status == 200


@pytest.mark.parametrize("host", HOSTS)
def test_an_outage_is_bridged_for_as_long_as_declared(host: str, tmp_path):
    with serving(host, tmp_path, cache_for_s=1, max_stale_s=6) as served:
        served.warm()
        start = time.monotonic()
        served.keys.mode = "down"
        time.sleep(3)
        assert served.token().status == 200, "the set is stale, but not too old"
        assert served.token(alg="RS256").status == 200
        time.sleep(max(0.0, 9.0 - (time.monotonic() - start)))
        _denied_in_time(served)
        served.keys.mode = "good"
        _until(lambda: served.token().status == 200, REFRESH_S + 3)


@pytest.mark.parametrize("host", HOSTS)
def test_rotated_keys(host: str, tmp_path):
    with serving(host, tmp_path) as served:
        old = "Authorization: Bearer " + token_for(served.gateway.jwts[0], {"scope": "orders:read"})
        assert served.get("/token", old).status == 200
        control = served.gateway.jwts[0]
        rotated = served.keys.rotate(identity_provider(), control.algorithms)
        fresh = "Authorization: Bearer " + _signed(rotated, control)
        _until(lambda: served.get("/token", fresh).status == 200, REFRESH_S + 3)
        _until(lambda: _reason(served.get("/token", old)) == "authn.unknownKey", 3)


@pytest.mark.parametrize("host", HOSTS)
def test_forged_key_ids_cause_no_storm(host: str, tmp_path):
    with serving(host, tmp_path) as served:
        served.warm()
        before, start = served.keys.count(), time.monotonic()
        for _ in range(60):
            assert _reason(served.token(fault="unknownKid")) == "authn.unknownKey"
        assert served.keys.count() - before <= _most_attempts(host, time.monotonic() - start)
        assert served.token().status == 200


@pytest.mark.parametrize("host", HOSTS)
def test_a_restart_during_an_outage(host: str, tmp_path):
    """Twice the same gateway: the second one starts while the provider is down, and remembers nothing."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with serving(host, tmp_path / "a") as served:
        assert served.token().status == 200
    with serving(host, tmp_path / "b", mode="down") as served:
        _denied_in_time(served)


@pytest.mark.parametrize("host", HOSTS)
def test_a_bad_answer_never_replaces_a_good_set(host: str, tmp_path):
    with serving(host, tmp_path, cache_for_s=1) as served:
        served.warm()
        for mode in ("garbage", "empty", "hugeChunked"):
            asked = len(served.keys.accepted_s)
            served.keys.mode = mode
            time.sleep(REFRESH_S + 0.5)
            assert served.token().status == 200, mode
            assert len(served.keys.accepted_s) > asked, f"{mode}: the provider was not asked"
            assert served.token().status == 200, mode


def _most_attempts(host: str, within_s: float) -> int:
    """One in each interval; Envoy's workers know nothing of each other."""
    workers = (os.cpu_count() or 1) if host == "envoy" else 1
    return workers * (1 + int(within_s // REFRESH_S))


def _signed(provider: Any, control: Any) -> str:
    from gwc.local.token_endpoint import wanted_by  # noqa: PLC0415

    wanted = replace(wanted_by(control, int(time.time())), scope="orders:read", generation=provider.generation)
    return provider.token(wanted)


def _until(holds: Any, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.3)
