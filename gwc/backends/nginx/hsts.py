"""Strict-Transport-Security on NGINX: on every answer over TLS, error pages and those of scripts included, and in place of an upstream's.

Levels with headers of their own would drop what is set above them: `add_header_inherit merge` (1.29.3) keeps it.
"""

from __future__ import annotations

from gwc.backends.nginx.fragments import Lines
from gwc.backends.nginx.quoting import argument
from gwc.controls.listener_tls import Hsts
from gwc.templating import Verbatim


def lines(control: Hsts | None) -> Lines:
    """Directives of the level `http`. A request without TLS, which gets NGINX's 497, has no value (RFC 6797 7.2)."""
    if control is None:
        return ()
    return (
        Verbatim("add_header_inherit merge;"),
        Verbatim(f'map $https $gwc_hsts {{ default ""; on {argument(control.value)}; }}'),
        Verbatim("add_header Strict-Transport-Security $gwc_hsts always;"),
        Verbatim("proxy_hide_header Strict-Transport-Security;"),
    )
