"""Phases 5 and 6 on NGINX: the alternatives of each rule; runtime/js/security.js decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.jwt import remembered
from gwc.backends.nginx.numbered import by_number
from gwc.backends.nginx.plan import Plan, Rule, upstream_group
from gwc.backends.nginx.quoting import argument, javascript, member
from gwc.controls.security import Security
from gwc.templating import Verbatim

Tokens = Mapping[str, list[Any]]
"""`remembered` of each scheme, by its name."""


def emit(plan: Plan) -> Fragments:
    """A member `security` in every rule; the operation's location sets the number of its rule, without which the script denies.

    `$gwc_open` is the verdict on requests without a body to public operations: they need no script.
    """
    tokens = _tokens(plan)
    rules = tuple(_rule(plan, n, rule, tokens) for n, rule in enumerate(plan.rules))
    usual = {n: asked_of_caller(plan, rule) for n, rule in enumerate(plan.rules) if rule.is_simple and not rule.security.is_public}
    opened = {n: upstream_group(rule.upstream) for n, rule in enumerate(plan.rules) if rule.is_open}
    return Fragments(
        http=(
            Verbatim("map $gwc_rule $gwc_open {"),
            Verbatim('  default "";'),
            *(Verbatim(f"  {n} {argument(group)};") for n, group in opened.items()),
            Verbatim("}"),
        ),
        rules=rules,
        usual=by_number("usual", {n: (Verbatim(f"return {javascript(known)};"),) for n, known in usual.items() if known}),
        anchors=tuple(Anchor(key, POLICY, rules[n]) for key, n in plan.rule_of.items()),
    )


def _rule(plan: Plan, number: int, rule: Rule, tokens: Tokens) -> Verbatim:
    return member("security", None if rule.security.is_public else _asked(plan, rule.security, tokens), number)


def asked_of_caller(plan: Plan, rule: Rule) -> list[Any]:
    """[upstream, mark, source, scope ..] where nothing but a token decides who may call, and nothing is done with it; an empty mark: everybody may.

    Empty for other rules.
    """
    forwarding, alternatives = plan.gateway.forwarding, rule.security.alternatives
    is_rewritten = forwarding.removed_query or forwarding.removed_cookies
    if is_rewritten or rule.charges or rule.demands:
        return []
    if rule.security.is_public:
        return [upstream_group(rule.upstream), "", None]
    if len(alternatives) != 1 or len(alternatives[0]) != 1:
        return []
    wanted = alternatives[0][0]
    _, mark, source, forward = _tokens(plan).get(wanted.scheme, (None, None, None, None))
    if mark is None or forward != "never":
        return []
    return [upstream_group(rule.upstream), mark, source, *wanted.scopes]


def _tokens(plan: Plan) -> Tokens:
    return {control.scheme: remembered(control) for control in plan.gateway.jwts}


def _asked(plan: Plan, security: Security, tokens: Tokens) -> dict[str, Any]:
    """The schemes by kind, and the alternatives."""
    gateway, wanted = plan.gateway, security.schemes
    return {
        "tokens": [known for scheme, known in tokens.items() if scheme in wanted],
        "apiKeys": [control.scheme for control in gateway.api_keys if control.scheme in wanted],
        "basics": [control.scheme for control in gateway.basics if control.scheme in wanted],
        "certificates": [control.scheme for control in gateway.mutual_tls if control.scheme in wanted],
        "alternatives": [[[r.scheme, r.scopes] for r in alternative] for alternative in security.alternatives],
    }
