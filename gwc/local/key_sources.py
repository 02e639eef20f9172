"""Keys of tokens that are no part of a gateway's output, on this machine: key servers on loopback, and files with secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gwc.controls.base import FileRef
from gwc.controls.jwt import Jwt, KeySource, RemoteKeys, SecretKeys
from gwc.ir.gateway import Gateway
from gwc.local.certificates import Certificates
from gwc.local.identity_provider import IdentityProvider
from gwc.local.jwks_answers import PATH
from gwc.local.jwks_server import JwksServer, jwks_server
from gwc.semantics.key_set import KeySet, usable

KEY_HOST = "localhost"
"""The name that certificates of key servers must have."""


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """`sources`: where the gateway finds the keys of a scheme; `servers`: the key servers, by scheme."""

    sources: Mapping[str, KeySource]
    servers: Mapping[str, JwksServer]
    _controls: tuple[Jwt, ...]
    _provider: IdentityProvider

    def key_sets(self) -> dict[str, KeySet]:
        """What a gateway has, for the model: the usable keys of each set, fetched a moment ago. A set that is none is not in it."""
        found = {c.scheme: usable(self._document(c), c) for c in self._controls}
        return {scheme: KeySet(keys, time.time()) for scheme, keys in found.items() if keys is not None}

    def _document(self, control: Jwt) -> object:
        if isinstance(control.source, SecretKeys):
            return self._provider.secret_jwks_for(control)
        return self.servers[control.scheme].document


@contextmanager
def local_keys(gateway: Gateway, provider: IdentityProvider, certificates: Certificates, folder: Path) -> Iterator[LocalKeys]:
    """Starts a key server for every URI with keys, and writes the files of schemes with secrets into `folder`.

    Schemes that agree in their source and algorithms have one server.
    """
    with ExitStack() as stack:
        sources: dict[str, KeySource] = {}
        servers: dict[str, JwksServer] = {}
        started: dict[tuple[RemoteKeys, tuple[str, ...]], JwksServer] = {}
        for control in gateway.jwts:
            if isinstance(control.source, RemoteKeys):
                where = (control.source, control.algorithms)
                if where not in started:
                    started[where] = stack.enter_context(jwks_server(provider.jwks_for(control), certificates))
                server = servers[control.scheme] = started[where]
                sources[control.scheme] = replace(
                    control.source, host=KEY_HOST, port=server.port, path=PATH, ca=FileRef(path=str(certificates.ca))
                )
            elif isinstance(control.source, SecretKeys):
                sources[control.scheme] = SecretKeys(file=_written(folder, control, provider))
        controls = tuple(c for c in gateway.jwts if c.scheme in sources)
        yield LocalKeys(sources, servers, controls, provider)


def _written(folder: Path, control: Jwt, provider: IdentityProvider) -> FileRef:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{control.scheme}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(provider.secret_jwks_for(control)), encoding="utf-8")
    return FileRef(path=str(path))
