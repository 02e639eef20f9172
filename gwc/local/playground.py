"""A policy on loopback: its compiled gateways with throw-away certificates, an upstream for each one it names, and tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

from gwc.backends.base import Output
from gwc.controls.jwt import FileKeys
from gwc.controls.metrics import Metrics
from gwc.controls.upstream import Upstream, VerifiedTls
from gwc.ir import Gateway
from gwc.local.certificates import Certificates, write_certificates
from gwc.local.echo import Echo, echo
from gwc.local.identity_provider import IdentityProvider
from gwc.local.key_sources import KEY_HOST, local_keys
from gwc.local.localise import localise, upstream_names
from gwc.local.processes import Program, Running, envoy, envoy_binary, nginx, started
from gwc.reload.envoy import EnvoyReload
from gwc.reload.nginx import reload as reload_nginx
from gwc.reload.outcome import NeedsRestart

PROGRAMS: Mapping[str, Program] = {"nginx": nginx(), "envoy": envoy()}
"""The gateways that can be started here, by target."""
DRAIN_S = 5
_RELOADABLE: Mapping[str, Program] = {"nginx": nginx(), "envoy": envoy("xds", DRAIN_S)}
"""The same in the form in which other files can be put under them."""


@dataclass(frozen=True, slots=True)
class Playground:
    """What is running. `gateway` is the policy as the gateways have it, apart from the port, which each has of its own."""

    gateway: Gateway
    running: tuple[Running, ...]
    certificates: Certificates
    provider: IdentityProvider
    upstreams: Mapping[str, Echo]
    _localised: Callable[[Gateway, int], Gateway]
    _envoys: dict[int, EnvoyReload] = field(default_factory=dict)

    @property
    def server_name(self) -> str:
        """The first name that is served."""
        return self.gateway.host_names.names[0]

    def compiled(self, running: Running, gateway: Gateway) -> Output:
        """The files of another policy for a running gateway. Raises TargetProblems, or NeedsRestart where it needs what was not made for this run."""
        self._check(gateway)
        return _compile(running.name, self._localised(gateway, running.port))

    def reload(self, running: Running, output: Output) -> None:
        """Puts `compiled` files under a gateway of a reloadable playground. Raises Rejected or NeedsRestart; then the old ones serve on."""
        if running.name == "nginx":
            reload_nginx(running.folder, running.pid, output, _RELOADABLE["nginx"].command)
            return
        if running.pid not in self._envoys:
            self._envoys[running.pid] = EnvoyReload(running.folder, [envoy_binary()], DRAIN_S)
        self._envoys[running.pid].reload(output)

    def _check(self, gateway: Gateway) -> None:
        for what, has, needs in (
            ("a host name", self.gateway.host_names.names, gateway.host_names.names),
            ("an upstream", _servers(self.gateway), _servers(gateway)),
            ("keys of a token scheme", _fetched(self.gateway), _fetched(gateway)),
        ):
            if not set(needs) <= set(has):
                raise NeedsRestart(f"the policy has {what} that it did not have at the start")


@contextmanager
def playground(
    gateway: Gateway, targets: Sequence[str], folder: Path, *, first_port: int | None = None, is_reloadable: bool = False
) -> Iterator[Playground]:
    """Starts one gateway for each target; everything has ended when the block ends. The first one gets `first_port`, when it is given.

    `is_reloadable`: they are started in a form that `Playground.reload` can put other files under.

    Raises NotStarted, NotInstalled or TargetProblems.
    """
    certificates = write_certificates(folder / "certificates", gateway.host_names.names, (*upstream_names(gateway), KEY_HOST))
    provider = IdentityProvider()
    with ExitStack() as stack:
        sources = stack.enter_context(local_keys(gateway, provider, certificates, folder / "keys")).sources
        upstreams = {u.name: stack.enter_context(_upstream(u, certificates)) for u in gateway.upstreams}
        addresses = {name: ("127.0.0.1", running.port) for name, running in upstreams.items()}

        counters: dict[int, tuple[Metrics, ...]] = {}

        def local(gateway: Gateway, port: int) -> Gateway:
            """Counters stay where they are: a user who looks at them finds them after a reload."""
            made = localise(gateway, port=port, certificates=certificates, upstreams=addresses, provider=provider, sources=sources)
            kept = counters.setdefault(port, made.metrics) or made.metrics
            return replace(made, metrics=kept if made.metrics else ())

        def start(target: str, port: int | None) -> Running:
            def compile_for(port: int, _folder: Path) -> Output:
                return _compile(target, local(gateway, port))

            program = (_RELOADABLE if is_reloadable else PROGRAMS)[target]
            server_name, ca = gateway.host_names.names[0], certificates.ca
            return stack.enter_context(started(program, compile_for, folder, server_name=server_name, ca=ca, port=port))

        running = tuple(start(target, None if i else first_port) for i, target in enumerate(targets))
        yield Playground(local(gateway, gateway.listener_tls.port), running, certificates, provider, upstreams, local)


def _compile(target: str, gateway: Gateway) -> Output:
    output: Output = import_module(f"gwc.backends.{target}").compile(gateway)
    return output


def _servers(gateway: Gateway) -> set[tuple[str, bool]]:
    """What upstreams on this machine differ in: name, and whether they speak TLS."""
    return {(u.name, isinstance(u.transport, VerifiedTls)) for u in gateway.upstreams}


def _fetched(gateway: Gateway) -> set[str]:
    """The schemes whose keys are no part of the output."""
    return {jwt.scheme for jwt in gateway.jwts if not isinstance(jwt.source, FileKeys)}


@contextmanager
def _upstream(upstream: Upstream, certificates: Certificates) -> Iterator[Echo]:
    if not isinstance(upstream.transport, VerifiedTls):
        with echo() as running:
            yield running
        return
    client_ca = str(certificates.ca) if upstream.transport.client else None
    with echo(certificates.upstream, client_ca) as running:
        yield running
