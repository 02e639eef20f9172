"""Replaces an output folder in one step.

The new tree is written beside the old one, flushed to the disk and then swapped in with renameat2(RENAME_EXCHANGE).
Where the file system can't swap, the output becomes a symlink to the hidden folder that holds the tree, and renaming a
new symlink over it is the one step. Whoever reads the output, or kills gwc, finds the old tree or the new one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gwc.output import tree
from gwc.output.errors import OutputError
from gwc.output.exchange import ExchangeUnsupported, exchange, rename_new
from gwc.output.lock import held
from gwc.output.manifest import NAME, digests
from gwc.output.names import Names

_SHOWN = 8
_LOCK_WAIT_S = 30.0


def publish(out: Path, files: tree.Files, *, force: bool = False, lock_wait_s: float = _LOCK_WAIT_S) -> bool:
    """Makes `out` hold exactly `files`; False when it already did and nothing was touched.

    Raises OutputError, with nothing changed, when something in `out` was not written by gwc (unless `force`), or when
    `out` is no folder, leads elsewhere or can't be written.
    """
    with _explained(out):
        out = _absolute(out)
        names = Names(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with held(names.lock, lock_wait_s):
            _recover(names)
            return _publish(names, files, force=force)


def live_tree(out: Path) -> Path | None:
    """The folder that holds the output, None when there is none yet. Raises OutputError when `out` is anything else."""
    out = _absolute(out)
    if out.is_symlink():
        target = out.readlink()
        if Names(out).is_tree(str(target)) and out.parent.joinpath(target).is_dir():
            return out.parent / target
        raise OutputError(f"{out} is a symlink: name the folder that it leads to")
    if not out.exists():
        return None
    if not out.is_dir():
        raise OutputError(f"{out} is not a folder")
    return out


def _absolute(out: Path) -> Path:
    """The path with every folder on the way resolved, but not the last name: a symlink there must be seen."""
    absolute = out.resolve() if out.name in ("", "..") else out.parent.resolve() / out.name
    if absolute.parent == absolute:
        raise OutputError(f"{absolute} can't be an output folder: name a folder of its own, such as ./out")
    return absolute


def _publish(names: Names, files: tree.Files, *, force: bool) -> bool:
    current = live_tree(names.out)
    if current is not None:
        if _holds_exactly(current, files):
            return False
        if not force:
            _require_own(names.out, current)
    staged = names.staged()
    try:
        tree.write(staged, files)
        _swap_in(names, staged, current)
    finally:
        _remove_leftovers(names)
    return True


def _holds_exactly(folder: Path, files: tree.Files) -> bool:
    count = 0
    for path, entry in tree.entries(folder):
        if path not in files or tree.read(entry) != files[path]:
            return False
        count += 1
    return count == len(files)


def _require_own(out: Path, folder: Path) -> None:
    """Every file in the folder is as the last run left it; else OutputError."""
    known = _known(folder)
    foreign: list[str] = []
    for path, entry in tree.entries(folder):
        content = tree.read(entry) if path in known else None
        if content is None or tree.digest(content) != known[path]:
            foreign.append(f"{path} ({'changed since' if path in known else 'not written by gwc'})")
        if len(foreign) > _SHOWN:  # a big folder that was named by mistake is not read to its end
            foreign[-1] = "and more"
            break
    if foreign:
        listed = "\n  ".join(foreign)
        raise OutputError(
            f"{out} holds files that gwc did not write as they are now:\n  {listed}\n"
            "move them away, choose another --out, or let --force replace the whole folder"
        )


def _known(folder: Path) -> dict[str, str]:
    try:
        manifest = (folder / NAME).read_bytes() if not (folder / NAME).is_symlink() else b""
    except FileNotFoundError:
        return {}
    known = digests(manifest)
    return {} if known is None else {**known, NAME: tree.digest(manifest)}


def _swap_in(names: Names, staged: Path, current: Path | None) -> None:
    if current is None:
        _put(names, staged)
    elif names.out.is_symlink():
        _point(names, staged)
    else:
        try:
            exchange(staged, names.out)
        except ExchangeUnsupported:
            _become_symlink(names, staged)
    tree.sync_folder(names.out.parent)


def _put(names: Names, staged: Path) -> None:
    try:
        rename_new(staged, names.out)
    except ExchangeUnsupported:
        _point(names, staged)


def _point(names: Names, staged: Path) -> None:
    link = names.link()
    link.symlink_to(staged.name)
    link.replace(names.out)


def _become_symlink(names: Names, staged: Path) -> None:
    """The one step that is two: only for a folder that was not made on such a file system; `_recover` mends it."""
    away = names.away()
    names.out.rename(away)
    try:
        names.out.symlink_to(staged.name)
    except OSError:
        away.rename(names.out)
        raise


def _recover(names: Names) -> None:
    """Puts back the tree that a killed run had moved away, and removes what killed runs left."""
    if not os.path.lexists(names.out):
        for name in filter(names.is_away, _siblings(names)):
            names.out.with_name(name).rename(names.out)
            break
    _remove_leftovers(names)


def _remove_leftovers(names: Names) -> None:
    """Removes every hidden tree except the live one. The caller holds the lock, so nobody is writing them."""
    live = str(names.out.readlink()) if names.out.is_symlink() else ""
    is_whole = os.path.lexists(names.out)  # else the tree that was moved away is the last copy: the next `_recover` puts it back
    for name in _siblings(names):
        if name != live and (names.is_tree(name) or (is_whole and names.is_away(name))):
            shutil.rmtree(names.out.with_name(name))
        elif names.is_link(name):
            names.out.with_name(name).unlink()


def _siblings(names: Names) -> list[str]:
    with os.scandir(names.out.parent) as found:
        return [entry.name for entry in found]


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise OutputError(f"{out} can't be written: {place}{error.strerror or error}") from error
