"""Targets for what reads files of a user: policies and OpenAPI documents, as texts and as trees, down to the files of every target."""

from __future__ import annotations

import functools
import importlib
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import yaml

from gwc.backends.base import TargetProblems
from gwc.diagnostics import Problems
from gwc.lowering import compile_policy
from tests.support.cases import CASES
from tests.support.minimal_policy import put
from tests.support.shared import CORPORA
from tools.fuzz.mutations import changed, mutated, shuffled
from tools.fuzz.target import Target

TARGETS = ("nginx", "envoy", "kong")
LARGEST = 60_000
"""Bytes of a document to start with: larger ones make few inputs in the time there is."""


@functools.cache
def documents() -> tuple[Path, ...]:
    """OpenAPI documents to start with: small ones of the collections, and those of the cases."""
    found = [p for name in ("openapi", "openapi-documents", "hostile") for p in sorted((CORPORA / name).rglob("*")) if p.is_file()]
    found += sorted(CASES.rglob("openapi.yaml"))
    return tuple(p for p in found if p.suffix in {".json", ".yaml"} and p.stat().st_size < LARGEST and p.name != "MANIFEST.json")


@functools.cache
def policies() -> tuple[Path, ...]:
    """Policies to start with."""
    return tuple(sorted(p for p in CASES.rglob("*.gwc.yaml") if "Policy" in p.read_text(encoding="utf-8")))


@functools.cache
def _texts() -> list[bytes]:
    return [p.read_bytes() for p in documents()[::7]]


@functools.cache
def _tree(path: Path) -> Any:
    """None where even a lenient reader gives up."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _made(path: Path, random: Random, *, as_text: float) -> bytes:
    """The path in the first line, then the changed text; with the probability `as_text` it is changed as bytes, else as a tree."""
    tree = _tree(path)
    if tree is None or random.random() < as_text:
        return str(path).encode() + b"\n" + mutated(path.read_bytes(), random, _texts())
    change = random.choice((shuffled, shuffled, changed))
    return str(path).encode() + b"\n" + _dumped(change(tree, random), path.suffix == ".json" or random.random() < 0.3)


def make_document(random: Random) -> bytes:
    """A changed document; its first line names the original, for the policy."""
    own = random.random() < 0.5
    return _made(random.choice([d for d in documents() if CASES in d.parents] if own else documents()), random, as_text=0.2)


def run_document(data: bytes, folder: Path) -> str:
    """Compiles the document with validation, for every target."""
    name, _, text = data.partition(b"\n")
    original = Path(name.decode())
    policy = _project(original, folder)
    (policy.parent / original.name).write_bytes(text)
    return compiled(policy)


def _project(original: Path, folder: Path) -> Path:
    """A policy for the original, made once."""
    place = folder / original.relative_to(original.anchor).as_posix().replace("/", "_")
    policy = place / "policy.gwc.yaml"
    if not policy.exists():
        place.mkdir(parents=True)
        put(original, place)
        tree = json.loads(policy.read_text(encoding="utf-8"))
        tree["validation"] = {"request": {}}
        policy.write_text(json.dumps(tree), encoding="utf-8")
    return policy


def compiled(policy: Path) -> str:
    """Compiles a policy for every target; a refusal must have a place and stay on one line."""
    try:
        gateway = compile_policy(policy, root=policy.parent).gateway
    except Problems as problems:
        for d in problems.diagnostics:
            assert "\n" not in d.message, d
            assert d.span.line >= 1, d
        return "refused"
    outcome = "compiled"
    for target in TARGETS:
        try:
            importlib.import_module(f"gwc.backends.{target}").compile(gateway)
        except TargetProblems:
            outcome = "refused by a target"
    return outcome


def make_policy(random: Random) -> bytes:
    """A changed policy; its first line names the original, for the other files of its project."""
    return _made(random.choice(policies()), random, as_text=0.5)


def run_policy(data: bytes, folder: Path) -> str:
    """Compiles the policy in a copy of its project."""
    name, _, text = data.partition(b"\n")
    original = Path(name.decode())
    place = folder / original.parent.relative_to(CASES).as_posix().replace("/", "_")
    if not place.exists():
        shutil.copytree(original.parent, place)
    changed_policy = place / "fuzzed.gwc.yaml"
    changed_policy.write_bytes(text)
    return compiled(changed_policy)


def _dumped(tree: Any, as_json: bool) -> bytes:
    try:
        return json.dumps(tree).encode() if as_json else yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError, TypeError, yaml.YAMLError):  # dates and the like, which YAML has and JSON has not
        return b"{}"


DOCUMENT = Target("document", make_document, run_document)
POLICY = Target("policy", make_policy, run_policy)
