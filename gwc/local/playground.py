"""A policy on loopback: its compiled gateways with throw-away certificates, an upstream for each one it names, and tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gwc.backends.base import Output
from gwc.controls.upstream import Upstream, VerifiedTls
from gwc.ir import Gateway
from gwc.local.certificates import Certificates, write_certificates
from gwc.local.echo import Echo, echo
from gwc.local.identity_provider import IdentityProvider
from gwc.local.key_sources import KEY_HOST, local_keys
from gwc.local.localise import localise, upstream_names
from gwc.local.processes import Program, Running, envoy, nginx, started

PROGRAMS: Mapping[str, Program] = {"nginx": nginx(), "envoy": envoy()}
"""The gateways that can be started here, by target."""


@dataclass(frozen=True, slots=True)
class Playground:
    """What is running. `gateway` is the policy as the gateways have it, apart from the port, which each has of its own."""

    gateway: Gateway
    running: tuple[Running, ...]
    certificates: Certificates
    provider: IdentityProvider
    upstreams: Mapping[str, Echo]

    @property
    def server_name(self) -> str:
        """The first name that is served."""
        return self.gateway.host_names.names[0]


@contextmanager
def playground(gateway: Gateway, targets: Sequence[str], folder: Path, *, first_port: int | None = None) -> Iterator[Playground]:
    """Starts one gateway for each target; everything has ended when the block ends. The first one gets `first_port`, when it is given.

    Raises NotStarted, NotInstalled or TargetProblems.
    """
    certificates = write_certificates(folder / "certificates", gateway.host_names.names, (*upstream_names(gateway), KEY_HOST))
    provider = IdentityProvider()
    with ExitStack() as stack:
        sources = stack.enter_context(local_keys(gateway, provider, certificates, folder / "keys")).sources
        upstreams = {u.name: stack.enter_context(_upstream(u, certificates)) for u in gateway.upstreams}
        addresses = {name: ("127.0.0.1", running.port) for name, running in upstreams.items()}

        def local(port: int) -> Gateway:
            return localise(gateway, port=port, certificates=certificates, upstreams=addresses, provider=provider, sources=sources)

        def start(target: str, port: int | None) -> Running:
            def compile_for(port: int, _folder: Path) -> Output:
                output: Output = import_module(f"gwc.backends.{target}").compile(local(port))
                return output

            server_name, ca = gateway.host_names.names[0], certificates.ca
            return stack.enter_context(started(PROGRAMS[target], compile_for, folder, server_name=server_name, ca=ca, port=port))

        running = tuple(start(target, None if i else first_port) for i, target in enumerate(targets))
        yield Playground(local(gateway.listener_tls.port), running, certificates, provider, upstreams)


@contextmanager
def _upstream(upstream: Upstream, certificates: Certificates) -> Iterator[Echo]:
    if not isinstance(upstream.transport, VerifiedTls):
        with echo() as running:
            yield running
        return
    client_ca = str(certificates.ca) if upstream.transport.client else None
    with echo(certificates.upstream, client_ca) as running:
        yield running
