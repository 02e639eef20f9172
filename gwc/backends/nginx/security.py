"""Phases 5 and 6 on NGINX: the alternatives of each rule; runtime/js/security.js decides."""

from __future__ import annotations

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Plan, Rule
from gwc.backends.nginx.quoting import member
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """A member `security` in every rule; the operation's location sets the number of its rule, without which the script denies."""
    rules = tuple(_rule(plan, n, rule) for n, rule in enumerate(plan.rules))
    return Fragments(
        rules=rules,
        anchors=tuple(Anchor(key, POLICY, rules[n]) for key, n in plan.rule_of.items()),
    )


def _rule(plan: Plan, number: int, rule: Rule) -> Verbatim:
    wanted = rule.security.schemes
    security = None if rule.security.is_public else {
        "jwts": [j.scheme for j in plan.gateway.jwts if j.scheme in wanted],
        "apiKeys": [k.scheme for k in plan.gateway.api_keys if k.scheme in wanted],
        "alternatives": [[[r.scheme, r.scopes] for r in alternative] for alternative in rule.security.alternatives],
    }
    return member("security", security, number)
