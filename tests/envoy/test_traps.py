"""The fail-open traps of Envoy: with its cure a request is refused, without the cure the real Envoy lets it through.

The cure is taken out of the compiled documents, everything else stays. Where two cures stand behind each other, the first one
is bypassed for both runs, so that the second one shows what it is worth.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from gwc.backends.envoy import chain, jwt, seal
from gwc.controls.api_key import KeyDigest
from gwc.controls.base import FileRef
from gwc.controls.consumer import ConsumerLimit
from gwc.controls.security import Requirement, Security
from gwc.controls.upstream import VerifiedTls
from gwc.ir import Gateway
from gwc.local.identity_provider import IdentityProvider
from gwc.resources import runtime_text
from tests.support.envoy_process import Bench, Change, find, running
from tests.support.requests import Answer
from tests.support.sample import NO_BODY, PUBLIC, address_limit, gateway, operation
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway

KEY = "demo"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()

NOT_HERE = {
    "bodyChunks() then respond()": "never called: test_lua_never_uses_what_opens",
    "jwt_authn without rules, with allow_missing, with keys without alg, with an audience that differs": "it decides nothing (test_native_signatures)",
    "api_key_auth without forwarding": "the filter is not used: API keys are digests in Lua",
    "global rate limit service dead": "limits are local",
    "longest prefix hides routes": "only with route lists; nested matchers fall through (tests/conformance, routing)",
    "CEL descriptor without effect": "CEL stands in mappers of local replies only, where a miss ends in 500",
    "ext_proc and wasm": "not used",
}
"""Traps of the facts that this version of the backend does not come near to."""


def sample() -> Gateway:
    """The sample with two algorithms, an operation that takes few requests, and a consumer that may make few."""
    base = gateway()
    few = operation("GET", "/v1/few", PUBLIC, NO_BODY, "orders.few")
    slow = address_limit(id="few", limit=1, window_s=3600, burst=2, operations=("orders.few",))
    return replace(
        base,
        operations=tuple(sorted((*base.operations, few), key=lambda o: (o.route.template.text, o.route.method))),
        rate_limits=(slow, *base.rate_limits),
        jwts=(replace(base.jwts[0], algorithms=("ES256", "RS256")),),
        api_keys=(replace(base.api_keys[0], keys=(KeyDigest(digest=DIGEST, consumer="acme", not_before_s=0, expires_s=2**40),)),),
        consumers=(replace(base.consumers[0], limits=(ConsumerLimit(id="few", limit=1, window_s=3600, burst=2),)),),
        rules=(),
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
    key = identity_provider().private_key("RS256")
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


CRASH = "function envoy_on_request(h) error('boom') end"
LATE_CRASH = "function envoy_on_request(h) h:body() error('boom') end"
UNSEAL = f"function envoy_on_request(h) h:headers():remove('{seal.HEADER}') end"
UNCHECKED = lua(chain.ACCESS, UNSEAL)
ANY_PATH = edit(lambda n: n.get("regex", "").startswith("/(?:(?:"), lambda n: n.update(regex=".*"))
UNSEALED = edit(lambda n: "strict_check_headers" in n, lambda n: n.pop("strict_check_headers"))
"""A router that does not look at the seal."""
CLEANED = edit(lambda n: "internal_address_config" in n, lambda n: n.pop("internal_address_config"))
"""Clients from outside: Envoy takes the seal off itself."""


def without(code: str, instead: str) -> Change:
    """Replaces a piece of the Lua filter, which must be there."""

    def change(document: Any) -> None:
        for f in find(document, lambda n: n.get("name") == chain.ACCESS and "typed_config" in n):
            source = f["typed_config"]["default_source_code"]
            assert code in source["inline_string"]
            source["inline_string"] = source["inline_string"].replace(code, instead)

    return change


def trust_forwarded_for(node: dict[str, Any]) -> None:
    node["use_remote_address"] = False
    (removed,) = find(node["early_header_mutation_extensions"], lambda n: "regex" in n)
    removed["regex"] = removed["regex"].replace(r"x\-forwarded\-for|", "")


def take_any_host(node: dict[str, Any]) -> None:
    node["virtual_hosts"] = [{**node["virtual_hosts"][0], "domains": ["*"]}]


IS_MANAGER = lambda n: "early_header_mutation_extensions" in n  # noqa: E731


def three(bench: Bench, *lines: tuple[str, ...]) -> Answer:
    """Three requests to an operation that takes two."""
    return [bench.request("GET", "/v1/few", *(lines[i] if lines else ())) for i in range(3)][-1]


def three_of_consumer(bench: Bench) -> Answer:
    """Three requests of a consumer that may make two."""
    return [bench.request("GET", "/v1/orders", f"X-API-Key: {KEY}") for _ in range(3)][-1]


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
    *(
        Trap(
            name,
            lambda b: b.request("GET", "/v1/health"),
            (500, "internal.error"),
            opened=both(change, UNSEALED),
            closed=change,
        )
        for name, change in (
            ("an uncaught error of Lua lets the request continue", lua(chain.ACCESS, CRASH)),
            ("so does one behind the body", lua(chain.ACCESS, LATE_CRASH)),
            ("a source without a function is no error", lua(chain.ACCESS, "x = 1")),
            ("a source that does not exist runs nothing", per_route(chain.ACCESS, {"name": "nothing"})),
            ("a filter that a route does not turn on runs nothing", per_route(chain.ACCESS, None)),
            ("the configuration of a filter that is not there is ignored", drop(chain.ACCESS)),
        )
    ),
    Trap(
        "an entry that the tables don't have: pcall makes 500 of the error",
        lambda b: b.request("GET", "/v1/health"),
        (500, "internal.error"),
        opened=both(per_route(chain.ACCESS, {"filter_context": {"lane": "nothing"}}), without("pcall(decide, h)", "true, nil"), UNSEALED),
        closed=both(per_route(chain.ACCESS, {"filter_context": {"lane": "nothing"}}), UNSEALED),
    ),
    Trap(
        "a client takes the seal off by naming it",
        lambda b: b.request("GET", "/v1/health", f"Connection: {seal.HEADER}", f"{seal.HEADER}: 1"),
        (500, "internal.error"),
        opened=both(lua(chain.ACCESS, CRASH), UNSEALED),
        closed=lua(chain.ACCESS, CRASH),
    ),
    Trap(
        "Envoy takes the seal off requests from outside: then the Lua filter serves nobody",
        lambda b: b.request("GET", "/v1/health"),
        (500, "internal.error"),
        opened=both(lua(chain.ACCESS, CRASH), CLEANED),
        closed=CLEANED,
    ),
    Trap("no token", lambda b: b.request("GET", "/v1/orders/7"), (401, "authn.missing"), opened=UNCHECKED),
    Trap("another algorithm of the same key", lambda b: orders(b, signed("RS512")), (401, "authn.algorithm"), opened=UNCHECKED),
    Trap("padding", lambda b: orders(b, token(fault="padding")), (401, "authn.malformed"), opened=UNCHECKED),
    Trap(
        "a tail that is not canonical",
        lambda b: orders(b, token(fault="nonCanonicalTail")),
        (401, "authn.malformed"),
        opened=UNCHECKED,
    ),
    Trap("a signature with bytes behind it", lambda b: orders(b, longer_signature()), (401, "authn.signature"), opened=UNCHECKED),
    Trap("JSON that is none", lambda b: orders(b, lenient_json()), (401, "authn.claims"), opened=UNCHECKED),
    Trap(
        "a limit that is not switched on",
        three,
        (429, "flood.limit"),
        opened=edit(lambda n: "filter_enabled" in n, lambda n: n.pop("filter_enabled")),
    ),
    Trap("marks that nobody looks at", three, (429, "flood.limit"), opened=drop(chain.FLOOD)),
    Trap("marks of consumers that nobody looks at", three_of_consumer, (429, "throttle.limit"), opened=drop(chain.THROTTLE)),
    Trap(
        "a consumer without a descriptor is not limited",
        three_of_consumer,
        (429, "throttle.limit"),
        opened=edit(lambda n: n.get("header_name") == "x-gwc-consumer", lambda n: n.update(header_name="x-gwc-nobody")),
    ),
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
        "two ways to read Authorization",
        lambda b: b.request("GET", "/v1/health", "Authorization: a", "Authorization: b"),
        (400, "normalise.request"),
        opened=without('find(value, ",", 1, true)', "false"),
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
    """As many addresses as the limit says have a bucket of their own; with one place the second address takes the first one's."""

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


def test_a_request_can_be_verified_with_one_key_only(tmp_path: Path, monkeypatch):
    """The second key that a request imports is the first one for Envoy: a token of one scheme would be good for the other.

    Such schemes are refused when the policy is compiled; here that is left out, so that the Lua filter must see it.
    """
    base = sample()
    monkeypatch.setattr(jwt, "check_together", lambda jwts: "")
    schemes = (base.jwts[0], replace(base.jwts[0], scheme="other", audiences=("second",)))
    either = Security(alternatives=tuple((Requirement(scheme=control.scheme, scopes=()),) for control in schemes))
    source = replace(base, jwts=schemes, operations=(operation("GET", "/x", either, NO_BODY, "orders.x"),), rate_limits=())

    def other_key(document: Any) -> None:
        """Of the second scheme, with the kid of the first one's."""
        for f in find(document, lambda n: n.get("name") == chain.ACCESS and "typed_config" in n):
            code = f["typed_config"]["default_source_code"]
            first, second = code["inline_string"].rsplit('["other"]', 1)
            key = IdentityProvider().public_key("RS256")
            code["inline_string"] = first + '["other"]' + re.sub(r'\["n"\] = "[^"]*"', f'["n"] = "{key.n}"', second, count=1)

    def ask(bench: Bench) -> tuple[int, str]:
        answer = bench.request("GET", "/x", token(alg="RS256", aud="second"))
        return answer.status, answer.problem().get("reason", "allowed")

    with running(source, tmp_path / "cured", change=other_key) as bench:
        assert ask(bench) == (401, "authn.audience")
    with running(source, tmp_path / "open", change=both(other_key, without("return r.imported == public", "return true"))) as bench:
        assert ask(bench) == (200, "allowed")


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


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ("Content-Length: 1", b"x"),
        ("Transfer-Encoding: chunked", b"1\r\nx\r\n0\r\n\r\n"),
        ("Connection: content-length\r\nContent-Length: 1", b"x"),
        ("Connection: transfer-encoding\r\nTransfer-Encoding: chunked", b"1\r\nx\r\n0\r\n\r\n"),
        ("Connection: Upgrade, content-length\r\nUpgrade: websocket\r\nContent-Length: 1", b"x"),
    ],
)
def test_a_body_that_no_header_tells_of(intact: Bench, fields: str, body: bytes):
    """Envoy drops Transfer-Encoding, and what Connection names: who asks the headers for a body misses it."""
    answer = intact.send(f"GET /v1/health HTTP/1.1\r\nHost: api.test\r\n{fields}\r\n\r\n".encode() + body)
    assert (answer.status, answer.problem()["reason"]) == (400, "body.unexpected")


def test_a_refusal_for_grpc_is_a_refusal(intact: Bench):
    """Not a problem document: Envoy's core answers requests of gRPC's type in gRPC's way, in every local reply. No knob in 1.40."""
    answer = intact.request("GET", "/v1/orders", "Content-Type: application/grpc")
    assert (answer.status, answer.value("grpc-status")) == (200, "16")
    assert "authn.missing" in (answer.value("grpc-message") or "")


def test_lua_never_uses_what_opens():
    sources = [runtime_text(f"lua/gwc/{name}.lua") for name in ("host_envoy", "envoy_keys")]
    code = "\n".join(line.partition("--")[0] for source in sources for line in source.splitlines())
    assert "bodyChunks" not in code
    assert "body(true" not in code
    assert "pcall" in code
