"""Phase 10 on NGINX: one group of connections for each upstream, so for each TLS identity; the script's verdict names the group.

A cached connection is reused whatever `proxy_ssl_name` of the location says: hence a group of its own and `keepalive .. local`.
"""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, upstream_group
from gwc.backends.nginx.quoting import argument, directive, literal, member
from gwc.controls.base import FileRef
from gwc.controls.forwarding import Forwarding
from gwc.controls.upstream import ClientCertificate, Upstream, VerifiedTls
from gwc.templating import Verbatim

_NEVER_ASKED = Verbatim("resolver 127.0.0.1; # never asked: what requests are passed to is one of the groups below, or nothing")
"""Without it, checkers of configurations take the variable of `proxy_pass` for a name that nobody resolves again."""


def emit(plan: Plan) -> Fragments:
    """The groups, TLS and timeouts of each upstream, `proxy_pass` in every lane, and a member `upstream` in every rule."""
    upstreams = {u.name: u for u in plan.gateway.upstreams}
    numbers = {name: number for number, name in enumerate(upstreams)}
    return Fragments(
        http=(_NEVER_ASKED, *(line for u in upstreams.values() for line in (*_group(u), _verdict(u, numbers[u.name])))),
        upstream={u.name: _settings(u) for u in upstreams.values()},
        lanes=tuple((_pass(upstreams[lane.upstream], numbers[lane.upstream], plan.gateway.forwarding),) for lane in plan.lanes),
        rules=tuple(member("upstream", upstream_group(rule.upstream), n) for n, rule in enumerate(plan.rules)),
        anchors=tuple(Anchor(u.name, CONFIGURATION, _group(u)[0]) for u in upstreams.values()),
    )


def _group(control: Upstream) -> Lines:
    host = f"[{control.host}]" if ":" in control.host else control.host
    return (
        Verbatim(f"upstream {argument(upstream_group(control.name))} {{"),
        Verbatim(f"  server {argument(f'{host}:{control.port}')} max_fails=0;"),
        Verbatim("  keepalive 64 local;"),
        Verbatim("}"),
    )


def _verdict(control: Upstream, number: int) -> Verbatim:
    """The group where the script's verdict is this group, else nothing: a lane leads to no other."""
    group = argument(upstream_group(control.name))
    return Verbatim(f'map $gwc_up $gwc_to_{number} {{ volatile; default ""; {group} {group}; }}')


def _pass(control: Upstream, number: int, forwarding: Forwarding) -> Verbatim:
    """An empty `$gwc_up`, which every failure of the script leaves behind, is no server: 500."""
    scheme = "https" if isinstance(control.transport, VerifiedTls) else "http"
    target = "$gwc_target_forwarded" if forwarding.removed_query else "$request_uri"
    return Verbatim(f"proxy_pass {scheme}://$gwc_to_{number}{target};")


def _settings(control: Upstream) -> Lines:
    timeouts = (
        directive("proxy_connect_timeout", f"{control.connect_timeout_ms}ms"),
        directive("proxy_read_timeout", f"{control.response_timeout_ms}ms"),
        directive("proxy_send_timeout", f"{control.response_timeout_ms}ms"),
    )
    return (*timeouts, *(_tls(control, control.transport) if isinstance(control.transport, VerifiedTls) else ()))


def _tls(control: Upstream, transport: VerifiedTls) -> Lines:
    client = _client(control, transport.client) if transport.client else ()
    return (*verified_tls(transport.ca, transport.server_name), *client)


def verified_tls(ca: FileRef, server_name: str) -> Lines:
    """All of it: `proxy_ssl_verify` and `proxy_ssl_server_name` are off by default."""
    return (
        directive("proxy_ssl_verify", "on"),
        Verbatim(f"proxy_ssl_trusted_certificate {literal(ca.path)};"),
        directive("proxy_ssl_verify_depth", 4),
        directive("proxy_ssl_server_name", "on"),
        directive("proxy_ssl_name", server_name),
        directive("proxy_ssl_protocols", "TLSv1.2", "TLSv1.3"),
    )


def _client(control: Upstream, client: ClientCertificate) -> Lines:
    if "$" in client.certificate.path + client.private_key.path:
        raise Unenforceable(
            control.span, control.STEM, "transport", "NGINX reads a dollar sign in this path as a variable", "choose a path without it"
        )
    return (
        directive("proxy_ssl_certificate", client.certificate.path),
        directive("proxy_ssl_certificate_key", client.private_key.path),
    )
