"""Sends one and the same request to the model and to a real gateway, and compares everything that can be seen."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gwc.backends.base import Output
from gwc.controls.access_log import MEMBERS, RESPONSE
from gwc.controls.forwarding import IDENTITY, OVERWRITTEN
from gwc.controls.problem_details import TITLES
from gwc.controls.store import Redis
from gwc.controls.upstream import PlainText
from gwc.ir import Gateway
from gwc.local.certificates import Certificates, Pair, client_certificate, write_certificates
from gwc.local.echo import Echo, Received, echo
from gwc.local.key_sources import KEY_HOST, LocalKeys, local_keys
from gwc.local.localise import localise, upstream_names
from gwc.local.processes import Program, Running, envoy, free_port, nginx, openresty, started
from gwc.local.redis_server import redis_server
from gwc.semantics import Caller, Certificate, Decision, Fault, ForwardedRequest, Refusal, Request, State, decide, faults, parse
from gwc.semantics.access_log import expected as expected_line
from gwc.semantics.answers import HANDSHAKE, Headers, fault
from gwc.semantics.canonical_path import is_canonical
from gwc.semantics.client_ip import client_of
from gwc.semantics.listener_tls import certificate_faults, hsts, is_agreed
from tests.support.cases import Case, Step
from tests.support.rate_limit_fields import LEFT, POLICY, field_disagreements
from tests.support.requests import Answer, Connections, Offer, exchange
from tests.support.tokens import identity_provider

CLIENT = "127.0.0.1"
GATEWAYS = ("nginx", "envoy", "openresty", "kong")
_FRAMING = {"content-length", "transfer-encoding", "connection", "x-request-id"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


def load_gateway(case: Case) -> Gateway:
    """What the policy of the case means."""
    from gwc.lowering import compile_policy  # noqa: PLC0415

    return compile_policy(case.policy, root=case.policy.parent, variables=case.variables).gateway


@dataclass(frozen=True)
class Verdict:
    """What the model says. `faults`: all answers that are right; empty when the request is to be forwarded."""

    request: Request | None
    faults: tuple[Fault, ...]
    decision: Decision | None

    @property
    def forwarded(self) -> ForwardedRequest | None:
        return self.decision.forwarded if self.decision else None

    def accepts(self, status: int, reason: str) -> bool:
        return any((f.status, f.reason) == (status, reason) for f in self.faults)


@dataclass(frozen=True)
class Exchange:
    """One request with everything that was seen of it."""

    step: Step
    raw: bytes
    verdict: Verdict
    answer: Answer
    received: tuple[Received, ...] = ()

    @property
    def request_id(self) -> str | None:
        if self.received:
            return next(iter(self.received[0].values("x-request-id")), None)
        return self.answer.problem().get("requestId")


@dataclass(frozen=True)
class Shown:
    """The client certificate of a request: what the model needs to know of it."""

    certificate: Certificate
    is_trusted: bool


def judge(gateway: Gateway, raw: bytes, offer: Offer, state: State, shown: Shown | None = None) -> Verdict:
    """The model's verdict at this moment; takes tokens out of `state`."""
    request, sni = parse(raw), offer.sni
    if not is_agreed(gateway.listener_tls, offer.hello()):
        return Verdict(None, (Fault(0, HANDSHAKE),), None)
    asked = gateway.listener_tls.client_certificates
    refused = certificate_faults(gateway.listener_tls, is_trusted=shown.is_trusted if shown else None)
    if refused:
        return Verdict(None, refused, None)
    certificate = shown.certificate if shown and asked else None
    now_s = time.time()
    if isinstance(request, Refusal):
        unknown = sni is None or sni.lower() not in gateway.host_names.names
        return Verdict(None, (Fault(0, HANDSHAKE),) if unknown else request.faults, None)
    before = State(dict(state.buckets), state.key_sets)
    decision = decide(gateway, request, sni=sni, client=offer.source, now_s=now_s, state=state, certificate=certificate)
    return Verdict(request, faults(gateway, request, Caller(sni, offer.source, now_s, certificate), before), decision)


# --- running -----------------------------------------------------------------------------------------------------------


@dataclass
class Bench:
    """A localised gateway with its upstreams. `echoes` by name of the upstream; `keys`: where keys come from that are not part of the output."""

    gateway: Gateway
    certificates: Certificates
    echoes: dict[str, Echo]
    keys: LocalKeys
    _shown: dict[str, tuple[Pair, Shown]] = field(default_factory=dict)

    def shown(self, step: Step) -> tuple[Pair, Shown] | None:
        """The client certificate of a step, made when it is first needed."""
        spec = step.spec.get("certificate")
        if spec is None:
            return None
        name = json.dumps(spec, sort_keys=True)
        if name not in self._shown:
            uris, dns_names, is_trusted = spec.get("uris", []), spec.get("dns", []), spec.get("trusted", True)
            pair = client_certificate(self.certificates, uris, dns_names, is_trusted=is_trusted)
            self._shown[name] = pair, Shown(Certificate(tuple(uris), tuple(dns_names)), is_trusted)
        return self._shown[name]

    def judge(self, step: Step, raw: bytes, state: State) -> Verdict:
        """The model's verdict on a step with the keys that the gateway can have now."""
        state.key_sets.update(self.keys.key_sets())
        shown = self.shown(step)
        return judge(self.gateway, raw, self.offer(step), state, shown[1] if shown else None)

    def offer(self, step: Step) -> Offer:
        """The handshake of a step: `tls` may name other versions and ciphers."""
        tls = step.spec.get("tls", {})
        versions = {k: ssl.TLSVersion[tls[k]] for k in ("minimum", "maximum") if k in tls}
        shown = self.shown(step)
        pair = shown[0] if shown else None
        return Offer(self.sni(step), ciphers=tls.get("ciphers"), source=step.spec.get("source", CLIENT), certificate=pair, **versions)

    def sni(self, step: Step) -> str | None:
        return step.spec.get("sni", self.gateway.host_names.names[0])

    def take(self) -> tuple[Received, ...]:
        """What all upstreams received since the last call."""
        return tuple(r for name in sorted(self.echoes) for r in self.echoes[name].take())


@contextmanager
def bench(case: Case, gateway: Gateway, folder: Path) -> Iterator[Bench]:
    """Upstreams and certificates for a case; the port of the listener is still to be chosen."""
    certificates = write_certificates(
        folder / "tls", gateway.host_names.names, (*upstream_names(gateway), KEY_HOST), [c.hosts for c in gateway.listener_tls.certificates]
    )
    with ExitStack() as stack:
        keys = stack.enter_context(local_keys(gateway, identity_provider(), certificates, folder / "keys"))
        echoes: dict[str, Echo] = {}
        addresses: dict[str, tuple[str, int]] = {}
        for upstream in gateway.upstreams:
            mode = case.upstreams.get(upstream.name, "up")
            if mode == "down":
                addresses[upstream.name] = (CLIENT, free_port())
                continue
            pair = None
            if not isinstance(upstream.transport, PlainText):
                pair = {"stranger": certificates.stranger, "misnamed": certificates.misnamed}.get(mode, certificates.upstream)
            wants_client = not isinstance(upstream.transport, PlainText) and (upstream.transport.client or mode == "demanding")
            running = stack.enter_context(echo(pair, str(certificates.ca) if wants_client else None))
            echoes[upstream.name], addresses[upstream.name] = running, (CLIENT, running.port)
        redis = stack.enter_context(local_redis(gateway, folder / "redis"))
        local = localise(
            gateway,
            port=1,
            certificates=certificates,
            upstreams=addresses,
            provider=identity_provider(),
            sources=keys.sources,
            redis=redis,
        )
        yield Bench(local, certificates, echoes, keys)


@contextmanager
def local_redis(gateway: Gateway, folder: Path) -> Iterator[Redis | None]:
    """A Redis for a gateway that counts in one."""
    wanted = next((s.redis for s in gateway.store if s.redis), None)
    if wanted is None:
        yield None
        return
    with redis_server(folder) as server:
        yield replace(wanted, host=CLIENT, port=server.port, tls=None, username=None, password_file=None)


def program(name: str) -> Program:
    """How a gateway of this name is started."""
    return {"nginx": nginx, "envoy": envoy, "openresty": openresty, "envoy-xds": lambda: envoy("xds")}[name]()


def compile_for(name: str, gateway: Gateway, port: int, folder: Path) -> Output:
    """The files of a target for a listener on `port`."""
    local = replace(gateway, listener_tls=replace(gateway.listener_tls, port=port))
    if name == "openresty":
        return importlib.import_module("gwc.backends.kong.openresty").openresty_output(local)
    backend = importlib.import_module(f"gwc.backends.{name.partition('-')[0]}")
    return backend.compile(local, folder=str(folder)) if name == "kong" else backend.compile(local)


@contextmanager
def running(name: str, prepared: Bench, folder: Path) -> Iterator[Running]:
    """The gateway `name`, started with the files that gwc made for it."""
    if name == "kong":
        from tests.support.kong_process import kong_started  # noqa: PLC0415

        with kong_started(lambda port, place: compile_for(name, prepared.gateway, port, place), folder) as gateway:
            yield gateway
        return
    with started(
        program(name),
        lambda port, place: compile_for(name, prepared.gateway, port, place),
        folder,
        server_name=prepared.gateway.host_names.names[0],
        ca=prepared.certificates.ca,
    ) as gateway:
        yield gateway


def run_case(case: Case, name: str, gateway: Gateway, folder: Path) -> tuple[int, list[str]]:
    """Number of requests that were sent, and every disagreement with the model, in words."""
    with bench(case, gateway, folder) as prepared:
        with running(name, prepared, folder) as process:
            exchanges = list(run_steps(case, prepared, process.port))
            lines = settled_log(process, sum(e.answer.status > 0 for e in exchanges))
        wrong = [f"{e.step.name}: {text}" for e in exchanges for text in (*compare(e), *_compare_hsts(e, prepared.gateway))]
        return len(exchanges), wrong + log_disagreements(exchanges, lines, prepared.gateway)


def run_steps(case: Case, prepared: Bench, port: int) -> Iterator[Exchange]:
    """Sends the steps one after the other."""
    state = State()
    connections = Connections(port)
    with connections.stack:
        yield from _run_steps(case, prepared, connections, state)


def _run_steps(case: Case, prepared: Bench, connections: Connections, state: State) -> Iterator[Exchange]:
    port = connections.port
    for step in case.steps:
        time.sleep(step.spec.get("wait", 0))
        raw = step.raw(prepared.gateway)
        if "parallel" in step.spec:
            yield from _parallel(step, raw, prepared, port, state)
            continue
        for _ in range(step.repeat):
            verdict = prepared.judge(step, raw, state)
            name, offer = step.spec.get("connection"), prepared.offer(step)
            answer = connections.exchange(name, raw, offer) if name else exchange(port, raw, offer)
            yield Exchange(step, raw, verdict, answer, prepared.take())


def _parallel(step: Step, raw: bytes, prepared: Bench, port: int, state: State) -> Iterator[Exchange]:
    """Many at once: as many as the model allows must be allowed, whichever they are."""
    count = step.spec["parallel"]
    verdicts = [prepared.judge(step, raw, state) for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(lambda _: exchange(port, raw, prepared.offer(step)), range(count)))
    received = list(prepared.take())
    verdicts.sort(key=lambda v: v.forwarded is None)
    answers.sort(key=lambda a: bool(a.problem()))
    for verdict, answer in zip(verdicts, answers, strict=True):
        mine = [r for r in received if not answer.problem() and r.document() == _document(answer)][:1]
        for one in mine:
            received.remove(one)
        yield Exchange(step, raw, verdict, answer, tuple(mine))


def _document(answer: Answer) -> Any:
    """What the upstream said it saw."""
    return json.loads(answer.body) if answer.body.startswith(b"{") else None


# --- comparing ---------------------------------------------------------------------------------------------------------


def compare(done: Exchange) -> Iterator[str]:
    """What differs between the gateway and the model."""
    if done.step.expect.kind in {"free", "unreached"}:
        yield from _compare_lenient(done)
        return
    upstream_failed = done.step.expect.reason.startswith("upstream.")
    if done.verdict.forwarded and not upstream_failed:
        yield from _compare_allowed(done, done.verdict.forwarded)
    elif done.verdict.forwarded:
        expected = done.step.expect
        yield from _compare_refused(done, (Fault(expected.status, expected.reason),), may_reach_upstream=True)
    else:
        extra = tuple(fault(r) for r in done.step.any_reason)
        yield from _compare_refused(done, (*done.verdict.faults, *extra), may_reach_upstream=False)


def _compare_hsts(done: Exchange, gateway: Gateway) -> Iterator[str]:
    """Every answer says it once, whoever made it."""
    wanted, got = hsts(gateway.listener_tls), tuple(done.answer.values("strict-transport-security"))
    if done.answer.status > 0 and wanted != got:
        yield f"Strict-Transport-Security: {got}, expected {wanted}"


def _compare_lenient(done: Exchange) -> Iterator[str]:
    """Requests that some HTTP software repairs: refused, or repaired into one request without any trace of the fault."""
    if not done.received and (done.step.expect.kind == "unreached" or done.answer.problem().get("status", 0) >= 400):
        return
    if len(done.received) == 1 and done.verdict.forwarded and done.step.expect.kind == "free":
        yield from compare_forwarded(done.received[0], _without_named(done.received[0], done.verdict), done.verdict.request)
        return
    fields = [f for r in done.received for f in r.headers]
    clean = all(_NAME.match(k) and not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", v) for k, v in fields)
    if done.step.expect.kind == "unreached" or len(done.received) != 1 or not clean:
        yield f"answered {done.answer.status} {done.answer.why}, and the upstream received {done.received}"


def _without_named(got: Received, verdict: Verdict) -> ForwardedRequest:
    """What should arrive; fields that Connection names may be missing (RFC 9110 7.6.1), but not what the gateway sets."""
    assert verdict.forwarded is not None
    assert verdict.request is not None
    named = {n.strip().lower() for v in verdict.request.values("connection") for n in v.split(",")}
    gone = named - {k.lower() for k, _ in got.headers} - {*OVERWRITTEN, *IDENTITY}
    return replace(verdict.forwarded, headers=tuple(h for h in verdict.forwarded.headers if h[0] not in gone))


def _compare_allowed(done: Exchange, wanted: ForwardedRequest) -> Iterator[str]:
    problem = done.answer.problem()
    if done.answer.status != done.step.expect.status or problem:
        got = f"{done.answer.status} {problem.get('reason', '')} {done.answer.why}".strip()
        yield f"the model allows it, the gateway answers {got}; expected {done.step.expect.status}"
    if len(done.received) != 1:
        yield f"the upstream received {len(done.received)} requests"
        return
    yield from compare_forwarded(done.received[0], wanted, done.verdict.request)
    yield from _compare_fields(done, done.verdict.decision.headers if done.verdict.decision else ())
    is_document = (done.answer.value("content-type") or "").startswith("application/json")
    if is_document and done.answer.body and json.loads(done.answer.body) != done.received[0].document():
        yield "the upstream's answer was changed on its way back"


def _compare_fields(done: Exchange, wanted: Headers) -> Iterator[str]:
    """RateLimit fields are there when the model says so, and only then."""
    got = {name: tuple(done.answer.values(name)) for name in (POLICY, LEFT)}
    yield from field_disagreements(got, dict(wanted), is_timed="parallel" not in done.step.spec)


def compare_forwarded(got: Received, wanted: ForwardedRequest, request: Request | None) -> Iterator[str]:
    """What differs between what the upstream received and what it should have received."""
    if (got.method, got.target) != (wanted.method, wanted.target):
        yield f"forwarded as {got.method} {got.target}, expected {wanted.method} {wanted.target}"
    headers = Counter((k.lower(), v) for k, v in got.headers if k.lower() not in _FRAMING)
    for (name, value), count in (headers - Counter(wanted.headers)).items():
        yield f"the upstream received {name}: {value!r} {count} times too often"
    for (name, value), count in (Counter(wanted.headers) - headers).items():
        yield f"the upstream did not receive {name}: {value!r} ({count} times)"
    if (got.body_bytes, got.body_sha256) != (len(wanted.body), hashlib.sha256(wanted.body).hexdigest()):
        yield f"the upstream received a body of {got.body_bytes} bytes, expected {len(wanted.body)}"
    ids = got.values("x-request-id")
    if len(ids) != 1 or not ids[0] or (request and ids[0] in request.values("x-request-id")):
        yield f"X-Request-Id is not one value of the gateway's own: {ids}"
    if any(v.lower() not in {"keep-alive", "close", ""} for v in got.values("connection")):
        yield f"Connection: {got.values('connection')} reached the upstream"


def _compare_refused(done: Exchange, right: tuple[Fault, ...], *, may_reach_upstream: bool) -> Iterator[str]:
    if done.received and not may_reach_upstream:
        yield f"REACHED THE UPSTREAM: {done.received}"
    statuses = {f.status for f in right}
    if done.answer.status <= 0:
        if done.answer.status not in statuses:
            yield f"no answer ({done.answer.status} {done.answer.why}), expected {_words(right)}"
        return
    if done.step.spec.get("method") == "HEAD":
        if done.answer.status not in statuses:
            yield f"answered {done.answer.status}, expected {_words(right)}"
        return
    problem = done.answer.problem()
    reason = problem.get("reason", "no problem document")
    matching = [f for f in right if (f.status, f.reason) == (done.answer.status, reason)]
    if not matching:
        yield f"answered {done.answer.status} {reason} {told_errors(problem)}, expected {_words(right)}"
        return
    yield from _compare_form(done.answer, problem)
    if not any(f.errors == told_errors(problem) for f in matching):
        yield f"answered {done.answer.status} {reason} with the errors {told_errors(problem)}, expected {_words(right)}"
    complaints = [list(_compare_headers(done.answer, f)) for f in matching]
    yield from min(complaints, key=len)
    yield from _compare_fields(done, matching[0].headers)


def _words(right: tuple[Fault, ...]) -> str:
    return " or ".join(f"{f.status} {f.reason} {f.errors or ''}".rstrip() for f in right)


def told_errors(problem: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """The failures that a problem document names, as (in, pointer, keyword); another form is a value that nothing equals."""
    found = problem.get("errors", [])
    if not isinstance(found, list) or any(not isinstance(e, dict) or list(e) != ["in", "pointer", "keyword"] for e in found):
        return (("malformed", repr(found), ""),)
    return tuple((e["in"], e["pointer"], e["keyword"]) for e in found)


def _compare_form(answer: Answer, problem: dict[str, Any]) -> Iterator[str]:
    """RFC 9457, and nothing else in it."""
    validates = str(problem.get("reason")).startswith("validate.")
    if set(problem) != {"type", "title", "status", "reason", "requestId", *(["errors"] if validates else [])}:
        yield f"the problem document has the members {sorted(problem)}"
        return
    if problem["type"] != "about:blank" or problem["status"] != answer.status or not problem["requestId"]:
        yield f"the problem document is {problem}"
    if answer.status in TITLES and problem["title"] != TITLES[answer.status]:
        yield f"title {problem['title']!r}, expected {TITLES[answer.status]!r}"
    if answer.value("cache-control") != "no-store":
        yield f"Cache-Control: {answer.values('cache-control')}"


def _compare_headers(answer: Answer, wanted: Fault) -> Iterator[str]:
    for name, value in wanted.headers:
        got = answer.value(name)
        if name == "retry-after":
            if not got or not got.isdecimal() or int(got) < 1:
                yield f"Retry-After: {answer.values(name)}, expected a number of seconds"
        elif name not in (POLICY, LEFT) and got != value:
            yield f"{name}: {answer.values(name)}, expected {value}"


# --- the access log ------------------------------------------------------------------------------------------------------


def settled_log(process: Running, count: int, within_s: float = 3) -> list[dict[str, Any]]:
    """The log, as soon as it has `count` lines and no more came for a moment: gateways write it after the answer."""
    deadline, lines = time.monotonic() + within_s, process.log()
    while time.monotonic() < deadline:
        before, lines = len(lines), process.log()
        if count <= len(lines) == before:
            break
        time.sleep(0.12)
    return lines


def log_disagreements(exchanges: list[Exchange], lines: list[dict[str, Any]], gateway: Gateway) -> list[str]:
    """What the access log says otherwise than the model, and what it should not say at all."""
    answered = [e for e in exchanges if e.answer.status > 0]
    wrong = []
    if len(lines) != len(answered):
        wrong.append(f"log: {len(lines)} lines for {len(answered)} answers")
    by_id = {line.get("requestId"): line for line in lines}
    for done in (e for e in answered if e.step.expect.kind not in {"free", "unreached"}):
        line = by_id.get(done.request_id)
        if line is not None:
            wrong += [f"{done.step.name}: log: {text}" for text in _compare_line(done, line, gateway)]
        elif done.request_id is not None:
            wrong.append(f"{done.step.name}: log: no line with the request's id")
    text = json.dumps(lines)
    wrong += [f"log: a secret or a query is in it: {word}" for word in ("eyJ", "s3cr3t", "?") if word in text]
    return wrong


def _compare_line(done: Exchange, line: dict[str, Any], gateway: Gateway) -> Iterator[str]:
    if set(line) != {*MEMBERS, *([RESPONSE] if gateway.watches_responses else [])}:
        yield f"members {sorted(line)}"
        return
    if line.get(RESPONSE) != done.step.spec.get("response", line.get(RESPONSE)):
        yield f"response {line.get(RESPONSE)!r}, expected {done.step.spec['response']!r}"
    if not _TIME.match(line["time"]) or not isinstance(line["durationMs"], int | float) or line["durationMs"] < 0:
        yield f"time {line['time']!r}, durationMs {line['durationMs']!r}"
    if line["status"] != done.answer.status:
        yield f"status {line['status']!r}, the answer was {done.answer.status}"
    reason = done.answer.problem().get("reason", "allowed")
    if line["reason"] != reason:
        yield f"reason {line['reason']!r}, the answer said {reason!r}"
    if done.verdict.request and done.verdict.decision:
        yield from _compare_members(done, done.verdict.request, done.verdict.decision, line, gateway)


def _compare_members(done: Exchange, request: Request, decision: Decision, line: dict[str, Any], gateway: Gateway) -> Iterator[str]:
    peer = done.step.spec.get("source", CLIENT)
    wanted = expected_line(request, decision, client_of(gateway, request, peer) or peer)
    by_codec = line["reason"].startswith("normalise.")  # then it may not know what it could not read
    names = ["client", "method"]
    if is_canonical(request.target):
        names.append("path")
    if wanted["host"] in gateway.host_names.names and request.target.startswith("/"):
        names.append("host")
    if not by_codec and len(done.verdict.faults) < 2:
        names.append("operation")
        # Who was verified before a declared length or another credential was refused may be known or not.
        names += ["subject", "consumer"] if decision.reason.partition(".")[0] != "authn" and decision.reason != "body.size" else []
    for name in names:
        if line[name] != wanted[name] and not (by_codec and (line[name] == "-" or wanted[name].startswith(line[name]))):
            yield f"{name} {line[name]!r}, expected {wanted[name]!r}"
