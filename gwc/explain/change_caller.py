"""What could be different about who the caller is: scopes, roles, claims, the object that is asked for, and where the call comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition, ClaimSide, Side, value_order
from gwc.controls.jwt import Jwt
from gwc.controls.side import ConsumerSide, PathSide
from gwc.explain import change_credentials
from gwc.explain.change import MAX_VALUES, Apply, Change, Words, editing, plain, setting, with_any
from gwc.explain.change_claims import scopes_text, with_claim, with_scopes, with_texts
from gwc.explain.change_credentials import missing, present, rule_scopes, rules_of
from gwc.explain.change_request import with_parameter
from gwc.explain.judge import Judged
from gwc.explain.words import claim_text, shown
from gwc.ir import Operation
from gwc.semantics import authorization_rule
from gwc.semantics.authorization_rule import claim_of, text_of


def scopes(judged: Judged) -> Iterator[Change]:
    """All scopes at once that an alternative and the rules lack; or the credentials of another alternative."""
    for needed in _needed_scopes(judged):
        yield _with_scopes(judged, needed)
    if not judged.identity.tokens:
        yield from _tokens(judged)
    yield from missing(judged)


def _needed_scopes(judged: Judged) -> Iterator[dict[str, list[str]]]:
    """For each alternative whose credentials are there: scheme -> the scopes that it lacks."""
    identity = judged.identity
    alternatives = judged.operation.security.alternatives if judged.operation else ()
    by_rules = rule_scopes(judged) - identity.scopes
    first = identity.tokens[0][0].scheme if identity.tokens else None
    for alternative in alternatives:
        if not all(r.scheme in identity.schemes for r in alternative):
            continue
        needed = {r.scheme: set(r.scopes) - identity.schemes[r.scheme] for r in alternative}
        if first is not None:
            needed[first] = needed.get(first, set()) | by_rules
        if any(needed.values()):
            yield {scheme: sorted(names) for scheme, names in needed.items() if names}


def _with_scopes(judged: Judged, needed: Mapping[str, Sequence[str]]) -> Change:
    controls = [c for c in judged.stand_in.original.jwts if c.scheme in needed]
    words = " and ".join(scopes_text(c, needed[c.scheme]) for c in controls)

    def edit(claims: Mapping[str, Any]) -> Mapping[str, Any]:
        for control in controls:
            claims = with_scopes(claims, control, needed[control.scheme])
        return claims

    return Change("scopes", words, plain(f"give the token {words}"), editing(edit), 0)


def _tokens(judged: Judged) -> Iterator[Change]:
    """Tokens that the operation takes, where none was verified."""
    wanted = judged.operation.security.schemes if judged.operation else ()
    for control in judged.gateway.jwts:
        if control.scheme in wanted:
            yield from present(judged, control.scheme)


def _failing(judged: Judged, reason: str) -> AuthorizationRule | None:
    """The first rule that refuses the request for this reason."""
    return next((r for r in rules_of(judged) if any(f == reason for f in _reasons(judged, r))), None)


def _reasons(judged: Judged, rule: AuthorizationRule) -> list[str]:
    if judged.operation is None:
        return []
    alone = replace(judged.gateway, rules=(rule,))
    found = authorization_rule.find_faults(alone, judged.operation, judged.identity, judged.asked.path, judged.asked.client)
    return [f.reason for f in found]


def roles(judged: Judged) -> Iterator[Change]:
    """One of the roles, for the token or the consumer; or a consumer who has one."""
    rule = _failing(judged, "authz.role")
    if rule is None:
        return
    wanted = sorted(rule.roles, key=lambda role: -sum(role in r.roles for r in rules_of(judged)))[:MAX_VALUES]
    for control in [c for c, _ in judged.identity.tokens if c.roles_claim]:
        where = f" (claim {claim_text(control.roles_claim)})"
        words = with_any("give the token the role", where, many="give the token one of the roles")
        yield from (Change(f"role:{control.scheme}", role, words, _with_role(control, role), 1) for role in wanted)
    if not judged.identity.tokens:
        yield from _tokens(judged)
    yield from _consumers(judged, {c.id for c in judged.gateway.consumers if set(c.roles) & set(rule.roles)})
    yield from _consumer_roles(judged, wanted)


def _with_role(control: Jwt, role: str) -> Apply:
    return editing(lambda claims: with_texts(claims, control.roles_claim, [role]))


def _consumer_roles(judged: Judged, wanted: Sequence[str]) -> Iterator[Change]:
    consumer = judged.identity.consumer
    for role in wanted if consumer != "-" else ():
        give, where = f"give the consumer {consumer}", " (in its consumers file)"
        words = with_any(f"{give} the role", where, many=f"{give} one of the roles")
        yield Change("consumerRole", role, words, _with_consumer_role(consumer, role), 6)


def _with_consumer_role(consumer: str, role: str) -> Apply:
    return lambda asked: replace(asked, roles=(*asked.roles, (consumer, role)))


def consumers(judged: Judged) -> Iterator[Change]:
    """A consumer of the rule; or credentials of one consumer instead of several."""
    there = judged.identity.consumers
    if len(there) > 1:
        yield from change_credentials.left_out(judged)
        yield from _consumers(judged, there)
        return
    rule = _failing(judged, "authz.consumer")
    yield from _consumers(judged, set(rule.consumers) if rule else set())


def _consumers(judged: Judged, only: set[str] | frozenset[str]) -> Iterator[Change]:
    """Credentials of these consumers, for every scheme of the operation."""
    for scheme in judged.operation.security.schemes if judged.operation else ():
        yield from present(judged, scheme, (), only)


def claims(judged: Judged) -> Iterator[Change]:
    """One of the values that the first unfulfilled condition on a claim allows."""
    rule = _failing(judged, "authz.claim")
    for condition in rule.claims if rule else ():
        if rule is not None and "authz.claim" in _reasons(judged, replace(rule, claims=(condition,))):
            yield from _claim_values(judged, condition)
            return


def _claim_values(judged: Judged, condition: ClaimCondition) -> Iterator[Change]:
    if not judged.identity.tokens:
        yield from _tokens(judged)
        return
    path = _path(judged, condition.name)
    for value in _possible(judged, condition)[:MAX_VALUES]:
        if condition.kind == "contains":
            found = claim_of(judged.identity, condition.name)
            words = with_any("put", f" into the list in the token's claim {claim_text(path)}", many="put one of")
            yield _with_claim(path, [*found, value] if isinstance(found, list) else [value], shown(value), words)
        else:
            yield _with_claim(path, value, shown(value), _claim_words(path))


def _claim_words(path: Sequence[str]) -> Words:
    text = f"give the token the claim {claim_text(path)} with"
    return with_any(f"{text} the value", many=f"{text} one of the values")


def _path(judged: Judged, name: str) -> tuple[str, ...]:
    return dict(judged.identity.tokens[0][0].claims).get(name, (name,))


def _possible(judged: Judged, condition: ClaimCondition) -> list[str | int | bool]:
    """The values of the condition, those first that other rules like, too."""
    others = [c for r in rules_of(judged) for c in r.claims if c.name == condition.name and c.kind == condition.kind]
    liked = {value_order(v): sum(value_order(v) in map(value_order, o.values) for o in others) for v in condition.values}
    return sorted(condition.values, key=lambda v: -liked[value_order(v)])


def _with_claim(path: Sequence[str], value: Any, text: str, words: Words) -> Change:
    return Change(f"claim:{claim_text(path)}", text, words, editing(lambda claims: with_claim(claims, path, value)), 1)


def objects(judged: Judged) -> Iterator[Change]:
    """Either side of an `equal` made like the other."""
    rule, operation = _failing(judged, "authz.object"), judged.operation
    if rule is None or operation is None:
        return
    for left, right in rule.equal:
        yield from _made_like(judged, operation, left, right)
        yield from _made_like(judged, operation, right, left)


def _made_like(judged: Judged, operation: Operation, changed: Side, like: Side) -> Iterator[Change]:
    text = text_of(like, operation, judged.identity, judged.asked.path)
    if text is None:
        return
    if isinstance(changed, PathSide):
        path = with_parameter(judged.asked, operation.route.template, changed.name, text)
        if path is not None:
            yield Change(
                "path",
                path,
                with_any("call the path", many="call one of the paths"),
                setting(target=judged.asked.with_path(path).target),
                2,
            )
    elif isinstance(changed, ConsumerSide):
        yield from _consumers(judged, {text.decode("latin-1")})
    else:
        yield from _claim_like(judged, changed, text)


def _claim_like(judged: Judged, changed: ClaimSide, text: bytes) -> Iterator[Change]:
    try:
        value = text.decode("utf-8")
    except UnicodeDecodeError:
        return
    if not judged.identity.tokens:
        yield from _tokens(judged)
        return
    path = _path(judged, changed.name)
    yield _with_claim(path, value, shown(value), _claim_words(path))
