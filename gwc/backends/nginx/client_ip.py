"""The client's address on NGINX: the realip module, after which everything goes by `$remote_addr`, for lists that it reads as the control says."""

from __future__ import annotations

from gwc.backends import client_ip
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments
from gwc.backends.nginx.plan import Plan, problem_location
from gwc.backends.nginx.quoting import argument, literal
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """Directives, variables, and a link of the chain of phase 1: the page of the refusal for a list that can't be read."""
    if not plan.gateway.client_ip:
        return Fragments()
    (control,) = plan.gateway.client_ip
    http = (
        *map(Verbatim, client_ip.directives(control)),
        *map(Verbatim, client_ip.variables(control, literal(client_ip.expression()))),
        Verbatim(
            f"map $gwc_chain $gwc_before_client {{ default {argument(problem_location('normalise.clientAddress'))}; good $gwc_before_host; }}"
        ),
    )
    return Fragments(http=http, anchors=(Anchor("*", CONFIGURATION, next(client_ip.directives(control))),))


def after_authorization(plan: Plan) -> Verbatim:
    """The link of the chain that stands behind the look at Authorization."""
    return Verbatim("$gwc_before_client" if plan.gateway.client_ip else "$gwc_before_host")
