"""Phase 10 on NGINX: the head of the forwarded request.

`proxy_set_header` is inherited only by a level that has none of its own: all of them stand in the location of the upstream,
and no location inside it has one.
"""

from __future__ import annotations

from gwc.backends.nginx.checked_text import check, checked
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import directive, javascript
from gwc.controls.forwarding import CLAIMS, CONSUMER, SUBJECT, Forwarding
from gwc.controls.upstream import Upstream
from gwc.ir import Gateway
from gwc.templating import Verbatim

# What the gateway knows; an empty value removes the field.
_KNOWN = (
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-Host", "$host"),
    ("X-Forwarded-Proto", "https"),
    ("X-Request-Id", "$request_id"),
)
AUTHORIZATION = "authorization"
_VARIABLES = (
    "js_var $gwc_authorization;    # of a verified token that is to be forwarded",
    "js_var $gwc_claims;",
    "js_var $gwc_cookie;",
    "js_var $gwc_target_sent;",
)
_TARGET = r'map $gwc_target_sent $gwc_target_forwarded { volatile; default ""; "" $request_uri; "~^(?<gwc_target_text>/[!-~]*)\z" $gwc_target_text; }'
# Fields of the upstream's answer that NGINX would act on, hide or replace.
_OBEYED = ("X-Accel-Redirect", "X-Accel-Expires", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset")
_HIDDEN = ("Date", "Server", "X-Pad", *_OBEYED)


def emit(plan: Plan) -> Fragments:
    """Headers in, headers out, for each upstream."""
    control = plan.gateway.forwarding
    scripted = _scripted_fields(plan.gateway)
    values = (*_KNOWN, *((name, f"${checked(variable)}" if variable else '""') for name, variable in scripted))
    known = tuple(directive("proxy_set_header", name, Verbatim(value)) for name, value in values)
    removed = tuple(directive("proxy_set_header", name, "") for name in control.removed if name != AUTHORIZATION)
    answer = (directive("proxy_ignore_headers", *_OBEYED), *(directive("proxy_pass_header", name) for name in _HIDDEN))
    lines = {u.name: (_host(u), *known, *removed, *answer) for u in plan.gateway.upstreams}
    removed_keys = javascript([control.removed_query, control.removed_cookies])
    return Fragments(
        http=(
            *map(Verbatim, (*_VARIABLES, *((_TARGET,) if control.removed_query else ()))),
            *(check(variable) for _, variable in scripted if variable),
            _scripted(control),
        ),
        upstream=lines,
        script=(Verbatim(f"function removed() {{ return {removed_keys}; }}"),),
        anchors=(Anchor("*", CONFIGURATION, known[0] if plan.lanes else "location ^~ / {"),),
    )


def _scripted_fields(gateway: Gateway) -> tuple[tuple[str, str], ...]:
    """Fields that the script sets for some requests, with its variable for each; an empty one where the policy has no use for the field."""
    forwards = {control.forward for control in gateway.jwts}
    return (
        (SUBJECT, "gwc_subject"),
        (CONSUMER, "gwc_consumer"),
        (AUTHORIZATION, "gwc_authorization" if "token" in forwards else ""),
        (CLAIMS, "gwc_claims" if "claims" in forwards else ""),
        *((("Cookie", "gwc_cookie"),) if gateway.forwarding.removed_cookies else ()),
    )


def _scripted(control: Forwarding) -> Verbatim:
    """Whether a request to an operation without anything to decide needs the script: it may carry a key that is to be removed."""
    query, cookie = "$args" if control.removed_query else "", "$http_cookie" if control.removed_cookies else ""
    return Verbatim(f'map "$gwc_framed{query}{cookie}" $gwc_scripted {{ default +; "" ""; }}')


def _host(upstream: Upstream) -> Verbatim:
    return directive("proxy_set_header", "Host", upstream.authority)
