"""Phase 10 on NGINX: the head of the forwarded request.

`proxy_set_header` is inherited only by a level that has none of its own: all of them stand in the location of the upstream,
and no location inside it has one.
"""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import directive
from gwc.controls.forwarding import CONSUMER, SUBJECT
from gwc.controls.upstream import Upstream
from gwc.templating import Verbatim

# What the gateway knows; an empty value removes the field.
_KNOWN = (
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-Host", "$host"),
    ("X-Forwarded-Proto", "https"),
    ("X-Request-Id", "$request_id"),
    (SUBJECT, "$gwc_subject"),
    (CONSUMER, "$gwc_consumer"),
)
# Fields of the upstream's answer that NGINX would act on, hide or replace.
_OBEYED = ("X-Accel-Redirect", "X-Accel-Expires", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset")
_HIDDEN = ("Date", "Server", "X-Pad", *_OBEYED)


def emit(plan: Plan) -> Fragments:
    """Headers in, headers out, for each upstream."""
    known = tuple(directive("proxy_set_header", name, Verbatim(value)) for name, value in _KNOWN)
    removed = tuple(directive("proxy_set_header", name, "") for name in plan.gateway.forwarding.removed)
    answer = (directive("proxy_ignore_headers", *_OBEYED), *(directive("proxy_pass_header", name) for name in _HIDDEN))
    lines = {u.name: (_host(u), *known, *removed, *answer) for u in plan.gateway.upstreams}
    return Fragments(upstream=lines, anchors=(Anchor("*", CONFIGURATION, known[0] if plan.lanes else "location ^~ / {"),))


def _host(upstream: Upstream) -> Verbatim:
    return directive("proxy_set_header", "Host", upstream.authority)
