"""`gwc up`: the compiled gateways on loopback, with throw-away certificates, an echo upstream and tokens to try them with."""

from __future__ import annotations

import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.console import emit, tell
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown, of_target

if TYPE_CHECKING:
    from gwc.cli.selection import Selection
    from gwc.ir import Gateway, Operation
    from gwc.local.playground import Playground
    from gwc.local.processes import Running
    from gwc.source import Workspace

_UNIT_S = {"s": 1, "m": 60, "h": 3600}


@click.command("up")
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@click.option(
    "--target",
    type=click.Choice(["nginx", "envoy", "all"]),
    default="all",
    show_default=True,
    help="Gateway to start.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the (first) gateway; default: a free one.")
@click.option("--for", "duration", metavar="TIME", help="End after this time, such as 30s or 5m; default: at Ctrl-C or SIGTERM.")
@click.option("--watch", is_flag=True, help="Take each change of the policy's files into the running gateways.")
@click.option("--env", "environment", envvar="GWC_ENV", metavar="NAME", help="Environment of gwc.yaml whose variables are used.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Value of a variable; may be repeated.")
def command(
    policy: Path | None,
    target: str,
    port: int | None,
    duration: str | None,
    watch: bool,
    environment: str | None,
    variables: tuple[str, ...],
) -> int:
    """Start the compiled gateways on 127.0.0.1.

    Everything of the policy holds, except for certificates, upstream addresses and token keys, which are made for this
    run. Needs the extra gwc[run].

    With --watch a change is compiled and taken over without a failed request. What has an error, or is refused by a gateway, is
    shown, and the policy from before serves on.
    """
    ends_after_s = _seconds(duration) if duration else None
    load = partial(_load, policy, environment, variables)
    workspace, gateway = load()
    if gateway is None:
        return exit_codes.INPUT
    targets = ("nginx", "envoy") if target == "all" else (target,)
    with _stop_signal() as stopped:
        return _serve(_Wanted(gateway, workspace, targets, port, load if watch else None), stopped, ends_after_s)


def _load(policy: Path | None, environment: str | None, variables: tuple[str, ...]) -> tuple[Workspace, Gateway | None]:
    """The policy; None after an error. Its findings are shown."""
    from gwc.cli.compile import selected  # noqa: PLC0415
    from gwc.cli.loading import lowered  # noqa: PLC0415
    from gwc.cli.selection import variables_of  # noqa: PLC0415

    selection = selected((policy,) if policy else (), "full")
    shown = Shown()
    workspace, found = lowered(_only(selection), variables_of(selection, environment, variables), shown)
    shown.show("full")
    return workspace, found.gateway if found else None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be served. `load`: the policy anew, for `--watch`."""

    gateway: Gateway
    workspace: Workspace
    targets: tuple[str, ...]
    port: int | None
    load: Callable[[], tuple[Workspace, Gateway | None]] | None


def _serve(wanted: _Wanted, stopped: threading.Event, ends_after_s: float | None) -> int:
    from gwc.backends.base import TargetProblems  # noqa: PLC0415
    from gwc.local.playground import playground  # noqa: PLC0415
    from gwc.local.processes import NotInstalled, NotStarted  # noqa: PLC0415

    workspace = wanted.workspace
    try:
        with (
            tempfile.TemporaryDirectory(prefix="gwc-up-") as folder,
            playground(
                wanted.gateway, wanted.targets, Path(folder), first_port=wanted.port, is_reloadable=wanted.load is not None
            ) as playing,
            _tokens(playing) as endpoint,
        ):
            emit(_usage(playing, endpoint))
            tell("Ctrl-C ends it")
            _wait(wanted, playing, stopped, ends_after_s)
    except TargetProblems as problems:
        shown = Shown()
        shown.add(of_target(problems), workspace)
        shown.show("full")
        return exit_codes.UNENFORCEABLE
    except (NotInstalled, ModuleNotFoundError) as missing:
        raise Failure(exit_codes.NOTHING, f"{missing}: install the extra gwc[run]") from None
    except NotStarted as failed:
        raise Failure(exit_codes.NOTHING, str(failed)) from None
    tell("ended")
    return exit_codes.FINE


def _wait(wanted: _Wanted, playing: Playground, stopped: threading.Event, ends_after_s: float | None) -> None:
    if wanted.load is None:
        stopped.wait(ends_after_s)
        return
    from gwc.cli.up_watch import Watch, inputs  # noqa: PLC0415
    from gwc.policy.project import FILE_NAME  # noqa: PLC0415

    Watch(playing, wanted.load, inputs(wanted.workspace, wanted.workspace.root / FILE_NAME)).run(stopped, ends_after_s)


def _only(selection: Selection) -> Path:
    if len(selection.policies) != 1:
        raise Failure(exit_codes.INPUT, "gwc up starts one policy: name it")
    return selection.policies[0]


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([1-9][0-9]{0,5})(s|m|h)", text)
    if not found:
        raise Failure(exit_codes.INPUT, f"--for needs a time such as 30s or 5m, not {text!r}")
    return float(int(found[1]) * _UNIT_S[found[2]])


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """Set by SIGINT and SIGTERM while the block runs; a second signal is handled as before, so that nobody has to wait."""
    stopped = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _tokens(playing: Playground) -> Iterator[str]:
    """The address of a token endpoint for the policy's first token scheme; an empty text when it has none."""
    from gwc.local.token_endpoint import token_endpoint  # noqa: PLC0415

    with ExitStack() as stack:
        jwts = playing.gateway.jwts
        yield f"http://127.0.0.1:{stack.enter_context(token_endpoint(playing.provider, jwts[0]))}" if jwts else ""


def _usage(playing: Playground, endpoint: str) -> str:
    lines = [f"{running.name}: https://{playing.server_name}:{running.port}" for running in playing.running]
    if endpoint:
        lines.append(f"tokens: curl -X POST '{endpoint}/token?sub=alice&scope=...&claims=<JSON object>' (keys: {endpoint}/jwks.json)")
    return "\n".join(lines + [_curl(playing, running) for running in playing.running])


def _curl(playing: Playground, running: Running) -> str:
    operation = _easiest(playing.gateway)
    host = operation.route.hosts[0]
    address = f"--cacert {playing.certificates.ca} --resolve {host}:{running.port}:127.0.0.1"
    return f"curl {address}{_credential(playing, operation)} -X {operation.route.method} 'https://{host}:{running.port}{_path(operation)}'"


def _easiest(gateway: Gateway) -> Operation:
    """An operation to begin with: one that takes a token before others, without parameters, and read only where there is one."""
    schemes = {jwt.scheme for jwt in gateway.jwts}
    return min(
        gateway.operations,
        key=lambda o: (
            o.route.method != "GET",
            not schemes & set(o.security.schemes),
            o.body.required,
            "{" in o.route.template.text,
            o.key,
        ),
    )


def _path(operation: Operation) -> str:
    return re.sub(r"\{[^{}]*\}", "1", operation.route.template.text)


def _credential(playing: Playground, operation: Operation) -> str:
    """The token that the operation's first alternative with only a token asks for, as an argument of curl."""
    from gwc.local.token_endpoint import wanted_by  # noqa: PLC0415

    for alternative in operation.security.alternatives:
        jwt = next((j for j in playing.gateway.jwts if [j.scheme] == [r.scheme for r in alternative]), None)
        if jwt is not None:
            wanted = replace(wanted_by(jwt, int(time.time())), scope=" ".join(alternative[0].scopes))
            return f" -H 'Authorization: Bearer {playing.provider.token(wanted)}'"
    return ""
