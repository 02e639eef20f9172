"""A compiled gateway and a bare proxy of the same binary, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import gwc.backends.envoy
import gwc.backends.nginx
from bench.bare import bare_envoy, bare_nginx
from bench.load import HOST
from gwc.backends.base import Output
from gwc.ir import Gateway
from gwc.local import processes
from gwc.local.certificates import Certificates
from gwc.local.identity_provider import IdentityProvider
from gwc.local.localise import localise


@dataclass(frozen=True, slots=True)
class Kind:
    """A gateway's program, its backend, and the configuration of the bare proxy."""

    program: Callable[[], processes.Program]
    backend: ModuleType
    bare: Callable[[int, int, Certificates], Output]


KINDS = {
    "nginx": Kind(processes.nginx, gwc.backends.nginx, bare_nginx),
    "envoy": Kind(processes.envoy, gwc.backends.envoy, bare_envoy),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What both gateways of a pair have in common."""

    folder: Path
    certificates: Certificates
    provider: IdentityProvider
    upstream_port: int


Edit = Callable[[Output, int], Output]
"""Changes the files of a gateway before it starts, by the port that it is about to have."""


@contextmanager
def started_pair(kind: str, gateway: Gateway, setting: Setting) -> Iterator[tuple[processes.Running, processes.Running]]:
    """The compiled gateway and the bare proxy, new processes both."""
    of_kind = KINDS[kind]

    def bare(port: int, _: Path) -> Output:
        return of_kind.bare(port, setting.upstream_port, setting.certificates)

    with started_compiled(kind, "gwc", gateway, setting) as ours, _started(kind, "bare", bare, setting) as plain:
        yield ours, plain


def started_compiled(
    kind: str, name: str, gateway: Gateway, setting: Setting, edit: Edit = lambda output, _: output
) -> AbstractContextManager[processes.Running]:
    """A compiled gateway; `name` is for its folder."""
    upstreams = {u.name: ("127.0.0.1", setting.upstream_port) for u in gateway.upstreams}

    def compiled(port: int, _: Path) -> Output:
        local = localise(gateway, port=port, certificates=setting.certificates, upstreams=upstreams, provider=setting.provider)
        return edit(KINDS[kind].backend.compile(local), port)

    return _started(kind, name, compiled, setting)


def _started(kind: str, name: str, make: Callable[[int, Path], Output], setting: Setting) -> AbstractContextManager[processes.Running]:
    program = replace(KINDS[kind].program(), name=f"{kind}-{name}")
    return processes.started(program, make, setting.folder, server_name=HOST, ca=setting.certificates.ca)
