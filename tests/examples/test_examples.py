"""Every example compiles for every target, without a warning, and each real gateway accepts what is written."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path

import pytest
import yaml

from gwc.local import processes
from gwc.local.certificates import write_certificates
from gwc.local.identity_provider import IdentityProvider
from gwc.local.localise import localise, upstream_names
from gwc.lowering import compile_policy

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
POLICIES = sorted(p for p in EXAMPLES.rglob("*.gwc.yaml") if "kind: Policy" in p.read_text(encoding="utf-8"))


def test_there_are_examples() -> None:
    assert {p.parent.name for p in POLICIES} >= {"museum", "orders"}


@pytest.mark.parametrize("path", POLICIES, ids=[p.parent.name for p in POLICIES])
def test_example_compiles_without_a_word(path: Path) -> None:
    lowered = compile_policy(path, root=path.parent)
    assert lowered.diagnostics == ()


@pytest.mark.gateway
@pytest.mark.parametrize("target", ["nginx", "envoy", "kong"])
@pytest.mark.parametrize("path", POLICIES, ids=[p.parent.name for p in POLICIES])
def test_gateways_accept_the_example(path: Path, target: str, tmp_path: Path) -> None:
    gateway = compile_policy(path, root=path.parent).gateway
    certificates = write_certificates(tmp_path / "tls", list(gateway.host_names.names), upstream_names(gateway))
    provider, backend = IdentityProvider(), importlib.import_module(f"gwc.backends.{target}")
    addresses = {u.name: ("127.0.0.1", 9) for u in gateway.upstreams}

    def compiled(port: int, _: Path) -> object:
        return backend.compile(localise(gateway, port=port, certificates=certificates, upstreams=addresses, provider=provider))

    if target == "kong":  # it can't be installed from a registry: at least its documents are documents
        files = compiled(8443, tmp_path).files
        assert yaml.safe_load(files["kong.yml"])["_format_version"] == "3.0"
        return
    program = {"nginx": processes.nginx, "envoy": processes.envoy}[target]()
    with processes.started(program, compiled, tmp_path, server_name=gateway.host_names.names[0], ca=certificates.ca) as running:
        check = _check_command(target, running.folder)
        done = subprocess.run(check, cwd=running.folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _check_command(target: str, folder: Path) -> list[str]:
    if target == "nginx":
        return [*processes.nginx().command(folder), "-t"]
    return [processes.envoy().command(folder)[0], "--mode", "validate", "-c", "envoy.json", "-l", "error"]
