"""`gwc explain 'GET /v1/orders'`: which control decides what, where the policy says so, and which generated line enforces it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gwc.cli import exit_codes
from gwc.cli.console import emit
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown

if TYPE_CHECKING:
    from gwc.cli.explain_request import Given
    from gwc.cli.explain_shown import Explained
    from gwc.cli.selection import Selection
    from gwc.lowering import Lowered
    from gwc.source import Workspace

_SECRET = re.compile(r"gwc_[0-9A-Za-z]{40,}|eyJ[A-Za-z0-9_-]{8,}\.", re.ASCII)
"""A generated key, or the beginning of a token."""
NO_TARGET = "none"
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class _WithoutSecrets(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Before click, whose messages quote arguments."""
        if any(_SECRET.search(argument) for argument in args):
            text = (
                "a key or token does not belong on a command line: name the consumer (--key, --basic), say what the token says (--claims)"
            )
            raise Failure(exit_codes.INPUT, text)
        return super().parse_args(ctx, args)


def _caller_options(function: FunctionT) -> FunctionT:
    """The options that describe a request; any of them asks for a decision."""
    options = (
        click.option("--decide", is_flag=True, help="Decide about the request, also when no other option below is given."),
        click.option("--host", metavar="NAME", help="Host and server name; default: the one that has the path."),
        click.option("--from", "client", metavar="IP", help="Address of the client; default: 192.0.2.1, which belongs to nobody."),
        click.option("--claims", metavar="JSON|@FILE", help="What a verified token says; iss, aud, sub, iat and exp are filled in."),
        click.option("--scheme", metavar="NAME", help="Security scheme of the token, where several take tokens."),
        click.option("--key", "keys", multiple=True, metavar="[SCHEME=]CONSUMER", help="A live API key of this consumer is presented."),
        click.option("--basic", metavar="[SCHEME=]CONSUMER", help="Basic with a live key of this consumer is presented."),
        click.option(
            "--cert",
            "certificate",
            multiple=True,
            metavar="uri:URI|dns:NAME",
            help="A trusted client certificate with this alternative name; may be repeated.",
        ),
        click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header field; may be repeated."),
        click.option("--body", metavar="TEXT|@FILE", help="What is in the body; without it, it is taken to be what the schemas ask for."),
        click.option("--body-type", metavar="TYPE", help="Content-Type of the body; default: what the operation needs."),
        click.option("--body-bytes", type=click.IntRange(0, 64 * 1024 * 1024 + 1), help="Size of the body; 0: none."),
        click.option("--at", metavar="MOMENT", help="Time of the request, such as 2027-01-31T12:00:00Z; default: now."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command("explain", cls=_WithoutSecrets)
@click.argument("request", metavar="'METHOD PATH'")
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@click.option(
    "--target",
    "targets",
    envvar="GWC_TARGET",
    metavar="NAME,...",
    help="nginx, envoy, kong, or none; default: those of gwc.yaml, else all.",
)
@click.option("--env", "environment", envvar="GWC_ENV", metavar="NAME", help="Environment of gwc.yaml whose variables are used.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Value of a variable; may be repeated.")
@click.option("--format", "style", type=click.Choice(["full", "json"]), default="full", show_default=True, help="Form of the explanation.")
@_caller_options
def command(
    request: str,
    policy: Path | None,
    targets: str | None,
    environment: str | None,
    variables: tuple[str, ...],
    style: str,
    **described: Any,
) -> int:
    """Show how a request such as 'GET /v1/orders/4711' is decided.

    Each control is shown in the order of decisions, with the place in the policy and in the configuration of each target.
    The path may be concrete or a template.

    With an option that says who calls (--claims, --key, --cert, --from ...) the request is decided: the verdict of each phase, and the
    smallest change that would allow it. Consumers are named; keys and tokens are never given on the command line.

    Exit code 0: allowed, or listed; 1: denied, or no policy has such an operation; 2: an option is wrong; 4: a target can't enforce the policy.
    """
    from gwc.cli.compile import selected  # noqa: PLC0415
    from gwc.cli.explain_request import Given, split_request  # noqa: PLC0415
    from gwc.cli.selection import variables_of  # noqa: PLC0415

    given = Given(**described)
    method, target = split_request(request)
    selection = selected((policy,) if policy else (), "full")
    found = _lowered(selection, variables_of(selection, environment, variables), style)
    explained = _decided(found, method, target, given) if given.asks_for_a_decision else _listed(found, method, target, given)
    for one in explained:
        _compile(one, selection, targets)
    return _show(explained, style)


def _lowered(selection: Selection, variables: Mapping[str, str], style: str) -> list[tuple[Workspace, Lowered]]:
    from gwc.cli.loading import lowered  # noqa: PLC0415

    shown = Shown()
    found = [lowered(path, variables, shown) for path in selection.policies]
    known = [(workspace, policy) for workspace, policy in found if policy is not None]
    if len(known) < len(found):
        shown.show(style)
        raise Failure(exit_codes.INPUT)
    return known


def _listed(found: list[tuple[Workspace, Lowered]], method: str, target: str, given: Given) -> list[Explained]:
    """An explanation for each policy: what there is to say about the operations that method and path lead to."""
    from gwc.cli.explain_request import server_name  # noqa: PLC0415
    from gwc.cli.explain_shown import Explained, Listing  # noqa: PLC0415
    from gwc.explain import match  # noqa: PLC0415

    path = target.partition("?")[0]
    return [Explained(w, p.gateway, Listing(method, path, match(p.gateway, method, path, server_name(given)))) for w, p in found]


def _decided(found: list[tuple[Workspace, Lowered]], method: str, target: str, given: Given) -> list[Explained]:
    """The decision of the policy that has the operation; without one, that of every policy that the host could be for."""
    from gwc.cli.explain_request import asked_of, serves  # noqa: PLC0415
    from gwc.cli.explain_shown import Explained  # noqa: PLC0415
    from gwc.explain import Judged, StandIn  # noqa: PLC0415

    serving = [(w, p) for w, p in found if serves(p.gateway, method, target, given)]
    if len(serving) > 1:
        names = ", ".join(p.name for _, p in serving)
        raise Failure(
            exit_codes.INPUT, f"several policies have {method} {target.partition('?')[0]} ({names}): name one, or its host with --host"
        )
    explained = []
    for workspace, policy in serving or found:
        asked = asked_of(policy.gateway, method, target, given)
        explained.append(Explained(workspace, policy.gateway, Judged(StandIn(policy.gateway), asked)))
    return explained


def _compile(explained: Explained, selection: Selection, targets: str | None) -> None:
    from gwc.cli.selection import targets_of  # noqa: PLC0415
    from gwc.cli.targets import compile_for  # noqa: PLC0415

    if targets != NO_TARGET:
        results = compile_for(explained.gateway, targets_of(selection, targets))
        explained.outputs.update(results.outputs)
        explained.problems.extend(results.problems)


def _show(explained: list[Explained], style: str) -> int:
    if style == "json":
        from gwc.cli.explain_json import document  # noqa: PLC0415

        emit(document(explained))
    else:
        from gwc.cli.explain_text import show  # noqa: PLC0415

        for one in explained:
            show(one)
    fine = [one for one in explained if one.is_fine]
    if any(one.problems for one in fine or explained):
        return exit_codes.UNENFORCEABLE
    return exit_codes.FINE if fine else exit_codes.FINDINGS
