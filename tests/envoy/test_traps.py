"""The fail-open traps of Envoy: with its cure a request is refused, without the cure the real Envoy lets it through.

The cure is taken out of the compiled documents, everything else stays. Where two cures stand behind each other, the first one
is bypassed for both runs, so that the second one shows what it is worth.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from gwc.backends.envoy import chain
from gwc.controls.base import FileRef
from gwc.controls.rate_limit import RateLimit
from gwc.controls.upstream import VerifiedTls
from gwc.ir import Gateway
from gwc.resources import runtime_text
from tests.support.envoy_process import Bench, Change, find, running
from tests.support.requests import Answer
from tests.support.sample import NO_BODY, PUBLIC, gateway, operation
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway

NOT_HERE = {
    "bodyChunks() then respond()": "never called: test_lua_never_uses_what_opens",
    "api_key_auth without forwarding": "the filter is not used: API keys are digests in Lua",
    "global rate limit service dead": "limits are local",
    "longest prefix hides routes": "only with route lists; nested matchers fall through (tests/conformance, routing)",
    "CEL descriptor without effect": "CEL stands in mappers of local replies only, where a miss ends in 500",
    "ext_proc and wasm": "not used",
}
"""Traps of the facts that this version of the backend does not come near to."""


def sample() -> Gateway:
    """The sample with both kinds of keys, an operation that takes few requests, and one that needs only a token."""
    base = gateway()
    few = operation("GET", "/v1/few", PUBLIC, NO_BODY, "orders.few")
    slow = RateLimit(id="few", limit=1, window_s=3600, burst=2, operations=("orders.few",))
    return replace(
        base,
        operations=tuple(sorted((*base.operations, few), key=lambda o: (o.route.template.text, o.route.method))),
        rate_limits=(slow, *base.rate_limits),
        jwts=(replace(base.jwts[0], algorithms=("ES256", "RS256")),),
    )


def token(**described: Any) -> str:
    return "Authorization: Bearer " + token_for(sample().jwts[0], {"scope": "orders:read orders:write", **described})


def orders(bench: Bench, header: str) -> Answer:
    return bench.request("GET", "/v1/orders/7", header)


def signed(algorithm: str, payload: bytes | None = None) -> str:
    """A token that the policy must not take, signed with the good RSA key."""
    good = token(alg="RS256").rpartition(" ")[2].split(".")
    head = json.dumps({"alg": algorithm, "kid": "local-rs256"}).encode()
    text = f"{encoded(head)}.{good[1] if payload is None else encoded(payload)}"
    digest = SHA512() if algorithm == "RS512" else SHA256()
    key = identity_provider()._rsa.private_key
    return f"Authorization: Bearer {text}.{encoded(key.sign(text.encode(), padding.PKCS1v15(), digest))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def longer_signature() -> str:
    """ES256 with one byte more than r and s have."""
    good, _, signature = token().rpartition(".")
    return f"{good}.{encoded(base64.urlsafe_b64decode(signature + '==') + b'x')}"


def lenient_json() -> str:
    """A signed payload with a comma too many: what protobuf's reader takes for JSON."""
    payload = token(alg="RS256").split(".")[1]
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return signed("RS256", text[:-1] + b",}")


# --- changes


def both(*changes: Change) -> Change:
    def change(document: Any) -> None:
        for c in changes:
            c(document)

    return change


def drop(*names: str) -> Change:
    """Takes filters out of the chain; their configuration in routes stays and is ignored."""

    def change(document: Any) -> None:
        for manager in find(document, lambda n: "http_filters" in n):
            manager["http_filters"] = [f for f in manager["http_filters"] if f["name"] not in names]

    return change


def lua(name: str, source: str) -> Change:
    """Replaces the source of a Lua filter."""

    def change(document: Any) -> None:
        for f in find(document, lambda n: n.get("name") == name and "typed_config" in n):
            f["typed_config"]["default_source_code"] = {"inline_string": source}

    return change


def per_route(name: str, config: dict[str, Any] | None) -> Change:
    """Replaces (None: removes) the configuration of a filter in every route of an operation."""

    def change(document: Any) -> None:
        for route in find(document, lambda n: "route" in n and "typed_per_filter_config" in n):
            if name in route["typed_per_filter_config"]:
                kept = route["typed_per_filter_config"].pop(name)
                if config is not None:
                    route["typed_per_filter_config"][name] = {"@type": kept["@type"], **config}

    return change


def edit(wanted: Callable[[dict[str, Any]], bool], apply: Callable[[dict[str, Any]], Any]) -> Change:
    def change(document: Any) -> None:
        for node in find(document, wanted):
            apply(node)

    return change


ONLY_STAMP = "function envoy_on_request(h) h:streamInfo():dynamicMetadata():set('gwc.stamp', 'credentials', true) end"
UNCHECKED_TOKENS = lua(chain.CREDENTIALS, ONLY_STAMP)
CRASH = "function envoy_on_request(h) error('boom') end"
ANYBODY = {"rbac": {"rules": {"action": "ALLOW", "policies": {"all": {"permissions": [{"any": True}], "principals": [{"any": True}]}}}}}
ANY_PATH = edit(lambda n: n.get("regex", "").startswith("/(?:(?:"), lambda n: n.update(regex=".*"))


def without_alg(node: dict[str, Any]) -> None:
    keys = json.loads(node["local_jwks"]["inline_string"])
    for key in keys["keys"]:
        del key["alg"]
    node["local_jwks"]["inline_string"] = json.dumps(keys)


def trust_forwarded_for(node: dict[str, Any]) -> None:
    node["use_remote_address"] = False
    node["early_header_mutation_extensions"][0]["typed_config"]["mutations"] = [
        m for m in node["early_header_mutation_extensions"][0]["typed_config"]["mutations"] if m.get("remove") != "x-forwarded-for"
    ]


def take_any_host(node: dict[str, Any]) -> None:
    served, _ = node["virtual_hosts"]
    node["virtual_hosts"] = [{**served, "domains": ["*"]}]


IS_MANAGER = lambda n: "early_header_mutation_extensions" in n  # noqa: E731
IS_PROVIDER = lambda n: "local_jwks" in n  # noqa: E731


def three(bench: Bench, *lines: tuple[str, ...]) -> Answer:
    """Three requests to an operation that takes two."""
    return [bench.request("GET", "/v1/few", *(lines[i] if lines else ())) for i in range(3)][-1]


@dataclass(frozen=True)
class Trap:
    """`closed` and `opened` are changes; `send` makes the request that is refused with `expect` in one and answered in the other."""

    name: str
    send: Callable[[Bench], Answer]
    expect: tuple[int, str]
    opened: Change
    closed: Change | None = None
    open_status: int = 200


ORDER_BODY = b'{"sku":"a"}'
TRAPS = (
    Trap(
        "an uncaught error of Lua lets the request continue",
        lambda b: b.request("GET", "/v1/health"),
        (500, "internal.error"),
        opened=both(lua(chain.BODY, CRASH), drop(chain.PROOF)),
        closed=lua(chain.BODY, CRASH),
    ),
    Trap(
        "a source that does not exist runs nothing",
        lambda b: b.request("GET", "/v1/health"),
        (500, "internal.error"),
        opened=both(per_route(chain.BODY, {"name": "nothing"}), drop(chain.PROOF)),
        closed=per_route(chain.BODY, {"name": "nothing"}),
    ),
    Trap(
        "an entry that the tables don't have: pcall makes 500 of the error",
        lambda b: b.request("GET", "/v1/health"),
        (500, "internal.error"),
        opened=both(lua(chain.BODY, CRASH), drop(chain.PROOF)),
        closed=both(per_route(chain.BODY, {"filter_context": {"rule": "nothing"}}), drop(chain.PROOF)),
    ),
    Trap(
        "jwt_authn that no route turns on takes everybody",
        lambda b: b.request("GET", "/v1/orders/7"),
        (403, "authz.scope"),
        opened=both(UNCHECKED_TOKENS, per_route(chain.TOKENS, None), drop(chain.AUTHORIZATION)),
        closed=both(UNCHECKED_TOKENS, per_route(chain.TOKENS, None)),
    ),
    Trap(
        "allow_missing takes who has no token",
        lambda b: b.request("GET", "/v1/orders/7"),
        (403, "authz.scope"),
        opened=both(UNCHECKED_TOKENS, drop(chain.AUTHORIZATION)),
        closed=UNCHECKED_TOKENS,
    ),
    Trap(
        "no token", lambda b: b.request("GET", "/v1/orders/7"), (401, "authn.missing"), opened=drop(chain.CREDENTIALS, chain.AUTHORIZATION)
    ),
    Trap(
        "a key without alg takes other algorithms",
        lambda b: orders(b, signed("RS512")),
        (401, "authn.algorithm"),
        opened=both(UNCHECKED_TOKENS, edit(IS_PROVIDER, without_alg), drop(chain.CLAIMS)),
        closed=both(UNCHECKED_TOKENS, edit(IS_PROVIDER, without_alg)),
    ),
    Trap(
        "crit is not understood, but taken (RBAC)",
        lambda b: orders(b, token(fault="crit")),
        (401, "authn.critical"),
        opened=both(UNCHECKED_TOKENS, drop(chain.CLAIMS)),
        closed=UNCHECKED_TOKENS,
    ),
    Trap(
        "without kid all keys are tried (RBAC)",
        lambda b: orders(b, token(fault="noKid")),
        (401, "authn.unknownKey"),
        opened=both(UNCHECKED_TOKENS, drop(chain.CLAIMS)),
        closed=UNCHECKED_TOKENS,
    ),
    Trap(
        "an audience that differs in scheme and slash (RBAC)",
        lambda b: orders(b, token(aud="http://orders.example.com/")),
        (401, "authn.audience"),
        opened=both(UNCHECKED_TOKENS, drop(chain.CLAIMS)),
        closed=UNCHECKED_TOKENS,
    ),
    Trap("padding", lambda b: orders(b, token(fault="padding")), (401, "authn.malformed"), opened=UNCHECKED_TOKENS),
    Trap(
        "a tail that is not canonical",
        lambda b: orders(b, token(fault="nonCanonicalTail")),
        (401, "authn.malformed"),
        opened=UNCHECKED_TOKENS,
    ),
    Trap("a signature with bytes behind it", lambda b: orders(b, longer_signature()), (401, "authn.signature"), opened=UNCHECKED_TOKENS),
    Trap("JSON that is none", lambda b: orders(b, lenient_json()), (401, "authn.malformed"), opened=UNCHECKED_TOKENS),
    Trap(
        "a limit that is not switched on",
        three,
        (429, "flood.limit"),
        opened=edit(lambda n: "filter_enabled" in n, lambda n: n.pop("filter_enabled")),
    ),
    Trap("marks that nobody looks at", three, (429, "flood.limit"), opened=drop(chain.FLOOD)),
    Trap(
        "a descriptor without its value is no limit",
        three,
        (429, "flood.limit"),
        opened=edit(lambda n: "route" in n and "metadata" in n, lambda n: n.pop("metadata")),
    ),
    Trap(
        "an address that the client chooses",
        lambda b: three(b, ("X-Forwarded-For: 6.6.6.1",), ("X-Forwarded-For: 6.6.6.2",), ("X-Forwarded-For: 6.6.6.3",)),
        (429, "flood.limit"),
        opened=edit(IS_MANAGER, trust_forwarded_for),
    ),
    Trap("an encoded slash", lambda b: b.request("GET", "/v1/orders/a%2Fb", token()), (400, "normalise.path"), opened=ANY_PATH),
    Trap("a semicolon", lambda b: b.request("GET", "/v1/orders/a;b", token()), (400, "normalise.path"), opened=ANY_PATH),
    Trap("double encoding", lambda b: b.request("GET", "/v1/orders/a%252Fb", token()), (400, "normalise.path"), opened=ANY_PATH),
    Trap(
        "a virtual host for every name",
        lambda b: b.request("GET", "/v1/health", host="evil.test"),
        (421, "normalise.host"),
        opened=edit(lambda n: "virtual_hosts" in n, take_any_host),
    ),
    Trap(
        "the configuration of a filter that is not there is ignored: the chain itself denies",
        lambda b: b.request("GET", "/v1/health"),
        (403, "authz.scope"),
        opened=both(per_route(chain.AUTHORIZATION, None), drop(chain.AUTHORIZATION)),
        closed=per_route(chain.AUTHORIZATION, None),
    ),
    Trap(
        "two ways to read Authorization",
        lambda b: b.request("GET", "/v1/health", "Authorization: a", "Authorization: b"),
        (400, "normalise.request"),
        opened=edit(lambda n: n.get("contains") == ",", lambda n: n.update(contains="never")),
    ),
)


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    with running(sample(), tmp_path_factory.mktemp("intact")) as bench:
        yield bench


@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name)
def test_trap(trap: Trap, intact: Bench, tmp_path: Path):
    if trap.closed is None:
        answer = trap.send(intact)
    else:
        with running(sample(), tmp_path / "closed", change=trap.closed) as closed:
            answer = trap.send(closed)
    assert (answer.status, answer.problem().get("reason")) == trap.expect
    with running(sample(), tmp_path / "opened", change=trap.opened) as opened:
        answer = trap.send(opened)
        assert answer.status == trap.open_status, answer


def test_the_nearest_good_requests_pass(intact: Bench):
    assert orders(intact, token()).status == 200
    assert orders(intact, token(alg="RS256")).status == 200
    assert intact.request("GET", "/v1/orders/a%20b", token()).status == 200
    assert intact.request("GET", "/v1/health", "Authorization: a").status == 200
    assert intact.request("POST", "/v1/orders", token(), "Content-Type: application/json", body=ORDER_BODY).status == 200


def test_an_evicted_bucket_is_a_fresh_one(tmp_path: Path):
    """65,536 addresses have a bucket of their own; with one place the second address takes the first one's."""

    def few(document: Any) -> None:
        for node in find(document, lambda n: "max_dynamic_descriptors" in n):
            node["max_dynamic_descriptors"] = 1

    statuses = {}
    for name, change in (("cured", None), ("evicted", few)):
        with running(sample(), tmp_path / name, change=change) as bench:
            statuses[name] = [ask_from(bench, address) for address in ("127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.1")]
    assert statuses == {"cured": [200, 200, 200, 429], "evicted": [200, 200, 200, 200]}


def ask_from(bench: Bench, address: str) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", bench.running.port), 5, source_address=(address, 0)) as plain,
        context.wrap_socket(plain, server_hostname="api.test") as tls,
    ):
        tls.sendall(b"GET /v1/few HTTP/1.1\r\nHost: api.test\r\n\r\n")
        return int(tls.recv(4096)[9:12])


def test_a_clock_skew_of_zero_is_not_a_minute(tmp_path: Path):
    base = sample()
    strict = replace(base, jwts=(replace(base.jwts[0], clock_skew_s=0),))
    late = token(claims={"exp": int(time.time()) - 20})
    with running(strict, tmp_path / "cured") as bench:
        answer = orders(bench, late)
        assert (answer.status, answer.problem()["reason"]) == (401, "authn.expired")
    zero = edit(IS_PROVIDER, lambda n: n.update(clock_skew_seconds=0))
    with running(strict, tmp_path / "open", change=both(UNCHECKED_TOKENS, zero)) as bench:
        assert orders(bench, late).status == 200
    with running(strict, tmp_path / "native", change=UNCHECKED_TOKENS) as bench:
        assert orders(bench, late).status == 401


def test_a_ca_alone_would_take_every_name(tmp_path: Path):
    base = sample()
    tls = VerifiedTls(server_name="orders.internal", ca=FileRef(path="/ca.pem"), client=None)
    verified = replace(base, upstreams=(replace(base.upstreams[0], transport=tls),))
    any_name = edit(lambda n: "match_typed_subject_alt_names" in n, lambda n: n.pop("match_typed_subject_alt_names"))
    with running(verified, tmp_path / "good", upstream_certificate="upstream") as bench:
        assert bench.request("GET", "/v1/health").status == 200
    with running(verified, tmp_path / "cured", upstream_certificate="misnamed") as bench:
        answer = bench.request("GET", "/v1/health")
        assert (answer.status, answer.problem()["reason"]) == (502, "upstream.unavailable")
    with running(verified, tmp_path / "open", upstream_certificate="misnamed", change=any_name) as bench:
        assert bench.request("GET", "/v1/health").status == 200


def test_an_upgrade_does_not_wait_for_a_body(intact: Bench, tmp_path: Path):
    """Envoy would read the rest of the connection as the body, and the request would never be decided."""
    lines = ("Connection: Upgrade", "Upgrade: websocket")
    assert intact.request("GET", "/v1/health", *lines).status == 200
    careless = edit(lambda n: "ignore_http_11_upgrade" in n, lambda n: n.pop("ignore_http_11_upgrade"))
    with running(sample(), tmp_path, change=careless) as bench:
        assert bench.request("GET", "/v1/health", *lines).status == -1


def test_a_refusal_for_grpc_is_a_refusal(intact: Bench):
    """Not a problem document: Envoy's core answers requests of gRPC's type in gRPC's way, in every local reply. No knob in 1.40."""
    answer = intact.request("GET", "/v1/orders", "Content-Type: application/grpc")
    assert (answer.status, answer.value("grpc-status")) == (200, "16")
    assert "authn.missing" in (answer.value("grpc-message") or "")


def test_lua_never_uses_what_opens():
    source = runtime_text("lua/gwc/host_envoy.lua")
    code = "\n".join(line.partition("--")[0] for line in source.splitlines())
    assert "bodyChunks" not in code
    assert "body(true" not in code
    assert "pcall" in code
