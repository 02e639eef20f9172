"""The gateway's own answers on NGINX: a page for each reason that NGINX itself can have; the script makes its own with the same table.

Pages are locations with a path, not named ones: those fail before NGINX has read a path.
"""

from __future__ import annotations

import json

from gwc.backends.nginx.checked_text import check, checked
from gwc.backends.nginx.fragments import PROBLEMS, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, problem_location
from gwc.backends.nginx.quoting import argument, javascript
from gwc.controls.problem_details import CORE_REASONS, REASONS, TITLES
from gwc.templating import Verbatim

_OWN_STATUS = {494: "normalise.headers", 495: "normalise.certificate", 496: "normalise.certificate", 497: "normalise.request"}
"""Statuses of NGINX for a head that is too large, for a client's certificate that is not trusted, for none, and for HTTP without TLS."""
_PAGES = sorted(
    {*CORE_REASONS.values(), *_OWN_STATUS.values(), "normalise.path", "normalise.headerName", "network.denied", "normalise.clientAddress"}
)
_EXTRA = {
    "route.method": Verbatim(f"add_header Allow ${checked('gwc_allow')} always;"),
    "flood.limit": Verbatim(f"add_header Retry-After ${checked('gwc_retry_after')} always;"),
    # NGINX refuses a malformed Host with 400 before any map is asked
    "normalise.request": Verbatim("if ($gwc_misdirected) { return 421; }"),
}


def emit(plan: Plan) -> Fragments:
    """`error_page` for each status, a page for each reason, and the table of reasons of the script."""
    pages = tuple(line for reason in _PAGES for line in _page(reason))
    script = (
        Verbatim(f"function realm() {{ return {javascript(plan.gateway.problem_details.realm)}; }}"),
        Verbatim("function problem(reason) { switch (reason) {"),
        *(Verbatim(f"case {javascript(r)}: return {javascript([s, TITLES[s]])};") for r, s in REASONS.items()),
        Verbatim("} return null; }"),
    )
    anchor = Anchor("*", PROBLEMS, _page("internal.error")[-2])
    return Fragments(
        http=(check("gwc_allow"), check("gwc_retry_after")), problems=(*_error_pages(), *pages), script=script, anchors=(anchor,)
    )


def _error_pages() -> Lines:
    reasons = {**CORE_REASONS, **_OWN_STATUS}
    return tuple(
        Verbatim(f"error_page {status} ={REASONS[reason]} {argument(problem_location(reason))};")
        for status, reason in sorted(reasons.items())
    )


def _page(reason: str) -> Lines:
    status = REASONS[reason]
    problem = {"type": "about:blank", "title": TITLES[status], "status": status, "reason": reason, "requestId": "$request_id"}
    body = json.dumps(problem, separators=(",", ":"))
    extra = (_EXTRA[reason],) if reason in _EXTRA else ()
    return (
        Verbatim(f"location = {argument(problem_location(reason))} {{"),
        Verbatim(f"  internal; set $gwc_reason {reason}; default_type application/problem+json; add_header Cache-Control no-store always;"),
        *(Verbatim("  " + line) for line in extra),
        Verbatim(f"  return {status} '{body}';"),
        Verbatim("}"),
    )
