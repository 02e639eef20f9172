"""A new key reaches its owner once, on standard output, after its digest was safely written; or its owner is told that it did not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.failure import Failure
from gwc.cli.keys_file import ConsumersFile, editing, invocation, short

if TYPE_CHECKING:
    from gwc.keys.change import Change
    from gwc.keys.key_format import Key

ChangeOf = Callable[[ConsumersFile, str], "Change"]
"""The change that puts a digest into the file."""


def give_new_key(path: Path, consumer: str, change: ChangeOf) -> Key:
    """Changes the file and shows the key. Raises Failure with nothing changed, or BrokenPipeError and KeyboardInterrupt."""
    from gwc.keys.key_format import new_key  # noqa: PLC0415

    if sys.stdout is None or sys.stdout.closed:
        raise Failure(exit_codes.INPUT, "standard output is closed, where the new key would be shown: nothing was changed")
    key = new_key()
    with _loss_told(path, consumer, key.digest):
        with editing(path) as file:
            file.save(change(file, key.digest))
        _reveal(key)
    return key


def _reveal(key: Key) -> None:
    """Writes the key alone on a line. Whatever keeps it from being written ends as a reader who went away: nothing tries again."""
    try:
        sys.stdout.write(f"{key.text}\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        raise BrokenPipeError from None


@contextmanager
def _loss_told(path: Path, consumer: str, digest: str) -> Iterator[None]:
    """When the block fails although the file has the digest, nobody has the key: says so."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            if digest.encode() in path.read_bytes():
                text = f"the new key of {consumer} is in {path}, but could not be shown: it is lost"
                click.echo(f"gwc: {text}; revoke it: {invocation('revoke', path, consumer, short(digest))}", err=True)
        raise
