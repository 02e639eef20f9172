"""`gwc.manifest.json`: which gwc made the output, from which inputs, and which file and line enforces which control."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gwc import __version__
from gwc.backends.base import LedgerRow, Output
from gwc.output.tree import Files, digest

NAME = "gwc.manifest.json"
_GENERATED_BY = "gwc compile: do not edit, gwc compile --check finds changes"


@dataclass(frozen=True, slots=True)
class Compiled:
    """One policy with the output of each target. `prefix` is `` or `<policy>/`: where its targets' folders are in the output."""

    name: str
    prefix: str
    inputs: Mapping[str, str]  # display path -> SHA-256, hex
    outputs: Mapping[str, Output]  # by target


def files_of(policies: Iterable[Compiled]) -> dict[str, bytes]:
    """Every file of the output folder, the manifest among them."""
    policies = tuple(policies)
    files = {
        f"{policy.prefix}{target}/{path}": content
        for policy in policies
        for target, output in policy.outputs.items()
        for path, content in output.files.items()
    }
    files[NAME] = render(policies, files)
    return files


def render(policies: Iterable[Compiled], files: Files) -> bytes:
    """The manifest's text: the same bytes for the same inputs, on any machine."""
    document = {
        "generatedBy": _GENERATED_BY,
        "gwc": __version__,
        "policies": {policy.name: _policy(policy) for policy in policies},
        "files": {path: digest(files[path]) for path in sorted(files)},
    }
    # The first line says which command makes the file, as in every generated file.
    return (json.dumps(document, indent=1).replace("{\n ", "{", 1) + "\n").encode()


def _policy(policy: Compiled) -> dict[str, Any]:
    return {
        "inputs": {path: f"sha256:{policy.inputs[path]}" for path in sorted(policy.inputs)},
        "targets": sorted(policy.outputs),
        "notes": {target: [note.message for note in policy.outputs[target].notes] for target in sorted(policy.outputs)},
        "ledger": _ledger(policy),
    }


def _ledger(policy: Compiled) -> dict[str, dict[str, dict[str, str]]]:
    """Control -> subject -> target -> `file:line`, the file relative to the output folder."""
    ledger: dict[str, dict[str, dict[str, str]]] = {}
    for target in sorted(policy.outputs):
        for row in policy.outputs[target].ledger:
            place = ledger.setdefault(row.control, {}).setdefault(row.subject, {})
            place[target] = _place(policy.prefix, target, row)
    return {control: dict(sorted(ledger[control].items())) for control in sorted(ledger)}


def _place(prefix: str, target: str, row: LedgerRow) -> str:
    return f"{prefix}{target}/{row.file}:{row.line}"


def digests(text: bytes) -> dict[str, str] | None:
    """The digests of all files by path, from a manifest; None when it is none that gwc wrote."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, dict) or not all(isinstance(v, str) for v in files.values()):
        return None
    return files
