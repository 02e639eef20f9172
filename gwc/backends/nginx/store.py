"""Counters that instances share: NGINX has no client for a store, and njs none that waits while a request is decided."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import Fragments
from gwc.backends.nginx.plan import Plan


def emit(plan: Plan) -> Fragments:
    """Nothing. Raises Unenforceable for a policy that counts in a store."""
    for control in plan.gateway.store:
        instead = "use scope: instance, or count in front of NGINX; Kong and Envoy count in stores"
        raise Unenforceable(control.span, control.STEM, "redis", "NGINX has no client for a store that counts", instead)
    return Fragments()
