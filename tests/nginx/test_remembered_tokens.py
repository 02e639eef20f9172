"""The memory of verified tokens: what is in it, and that nothing holds because of it that would not hold without it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gwc.controls.base import FileRef
from gwc.controls.jwt import SecretKeys
from gwc.controls.security import Requirement, Security
from gwc.ir import Gateway
from gwc.local.identity_provider import IdentityProvider
from tests.support import sample
from tests.support.nginx_process import Site, edited, gateway, serving
from tests.support.sample import NO_BODY, one, operation
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway
READ = "/v1/orders/7"


def watching(files: Mapping[str, str]) -> dict[str, str]:
    """`/seen`: how many signatures were looked at, and all that is remembered."""
    good = "  async function isGood(algorithm, key, bytes, text) {\n"
    seen = (
        "function seen(r) { r.return(200, JSON.stringify([ngx.shared.seen.get('n') || 0, ngx.shared.gwc_tokens.items(1000),"
        " ngx.shared.gwc_tokens.keys(1000)])); }\n"
    )
    return edited(
        ("gwc.js", good, good + "ngx.shared.seen.incr('n', 1, 0);\n"),
        ("gwc.js", "export default { access, ", seen + "export default { seen, access, "),
        ("nginx.conf", "  js_path .;", "  js_path .; js_shared_dict_zone zone=seen:32k type=number;"),
        ("nginx.conf", "server_name api.test;\n", "server_name api.test;\n    location = /seen { js_content gwc.seen; }\n"),
    )(files)


@contextmanager
def remembering(folder: Path, source: Gateway | None = None) -> Iterator[Site]:
    with serving(source or gateway(), folder, watching) as site:
        yield site


def seen(site: Site) -> tuple[int, list[list[object]]]:
    count, items, _ = json.loads(site.ask("GET", "/seen").body)
    return count, items


def bearer(site: Site, scheme: int = 0, **described: object) -> str:
    return "Authorization: Bearer " + token_for(site.gateway.jwts[scheme], {"scope": "orders:read", **described})


def ask(site: Site, field: str, target: str = READ, method: str = "GET") -> str:
    answer = site.ask(method, target, field)
    return "allowed" if answer.status == 200 else str(answer.problem()["reason"])


def test_a_token_is_verified_once(tmp_path) -> None:
    with remembering(tmp_path) as site:
        token = bearer(site)
        assert [ask(site, token) for _ in range(6)] == ["allowed"] * 6
        assert seen(site)[0] == 1
        assert [r.values("x-gwc-subject") for r in site.received()] == [("alice",)] * 6
        assert ask(site, token, method="DELETE") == "authz.scope"
        assert seen(site)[0] == 1


def test_what_is_refused_is_not_remembered(tmp_path) -> None:
    with remembering(tmp_path) as site:
        for fault in ("tampered", "expired", "wrongIssuer", "wrongAudience", "noSubject", "payloadNotJson"):
            token = bearer(site, fault=fault)
            first, second = ask(site, token), ask(site, token)
            assert first == second != "allowed", fault
        count, items = seen(site)
        assert (count, items) == (12, [])


def test_nothing_of_a_token_is_in_it(tmp_path) -> None:
    with remembering(tmp_path) as site:
        token = bearer(site, sub="some-body", scope="orders:read x:y", claims={"email": "s3cr3t@example.com", "exp": 4102444800})
        assert ask(site, token) == "allowed"
        ((key, text),) = seen(site)[1]
    _, until, subject, scopes = json.loads(text)
    assert (until, subject, scopes) == (4102444800 + site.gateway.jwts[0].clock_skew_s, "some-body", ["orders:read", "x:y"])
    parts = token.split(" ")[-1].split(".")
    assert "s3cr3t" not in text
    assert not [p for p in parts if p[:20] in text or p[-20:] in text or p[:20] in key]
    assert len(key) == 44, "SHA-256 in base64"


def test_time_goes_on(tmp_path) -> None:
    exact = replace(sample.gateway().jwts[0], clock_skew_s=0)
    with remembering(tmp_path, gateway(jwts=(exact,))) as site:
        token = bearer(site, lifetime=3)
        assert [ask(site, token) for _ in range(3)] == ["allowed"] * 3
        time.sleep(3.1)
        assert [ask(site, token) for _ in range(2)] == ["authn.expired"] * 2
        assert seen(site)[0] == 3


def test_another_spelling_is_another_field(tmp_path) -> None:
    with remembering(tmp_path) as site:
        token = bearer(site)
        assert ask(site, token) == "allowed"
        assert ask(site, token + "\t") == "allowed", "the blank is none of the value's"
        assert seen(site)[0] == 2
        for other in (token.replace("Bearer", "bearer"), token.replace("Bearer ", "Bearer  "), token + "=", token + "."):
            assert ask(site, other) == "authn.malformed"


def test_a_scheme_does_not_vouch_for_another(tmp_path) -> None:
    """Two schemes of one issuer and different audiences; operations with either, and with both."""
    first = sample.gateway().jwts[0]
    second = replace(first, scheme="other", audiences=("https://other.example",))
    both = Security(alternatives=tuple((Requirement(scheme=s, scopes=("orders:read",)),) for s in ("oauth", "other")))
    operations = (
        operation("GET", "/v1/both", both, NO_BODY, "r.both"),
        operation("GET", "/v1/one", one("oauth", "orders:read"), NO_BODY, "r.one"),
        operation("GET", "/v1/other", one("other", "orders:read"), NO_BODY, "r.other"),
    )
    jwts = tuple(sorted((first, second), key=lambda j: j.scheme))
    with remembering(tmp_path, gateway(jwts=jwts, operations=operations)) as site:
        token = bearer(site, scheme=[j.scheme for j in jwts].index("oauth"))
        for _ in range(2):
            assert [ask(site, token, f"/v1/{name}") for name in ("one", "other", "both")] == ["allowed", "authn.audience", "allowed"]


def test_shared_secrets_are_read_each_time(tmp_path) -> None:
    """A secret that leaked is of no use as soon as the file has another one."""
    control = replace(sample.gateway().jwts[0], algorithms=("HS256",), source=SecretKeys(file=FileRef(path="/secret.json")))
    with remembering(tmp_path, gateway(jwts=(control,))) as site:
        file = Path(site.gateway.jwts[0].source.file.path)
        token = bearer(site, alg="HS256")
        assert [ask(site, token) for _ in range(2)] == ["allowed"] * 2
        good = file.read_text()
        file.write_text(json.dumps(IdentityProvider().secret_jwks_for(control)))
        assert ask(site, token) == "authn.signature"
        for broken in ("", "{}", '{"keys":[]}', good[:-5], "x" * 300_000):
            file.write_text(broken)
            assert ask(site, token) == "internal.unavailable"
        file.unlink()
        assert ask(site, token) == "internal.unavailable"
        file.mkdir()
        assert ask(site, token) == "internal.unavailable"
        file.rmdir()
        file.write_text(good)
        assert ask(site, token) == "allowed"
        assert seen(site)[1] == []


def test_more_tokens_than_it_holds(tmp_path) -> None:
    """Old ones are forgotten, and verified again."""
    small = ("nginx.conf", "zone=gwc_tokens:16m", "zone=gwc_tokens:32k")
    with serving(gateway(), tmp_path, lambda files: watching(edited(small)(files))) as site:
        tokens = [bearer(site, sub=f"user-{n}") for n in range(300)]
        assert {ask(site, token) for token in tokens} == {"allowed"}
        assert ask(site, tokens[0]) == "allowed"
        count, items = seen(site)
        assert count == 301
        assert 10 < len(items) < 300
