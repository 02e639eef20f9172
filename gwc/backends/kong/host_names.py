"""Phases 0 and 1: the plugin refuses the handshake for other names (`certificate`), and a Host that is not the SNI (`rewrite`).

Kong alone goes on with its default certificate for an unknown name, and never compares SNI and Host.
"""

from __future__ import annotations

from gwc.backends.kong.fragment import Fragment, Member
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The set of names."""
    names = gateway.host_names.names
    return Fragment(data=(Member("hosts", dict.fromkeys(names, True), {n: n for n in names}),))
