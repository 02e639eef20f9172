"""The outermost frame: turns whatever a command ends with into an exit code. The only place that catches every exception."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from gwc.cli import exit_codes
from gwc.cli.failure import Failure
from gwc.cli.group import cli


def guarded(arguments: Sequence[str] | None) -> int:
    """The exit code of the command; a mistake of gwc itself is reported without its details, which could hold a secret."""
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_characters(stream)
    try:
        code = _run(arguments)
        if sys.stdout is not None:  # closed by the shell: `>&-`
            sys.stdout.flush()
    except BrokenPipeError:
        return _broken_pipe()
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - see the docstring of the module
        return _internal(error)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        # Not `cli.main`: it has its own idea of what a broken pipe and an interrupt end with.
        with cli.make_context("gwc", list(sys.argv[1:] if arguments is None else arguments)) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except Failure as failure:
        if failure.message:
            click.echo(f"gwc: {failure.message}", err=True)
        return failure.code
    except click.ClickException as error:
        error.show()
        return exit_codes.INPUT
    return result if isinstance(result, int) else exit_codes.FINE


def _internal(error: Exception) -> int:
    click.echo(f"gwc: internal error: {type(error).__name__} at {_place(error)}", err=True)
    if os.environ.get("GWC_DEBUG") == "1":
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    else:
        click.echo("this is a mistake in gwc, not in your files; GWC_DEBUG=1 shows where (the text may quote your files)", err=True)
    return exit_codes.INTERNAL


def _place(error: Exception) -> str:
    frame = error.__traceback__
    place = "?"
    while frame is not None:
        module = frame.tb_frame.f_globals.get("__name__", "?")
        if str(module).startswith("gwc"):
            place = f"{module}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place


def _broken_pipe() -> int:
    """Python flushes standard output at exit; that must not fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.BROKEN_PIPE


def _never_fail_on_characters(stream: object) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
