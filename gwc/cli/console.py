"""Where text goes: findings to standard output, progress and summaries to standard error."""

from __future__ import annotations

import os
import sys

import click


def wants_color() -> bool:
    """Whether findings are coloured: on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal says no."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout is not None and sys.stdout.isatty()


def emit(text: str) -> None:
    """Writes to standard output, with a newline at the end; nothing for an empty text."""
    if text and sys.stdout is not None:  # None: closed by the shell, `>&-`
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def tell(text: str) -> None:
    """A line of progress or summary, on standard error."""
    if sys.stdout is not None:
        sys.stdout.flush()
    click.echo(text, err=True)
