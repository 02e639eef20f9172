"""The only door to files: everything that is read lies below one root, is a regular file and has a bounded size."""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import stat
from pathlib import Path

from gwc.diagnostics import Label, Problems, Span
from gwc.source import codes
from gwc.source.document import Document, Referrer
from gwc.source.limits import MAX_FILE_BYTES, MAX_FILES
from gwc.source.text import decode, problem, shown

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a FIFO waits for a writer.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Workspace:
    """A root folder and the documents read from it, each once.

    A path that leaves the root, by `..`, as an absolute path or through a symbolic link, is refused; a link that stays
    inside is followed. Devices, sockets and FIFOs are never opened.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._given = Path(os.path.abspath(root))  # noqa: PTH100 - `resolve` would follow links
        self._documents: dict[str, Document] = {}
        self._refused: dict[str, Problems] = {}

    @property
    def root(self) -> Path:
        """The root, without symbolic links."""
        return self._root

    def load(self, path: str | Path, referrer: Referrer = None) -> Document:
        """The document of a file: `path` is relative to the root, or absolute and below it.

        Raises Problems that point into the file or, where it could not be read, to `referrer`.
        """
        name = self._display(str(path), referrer)
        if name in self._refused:
            raise self._refused[name]
        if name not in self._documents:
            try:
                self._documents[name] = Document(name, self._read_text(name, referrer), self)
            except Problems as e:
                # What is wrong in the file itself stays so; a file that can't be read is reported to everyone who refers to it.
                if e.diagnostics[0].span.path == name:
                    self._refused[name] = e
                raise
        return self._documents[name]

    def text(self, path: str) -> str | None:
        """The text of a file by its display path, for code frames; None when it can't be read."""
        if path in self._documents:
            return self._documents[path].text
        try:
            return self._read_text(self._display(path, None), None)
        except Problems:
            return None

    def digests(self) -> dict[str, str]:
        """SHA-256, in hex, of the bytes of every document that was read, by display path."""
        return {name: hashlib.sha256(d.text.encode()).hexdigest() for name, d in sorted(self._documents.items())}

    def _read_text(self, name: str, referrer: Referrer) -> str:
        return decode(name, self._read(name, referrer))

    def _display(self, path: str, referrer: Referrer) -> str:
        """The path relative to the root, with no `.` and `..` left."""
        if "\0" in path:
            raise problem(codes.UNREADABLE, "a path with a NUL character", _place(referrer) or Span("<input>", 1, 1))
        relative = path
        if path.startswith("/"):
            relative = next((os.path.relpath(path, r) for r in (self._given, self._root) if _is_below(path, str(r))), "..")
        name = posixpath.normpath(relative)
        if name == ".." or name.startswith(("../", "/")):
            raise self._outside(path, referrer)
        return name

    def _outside(self, path: str, referrer: Referrer) -> Problems:
        return problem(
            codes.OUTSIDE_ROOT,
            f"{shown(path)} is outside the project's root",
            _place(referrer) or Span(path, 1, 1),
            help="gwc reads only files below its root: move the file there, or choose a root above both",
        )

    def _read(self, name: str, referrer: Referrer) -> bytes:
        try:
            real = os.path.realpath(self._root / name, strict=True)
            if real != str(self._root) and not _is_below(real, str(self._root)):
                raise self._outside(name, referrer)
            if len(self._documents) >= MAX_FILES:
                raise problem(codes.LIMIT, f"more than {MAX_FILES} files", _place(referrer) or Span(name, 1, 1))
            return self._read_regular(os.path.relpath(real, self._root), name, referrer)
        except OSError as e:
            raise problem(codes.UNREADABLE, f"can't read {shown(name)}: {_reason(e)}", _place(referrer) or Span(name, 1, 1)) from None

    def _read_regular(self, relative: str, name: str, referrer: Referrer) -> bytes:
        """Reads a path without links by walking it folder by folder, so that no link can be slipped in meanwhile. Raises OSError, Problems."""
        *folders, last = relative.split("/")
        folder = os.open(self._root, _DIRECTORY_FLAGS)
        try:
            for part in folders:
                below = os.open(part, _DIRECTORY_FLAGS, dir_fd=folder)
                os.close(folder)
                folder = below
            _check_regular(os.stat(last, dir_fd=folder, follow_symlinks=False), name, referrer)
            with open(os.open(last, _FILE_FLAGS, dir_fd=folder), "rb") as file:  # noqa: PTH123 - a file descriptor
                _check_regular(os.fstat(file.fileno()), name, referrer)
                return _bounded(file.read(MAX_FILE_BYTES + 1), name, referrer)
        finally:
            os.close(folder)


def _place(referrer: Referrer) -> Label | Span | None:
    return referrer() if callable(referrer) else referrer


def _is_below(path: str, root: str) -> bool:
    return path.startswith(root.rstrip("/") + "/")


def _check_regular(status: os.stat_result, name: str, referrer: Referrer) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise problem(codes.UNREADABLE, f"{shown(name)} is a folder", _place(referrer) or Span(name, 1, 1))
    if not stat.S_ISREG(status.st_mode):
        raise problem(codes.UNREADABLE, f"{shown(name)} is no regular file", _place(referrer) or Span(name, 1, 1))


def _bounded(data: bytes, name: str, referrer: Referrer) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise problem(codes.LIMIT, f"{shown(name)} has more than {MAX_FILE_BYTES} bytes", _place(referrer) or Span(name, 1, 1))
    return data


def _reason(error: OSError) -> str:
    reasons = {errno.ENOENT: "there is no such file", errno.ENOTDIR: "there is no such file", errno.EACCES: "permission denied"}
    return reasons.get(error.errno or 0, os.strerror(error.errno) if error.errno else "unreadable")
