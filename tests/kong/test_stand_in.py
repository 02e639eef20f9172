"""Every case of the conformance suite on the compiled Kong plugin, in a real NGINX that plays Kong (stand_in.py), through the
same runner that starts a real one. A real Kong runs them in tests/conformance, where GWC_KONG names it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from gwc.backends.base import TargetProblems
from tests.conformance.conformance_hosts import require
from tests.support.cases import find_cases, load_case
from tests.support.harness import load_gateway, run_case

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.mark.gateway
@pytest.mark.parametrize("folder", find_cases(), ids=lambda f: f"{f.parent.name}/{f.name}")
def test_case(folder, tmp_path, monkeypatch, count_requests):
    require("openresty")  # the same NGINX
    monkeypatch.setenv("GWC_KONG", shlex.join([sys.executable, str(STAND_IN)]))
    case = load_case(folder)
    if "kong" in case.refused_by:
        with pytest.raises(TargetProblems, match=case.refused_by["kong"]):
            run_case(case, "kong", load_gateway(case), tmp_path)
        return
    gateway = load_gateway(case)
    if gateway.store:
        require("redis")
    sent, wrong = run_case(case, "kong", gateway, tmp_path)
    count_requests("kong stand-in", sent, len(wrong))
    assert not wrong, f"{len(wrong)} disagreements\n" + "\n".join(wrong)
