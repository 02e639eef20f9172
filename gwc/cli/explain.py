"""`gwc explain 'GET /v1/orders'`: which control decides what, where the policy says so, and which generated line enforces it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.console import emit, tell
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown, of_target, seen_from_here

if TYPE_CHECKING:
    from gwc.backends.base import Output
    from gwc.cli.selection import Selection
    from gwc.explain import Step
    from gwc.ir import Gateway, Operation
    from gwc.lowering import Lowered
    from gwc.source import Workspace


@click.command("explain")
@click.argument("request", metavar="'METHOD PATH'")
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@click.option(
    "--target", "targets", envvar="GWC_TARGET", metavar="NAME,...", help="nginx, envoy, kong; default: those of gwc.yaml, else all."
)
@click.option("--env", "environment", envvar="GWC_ENV", metavar="NAME", help="Environment of gwc.yaml whose variables are used.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Value of a variable; may be repeated.")
def command(request: str, policy: Path | None, targets: str | None, environment: str | None, variables: tuple[str, ...]) -> int:
    """Show how a request such as 'GET /v1/orders/4711' is decided.

    Each control is shown in the order of decisions, with the place in the policy and in the configuration of each target.
    The path may be concrete or a template. Exit code 1 when no policy has such an operation.
    """
    from gwc.cli.compile import selected  # noqa: PLC0415
    from gwc.cli.selection import targets_of, variables_of  # noqa: PLC0415
    from gwc.cli.targets import compile_for  # noqa: PLC0415

    method, path = _request(request)
    selection = selected((policy,) if policy else (), "full")
    code = exit_codes.FINDINGS
    for workspace, lowered in _lowered(selection, variables_of(selection, environment, variables)):
        results = compile_for(lowered.gateway, targets_of(selection, targets))
        for problems in results.problems:
            shown = Shown()
            shown.add(of_target(problems), workspace)
            shown.show("full")
        if _explain(lowered, method, path, results.outputs, workspace):
            code = exit_codes.UNENFORCEABLE if results.problems else exit_codes.FINE
    return code


def _request(text: str) -> tuple[str, str]:
    method, _, path = text.strip().partition(" ")
    path = path.strip().partition("?")[0]
    if not method.isalpha() or not path.startswith("/"):
        raise Failure(exit_codes.INPUT, f"{text!r} is no request: write a method and a path, such as 'GET /v1/orders'")
    return method.upper(), path


def _lowered(selection: Selection, variables: Mapping[str, str]) -> list[tuple[Workspace, Lowered]]:
    from gwc.cli.loading import lowered  # noqa: PLC0415

    shown = Shown()
    found = [lowered(path, variables, shown) for path in selection.policies]
    known = [(workspace, policy) for workspace, policy in found if policy is not None]
    if len(known) < len(found):
        shown.show("full")
        raise Failure(exit_codes.INPUT)
    return known


def _explain(lowered: Lowered, method: str, path: str, outputs: Mapping[str, Output], workspace: Workspace) -> bool:
    from gwc.explain import match, steps  # noqa: PLC0415

    found = match(lowered.gateway, method, path)
    for operation in found.operations:
        emit(_heading(lowered.gateway, operation))
        for step in steps(lowered.gateway, operation):
            emit(_step(step, outputs, workspace))
    if not found.operations and found.other_methods:
        tell(f"{lowered.name}: {method} {path} is refused with 405 route.method; the path has {', '.join(found.other_methods)}")
    elif not found.operations:
        tell(f"{lowered.name}: {method} {path} is refused with 404 route.unknown")
    return bool(found.operations)


def _heading(gateway: Gateway, operation: Operation) -> str:
    hosts = ", ".join(operation.route.hosts)
    return f"{operation.route.method} {operation.route.template.text} on {hosts}: operation {operation.key} of policy {gateway.name}"


def _step(step: Step, outputs: Mapping[str, Output], workspace: Workspace) -> str:
    lines = [f"  {step.phase:<14} {step.control:<15} {step.says}"]
    if not step.span.path.startswith("<"):
        span = step.span
        lines.append(f"{'':<34}said at {seen_from_here(span.path, workspace)}:{span.line}:{span.column}")
    for target, output in outputs.items():
        rows = [r for r in output.ledger if (r.control, r.subject) == (step.control, step.subject)]
        lines += [f"{'':<34}{target}: {target}/{row.file}:{row.line}" for row in rows]
    return "\n".join(lines)
