"""`gwc keys`: makes, replaces, withdraws and watches the API keys of a consumers file."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from gwc.cli import exit_codes
from gwc.cli.failure import Failure
from gwc.cli.keys_edit import create, revoke, rotate
from gwc.cli.keys_view import check, show

_KEY = re.compile(r"gwc_[0-9A-Za-z]{40,}", re.ASCII)


class _WithoutKeys(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _require_no_key(args)
        return super().parse_args(ctx, args)


def _require_no_key(arguments: Sequence[str]) -> None:
    """Before click, whose messages quote arguments."""
    if any(_KEY.search(argument) for argument in arguments):
        text = "a key does not belong on a command line, where histories and process lists keep it: revoke it; `gwc keys check --key -` reads one"
        raise Failure(exit_codes.INPUT, text)


@click.group("keys", cls=_WithoutKeys)
def command() -> None:
    """Make, rotate, revoke, list and check the API keys of consumers.

    FILE is a document of kind Consumers; without it, the one that the policies of the nearest gwc.yaml name. It holds
    digests only: a key is shown once, when it is made. Comments and layout of the file stay as they are.
    """


for _command in (create, rotate, revoke, show, check):
    command.add_command(_command)
