"""The compiled NGINX as a real process, also with its generated files edited: to show what a line is good for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gwc.backends import nginx
from gwc.backends.base import Output
from gwc.backends.nginx.script import JUDGING, bundle, modules
from gwc.controls.api_key import NEVER_S, ApiKey, KeyDigest
from gwc.controls.upstream import PlainText, VerifiedTls
from gwc.ir import Gateway
from gwc.local import processes
from gwc.local.certificates import Certificates, Pair, write_certificates
from gwc.local.echo import Echo, Received, echo
from gwc.local.key_sources import KEY_HOST, LocalKeys, local_keys
from gwc.local.localise import localise, upstream_names
from tests.support import sample
from tests.support.requests import Answer, Offer, exchange
from tests.support.tokens import identity_provider

KEY = "k-of-acme"
Edit = Callable[[Mapping[str, str]], dict[str, str]]


def gateway(**changed: Any) -> Gateway:
    """The sample, without limits, rules and metrics, with an API key whose text is known."""
    digest = KeyDigest(digest=hashlib.sha256(KEY.encode()).hexdigest(), consumer="acme", not_before_s=0, expires_s=NEVER_S)
    keys = (ApiKey(scheme="partnerKey", location="header", name="x-api-key", keys=(digest,)),)
    return sample.gateway(**{"api_keys": keys, "rate_limits": (), "rules": (), "metrics": (), **changed})


def unchanged(files: Mapping[str, str]) -> dict[str, str]:
    return dict(files)


def edited(*changes: tuple[str, str, str]) -> Edit:
    """Replaces text (file, old, new); an old text that is not there is a mistake of the test."""

    def edit(files: Mapping[str, str]) -> dict[str, str]:
        result = dict(files)
        for file, old, new in changes:
            assert old in result[file], f"{file} has no {old!r}"
            result[file] = result[file].replace(old, new)
        return result

    return edit


@dataclass(frozen=True)
class Site:
    """A running gateway with one upstream; `keys`: where keys come from that are not part of its files."""

    running: processes.Running
    upstream: Echo
    gateway: Gateway
    certificates: Certificates
    keys: LocalKeys

    def raw(self, data: bytes, sni: str | None = None, certificate: Pair | None = None) -> Answer:
        return exchange(self.running.port, data, Offer(sni or self.gateway.host_names.names[0], certificate=certificate))

    def ask(
        self, method: str, target: str, *fields: str, body: bytes = b"", host: str | None = None, certificate: Pair | None = None
    ) -> Answer:
        lines = (f"{method} {target} HTTP/1.1", f"Host: {host or self.gateway.host_names.names[0]}", *fields, "Connection: close")
        return self.raw("".join(f"{x}\r\n" for x in lines).encode("latin-1") + b"\r\n" + body, certificate=certificate)

    def received(self) -> list[Received]:
        """What the upstream got since the last call."""
        return self.upstream.take()


@contextmanager
def serving(source: Gateway, folder: Path, edit: Edit = unchanged, *, stranger: bool = False, port: int | None = None) -> Iterator[Site]:
    """NGINX with the files for `source` after `edit`.

    All upstreams are one echo, with a certificate of another CA if `stranger`; or whoever listens on `port`.
    """
    certificates = write_certificates(folder / "tls", source.host_names.names, (*upstream_names(source)[:1], KEY_HOST))
    with ExitStack() as stack:
        keys = stack.enter_context(local_keys(source, identity_provider(), certificates, folder / "keys"))
        upstream = stack.enter_context(_echo(source, certificates, stranger=stranger))
        addresses = {u.name: ("127.0.0.1", port or upstream.port) for u in source.upstreams}
        local = localise(source, port=1, certificates=certificates, upstreams=addresses, provider=identity_provider(), sources=keys.sources)

        def compiled(own: int, _: Path) -> Output:
            output = nginx.compile(replace(local, listener_tls=replace(local.listener_tls, port=own)))
            texts = edit({name: data.decode() for name, data in output.files.items()})
            return replace(output, files={name: text.encode() for name, text in texts.items()})

        name = source.host_names.names[0]
        yield Site(
            stack.enter_context(processes.started(processes.nginx(), compiled, folder, server_name=name, ca=certificates.ca)),
            upstream,
            local,
            certificates,
            keys,
        )


def _echo(source: Gateway, certificates: Certificates, *, stranger: bool) -> Any:
    transport = source.upstreams[0].transport
    if isinstance(transport, PlainText):
        return echo()
    wants_client = isinstance(transport, VerifiedTls) and transport.client is not None
    return echo(certificates.stranger if stranger else certificates.upstream, str(certificates.ca) if wants_client else None)


@contextmanager
def scripting(
    folder: Path, calls: str, edit: Callable[[str], str] = lambda text: text, files: Edit = unchanged
) -> Iterator[Callable[..., Any]]:
    """The runtime of njs in a real NGINX: the function gives what the JavaScript expression `calls` makes of its JSON argument `x`."""
    source = gateway()
    entry = "async function run(r) { r.return(200, JSON.stringify(await rest().run(r, JSON.parse(r.requestText)))); }\n"
    inside = f"{modules(JUDGING)}\n  return {{ run: async function (r, x) {{ return {calls}; }}, decision, "
    text = bundle().replace("return { decision, ", inside).replace("export default { access, ", entry + "export default { run, access, ")
    script = edit(text)
    location = (
        "location = /run { client_max_body_size 1m; client_body_buffer_size 1m; js_content gwc.run; }\n    location ^~ / { return 404; }\n"
    )
    server = "server_name api.test;\n    "

    def edit_files(given: Mapping[str, str]) -> dict[str, str]:
        changes = (("gwc.js", given["gwc.js"], script), ("nginx.conf", server, server + location.partition("location ^~")[0]))
        return files(edited(*changes)(given))

    with serving(source, folder, edit_files) as site:

        def run(x: Any) -> Any:
            body = json.dumps(x).encode()
            answer = site.ask("POST", "/run", f"Content-Length: {len(body)}", body=body)
            assert answer.status == 200, (answer, site.running.complaints())
            return json.loads(answer.body)

        yield run
