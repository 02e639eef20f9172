"""Phases 5 and 6 on NGINX: the alternatives of each rule; runtime/js/security.js decides."""

from __future__ import annotations

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Plan, Rule, upstream_group
from gwc.backends.nginx.quoting import argument, member
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """A member `security` in every rule; the operation's location sets the number of its rule, without which the script denies.

    `$gwc_open` is the verdict on requests without a body to public operations: they need no script.
    """
    rules = tuple(_rule(plan, n, rule) for n, rule in enumerate(plan.rules))
    opened = {n: upstream_group(rule.upstream) for n, rule in enumerate(plan.rules) if rule.is_open}
    return Fragments(
        http=(
            Verbatim("map $gwc_rule $gwc_open {"),
            Verbatim('  default "";'),
            *(Verbatim(f"  {n} {argument(group)};") for n, group in opened.items()),
            Verbatim("}"),
        ),
        rules=rules,
        anchors=tuple(Anchor(key, POLICY, rules[n]) for key, n in plan.rule_of.items()),
    )


def _rule(plan: Plan, number: int, rule: Rule) -> Verbatim:
    wanted = rule.security.schemes
    security = (
        None
        if rule.security.is_public
        else {
            "jwts": [j.scheme for j in plan.gateway.jwts if j.scheme in wanted],
            "apiKeys": [k.scheme for k in plan.gateway.api_keys if k.scheme in wanted],
            "alternatives": [[[r.scheme, r.scopes] for r in alternative] for alternative in rule.security.alternatives],
        }
    )
    return member("security", security, number)
