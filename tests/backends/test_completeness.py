"""Nothing is dropped: what every backend must do for every control, without a line about a single one."""

from __future__ import annotations

import dataclasses
import importlib
from types import ModuleType

import pytest

from gwc.backends.base import Output, TargetProblems, Unsupported, subjects
from gwc.controls import CONTROLS, STEMS
from gwc.controls.base import Node
from gwc.ir import Gateway
from tests.support.sample import examples, gateway, with_node

BACKENDS = [importlib.import_module(f"gwc.backends.{name}") for name in ("nginx", "envoy", "kong")]
_IDS = [b.NAME for b in BACKENDS]
_EXAMPLES = examples()


def compiled(backend: ModuleType, source: Gateway) -> Output | None:
    """The output, or None where the backend refuses the value."""
    try:
        return backend.compile(source)
    except TargetProblems:
        return None


@pytest.mark.parametrize("backend", BACKENDS, ids=_IDS)
def test_every_backend_answers_for_every_control(backend: ModuleType) -> None:
    assert set(backend.EMITTERS) == set(STEMS)
    for stem, emitter in backend.EMITTERS.items():
        assert callable(emitter) or isinstance(emitter, Unsupported), stem
        module = importlib.import_module(f"{backend.__name__}.{stem}")
        assert module.__doc__, stem


@pytest.mark.parametrize("module", CONTROLS, ids=STEMS)
def test_examples_vary_each_field_alone(module: ModuleType) -> None:
    base = module.EXAMPLES[0]
    varied: set[str] = set()
    for other in module.EXAMPLES[1:]:
        changed = {f.name for f in dataclasses.fields(base) if f.compare and getattr(base, f.name) != getattr(other, f.name)}
        varied |= changed if len(changed) == 1 else set()
    names = {f.name for f in dataclasses.fields(base) if f.compare}
    if len(module.EXAMPLES) > 1:
        assert names - varied <= _ALONE.get(base.STEM, set())


# fields that have one value only in this version, or whose change always goes with another field's
_ALONE: dict[str, set[str]] = {
    "upstream": {"name"},
    "jwt": {"scheme"},
    "api_key": {"scheme"},
    "basic": {"scheme"},
    "mutual_tls": {"scheme"},
    "consumer": {"id"},
    "authorization_rule": {"operations"},
    "rate_limit": set(),
    "routing": {"hosts"},
}


# controls that a backend refuses whole, and fields that are about other targets by their meaning
_REFUSED: dict[str, set[str]] = {"nginx": {"store"}, "envoy": {"store"}}
_OF_OTHERS: dict[tuple[str, str], set[str]] = {("kong", "store"): {"rate_limit_service"}, ("envoy", "store"): {"redis"}}


@pytest.mark.parametrize("backend", BACKENDS, ids=_IDS)
@pytest.mark.parametrize(("stem", "index", "node"), _EXAMPLES, ids=[f"{s}-{i}" for s, i, _ in _EXAMPLES])
def test_no_field_is_dropped(backend: ModuleType, stem: str, index: int, node: Node) -> None:
    """A changed field changes the output, or is refused."""
    first = next(n for s, i, n in _EXAMPLES if s == stem and i == 0)
    base = compiled(backend, with_node(gateway(), first))
    if stem in _REFUSED.get(backend.NAME, ()):
        assert base is None
        assert compiled(backend, with_node(gateway(), node)) is None
        return
    assert base is not None, "the first example must compile everywhere"
    changed = {f.name for f in dataclasses.fields(node) if f.compare and getattr(first, f.name) != getattr(node, f.name)}
    if index == 0 or changed <= _OF_OTHERS.get((backend.NAME, stem), set()):
        return
    other = compiled(backend, with_node(gateway(), node))
    if other is not None and other.files == base.files:  # no assert: pytest would explain it with megabytes
        pytest.fail("the changed field changes nothing")


@pytest.mark.parametrize("backend", BACKENDS, ids=_IDS)
def test_every_constraint_has_its_line(backend: ModuleType) -> None:
    source = gateway()
    output = backend.compile(source)
    rows = {(r.control, r.subject) for r in output.ledger}
    assert rows == set(subjects(source))
    for row in output.ledger:
        lines = output.files[row.file].decode().split("\n")
        assert 1 <= row.line <= len(lines), row
        assert lines[row.line - 1].strip(), row


@pytest.mark.parametrize("backend", BACKENDS, ids=_IDS)
def test_same_policy_same_bytes(backend: ModuleType) -> None:
    assert backend.compile(gateway()).files == backend.compile(gateway()).files
