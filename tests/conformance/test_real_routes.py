"""Every operation of real documents, and paths beside them, through every gateway: the one that is meant is the one that is found."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gwc.controls.body import Body
from gwc.controls.security import Security
from gwc.diagnostics import Problems
from gwc.ir import Gateway, Operation
from gwc.lowering import compile_policy
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support import minimal_policy
from tests.support.cases import Case, Expectation, Step
from tests.support.harness import run_case
from tests.support.shared import SHARED

pytestmark = pytest.mark.gateway
ANY_BODY = Body(media_types=("*/*",), required=False, max_bytes=65536)


@functools.cache
def _gateway(name: str, folder: Path) -> Gateway:
    """The document's routes, with everything else open: what is not found here is lost in the routing. Raises Problems."""
    (folder / Path(name).stem).mkdir()
    compiled = compile_policy(minimal_policy.put(SHARED / "corpora" / name, folder / Path(name).stem)).gateway
    opened = (replace(o, security=Security(alternatives=()), body=ANY_BODY) for o in compiled.operations)
    return replace(compiled, operations=tuple(opened), jwts=(), api_keys=())


def _path(operation: Operation, value: str) -> str:
    return re.sub(r"\{[^{}]*\}", value, operation.route.template.text)


def _beside(path: str) -> tuple[str, ...]:
    """Paths that differ in one place."""
    return f"{path}/more", path.rstrip("/").rpartition("/")[0] or "/", path + "x", path.replace("/", "/x", 1)


def _steps(gateway: Gateway) -> tuple[Step, ...]:
    targets = [(o.route.method, _path(o, f"v{i % 7}.json" if i % 5 == 0 else f"v{i % 7}")) for i, o in enumerate(gateway.operations)]
    chosen = targets[:: max(1, len(targets) // 60)]
    targets += [(method, other) for method, path in chosen for other in _beside(path)] + [("TRACE", path) for _, path in chosen[:5]]
    return tuple(_step(n, method, target) for n, (method, target) in enumerate(targets))


def _step(number: int, method: str, target: str) -> Step:
    spec = {"method": method, "target": target, "connection": "a"}
    return Step(f"{number} {method} {target}", spec, Expectation("allowed"))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", ["openapi/kubernetes.json", "openapi/github-api.github.com.json"])
def test_every_operation_is_found(name, host, tmp_path, tmp_path_factory, count_requests):
    require(host)
    if not (SHARED / "corpora").exists():
        pytest.skip("no real documents of the shared collections")
    gateway = _gateway(name, tmp_path_factory.getbasetemp())
    _send_all(gateway, name, host, tmp_path, count_requests)


def _send_all(gateway, name, host, folder, count_requests):
    sent, wrong = run_case(Case(name, folder, folder, _steps(gateway)), host, gateway, folder)
    count_requests(host, sent, len(wrong))
    assert not wrong, f"{len(wrong)} disagreements\n" + "\n".join(wrong[:50])


_TEMPLATES = sorted((SHARED / "corpora" / "hostile" / "path-template").glob("*.json"))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("document", _TEMPLATES or [None], ids=[p.stem for p in _TEMPLATES] or None)
def test_ambiguous_templates_are_refused_or_mean_the_same(document, host, tmp_path, tmp_path_factory, count_requests):
    require(host)
    if document is None:
        pytest.skip("no hostile documents of the shared collections")
    try:
        gateway = _gateway(f"hostile/path-template/{document.name}", tmp_path_factory.mktemp("template"))
    except Problems as problems:
        assert all(d.span.line >= 1 for d in problems.diagnostics)
        return
    _send_all(gateway, document.stem, host, tmp_path, count_requests)
