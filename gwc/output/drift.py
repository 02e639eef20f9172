"""The drift gate: compares the output on disk, byte for byte, with what gwc would write now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gwc.output import tree
from gwc.output.errors import OutputError
from gwc.output.writer import live_tree

Change = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """What a compile would do to one file."""

    path: str
    change: Change


def drift(out: Path, files: tree.Files) -> tuple[Drift, ...]:
    """What writing `files` to `out` would change, sorted by path; nothing is written. Raises OutputError when `out` can't be read."""
    try:
        return tuple(sorted(_drift(out, files)))
    except OSError as error:
        raise OutputError(f"{out} can't be read: {error.filename or ''}: {error.strerror or error}") from error


def _drift(out: Path, files: tree.Files) -> list[Drift]:
    folder = live_tree(out)
    present = dict(tree.entries(folder)) if folder is not None else {}
    changes = [Drift(path, "removed") for path in present if path not in files]
    for path, content in files.items():
        if path not in present:
            changes.append(Drift(path, "added"))
        elif tree.read(present[path]) != content:
            changes.append(Drift(path, "changed"))
    return changes
