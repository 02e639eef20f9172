"""Identity and access in the language: what may be said, what it means, and where every mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwc.controls.authorization_rule import ClaimCondition, ClaimSide
from gwc.controls.jwt import RemoteKeys, SecretKeys
from gwc.controls.side import ConsumerSide, PathSide
from tests.policy.test_language import only
from tests.support.project import CONSUMERS, JWKS, OPENAPI, POLICY, errors, lowered

KEYS = "jwks: {file: jwks.json}"
RULES = "authorization:\n  rules: [{%s}]"


def with_rule(rule: str, policy: str = POLICY) -> str:
    return policy.replace("authorization:", RULES % rule, 1)


def rule(tmp_path: Path, text: str, **texts: object):
    return lowered(tmp_path, policy=with_rule(text, **texts)).gateway.rules[0]


# --- tokens --------------------------------------------------------------------------------------------------------------


def test_keys_of_an_identity_provider(tmp_path: Path) -> None:
    policy = POLICY.replace(KEYS, 'jwks: {uri: "https://id.example.com:8443/keys", cacheFor: 1m, maxStale: 0s, ca: file:/etc/ca.pem}')
    source = lowered(tmp_path, policy=policy).gateway.jwts[0].source
    assert isinstance(source, RemoteKeys)
    assert (source.host, source.port, source.path, source.ca.path) == ("id.example.com", 8443, "/keys", "/etc/ca.pem")
    assert (source.cache_for_s, source.max_stale_s) == (60, 0)


def test_what_a_uri_means_without_more(tmp_path: Path) -> None:
    source = lowered(tmp_path, policy=POLICY.replace(KEYS, 'jwks: {uri: "https://id.example.com/keys"}')).gateway.jwts[0].source
    assert isinstance(source, RemoteKeys)
    assert (source.port, source.cache_for_s, source.max_stale_s) == (443, 600, 3600)
    assert source.ca.path == "/etc/ssl/certs/ca-certificates.crt"


def test_a_secret_is_a_reference(tmp_path: Path) -> None:
    policy = POLICY.replace(KEYS, "secret: file:/etc/gw/hs.json").replace("[ES256]", "[HS256, HS512]")
    assert lowered(tmp_path, policy=policy).gateway.jwts[0].source == SecretKeys(
        file=lowered(tmp_path, policy=policy).gateway.jwts[0].source.file
    )
    assert lowered(tmp_path, policy=policy).gateway.jwts[0].source.file.path == "/etc/gw/hs.json"


@pytest.mark.parametrize(
    "jwks",
    [
        'jwks: {uri: "http://id.example.com/keys"}',
        'jwks: {uri: "https://id.example.com"}',
        'jwks: {uri: "https://user:GWCSECRET@id.example.com/keys"}',
        'jwks: {uri: "https://id.example.com/keys?x=1"}',
        'jwks: {uri: "https://id.example.com/keys#x"}',
        'jwks: {uri: "https://10.0.0.1/keys"}',
        'jwks: {uri: "https://id.example.com:99999/keys"}',
        'jwks: {uri: "https://id.example.com/a b"}',
        'jwks: {uri: "https://id.example.com/${x}"}\n    # ',
        'jwks: {uri: "https://id.example.com/keys", file: jwks.json}',
        'jwks: {uri: "https://id.example.com/keys", cacheFor: 0s}',
        'jwks: {uri: "https://id.example.com/keys", cacheFor: 10}',
        'jwks: {uri: "https://id.example.com/keys", maxStale: 8d}',
        'jwks: {uri: "https://id.example.com/keys", ca: ca.pem}',
        "jwks: {}",
        "jwks: {file: jwks.json, cacheFor: 10m}",
        "jwks: {file: jwks.json}\n    secret: file:/etc/gw/hs.json",
        "secret: file:/etc/gw/hs.json",
        "secret: GWCSECRET",
        "secret: env:GWCSECRET",
        "jwks: {file: jwks.json}\n    maxLifetime: 0s",
        "jwks: {file: jwks.json}\n    maxLifetime: 367d",
        "jwks: {file: jwks.json}\n    typ: 'a b'",
        "jwks: {file: jwks.json}\n    forward: always",
        "jwks: {file: jwks.json}\n    claims: {roles: https://example.com/roles}",
        "jwks: {file: jwks.json}\n    claims: {roles: a..b}",
        "jwks: {file: jwks.json}\n    claims: {roles: [a, '']}",
        "jwks: {file: jwks.json}\n    claims: {'te nant': a}",
        "jwks: {file: jwks.json}\n    claims: {tenant: 7}",
    ],
)
def test_mistakes_about_tokens(tmp_path: Path, jwks: str) -> None:
    found = errors(tmp_path, policy=POLICY.replace(KEYS, jwks))
    assert {d.code for d in found} <= {"GWC022", "GWC025"}
    assert "GWCSECRET" not in str([(d.message, d.help) for d in found])


def test_secrets_never_stand_beside_public_keys(tmp_path: Path) -> None:
    message = only(tmp_path, "GWC022", policy=POLICY.replace("[ES256]", "[ES256, HS256]"))
    assert "HS256" in message
    policy = POLICY.replace(KEYS, "secret: file:/etc/gw/hs.json").replace("[ES256]", "[HS256, ES256]")
    assert "public keys" in only(tmp_path, "GWC022", policy=policy)


def test_a_key_is_for_one_algorithm(tmp_path: Path) -> None:
    rsa = {"kty": "RSA", "kid": "rs", "e": "AQAB", "n": _modulus()}
    policy = POLICY.replace("[ES256]", "[RS256, PS256]")
    assert "one algorithm" in only(tmp_path, "GWC203", policy=policy, jwks={"keys": [rsa]})
    keys = lowered(tmp_path, policy=policy, jwks={"keys": [{**rsa, "alg": "PS256"}]}).gateway.jwts[0].source.keys
    assert [(k.kid, k.algorithm) for k in keys] == [("rs", "PS256")]


def test_a_modulus_of_the_broken_generator_is_refused(tmp_path: Path) -> None:
    roca = 1
    for prime in (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157):
        roca *= prime
    modulus = 1 + roca * (1 << 1960)  # 1 = 65537^0 modulo each of them
    rsa = {"kty": "RSA", "kid": "rs", "e": "AQAB", "n": _base64url(modulus)}
    assert "ROCA" in only(tmp_path, "GWC203", policy=POLICY.replace("[ES256]", "[RS256]"), jwks={"keys": [rsa]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alg": "ES384"}, "ES384"),
        ({"alg": "ES521"}, "ES521"),
        ({"use": "enc"}, "not for verifying"),
        ({"key_ops": ["encrypt"]}, "not for verifying"),
        ({"key_ops": "verify"}, "not for verifying"),
        ({"crv": "secp256k1"}, "kind"),
        ({"kty": "oct"}, "kind"),
    ],
)
def test_keys_that_are_none_of_ours_are_left_out_aloud(tmp_path: Path, change: dict[str, object], said: str) -> None:
    found = errors(tmp_path, jwks={"keys": [{**JWKS["keys"][0], **change}]})
    assert [d.code for d in found] == ["GWC203"]
    assert "no key" in found[0].message
    result = lowered(tmp_path, jwks={"keys": [*JWKS["keys"], {**JWKS["keys"][0], "kid": "other", **change}]})
    assert [(d.code, d.severity) for d in result.diagnostics] == [("GWC203", "warning")]
    assert said in result.diagnostics[0].message


def test_claims_are_found_by_path(tmp_path: Path) -> None:
    policy = POLICY.replace(KEYS, KEYS + "\n    claims: {scopes: a.scp, roles: [a.b, c], tenant: org.id}")
    control = lowered(tmp_path, policy=policy).gateway.jwts[0]
    assert (control.scopes_claim, control.roles_claim, control.claims) == (("a", "scp"), ("a.b", "c"), (("tenant", ("org", "id")),))


# --- consumers ------------------------------------------------------------------------------------------------------------


def test_two_schemes_may_share_a_file_but_not_an_id_of_two_files(tmp_path: Path) -> None:
    openapi = OPENAPI.replace("security: [{partnerKey: []}]", "security: [{partnerKey: []}, {other: []}]", 1)
    openapi += "    other: {type: apiKey, in: query, name: key}\n"
    policy = POLICY.replace("authorization:", "  other: {type: apiKey, consumers: consumers.gwc.yaml}\nauthorization:", 1)
    assert [c.id for c in lowered(tmp_path, openapi=openapi, policy=policy).gateway.consumers] == ["acme"]
    (tmp_path / "more.gwc.yaml").write_text(CONSUMERS.replace("a" * 64, "b" * 64), encoding="utf-8")
    found = errors(
        tmp_path,
        openapi=openapi,
        policy=policy.replace("other: {type: apiKey, consumers: consumers", "other: {type: apiKey, consumers: more"),
    )
    assert [d.code for d in found] == ["GWC204"]


def test_somebody_must_have_a_key(tmp_path: Path) -> None:
    consumers = "apiVersion: gwc/v1\nkind: Consumers\nconsumers: [{id: acme, roles: [x]}]\n"
    assert "nobody could call" in only(tmp_path, "GWC204", consumers=consumers)


def test_two_schemes_never_read_one_place(tmp_path: Path) -> None:
    openapi = OPENAPI.replace("security: [{partnerKey: []}]", "security: [{partnerKey: []}, {other: []}]", 1)
    openapi += "    other: {type: apiKey, in: header, name: x-api-key}\n"
    policy = POLICY.replace("authorization:", "  other: {type: apiKey, consumers: consumers.gwc.yaml}\nauthorization:", 1)
    assert "GWC205" in [d.code for d in errors(tmp_path, openapi=openapi, policy=policy)]


CERTIFIED = CONSUMERS.replace("- id: acme", '- id: acme\n    certificates: [{uri: "spiffe://example.com/acme"}, {dns: acme.example.com}]')
MTLS_API = OPENAPI.replace("security: [{partnerKey: []}]", "security: [{partnerKey: []}, {mtls: []}]", 1) + "    mtls: {type: mutualTLS}\n"
MTLS = POLICY.replace("authorization:", "  mtls: {type: mutualTLS, consumers: consumers.gwc.yaml}\nauthorization:", 1)
ASKED = MTLS.replace("    profile:", "    clientCertificates: {mode: optional, ca: file:/etc/gw/ca.pem}\n    profile:", 1)


def test_client_certificates(tmp_path: Path) -> None:
    gateway = lowered(tmp_path, openapi=MTLS_API, policy=ASKED, consumers=CERTIFIED).gateway
    assert [(n.kind, n.value, n.consumer) for n in gateway.mutual_tls[0].names] == [
        ("dns", "acme.example.com", "acme"),
        ("uri", "spiffe://example.com/acme", "acme"),
    ]


def test_a_ca_without_names_is_an_error(tmp_path: Path) -> None:
    assert "CA alone" in only(tmp_path, "GWC208", openapi=MTLS_API, policy=ASKED)


def test_certificates_must_be_asked_for(tmp_path: Path) -> None:
    assert "does not ask" in only(tmp_path, "GWC208", openapi=MTLS_API, policy=MTLS, consumers=CERTIFIED)


def test_certificates_must_stand_for_somebody(tmp_path: Path) -> None:
    policy = POLICY.replace("    profile:", "    clientCertificates: {mode: required, ca: file:/etc/gw/ca.pem}\n    profile:", 1)
    assert "whose they are" in only(tmp_path, "GWC208", policy=policy)


def test_one_name_is_one_consumers(tmp_path: Path) -> None:
    more = CERTIFIED + "  - id: other\n    certificates: [{dns: acme.example.com}]\n"
    assert "same name" in only(tmp_path, "GWC204", openapi=MTLS_API, policy=ASKED, consumers=more)


# --- security -------------------------------------------------------------------------------------------------------------


def test_anonymous_callers_are_let_in_twice_said(tmp_path: Path) -> None:
    openapi = OPENAPI.replace("security: [{partnerKey: []}]", "security: [{}, {partnerKey: []}]", 1)
    assert "{}" in only(tmp_path, "GWC301", openapi=openapi)
    policy = POLICY.replace("public: [getHealth]", "public: [getHealth, listOrders]")
    listed = next(o for o in lowered(tmp_path, openapi=openapi, policy=policy).gateway.operations if o.id == "listOrders")
    assert listed.security.is_optional
    assert listed.security.schemes == ("partnerKey",)


def test_only_the_empty_alternative_is_public(tmp_path: Path) -> None:
    gateway = lowered(tmp_path, openapi=OPENAPI.replace("security: []", "security: [{}]", 1)).gateway
    assert next(o for o in gateway.operations if o.id == "getHealth").security.is_public


def test_one_header_holds_one_credential(tmp_path: Path) -> None:
    openapi = (
        OPENAPI.replace("security: [{partnerKey: []}]", "security: [{login: [], oauth: []}]", 1)
        + "    login: {type: http, scheme: basic}\n"
    )
    policy = POLICY.replace("authorization:", "  login: {type: basic, consumers: consumers.gwc.yaml}\nauthorization:", 1)
    assert "GWC305" in [d.code for d in errors(tmp_path, openapi=openapi, policy=policy)]


@pytest.mark.parametrize(
    ("scheme", "binding"),
    [
        ("{type: http, scheme: basic}", "{type: apiKey, consumers: consumers.gwc.yaml}"),
        ("{type: http, scheme: bearer}", "{type: basic, consumers: consumers.gwc.yaml}"),
        ("{type: mutualTLS}", "{type: basic, consumers: consumers.gwc.yaml}"),
        ("{type: apiKey, in: header, name: X-K}", "{type: mutualTLS, consumers: consumers.gwc.yaml}"),
    ],
)
def test_a_binding_fits_its_scheme(tmp_path: Path, scheme: str, binding: str) -> None:
    openapi = OPENAPI.replace("security: [{partnerKey: []}]", "security: [{partnerKey: []}, {other: []}]", 1) + f"    other: {scheme}\n"
    policy = POLICY.replace("authorization:", f"  other: {binding}\nauthorization:", 1)
    assert "GWC205" in [d.code for d in errors(tmp_path, openapi=openapi, policy=policy)]


def test_a_binding_that_nothing_asks_for_is_an_error(tmp_path: Path) -> None:
    openapi = OPENAPI + "    unused: {type: http, scheme: bearer}\n"
    policy = POLICY.replace(
        "authentication:\n  oauth:",
        "authentication:\n  unused: &x\n    type: jwt\n    issuer: https://id.example.com/\n"
        "    audiences: [a]\n    jwks: {file: jwks.json}\n    algorithms: [ES256]\n  oauth:",
        1,
    ).replace(" &x", "")
    assert "protects nothing" in only(tmp_path, "GWC202", openapi=openapi, policy=policy)


@pytest.mark.parametrize("name", ["X-Envoy-Max-Retries", "X-Gwc-Quota-0000", "x-gwc-subject", "X-Kong-Request-Id"])
def test_headers_of_gateways_hold_no_keys(tmp_path: Path, name: str) -> None:
    assert "GWC205" in [d.code for d in errors(tmp_path, openapi=OPENAPI.replace("name: X-API-Key", f"name: {name}"))]


def test_two_schemes_never_judge_one_password(tmp_path: Path) -> None:
    openapi = OPENAPI.replace("security: [{partnerKey: []}]", "security: [{a: []}, {b: []}]", 1)
    openapi += "    a: {type: http, scheme: basic}\n    b: {type: http, scheme: basic}\n"
    basic = "{type: basic, consumers: consumers.gwc.yaml}"
    policy = POLICY.replace("authorization:", f"  a: {basic}\n  b: {basic}\nauthorization:", 1)
    assert "nobody could call" in only(tmp_path, "GWC305", openapi=openapi, policy=policy)


def test_scopes_of_something_that_has_none(tmp_path: Path) -> None:
    openapi = (
        OPENAPI.replace("security: [{partnerKey: []}]", "security: [{login: [admin]}]", 1) + "    login: {type: http, scheme: basic}\n"
    )
    policy = POLICY.replace("authorization:", "  login: {type: basic, consumers: consumers.gwc.yaml}\nauthorization:", 1)
    assert "GWC305" in [d.code for d in errors(tmp_path, openapi=openapi, policy=policy)]


# --- rules ----------------------------------------------------------------------------------------------------------------


def test_a_rule_means_what_it_says(tmp_path: Path) -> None:
    policy = POLICY.replace(KEYS, KEYS + "\n    claims: {tier: t}").replace(
        "rateLimits:", "network: {zones: {corp: [10.0.0.0/8]}}\nrateLimits:", 1
    )
    text = "id: r, operations: {ids: [getOrder]}, require: {scopes: [b, a, a], consumers: [acme], zones: [corp], claims: {tier: {oneOf: [2, b, true, a]}}, equal: [consumer, path.orderId]}"
    found = lowered(tmp_path, policy=with_rule(text, policy)).gateway.rules[0]
    assert (found.operations, found.scopes, found.consumers, found.zones) == (("orders.getOrder",), ("a", "b"), ("acme",), ("corp",))
    assert found.claims == (ClaimCondition(name="tier", kind="oneOf", values=(True, 2, "a", "b")),)
    assert found.equal == ((ConsumerSide(), PathSide(name="orderId")),)


def test_sides_of_an_equal(tmp_path: Path) -> None:
    found = rule(tmp_path, "id: r, operations: {ids: [getOrder]}, require: {equal: [jwt.sub, path.orderId]}")
    assert found.equal == ((ClaimSide(name="sub"), PathSide(name="orderId")),)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("id: r, operations: {ids: [nobody]}, require: {scopes: [a]}", "GWC302"),
        ("id: r, operations: {tags: [read], methods: [POST]}, require: {scopes: [a]}", "GWC302"),
        ("id: r, require: {}", "GWC022"),
        ("id: r", "GWC023"),
        ("id: r, require: {scopes: []}", "GWC022"),
        ("id: r, require: {scope: [a]}", "GWC020"),
        ("id: r, operations: {ids: [getOrder]}, require: {zones: [corp]}", "GWC308"),
        ("id: r, operations: {ids: [getOrder]}, require: {consumers: [nobody]}", "GWC308"),
        ("id: r, operations: {ids: [getOrder]}, require: {claims: {tenant: {equals: a}}}", "GWC308"),
        ("id: r, operations: {ids: [getOrder]}, require: {equal: [jwt.tenant, path.orderId]}", "GWC308"),
        ("id: r, operations: {ids: [getOrder]}, require: {equal: [jwt.sub, path.id]}", "GWC308"),
        ("id: r, operations: {ids: [createOrder]}, require: {equal: [jwt.sub, path.orderId]}", "GWC308"),
        ("id: r, operations: {ids: [getOrder]}, require: {equal: [jwt.sub, jwt.sub]}", "GWC307"),
        ("id: r, operations: {ids: [getOrder]}, require: {equal: [jwt.sub]}", "GWC022"),
        ("id: r, operations: {ids: [getOrder]}, require: {equal: [jwt.sub, body.x]}", "GWC022"),
        ("id: r, operations: {ids: [getOrder]}, require: {claims: {sub: {}}}", "GWC022"),
        ("id: r, operations: {ids: [getOrder]}, require: {claims: {sub: {equals: a, contains: b}}}", "GWC022"),
        ("id: r, operations: {ids: [getOrder]}, require: {claims: {sub: {equals: 1.5}}}", "GWC022"),
        ("id: r, operations: {ids: [getOrder]}, require: {claims: {sub: {equals: 9007199254740992}}}", "GWC022"),
        ("id: r, operations: {ids: [getHealth]}, require: {scopes: [a]}", "GWC309"),
        ("id: r, operations: {ids: [listOrders]}, require: {scopes: [a]}", "GWC309"),
        ("id: r, operations: {ids: [createOrder]}, require: {consumers: [acme]}", "GWC309"),
        ("id: r, operations: {ids: [createOrder]}, require: {roles: [admin]}", "GWC309"),
        ("id: r, operations: {ids: [getOrder]}, require: {scopes: [a]}, mode: monitor", "GWC021"),
        (
            "id: r, operations: {ids: [getOrder]}, require: {scopes: [a]}}, {id: r, operations: {ids: [getOrder]}, require: {scopes: [b]}",
            "GWC307",
        ),
    ],
)
def test_mistakes_in_rules_are_located(tmp_path: Path, text: str, code: str) -> None:
    found = errors(tmp_path, policy=with_rule(text))
    assert code in [d.code for d in found], [(d.code, d.message) for d in found]
    assert all((tmp_path / d.span.path).is_file() for d in found)


def test_rules_of_baselines_and_operations_add_up(tmp_path: Path) -> None:
    (tmp_path / "base.gwc.yaml").write_text(
        "apiVersion: gwc/v1\nkind: Baseline\nmetadata: {name: platform}\nnetwork: {zones: {corp: [10.0.0.0/8]}}\n"
        "authorization: {rules: [{id: floor, require: {zones: [corp]}}]}\n",
        encoding="utf-8",
    )
    policy = with_rule(
        "id: own, operations: {ids: [getOrder]}, require: {scopes: [a]}",
        POLICY.replace("metadata:", "extends: [base.gwc.yaml]\nmetadata:", 1),
    )
    policy += "operations:\n  createOrder: {authorization: {rules: [{id: writers, require: {scopes: [w]}}]}}\n"
    rules = lowered(tmp_path, policy=policy).gateway.rules
    assert {r.id: len(r.operations) for r in rules} == {"floor": 4, "own": 1, "writers": 1}


@pytest.mark.parametrize("network", ["10.0.0.1/8", "10.0.0.0/33", "10.0.0", "example.com", "::ffff:10.0.0.0/104", ""])
def test_networks_are_exact(tmp_path: Path, network: str) -> None:
    only(tmp_path, "GWC022", policy=POLICY.replace("rateLimits:", f"network: {{zones: {{corp: ['{network}']}}}}\nrateLimits:", 1))


def test_how_a_zone_is_written_does_not_matter(tmp_path: Path) -> None:
    def networks(text: str) -> tuple[str, ...]:
        policy = POLICY.replace("rateLimits:", f"network: {{zones: {{corp: [{text}]}}}}\nrateLimits:", 1)
        return lowered(tmp_path, policy=policy).gateway.zones[0].networks

    assert (
        networks("10.0.0.0/9, 10.128.0.0/9, 10.1.0.0/16, '2001:DB8::/32'")
        == networks("'2001:db8:0::/32', 10.0.0.0/8")
        == ("10.0.0.0/8", "2001:db8::/32")
    )


def _modulus() -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    return _base64url(rsa.generate_private_key(65537, 2048).public_key().public_numbers().n)


def _base64url(number: int) -> str:
    import base64  # noqa: PLC0415

    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
