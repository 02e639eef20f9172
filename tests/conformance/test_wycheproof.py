"""Every JWS and JWK case of Wycheproof as a request, on the model and on every host.

The payloads of the collection are no claims, so that no token of it can be accepted as one. But the signature is verified before the
payload is looked at: `authn.claims` says that it was good, every other reason that it was not. A policy is made for each group as its
operator would: with the algorithms of the tokens, and the keys of the group. What then does not compile is listed below, by name.

Envoy leaves PS256 to PS512 and HS256 to HS512 to `jwt_authn`, which reads the payload first: there `authn.claims` says nothing, so each of those
groups, like all others, also signs good claims with its private key: accepted, and refused after a change of one bit.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.base import FileRef
from gwc.controls.canonical_path import CanonicalPath
from gwc.controls.jwk import HMAC_ALGORITHMS
from gwc.controls.jwks import public_keys
from gwc.controls.jwt import FileKeys, Jwt, SecretKeys
from gwc.controls.spec import Located
from gwc.diagnostics import NOWHERE, Findings
from gwc.local import signing
from gwc.local.processes import NotStarted
from gwc.semantics import State
from gwc.semantics.base64url import encode
from gwc.semantics.key_set import VerificationKey, usable
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support import sample
from tests.support.cases import Case, Expectation, Step
from tests.support.harness import Exchange, bench, compare, judge, running
from tests.support.requests import Offer, exchange
from tests.support.sample import NO_BODY, one, operation
from tests.support.shared import corpus

OFFER = Offer("api.test")
GOOD = "authn.claims"
NATIVE_IN_ENVOY = ("PS256", "PS384", "PS512", "HS256", "HS384", "HS512", "EdDSA")

# case -> a word of the compile error: the key is at fault, or its `alg` contradicts the token that the collection calls valid
REFUSED_AT_COMPILE_TIME = {
    "jws 346": "algorithms has no",  # the key is for PS256, the token is signed with PS384
    "jws 350": "algorithms has no",
    "jws 347": "`alg`",  # ES521, which is no algorithm (RFC 7518 has ES512)
    "jws 351": "`alg`",
    "jws 354": "not for verifying",
    "jws 356": "not for verifying",
    "jwk 1": "private or symmetric",  # HS256 and ES256 in one set
    "jwk 7": "ROCA",
    "jwk 8": "2048",
    "jwk 19": "`alg`",
    "jwk 20": "`alg`",
    "jwk 22": "not on the curve",
    "jwk 24": "not one for its kind",
}


ENVOY_DOES_NOT_START = {"jwk 17", "jwk 25", "jwk 26"}  # an empty secret, AES algorithms


@dataclass(frozen=True)
class Group:
    """Cases with the same keys. `public`: what the gateway gets; `private`: what signs."""

    name: str
    public: list[dict[str, Any]]
    private: list[dict[str, Any]]
    tests: list[dict[str, Any]]

    @property
    def is_secret(self) -> bool:
        return all(k["kty"] == "oct" for k in self.public)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Those of the tokens that ought to be good; without any, those of the keys."""
        wanted = {_header(t["jws"])["alg"] for t in self.tests if t["result"] == "valid"}
        found = wanted or {_header(t["jws"]).get("alg", "") for t in self.tests}
        return tuple(sorted(a for a in found if a in {*_KNOWN}))


_KNOWN = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", *HMAC_ALGORITHMS)


def _header(token: str) -> dict[str, Any]:
    try:
        found = json.loads(_decode(token.split(".", maxsplit=1)[0]))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _groups() -> list[Group]:
    """The groups of both files; a single key is a set of one."""
    found = []
    for kind, name in (("jws", "json_web_signature_test"), ("jwk", "json_web_key_test")):
        for number, group in enumerate(corpus(f"jwt/wycheproof/{name}.json")["testGroups"]):
            private = group["private"]
            public = group.get("public", private)
            found.append(Group(f"{kind} {number}", public.get("keys", [public]), private.get("keys", [private]), _named(kind, group)))
    return found


def _named(kind: str, group: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**t, "name": f"{kind} {t['tcId']}"} for t in group["tests"]]


class _Keys:
    """Stands for the identity provider of one group."""

    def __init__(self, group: Group, keys: tuple[VerificationKey, ...]) -> None:
        self._group, self._keys = group, keys

    def keys_for(self, _: Jwt) -> tuple[VerificationKey, ...]:
        return self._keys

    def secret_jwks_for(self, _: Jwt) -> dict[str, Any]:
        return {"keys": self._group.public}


class _Document:
    """A set without a file: findings about it have no place."""

    def span(self, pointer: tuple[str | int, ...], key: bool = False) -> Any:
        return NOWHERE


def _compiled(group: Group) -> tuple[Jwt, tuple[VerificationKey, ...], list[str]]:
    """The control with the keys that compile, and what the compiler says of the others."""
    control = replace(sample.gateway().jwts[0], algorithms=group.algorithms, clock_skew_s=0)
    if group.is_secret:
        return replace(control, source=SecretKeys(file=FileRef(path="/etc/gw/secret.json"))), (), []
    findings = Findings()
    keys = public_keys({"keys": group.public}, group.algorithms, Located(_Document()), findings)
    return replace(control, source=FileKeys(keys=keys)), keys, [d.message for d in findings.diagnostics]


GROUPS = [pytest.param(n, id=str(n)) for n in range(31)]


@pytest.fixture(params=GROUPS)
def group(request) -> Group:
    return _groups()[request.param]


def test_all_groups_are_here():
    assert len(_groups()) == len(GROUPS)
    assert {t["name"] for g in _groups() for t in g.tests} >= set(REFUSED_AT_COMPILE_TIME)


def _gateway(control: Jwt):
    path = CanonicalPath(max_uri_bytes=4096, matrix=False)
    operations = (operation("GET", "/read", one("oauth"), NO_BODY, "t.read"),)
    return sample.gateway(operations=operations, rate_limits=(), rules=(), jwts=(control,), canonical_path=path)


def _refused_by_the_compiler(group: Group, said: list[str]) -> bool:
    """Whether the group has no usable key, and every case is listed with words that the compiler says."""
    for case in group.tests:
        word = REFUSED_AT_COMPILE_TIME[case["name"]]
        assert any(word in text for text in said), (case["name"], said)
    return True


def test_model(group: Group, count_requests):
    """The verdict of the collection, by the reason of the model."""
    control, keys, said = _compiled(group)
    if not group.is_secret and not keys:
        assert _refused_by_the_compiler(group, said)
        return
    listed = [t["name"] for t in group.tests if t["name"] in REFUSED_AT_COMPILE_TIME]
    assert not listed, "these compile"
    for case in group.tests:
        reasons = _reasons(control, group, _raw(case["jws"]))
        count_requests("model", 1)
        assert ((GOOD in reasons) and not reasons & _BEFORE) == (case["result"] == "valid"), (case["name"], case["comment"], reasons)


_BEFORE = {f"authn.{r}" for r in ("malformed", "critical", "unknownKey", "algorithm", "signature")} | {
    "internal.unavailable",
    "normalise.request",
}


def _reasons(control: Jwt, group: Group, raw: bytes) -> set[str]:
    verdict = judge(_gateway(control), raw, OFFER, _state(control, group))
    return {f.reason for f in verdict.faults}


def _state(control: Jwt, group: Group) -> State:
    from gwc.semantics import KeySet  # noqa: PLC0415

    keys = usable({"keys": group.public}, control) if group.is_secret else None
    return State(key_sets={control.scheme: KeySet(keys)} if keys else {})


def _raw(token: str) -> bytes:
    return f"GET /read HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


@contextmanager
def _serving(control: Jwt, host: str, folder: Path) -> Iterator[tuple[Any, int]]:
    gateway = _gateway(control)
    with bench(Case("wycheproof", folder, folder, ()), gateway, folder) as prepared, running(host, prepared, folder) as process:
        yield prepared, process.port


@pytest.mark.gateway
@pytest.mark.parametrize("host", HOSTS)
def test_gateway(group: Group, host: str, tmp_path, count_requests, monkeypatch):
    """The same through HTTP, and good claims signed with the group's own private keys."""
    require(host)
    control, keys, _ = _compiled(group)
    if not group.is_secret and not keys:
        return  # refused by the compiler, for every target: test_model says so by name
    monkeypatch.setattr("tests.support.harness.identity_provider", lambda: _Keys(group, keys))
    wrong: list[str] = []
    if host == "envoy" and any(t["name"] in ENVOY_DOES_NOT_START for t in group.tests):
        assert usable({"keys": group.public}, control) is None, "only a set that is none may keep it from starting; the others answer 503"
        with pytest.raises(NotStarted, match="invalid local jwks"), _serving(control, host, tmp_path):
            pass
        return
    with _serving(control, host, tmp_path) as (prepared, port):
        for case in group.tests:
            wrong += _compare(prepared, port, host, group, case)
        signed = list(_own_tokens(group, control))
        for name, token, is_good in signed:
            done = _exchange(prepared, port, group, name, token)
            if (done.answer.status == 200) != is_good:
                wrong.append(f"{name}: {done.answer.status} {done.answer.problem().get('reason')}")
            wrong += [f"{name}: {text}" for text in compare(done)]
    count_requests(host, len(group.tests) + len(signed), len(wrong))
    assert not wrong, "\n".join(wrong)


def _compare(prepared: Any, port: int, host: str, group: Group, case: dict[str, Any]) -> Iterator[str]:
    done = _exchange(prepared, port, group, case["name"], case["jws"])
    reason = done.answer.problem().get("reason")
    native = host == "envoy" and _header(case["jws"]).get("alg") in NATIVE_IN_ENVOY
    if done.answer.status == 200 or done.received:
        yield f"{case['name']}: ACCEPTED"
    elif not native:
        if (reason == GOOD) != (case["result"] == "valid"):
            yield f"{case['name']} ({case['comment']}): {reason}, which is wrong for {case['result']}"
        yield from (f"{case['name']}: {text}" for text in compare(done))


def _exchange(prepared: Any, port: int, group: Group, name: str, token: str) -> Exchange:
    raw, control = _raw(token), prepared.gateway.jwts[0]
    verdict = judge(prepared.gateway, raw, OFFER, _state(control, group))
    step = Step(name, {"sni": "api.test"}, Expectation("allowed"))
    return Exchange(step, raw, verdict, exchange(port, raw, OFFER), prepared.take())


def _own_tokens(group: Group, control: Jwt) -> Iterator[tuple[str, str, bool]]:
    """Name, token, and whether it is good: good claims with each private key that has a usable public half, and one bit off."""
    claims = {"iss": control.issuer, "aud": control.audiences[0], "sub": "alice", "exp": 4102444800}
    there = usable({"keys": group.public}, control) or ()
    for key in there:
        private = next(k for k in group.private if k["kid"] == key.kid)
        signed = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": key.algorithm, "kid": key.kid}, claims))
        signature = signing.sign(_private_key(private), key.algorithm, signed.encode())
        yield f"good claims by {key.kid}", f"{signed}.{encode(signature)}", True
        yield f"one bit off by {key.kid}", f"{signed}.{encode(bytes([signature[0] ^ 1]) + signature[1:])}", False


def _private_key(jwk: dict[str, Any]) -> Any:
    """The key as `signing.sign` takes it."""
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415

    if jwk["kty"] == "oct":
        return _decode(jwk["k"])
    plain = {k: v for k, v in jwk.items() if k not in {"key_ops", "use", "alg", "kid"}}
    return (RSAKey if jwk["kty"] == "RSA" else ECKey).import_key(plain).private_key
