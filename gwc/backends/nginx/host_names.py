"""Phases 0 and 1 on NGINX: servers by name, no handshake for others, and one name for connection and request."""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments
from gwc.backends.nginx.listener_tls import endpoint
from gwc.backends.nginx.plan import Plan, problem_location
from gwc.backends.nginx.quoting import argument, directive
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """`server_name` for the handshake, and two maps: `$host` drops port and final dot, so Host is looked at, too."""
    names = plan.gateway.host_names.names
    pairs = {name: _pair(name) for name in names}
    http = (
        Verbatim('map "$ssl_server_name $host" $gwc_before_host {'),  # text keys of a map ignore case
        Verbatim(f"  default {argument(problem_location('normalise.host'))};"),
        *(Verbatim(f"  {pair}") for pair in pairs.values()),
        Verbatim("}"),
        Verbatim("map $http_host $gwc_before_port {"),
        Verbatim(f"  default {argument(problem_location('normalise.host'))};"),
        Verbatim('  "~^[^:]*[^.:](?::[0-9]{0,5})?$" $gwc_before_length;'),
        Verbatim("}"),
    )
    listen = directive("listen", endpoint(plan.gateway.listener_tls), "ssl")
    server = {n: (listen, directive("server_name", *s.names)) for n, s in enumerate(plan.servers)}
    return Fragments(http=http, server=server, anchors=tuple(Anchor(name, CONFIGURATION, pair) for name, pair in pairs.items()))


def _pair(name: str) -> Verbatim:
    return Verbatim(f"{argument(f'{name} {name}')} $gwc_before_port;")
