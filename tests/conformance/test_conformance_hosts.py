"""A gateway that is missing is a failure in CI, and a skip with a reason elsewhere."""

from __future__ import annotations

import pytest
from _pytest.outcomes import Failed, Skipped

from gwc.local.processes import NotInstalled, Program
from tests.conformance import conformance_hosts


@pytest.fixture
def nothing_installed(monkeypatch):
    def command(_):
        raise NotInstalled("apt-get install it")

    monkeypatch.setattr(conformance_hosts, "program", lambda name: Program(name, command))
    monkeypatch.delenv("GWC_KONG", raising=False)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("ci", "host", "outcome"),
    [
        ("true", "openresty", Failed),
        ("true", "nginx", Failed),
        ("", "openresty", Skipped),
        ("true", "kong", Skipped),
        ("", "kong", Skipped),
    ],
)
def test_missing_gateways(monkeypatch, ci, host, outcome):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="GWC_KONG" if host == "kong" else "apt-get"):
        conformance_hosts.require(host)


def test_a_gateway_that_is_there(monkeypatch):
    monkeypatch.setattr(conformance_hosts, "program", lambda name: Program(name, lambda _: ["true"]))
    conformance_hosts.require("nginx")
