"""The changes that explain advises allow the request, also when it is sent for real, and nothing less does."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from gwc.cli.explain_request import Given, asked_of, split_request
from gwc.cli.failure import Failure
from gwc.explain import Asked, Body, Judged, StandIn, TokenAsked, smallest_changes
from gwc.explain.search import MAX_TRIALS, Search
from gwc.semantics import Certificate, Request, decide
from tests.explain.expressed import fresh_state, given_of, now, real_request, with_local_keys
from tests.support.cases import CASES, find_cases, load_case
from tests.support.harness import load_gateway

NOW_S = now()
IDENTITY = with_local_keys(load_gateway(load_case(CASES / "authorization_rule" / "roles")))
STAND_IN = StandIn(IDENTITY)


def judged(target: str, *, method: str = "GET", claims=None, **more) -> Judged:
    token = None if claims is None else TokenAsked(scheme="oauth", claims=claims)
    return Judged(STAND_IN, Asked(method=method, target=target, host="api.test", now_s=NOW_S, token=token, **more))


def ways(target: str, **more) -> list[tuple[str, ...]]:
    return list(smallest_changes(judged(target, **more)).ways)


# --- every refused request of the cases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", find_cases(), ids=lambda f: f"{f.parent.name}/{f.name}")
def test_changes_are_enough_and_none_is_too_many(folder):
    case = load_case(folder)
    gateway = with_local_keys(load_gateway(case))
    stand_in = StandIn(gateway)
    wrong = []
    for step in case.steps:
        expressed = given_of(step, gateway, NOW_S)
        if expressed is None:
            continue
        method, target, given = expressed
        try:
            start = Judged(stand_in, replace(asked_of(gateway, *split_request(f"{method} {target}"), given), now_s=NOW_S))
        except Failure:
            continue
        if not start.is_allowed:
            wrong += [f"{step.name}: {text}" for text in _wrong(start, gateway)]
    assert not wrong, "\n".join(wrong)


def _wrong(start: Judged, gateway):
    found = Search(start.stand_in, MAX_TRIALS).run(start)
    for changes in found[:20]:
        words = [c.words([c.value]) for c in changes]
        if not _allows(start, changes, gateway):
            yield f"not enough: {words}"
        for left_out in range(len(changes)):
            if len(changes) > 1 and _allows(start, changes[:left_out] + changes[left_out + 1 :], gateway):
                yield f"too many: {words}"


def _allows(start: Judged, changes, gateway) -> bool:
    """Whether the real request, with real keys and tokens, is allowed after these changes."""
    asked = start.asked
    for change in changes:
        asked = change.apply(asked)
    if asked.roles or asked.renewed:
        return Judged(start.stand_in, asked).is_allowed  # changes of the consumers file, which the real one has not
    if asked.body is None and start.stand_in.request(asked).body:
        asked = replace(asked, body=Body(media_type="application/json", size=2))
    try:
        request = real_request(asked, gateway)
    except LookupError:
        return Judged(start.stand_in, asked).is_allowed
    if not isinstance(request, Request):
        return False
    state = fresh_state(gateway, NOW_S)
    if asked.body is not None and asked.body.content is None:  # "a body that is what the document says" is for the client to find
        gateway = replace(
            gateway, operations=tuple(replace(o, validation=replace(o.validation, media_types=())) for o in gateway.operations)
        )
    decision = decide(gateway, request, sni=asked.host, client=asked.client, now_s=NOW_S, state=state, certificate=asked.certificate)
    return decision.allowed


# --- what is advised ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "more", "first"),
    [
        ("/v1/admin", {"claims": {}}, ("give the token one of the roles admin, buyer (claim realm_access.roles)",)),
        ("/v1/admin", {}, ("present a key of globex (scheme partner, the header x-partner-key)",)),
        ("/v1/scoped", {"claims": {}}, ("give the token the scopes audit, read, write (claim scope)",)),
        ("/v1/scoped", {"claims": {"scope": "read"}}, ("give the token the scopes audit, write (claim scope)",)),
        ("/v1/scoped", {"claims": {"scope": ["write", "audit"]}}, ("give the token the scope read (claim scope)",)),
        (
            "/v1/tier",
            {"claims": {"sub": "alice"}},
            ('give the token the claim tier with one of the values true, 7, "8", "gold"',),
        ),
        ("/v1/tier", {"claims": {"tier": 7}}, ('give the token the claim sub with the value "alice"',)),
        (
            "/v1/groups",
            {"claims": {"https://example.com/groups": ["x"]}},
            ('put "staff" into the list in the token\'s claim ["https://example.com/groups"]',),
        ),
        ("/v1/near", {"claims": {}}, ("call from the zone near (for example 127.0.0.0)",)),
        ("/v1/open-far", {}, ("call from the zone far (for example 10.20.0.1)",)),
        ("/v1/tenants/t1", {"claims": {"org": {"id": "t2"}}}, ('give the token the claim org.id with the value "t1"',)),
        ("/v1/partners/acme", {"keys": (("partner", "globex"),)}, ("present a key of acme (scheme partner, the header x-partner-key)",)),
        ("/v1/tokn", {"claims": {}}, ("call the path /v1/token",)),
        ("/v1//token", {"claims": {}}, ("write the path as /v1/token",)),
        ("/v1/token?a=b c", {"claims": {}}, ("percent-encode the query",)),
        ("/v1/token", {"claims": {}, "method": "PUT"}, ("use the method GET",)),
        ("/v1/token", {"claims": {"exp": 1}}, ("present a token that has not expired (exp)",)),
        ("/v1/token", {"claims": {"aud": "x"}}, ("present a token for the audience (aud) https://api.example.com",)),
        ("/v1/header", {"keys": (("partner", "acme"),), "body": Body(media_type=None, size=1)}, ("leave out the body",)),
        (
            "/v1/certificate",
            {"certificate": Certificate(dns_names=("nobody.example.com",))},
            ("present a client certificate of any consumer, such as acme (scheme mtls, dns:acme.example.com)",),
        ),
        (
            "/v1/any",
            {"keys": (("partner", "acme"), ("queryKey", "globex"))},
            ("present a key of globex (scheme partner, the header x-partner-key)",),
        ),
        (
            "/v1/open",
            {"headers": (("x_y", "1"),)},
            ("leave out the header fields x_y: names of header fields have hyphens, no underscores",),
        ),
    ],
)
def test_the_first_advice(target, more, first):
    assert ways(target, **more)[0] == first


def test_several_changes_are_told_together():
    found = ways("/v1/bound")
    assert (
        "present a client certificate of any consumer, such as acme (scheme mtls, dns:acme.example.com)",
        "present a token of https://id.example.com/ for https://api.example.com (scheme oauth) with the scope read (claim scope)",
    ) in found
    assert ways("/v1/tenants/t1/orders/7", method="POST")[0] == (
        "present a token of https://id.example.com/ for https://api.example.com (scheme oauth) with the scope write (claim scope)",
        'give the token the claim org.id with the value "t1"',
    )


def test_a_consumer_is_offered_a_role_and_the_other_consumer():
    assert ways("/v1/admin", keys=(("partner", "acme"),)) == [
        ("present a key of globex (scheme partner, the header x-partner-key)",),
        ("give the consumer acme one of the roles admin, buyer (in its consumers file)",),
    ]


def test_both_sides_of_an_equal_are_offered():
    assert ways("/v1/files/t-t2.json", claims={"org": {"id": "t1"}}) == [
        ('give the token the claim org.id with the value "t2"',),
        ("call the path /v1/files/t-t1.json",),
    ]


def test_an_object_that_no_path_can_name_is_not_offered():
    assert ways("/v1/tenants/t2", claims={"org": {"id": "a/b"}}) == [('give the token the claim org.id with the value "t2"',)]


def test_a_consumer_without_a_valid_key_needs_a_new_one():
    expired = replace(IDENTITY, api_keys=tuple(replace(c, keys=tuple(replace(k, expires_s=2) for k in c.keys)) for c in IDENTITY.api_keys))
    asked = Asked(method="GET", target="/v1/header", host="api.test", now_s=NOW_S, keys=(("partner", "acme"),))
    start = Judged(StandIn(expired), asked)
    assert start.decision.reason == "authn.expired"
    assert smallest_changes(start).ways == (("give the consumer acme a new key (gwc keys rotate) and present that",),)


def test_without_a_way_the_rules_in_the_way_are_named():
    """Two rules of one operation whose zones have no address in common: either would have to change."""
    far = next(r for r in IDENTITY.rules if r.id == "far")
    shut = replace(
        IDENTITY, rules=tuple(replace(r, operations=(*r.operations, *far.operations)) if r.id == "near" else r for r in IDENTITY.rules)
    )
    advice = smallest_changes(Judged(StandIn(shut), Asked(method="GET", target="/v1/open-far", host="api.test", now_s=NOW_S)))
    assert advice.ways == ()
    assert [s.subject for s in advice.blockers] == ["far", "near"]


def test_where_nobody_has_a_live_key_the_denying_control_is_named():
    nobody = replace(IDENTITY, api_keys=tuple(replace(c, keys=()) for c in IDENTITY.api_keys))
    advice = smallest_changes(Judged(StandIn(nobody), Asked(method="GET", target="/v1/header", host="api.test", now_s=NOW_S)))
    assert advice.ways == ()
    assert [s.control for s in advice.blockers] == ["security"]


def test_a_search_ends_in_time():
    """Many rules with roles of their own: not every combination can be tried."""
    base = next(r for r in IDENTITY.rules if r.id == "gold")
    many = tuple(replace(base, id=f"g{i:02}", roles=tuple(f"r{i}-{n}" for n in range(12)), claims=()) for i in range(12))
    hard = replace(IDENTITY, rules=(*IDENTITY.rules, *many))
    asked = Asked(method="GET", target="/v1/tier", host="api.test", now_s=NOW_S, token=TokenAsked(scheme="oauth", claims={}))
    started_s = time.process_time()
    advice = smallest_changes(Judged(StandIn(hard), asked))
    assert time.process_time() - started_s < 20
    assert advice.ways == ()
    assert advice.gave_up


def test_nothing_that_was_presented_shows():
    """The stand-in's keys and tokens are in no text that is shown."""
    stand_in = StandIn(IDENTITY)
    asked = Asked(method="GET", target="/v1/any", host="api.test", now_s=NOW_S, keys=(("partner", "acme"), ("queryKey", "globex")))
    start = Judged(stand_in, asked)
    secret = next(v for k, v in start.request.headers if k == "x-partner-key")
    assert secret.startswith("gwc_")
    shown = repr((start.asked, start.decision, smallest_changes(start)))
    assert secret not in shown
    assert "gwc_" not in shown


def test_given_options_keep_their_meaning():
    """An option that was not given is no option with an empty value."""
    assert not Given().asks_for_a_decision
    assert Given(body_bytes=0).asks_for_a_decision
    assert Given(claims="{}").asks_for_a_decision
    assert not Given(host="api.test").asks_for_a_decision
