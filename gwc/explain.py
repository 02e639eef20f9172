"""How one operation is decided: every control that has a say, in the order of decisions, with its values and its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gwc.controls.body import Body
from gwc.controls.security import Security
from gwc.controls.upstream import Upstream, VerifiedTls
from gwc.diagnostics import Span
from gwc.ir import Gateway, Operation
from gwc.ir.dispatch import path_regex


@dataclass(frozen=True, slots=True)
class Step:
    """What one control says. `control` and `subject` are those of the ledger; `span` is where the policy or the OpenAPI document says it."""

    phase: str
    control: str
    subject: str
    says: str
    span: Span


@dataclass(frozen=True, slots=True)
class Match:
    """What a method and path lead to: operations (one for each set of hosts), or the methods that the path has instead."""

    operations: tuple[Operation, ...]
    other_methods: tuple[str, ...]


def match(gateway: Gateway, method: str, path: str) -> Match:
    """The operations of the most specific template of each host that has the path; `path` may be a template's own text."""
    chosen: list[Operation] = []
    methods: set[str] = set()
    for host in gateway.host_names.names:
        found = _on_host(gateway, host, path)
        chosen += [o for o in found if o.route.method == method and o not in chosen]
        methods |= {o.route.method for o in found}
    return Match(tuple(chosen), tuple(sorted(methods)))


def _on_host(gateway: Gateway, host: str, path: str) -> list[Operation]:
    served = [o for o in gateway.operations if host in o.route.hosts]
    exact = [o for o in served if o.route.template.text == path]
    matching = exact or [o for o in served if re.fullmatch(path_regex(o.route.template), path)]
    best = min((o.route.template.specificity() for o in matching), default=None)
    return [o for o in matching if o.route.template.specificity() == best]


def steps(gateway: Gateway, operation: Operation) -> tuple[Step, ...]:
    """Every control that decides about the operation, in the order of decisions."""
    return (*_before(gateway, operation), *_credentials(gateway, operation), *_after(gateway, operation))


def _before(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    tls, names, path = gateway.listener_tls, gateway.host_names, gateway.canonical_path
    route = operation.route
    yield Step("0 tls", tls.STEM, "*", f"{tls.address} port {tls.port}, {tls.profile}", tls.span)
    for name in route.hosts:
        yield Step("1 normalise", names.STEM, name, f"SNI and Host must both be {name}", names.span)
    yield Step("1 normalise", path.STEM, "*", f"canonical targets of at most {path.max_uri_bytes} bytes", path.span)
    yield Step("2 route", route.STEM, operation.key, f"{route.method} {route.template.text}", route.span)
    for limit in gateway.rate_limits:
        if operation.key in limit.operations:
            says = f"{limit.limit} in {limit.window_s} s for each client address, {limit.burst} at once"
            yield Step("4 flood", limit.STEM, limit.id, says, limit.span)


def _credentials(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    schemes = operation.security.schemes
    for jwt in gateway.jwts:
        if jwt.scheme in schemes:
            says = f"token of {jwt.issuer} for {' or '.join(jwt.audiences)}, {' or '.join(jwt.algorithms)}, keys {', '.join(k.kid for k in jwt.keys)}"
            yield Step("5 authenticate", jwt.STEM, jwt.scheme, says, jwt.span)
    for key in gateway.api_keys:
        if key.scheme in schemes:
            consumers = sorted({k.consumer for k in key.keys})
            yield Step("5 authenticate", key.STEM, key.scheme, f"key in {key.header} of {', '.join(consumers)}", key.span)
    yield Step("6 authorise", operation.security.STEM, operation.key, security_text(operation.security), operation.security.span)


def _after(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    upstream = next(u for u in gateway.upstreams if u.name == operation.upstream)
    forwarding, problems, log = gateway.forwarding, gateway.problem_details, gateway.access_log
    yield Step("8 body", operation.body.STEM, operation.key, body_text(operation.body), operation.body.span)
    yield Step("10 forward", upstream.STEM, upstream.name, upstream_text(upstream), upstream.span)
    removed = f"{len(forwarding.removed)} header names are removed, identity and forwarding headers are set anew"
    yield Step("10 forward", forwarding.STEM, "*", removed, forwarding.span)
    yield Step("11 respond", problems.STEM, "*", f"problem+json, realm {problems.realm}", problems.span)
    yield Step("12 observe", log.STEM, "*", f"access log as {log.format}", log.span)


def security_text(security: Security) -> str:
    """The alternatives in words."""
    if security.is_public:
        return "public: no credential is asked for"
    alternatives = (
        " and ".join(r.scheme + (f" with scope {' '.join(r.scopes)}" if r.scopes else "") for r in alternative)
        for alternative in security.alternatives
    )
    return ", or ".join(alternatives)


def body_text(body: Body) -> str:
    """What the operation takes, in words."""
    if not body.media_types:
        return "no body"
    need = "required" if body.required else "optional"
    return f"{need}, {' or '.join(body.media_types)}, at most {body.max_bytes} bytes"


def upstream_text(upstream: Upstream) -> str:
    """Where requests go, in words."""
    secured = f"verified TLS as {upstream.transport.server_name}" if isinstance(upstream.transport, VerifiedTls) else "plain text"
    return f"{upstream.host} port {upstream.port}, {secured}, answers within {upstream.response_timeout_ms} ms"
