"""Reload of Kong, with the stand-in for its command: it says that it succeeded whatever happens, so its workers and an answer are asked."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.load import connected
from gwc.backends import kong
from gwc.backends.base import Output
from gwc.ir import Gateway
from gwc.local.certificates import write_certificates
from gwc.local.echo import echo
from gwc.local.localise import localise
from gwc.reload.kong import KongReload
from gwc.reload.master import workers
from gwc.reload.outcome import Rejected
from tests.conformance.conformance_hosts import require
from tests.reload.test_nginx import answer
from tests.support.kong_process import SETTINGS, changed_settings, kong_started
from tests.support.tokens import identity_provider
from tests.support.two_policies import HOST, pair, request

pytestmark = pytest.mark.gateway
STAND_IN = [sys.executable, str(Path(__file__).parents[1] / "kong" / "stand_in.py")]


@dataclass(frozen=True)
class Site:
    """A running stand-in, the files that a policy would be, and its reload."""

    port: int
    master: int
    folder: Path
    files: Callable[[Gateway], dict[str, bytes]]
    reload: Callable[[dict[str, bytes]], None]

    def status(self, path: str) -> int:
        with connected(self.port) as connection:
            connection.sendall(request(path))
            return answer(connection)[0]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    require("openresty")  # the same NGINX
    monkeypatch.setenv("GWC_KONG", shlex.join(STAND_IN))
    certificates = write_certificates(tmp_path / "tls", [HOST], [])
    with echo() as upstream:

        def compiled(gateway: Gateway, port: int, place: Path) -> Output:
            addresses = {u.name: ("127.0.0.1", upstream.port) for u in gateway.upstreams}
            local = localise(gateway, port=port, certificates=certificates, upstreams=addresses, provider=identity_provider())
            return kong.compile(replace(local, metrics=()), folder=str(place))

        with kong_started(lambda port, place: compiled(pair()[0], port, place), tmp_path) as running:
            folder = running.folder

            def files(gateway: Gateway) -> dict[str, bytes]:
                made = dict(compiled(gateway, running.port, folder).files)
                return {**made, SETTINGS: changed_settings(made["kong.conf"], folder)}

            def probe() -> int:
                return Site.status(made, "nowhere")

            reload = KongReload(folder, folder / "prefix", STAND_IN, probe, SETTINGS).reload
            made = Site(running.port, running.pid, folder, files, reload)
            yield made


def test_the_next_connection_has_the_new_policy(site: Site):
    for policy, here, gone in ((pair()[1], "only-second", "only-first"), (pair()[0], "only-first", "only-second")):
        site.reload(site.files(policy))
        assert (site.status(here), site.status(gone)) == (200, 404)


def spoilt(files: dict[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    made = re.sub(old.encode(), new.encode(), files[name], count=1)
    assert made != files[name]
    return {**files, name: made}


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("kong.yml", '"services"', '"servces"', "kong config parse"),
        ("lua/gwc/data.lua", 'digest = "[0-9a-f]{8}', 'digest = "00000000', "not of one build"),
    ],
    ids=["entities", "two builds"],
)
def test_what_kong_can_not_use_is_undone(site: Site, name, old, new, why):
    site.reload(site.files(pair()[0]))
    before = {entry: (site.folder / entry).read_bytes() for entry in site.files(pair()[0])}
    with pytest.raises(Rejected, match=why):
        site.reload(spoilt(site.files(pair()[1]), name, old, new))
    assert {entry: (site.folder / entry).read_bytes() for entry in before} == before
    assert (site.status("only-first"), site.status("only-second")) == (200, 404)


def test_workers_that_can_not_use_the_files_stay(site: Site, monkeypatch):
    monkeypatch.setattr("gwc.reload.kong.WAIT_S", 2.0)
    old = workers(site.master)
    with pytest.raises(Rejected, match="said that it succeeded"):
        site.reload(spoilt(site.files(pair()[1]), "lua/gwc/data.lua", "local data = {", "local data = {{"))
    assert workers(site.master) == old
    assert (site.status("only-first"), site.status("only-second")) == (200, 404)
