"""The table of commands. `gwc --help` reads the table only; a command's module is imported when the command is called."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

import click

from gwc import __version__
from gwc.cli import exit_codes
from gwc.cli.failure import Failure

COMMANDS = MappingProxyType(
    {
        "compile": "Compile policies into NGINX, Envoy and Kong configuration.",
        "explain": "Show how one request is decided, and which line decides it.",
        "keys": "Make, rotate, revoke, list and check API keys.",
        "lint": "Check policies and OpenAPI documents.",
        "schema": "Print the JSON Schema of a kind of document.",
        "up": "Start the compiled gateways on loopback, to try them.",
    }
)
"""Name -> short help. The command is the function `command` of the module `gwc.cli.<name>`."""

LATER = frozenset({"audit", "completion", "coverage", "diff", "doctor", "fmt", "import", "init", "report", "rule", "test"})
"""Commands of the design that this version lacks: refused by name."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in LATER:
            raise Failure(exit_codes.INPUT, f"the command {cmd_name!r} is not yet supported by gwc {__version__}")
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gwc.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 fine, 1 findings or drift, 2 usage or input error, 3 nothing to check, "
    "4 a control can't be enforced on a target, 5 internal error.",
)
@click.version_option(__version__, "-V", "--version", message="gwc %(version)s")
def cli() -> None:
    """One security policy and the OpenAPI documents it protects, compiled into NGINX, Envoy and Kong configuration that behave the same."""
