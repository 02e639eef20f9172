"""`jwt_authn` as a judge of signatures and of nothing else: what it marks, what it never marks, and that a mark alone opens nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwc.backends import envoy as backend
from gwc.backends.base import Output
from gwc.backends.envoy import chain, seal
from gwc.controls.base import FileRef
from gwc.controls.jwt import Jwt, SecretKeys
from gwc.controls.security import Requirement, Security
from gwc.ir import Gateway
from gwc.local.certificates import write_certificates
from gwc.local.identity_provider import IdentityProvider, TokenRequest
from gwc.local.localise import localise
from gwc.local.processes import NotStarted, envoy, started
from gwc.semantics.base64url import encode
from tests.envoy.test_traps import both, drop, edit, lua, per_route, without
from tests.support.envoy_process import Bench, find, running
from tests.support.requests import Offer, exchange
from tests.support.sample import NO_BODY, gateway, one, operation
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway

PUBLIC_KEYS = ("PS256", "PS384", "PS512", "EdDSA")
SECRETS = ("HS256", "HS384", "HS512")
MARKS = f"""
local function names(of)
  local list = {{}}
  for name in pairs(of or {{}}) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ",")
end
function envoy_on_request(h)
  h:headers():replace("x-marks", names(h:streamInfo():dynamicMetadata():get("{chain.SIGNED}")))
  h:headers():remove("{seal.HEADER}")
end
"""
"""Forwards what was marked."""


def sample() -> Gateway:
    """An operation for each of two schemes, one for both, one with keys that Lua verifies, too; `shared` has secrets."""
    base = gateway().jwts[0]
    jwts = (
        replace(base, scheme="oauth", algorithms=PUBLIC_KEYS, scopes_claim=("scope",)),
        replace(
            base, scheme="shared", algorithms=SECRETS, source=SecretKeys(file=FileRef(path="/nowhere")), issuer="https://shared.example/"
        ),
        replace(base, scheme="mixed", algorithms=("ES256", "PS256")),
    )
    either = Security(alternatives=tuple((Requirement(scheme=scheme, scopes=()),) for scheme in ("oauth", "shared")))
    operations = (
        operation("GET", "/either", either, NO_BODY, "orders.either"),
        operation("GET", "/mixed", one("mixed"), NO_BODY, "orders.mixed"),
        operation("GET", "/oauth", one("oauth", "read"), NO_BODY, "orders.oauth"),
        operation("GET", "/shared", one("shared"), NO_BODY, "orders.shared"),
    )
    return gateway(jwts=jwts, operations=operations, rate_limits=(), rules=())


def scheme(name: str) -> Jwt:
    return next(control for control in sample().jwts if control.scheme == name)


def token(name: str, **described: Any) -> str:
    return "Authorization: Bearer " + token_for(scheme(name), {"scope": "read", **described})


def forged(algorithm: str, provider: IdentityProvider | None = None, header: dict[str, Any] | None = None, **payload: Any) -> str:
    """A token of the scheme `oauth` whose parts are whatever the test wants."""
    control = scheme("oauth")
    now = int(time.time())
    life: dict[str, Any] = {"now_s": now, "lifetime_s": 7 * 86_400}  # some are made when the module is imported
    wanted = TokenRequest(issuer=control.issuer, audience=control.audiences[0], algorithm=algorithm, scope="read", **life)  # type: ignore[arg-type]
    signer = provider or identity_provider()
    return "Authorization: Bearer " + signer.sign({**wanted.header, **(header or {})}, {**wanted.payload, **payload}, wanted.algorithm)


def changed(line: str, part: int, text: str) -> str:
    """The token with another text for one of its parts."""
    name, _, value = line.rpartition(" ")
    parts = value.split(".")
    parts[part] = text
    return f"{name} {'.'.join(parts)}"


def ask(bench: Bench, target: str, *lines: str) -> tuple[int, str]:
    answer = bench.request("GET", target, *lines)
    return answer.status, answer.problem().get("reason", "allowed")


@pytest.fixture(scope="module")
def intact(tmp_path_factory) -> Iterator[Bench]:
    with running(sample(), tmp_path_factory.mktemp("intact")) as bench:
        yield bench


@pytest.fixture(scope="module")
def marking(tmp_path_factory) -> Iterator[Bench]:
    with running(sample(), tmp_path_factory.mktemp("marking"), change=lua(chain.ACCESS, MARKS)) as bench:
        yield bench


NOT_OF_THE_SCHEME = ((401, "authn.unknownKey"), (401, "authn.issuer"))
"""Both are right; what is known of a token already is asked first."""


@pytest.mark.parametrize("algorithm", PUBLIC_KEYS)
def test_public_keys(intact: Bench, algorithm: str):
    good = token("oauth", alg=algorithm)
    assert [ask(intact, "/oauth", good), ask(intact, "/oauth", good), ask(intact, "/either", good)] == [(200, "allowed")] * 3
    assert ask(intact, "/oauth", token("oauth", alg=algorithm, fault="tampered")) == (401, "authn.signature")
    assert ask(intact, "/oauth", token("oauth", alg=algorithm, fault="foreignKey")) == (401, "authn.signature")
    assert ask(intact, "/oauth", token("oauth", alg=algorithm, fault="expired")) == (401, "authn.expired")
    assert ask(intact, "/oauth", token("oauth", alg=algorithm, scope="write")) == (403, "authz.scope")
    assert ask(intact, "/shared", good) in NOT_OF_THE_SCHEME


@pytest.mark.parametrize("algorithm", SECRETS)
def test_secrets(intact: Bench, algorithm: str):
    good = token("shared", alg=algorithm)
    assert [ask(intact, "/shared", good), ask(intact, "/shared", good), ask(intact, "/either", good)] == [(200, "allowed")] * 3
    assert ask(intact, "/shared", token("shared", alg=algorithm, fault="tampered")) == (401, "authn.signature")
    assert ask(intact, "/shared", token("shared", alg=algorithm, fault="foreignKey")) == (401, "authn.signature")
    assert ask(intact, "/oauth", good) in NOT_OF_THE_SCHEME


def test_keys_of_both_kinds_in_one_set(intact: Bench):
    for algorithm in ("ES256", "PS256"):
        assert ask(intact, "/mixed", token("mixed", alg=algorithm)) == (200, "allowed")
        assert ask(intact, "/mixed", token("mixed", alg=algorithm, fault="tampered")) == (401, "authn.signature")


REFUSED = {
    "crit": (forged("PS256", header={"crit": ["x"], "x": 1}), "authn.critical"),
    "no kid": (forged("PS256", header={"kid": None}), "authn.unknownKey"),
    "unknown kid": (forged("PS256", header={"kid": "nothing"}), "authn.unknownKey"),
    "kid of another key": (forged("PS256", header={"kid": "local-eddsa"}), "authn.algorithm"),
    "its own key": (forged("PS256", IdentityProvider(), {"jwk": {"kty": "RSA"}, "jku": "https://evil.test/"}), "authn.signature"),
    "another algorithm": (forged("PS256", header={"alg": "PS384"}), "authn.algorithm"),
    "none": (changed(forged("PS256", header={"alg": "none"}), 2, encode(b"x")), "authn.algorithm"),
    "a secret that is the public key": (forged("HS256", header={"kid": "local-ps256"}), "authn.algorithm"),
    "no signature": (changed(forged("PS256"), 2, ""), "authn.malformed"),
    "empty payload": (changed(forged("PS256"), 1, ""), "authn.claims"),
    "payload is a list": (changed(forged("PS256"), 1, encode(b"[]")), "authn.claims"),
    "a claim of another type": (forged("PS256", sub=1), "authn.claims"),
    "a member twice": (changed(forged("PS256"), 1, encode(b'{"sub":"a","sub":"b"}')), "authn.claims"),
    "an endless number": (changed(forged("PS256"), 1, encode(b'{"sub":"a","n":1e999}')), "authn.claims"),
    "issuer": (forged("PS256", iss="https://evil.test/"), "authn.issuer"),
    "audience": (forged("PS256", aud=["x"]), "authn.audience"),
    "no expiry": (forged("PS256", exp=0), "authn.expired"),
    "not yet": (forged("PS256", nbf=int(time.time()) + 86_400), "authn.notBefore"),
    "padding": (changed(forged("PS256"), 2, forged("PS256").rpartition(".")[2] + "=="), "authn.malformed"),
    "embedded": (forged("PS256").replace("Bearer", "X Bearer"), "authn.malformed"),
    "something behind": (forged("PS256") + " x", "authn.malformed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_reasons_are_those_of_the_control(intact: Bench, name: str):
    line, reason = REFUSED[name]
    assert ask(intact, "/oauth", line) == (401, reason)
    assert ask(intact, "/oauth", forged("PS256")) == (200, "allowed")


def test_what_is_marked(marking: Bench):
    """Only a signature of one of the scheme's keys, each scheme for itself."""

    def marks(target: str, *lines: str) -> str:
        return dict(json.loads(marking.request("GET", target, *lines).body)["headers"])["x-marks"]

    assert marks("/oauth", forged("PS256")) == "signed.oauth"
    assert marks("/either", forged("PS256")) == "signed.oauth"
    assert marks("/either", token("shared", alg="HS256")) == "signed.shared"
    assert marks("/mixed", token("mixed", alg="ES256")) == ""
    assert marks("/mixed", token("mixed", alg="PS256")) == "signed.mixed"
    assert marks("/oauth", token("mixed", alg="ES256")) == ""
    bad = ("no kid", "unknown kid", "kid of another key", "its own key", "another algorithm", "none", "no signature")
    assert {name: marks("/either", REFUSED[name][0]) for name in bad} == dict.fromkeys(bad, "")
    assert marks("/oauth", REFUSED["padding"][0]) == "signed.oauth"  # as are crit and others: the form is for the Lua filter to judge
    assert marks("/oauth", forged("PS256").replace("Authorization:", "X-Authorization:"), "signed.oauth: {}") == ""
    assert marks("/oauth?access_token=" + forged("PS256").rpartition(" ")[2]) == ""
    two = (forged("PS256", IdentityProvider()), forged("PS256"))
    assert [marks("/oauth", *two), marks("/oauth", *reversed(two))] == ["", ""]


def test_it_refuses_nobody(tmp_path: Path):
    """So it opens nothing, and no answer is its own: the Lua filter decides everything."""
    unseal = lua(chain.ACCESS, f"function envoy_on_request(h) h:headers():remove('{seal.HEADER}') end")
    with running(sample(), tmp_path, change=unseal) as bench:
        lines = [(), (forged("PS256"),), *((line,) for line, _ in REFUSED.values())]
        assert {ask(bench, "/oauth", *line) for line in lines} == {(200, "allowed")}


@pytest.mark.parametrize(
    "change",
    [
        drop(chain.TOKENS),
        per_route(chain.TOKENS, None),
        per_route(chain.TOKENS, {"requirement_name": "nothing"}),
        edit(lambda n: "header_in_metadata" in n, lambda n: n.pop("header_in_metadata")),
    ],
    ids=["it is not there", "the route does not turn it on", "the requirement does not exist", "it marks nothing"],
)
def test_without_it_nobody_gets_in(tmp_path: Path, change):
    with running(sample(), tmp_path, change=change) as bench:
        assert ask(bench, "/oauth", forged("PS256"))[0] in {401, 403, 500}


def test_a_mark_for_another_key_is_none(tmp_path: Path):
    """The mark has the token's header: it must name the key that the Lua filter found."""
    other = edit(lambda n: "header_in_metadata" in n and "signed.oauth" in n.values(), swapped_kids)
    with running(sample(), tmp_path / "cured", change=other) as bench:
        assert ask(bench, "/oauth", forged("PS256")) == (401, "authn.signature")
    blind = without("found ~= nil and found.kid == key.kid and found.alg == key.algorithm", "true")
    with running(sample(), tmp_path / "open", change=both(other, blind)) as bench:
        assert ask(bench, "/oauth", forged("PS256")) == (200, "allowed")


def swapped_kids(provider: dict[str, Any]) -> None:
    """A set in which other keys have the kids."""
    keys = json.loads(provider["local_jwks"]["inline_string"])["keys"]
    for key in keys:
        key["kid"] = f"not-{key['kid']}"
    provider["local_jwks"]["inline_string"] = json.dumps({"keys": keys})


def test_secrets_are_in_no_file_and_no_log(intact: Bench):
    ask(intact, "/shared", token("shared", alg="HS256"))
    secrets = [entry["k"] for entry in identity_provider().secret_jwks_for(scheme("shared"))["keys"]]
    texts = [path.read_bytes() for path in intact.running.folder.rglob("*") if path.is_file()]
    assert texts
    assert len(secrets) == 3
    assert not [s for s in secrets for t in texts if s.encode() in t or identity_provider().private_key("HS256") in t]


SHORT = b'{"keys": [{"kty": "oct", "kid": "local-hs256", "alg": "HS256", "k": "s3cr3t"}]}'


def with_secrets(folder: Path, content: bytes | None) -> Any:
    """Starts Envoy with this file; NotStarted when it does not."""
    path = folder / "secret.json"
    if content is not None:
        path.write_bytes(content)
    certificates = write_certificates(folder / "tls", ["api.test"], [])
    source = replace(sample(), jwts=(scheme("shared"),), operations=sample().operations[-1:])
    sources = {"shared": SecretKeys(file=FileRef(path=str(path)))}

    def compiled(port: int, _: Path) -> Output:
        addresses = {"orders": ("127.0.0.1", 1)}
        return backend.compile(
            localise(source, port=port, certificates=certificates, upstreams=addresses, provider=identity_provider(), sources=sources)
        )

    return started(envoy(), compiled, folder, server_name="api.test", ca=certificates.ca)


@pytest.mark.parametrize("content", [None, b"{}", b'{"keys": []}', b"s3cr3t"], ids=["missing", "no set", "no keys", "no JSON"])
def test_without_secrets_envoy_does_not_start(tmp_path: Path, content: bytes | None):
    with pytest.raises(NotStarted) as caught, with_secrets(tmp_path, content):
        pass
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("content", [SHORT, b""], ids=["too short a key", "empty"])
def test_with_secrets_that_jwt_authn_takes_nobody_gets_in(tmp_path: Path, content: bytes):
    """A key that has fewer bits than the hash (RFC 7518 3.2), and nothing at all."""
    with with_secrets(tmp_path, content) as process:
        head = f"GET /shared HTTP/1.1\r\nHost: api.test\r\n{token('shared', alg='HS256')}\r\n\r\n"
        answer = exchange(process.port, head.encode(), Offer(sni="api.test"))
        assert (answer.status, answer.problem()["reason"]) == (503, "internal.unavailable")
        assert "shared has no usable key set" in process.complaints()
        assert "s3cr3t" not in process.complaints()


def test_marks_are_read_where_they_are_written():
    source = replace(sample(), jwts=tuple(replace(c, source=gateway().jwts[0].source) for c in sample().jwts))
    made = json.loads(backend.compile(replace(source, jwts=(*source.jwts[:1], scheme("shared"), *source.jwts[2:]))).files["envoy.json"])
    (lua_filter,) = find(made, lambda n: n.get("name") == chain.ACCESS and "typed_config" in n)
    text = lua_filter["typed_config"]["default_source_code"]["inline_string"]
    assert f'"{chain.SIGNED}"' in text
    assert f'"{chain.signed_key("")}"' in text
    assert f'"{chain.WAITS}"' in text
    assert f'"{seal.HEADER}", "{seal.VALUE}"' in text
