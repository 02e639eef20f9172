"""Phase 8 on NGINX: media types by the script, the size twice: a declared one by NGINX before anything else, a chunked one while it is read."""

from __future__ import annotations

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Plan, Rule
from gwc.backends.nginx.quoting import directive, member
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """`client_max_body_size` in every lane (unlimited elsewhere, where no body is read), and a member `body` in every rule."""
    rules = tuple(_rule(n, rule) for n, rule in enumerate(plan.rules))
    return Fragments(
        http=(directive("client_max_body_size", 0),),
        lanes=tuple((directive("client_max_body_size", max(1, lane.max_bytes)),) for lane in plan.lanes),
        rules=rules,
        anchors=tuple(Anchor(key, POLICY, rules[n]) for key, n in plan.rule_of.items()),
    )


def _rule(number: int, rule: Rule) -> Verbatim:
    body = {
        "mediaTypes": rule.body.media_types,
        "required": rule.body.required,
        "maxBytes": rule.body.max_bytes,
    }
    return member("body", body, number)
