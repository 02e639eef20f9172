"""A gateway that runs, with a fast upstream, and the function that gives it another policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from gwc.backends.base import Output
from gwc.ir import Gateway
from gwc.local import processes
from gwc.local.certificates import Certificates, write_certificates
from gwc.local.localise import localise, upstream_names
from gwc.reload import nginx
from gwc.reload.envoy import EnvoyReload
from tests.support.tokens import identity_provider

DRAIN_S = 20


@dataclass(frozen=True)
class Site:
    """`reload` gives the running gateway another policy; `compiled` is what it would get."""

    running: processes.Running
    compiled: Callable[[Gateway], Output]
    reload: Callable[[Output], None]
    certificates: Certificates


@contextmanager
def serving(kind: str, gateway: Gateway, upstream_port: int, folder: Path, certificates: Certificates | None = None) -> Iterator[Site]:
    """NGINX, or Envoy on its watched files, with `gateway`; all upstreams are on one port."""
    names = gateway.host_names.names
    certificates = certificates or write_certificates(folder / "tls", names, upstream_names(gateway))
    program = {"nginx": processes.nginx, "envoy": lambda: processes.envoy("xds", DRAIN_S)}[kind]()

    def compiled(given: Gateway, port: int) -> Output:
        addresses = {u.name: ("127.0.0.1", upstream_port) for u in given.upstreams}
        local = localise(given, port=port, certificates=certificates, upstreams=addresses, provider=identity_provider())
        output: Output = import_module(f"gwc.backends.{kind}").compile(replace(local, metrics=given.metrics))
        return output

    start = processes.started(program, lambda port, _: compiled(gateway, port), folder, server_name=names[0], ca=certificates.ca)
    with start as running:
        yield Site(running, lambda given: compiled(given, running.port), _reload(kind, running, program), certificates)


def _reload(kind: str, running: processes.Running, program: processes.Program) -> Callable[[Output], None]:
    if kind == "nginx":
        return lambda output: nginx.reload(running.folder, running.pid, output, program.command)
    return EnvoyReload(running.folder, [processes.envoy_binary()], DRAIN_S).reload
