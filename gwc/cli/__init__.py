"""The command line. This package imports click and nothing heavier; every subcommand is a module that is loaded when it is called."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs gwc and returns its exit code (see `gwc.cli.exit_codes`)."""
    from gwc.cli.guard import guarded  # noqa: PLC0415 - `import gwc.cli.x` must stay light

    return guarded(arguments)
