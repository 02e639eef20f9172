"""Real OpenAPI documents: each 3.x one compiles for all targets, or ends in located diagnostics that name what no gateway can do."""

from __future__ import annotations

import importlib
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from gwc.diagnostics import Problems
from gwc.local import processes
from gwc.local.certificates import write_certificates
from gwc.local.identity_provider import IdentityProvider
from gwc.local.localise import localise
from gwc.lowering import compile_policy
from tests.support.minimal_policy import put
from tests.support.shared import corpora

FOLDER = corpora("openapi")
EXPECTED = yaml.safe_load(Path(__file__).with_name("expected_diagnostics.yaml").read_text(encoding="utf-8"))
_TREES = {"digitalocean/specification/DigitalOcean-public.v2.yaml": FOLDER / "digitalocean"}


def test_every_document_is_expected() -> None:
    found = {p.name for p in FOLDER.iterdir() if p.suffix in (".json", ".yaml")} | set(_TREES)
    assert found == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_document(name: str, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    path = put(FOLDER / name, tmp_path, tree=_TREES.get(name))
    try:
        gateway = compile_policy(path, root=tmp_path).gateway
    except Problems as problems:
        found = [d for d in problems.diagnostics if d.severity == "error"]
        assert dict(Counter(d.code for d in found)) == expected["errors"], [f"{d.span} {d.code} {d.message}" for d in found][:20]
        for finding in found:
            assert (tmp_path / finding.span.path).is_file()
            assert finding.span.line >= 1
            assert "\n" not in finding.message
        return
    assert "errors" not in expected
    assert len(gateway.operations) == expected["operations"]
    certificates = write_certificates(tmp_path / "tls", ["api.test"], [])
    addresses = {u.name: ("127.0.0.1", 9) for u in gateway.upstreams}
    local = localise(gateway, port=1, certificates=certificates, upstreams=addresses, provider=IdentityProvider())
    for target in ("nginx", "envoy", "kong"):
        output = importlib.import_module(f"gwc.backends.{target}").compile(local)
        assert len(output.ledger) > len(gateway.operations)
        processes.write(output, tmp_path / target)
    _check([*processes.nginx().command(tmp_path / "nginx"), "-t"], tmp_path / "nginx")
    envoy = processes.envoy().command(tmp_path / "envoy")[0]
    for form in ("envoy.json", "xds/bootstrap.json"):
        _check([envoy, "--mode", "validate", "-c", form, "-l", "error"], tmp_path / "envoy")


def _check(command: list[str], folder: Path) -> None:
    """The gateway's own check of its files."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
