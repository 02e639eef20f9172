"""The client's address on Kong: NGINX's realip module, for lists that it reads as the control says; the plugin refuses the others.

`trusted_ips` stays empty: Kong itself would believe X-Forwarded-Host and others of these peers, too.
"""

from __future__ import annotations

from gwc.backends import client_ip
from gwc.backends.kong.fragment import WHOLE, Fragment, Member
from gwc.controls.client_ip import ClientIp
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """Directives, variables, and the word for the plugin that they must be there."""
    if not gateway.client_ip:
        return Fragment()
    (control,) = gateway.client_ip
    header, recursive = "real_ip_header", "real_ip_recursive"
    return Fragment(
        data=(Member("trusted_proxies", list(control.trusted_proxies), {WHOLE: "*"}),),
        http=variables(control),
        proxy=tuple(line for line in client_ip.directives(control) if not line.startswith((header, recursive))),
        settings={header: "X-Forwarded-For", recursive: "on"},
    )


def variables(control: ClientIp) -> tuple[str, ...]:
    """Of the level `http`. The expression has no quote and no backslash before one."""
    expression = client_ip.expression().replace("\\", "\\\\")
    return tuple(client_ip.variables(control, f'"{expression}"'))


def log_variable(gateway: Gateway) -> str:
    """What the access log calls the client."""
    return "$gwc_log_client" if gateway.client_ip else "$remote_addr"
