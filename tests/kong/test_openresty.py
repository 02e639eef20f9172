"""The Lua core in a real NGINX: what the cases of the conformance suite do not ask for."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from gwc.backends.base import Output
from gwc.backends.kong.openresty import openresty_output
from gwc.local.certificates import client_certificate, write_certificates
from gwc.local.echo import echo
from gwc.local.localise import localise
from gwc.local.processes import NotStarted, openresty, started
from gwc.semantics import Caller, Refusal, State, decide, faults, parse
from tests.conformance.conformance_hosts import require
from tests.lua.identity_traffic import ACME, URI, identity_gateway, identity_traffic
from tests.lua.traffic import CLIENT, request, rich_gateway, traffic
from tests.support.requests import Offer, exchange
from tests.support.sample import NO_BODY, PUBLIC, address_limit, gateway, operation
from tests.support.tokens import identity_provider, token_for

pytestmark = pytest.mark.gateway


@contextmanager
def serving(source, folder, change=lambda output: output, certificates=None, sources=None):
    """The gateway on a real NGINX with an echo for each upstream: (localised gateway, port, echoes by name)."""
    require("openresty")
    certificates = certificates or write_certificates(folder / "tls", source.host_names.names, ())
    with ExitStack() as stack:
        echoes = {u.name: stack.enter_context(echo(None, None)) for u in source.upstreams}
        addresses = {name: ("127.0.0.1", e.port) for name, e in echoes.items()}
        local = localise(source, port=1, certificates=certificates, upstreams=addresses, provider=identity_provider(), sources=sources)

        def compiled(port, _):
            return change(openresty_output(replace(local, listener_tls=replace(local.listener_tls, port=port))))

        running = stack.enter_context(started(openresty(), compiled, folder, server_name=source.host_names.names[0], ca=certificates.ca))
        yield local, running, echoes


@pytest.mark.parametrize(
    ("source", "sent"),
    [(rich_gateway(), traffic(rich_gateway())), (identity_gateway(), identity_traffic(identity_gateway()))],
    ids=["rich", "identity"],
)
def test_all_traffic(tmp_path, count_requests, source, sent):
    """Everything that the core and the fake Kong were asked, on a real server: decision, status, reason, headers at the upstream."""
    wrong = []
    certificates = write_certificates(tmp_path / "tls", source.host_names.names, ())
    with serving(source, tmp_path, certificates=certificates) as (local, running, echoes):
        for one in sent:
            pair = one.certificate and client_certificate(certificates, one.certificate.uris, one.certificate.dns_names)
            answer = exchange(running.port, one.raw, Offer(one.sni, certificate=pair))
            received = [(name, r) for name, e in echoes.items() for r in e.take()]
            wrong += [f"{one.name}: {text}" for text in _differences(local, one, answer, received)]
        assert "[error]" not in running.complaints()
    count_requests("openresty", len(sent), len(wrong))
    assert not wrong, "\n".join(wrong)


def _differences(local, one, answer, received):
    problem, parsed, now_s = answer.problem(), parse(one.raw), time.time()
    if isinstance(parsed, Refusal):
        possible, wanted = parsed.faults, None
    else:
        possible = faults(local, parsed, Caller(one.sni, CLIENT, now_s, one.certificate))
        decision = decide(local, parsed, sni=one.sni, client=CLIENT, now_s=now_s, state=State(), certificate=one.certificate)
        wanted = decision.forwarded
    if wanted is None:
        if received or (answer.status, problem.get("reason")) not in {(f.status, f.reason) for f in possible}:
            yield f"{answer.status} {problem.get('reason')}, expected one of {possible}"
        return
    if len(received) != 1 or problem:
        yield f"{answer.status} {problem.get('reason')} instead of forwarding, {len(received)} requests"
        return
    ((name, seen),) = received
    framing = {"content-length", "transfer-encoding", "connection", "x-request-id", "expect"}
    headers = sorted((k.lower(), v) for k, v in seen.headers if k.lower() not in framing)
    if (name, seen.method, seen.target, headers, seen.body_bytes) != (
        wanted.upstream,
        wanted.method,
        wanted.target,
        list(wanted.headers),
        len(wanted.body),
    ):
        yield f"the upstream {name} received {seen}, expected {wanted}"


def limited(burst):
    operations = (operation("GET", "/x", PUBLIC, NO_BODY, "o.x"),)
    limits = (address_limit(id="l", limit=1, window_s=3600, burst=burst, operations=("o.x",)),)
    return gateway(operations=operations, rate_limits=limits, jwts=(), api_keys=())


@pytest.mark.parametrize("burst", [5, 23])
def test_exactly_the_burst_passes_at_once(tmp_path, burst):
    """Two workers, sixty requests at the same time, three times: the lock holds."""
    with serving(limited(burst), tmp_path) as (_, running, _echoes):
        raw = request("", "GET /x").raw
        with ThreadPoolExecutor(30) as pool:
            answers = list(pool.map(lambda _: exchange(running.port, raw, Offer("api.test")), range(60)))
    statuses = [a.status for a in answers]
    assert (statuses.count(200), statuses.count(429)) == (burst, 60 - burst)
    assert all(int(a.value("retry-after")) >= 1 for a in answers if a.status == 429)


def test_thousands_of_operations(tmp_path):
    operations = tuple(operation("GET", f"/r{n}/{{id}}/s", PUBLIC, NO_BODY, f"o.{n}") for n in range(3000))
    with serving(gateway(operations=operations, rate_limits=(), jwts=(), api_keys=()), tmp_path) as (_, running, _echoes):
        assert exchange(running.port, request("", "GET /r2999/x/s").raw, Offer("api.test")).status == 200
        assert exchange(running.port, request("", "GET /r3000/x/s").raw, Offer("api.test")).status == 404


def edited(name: str, old: str, new: str):
    def change(output: Output) -> Output:
        text = output.files[name].decode()
        assert text.count(old) == 1
        return Output({**output.files, name: text.replace(old, new).encode()}, output.ledger)

    return change


def test_an_exception_denies(tmp_path):
    """An error in the middle of the decision: 500 in the form of gwc, and nothing reaches the upstream."""
    broken = edited("lua/gwc/decide.lua", "local methods = routing.find(", "error('x') local methods = routing.find(")
    with serving(gateway(), tmp_path, broken) as (_, running, echoes):
        answer = exchange(running.port, request("", "GET /v1/health").raw, Offer("api.test"))
        assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
        assert not echoes["orders"].take()


@pytest.mark.parametrize(
    ("module", "place", "line"),
    [
        ("jwt", "local key, reason = verifying_key(control, token, r)", "GET /i/token"),
        ("libcrypto", "local context = C.EVP_MD_CTX_new()", "GET /i/token"),
        ("api_key", "local presented = values[1]", f"GET /i/query?api_key={ACME}"),
        ("authorization", "local refusal = refused(core,", f"GET /i/admin?api_key={ACME}"),
        ("certificate", "return M.names(", "GET /i/certificate"),
    ],
)
def test_an_exception_in_a_check_denies_and_others_go_on(tmp_path, module, place, line):
    """500 for the requests that need the check, on every try; an operation without it is served by the same workers."""
    source = identity_gateway()
    certificates = write_certificates(tmp_path / "tls", source.host_names.names, ())
    offer = Offer("api.test", certificate=client_certificate(certificates, [URI], [])) if module == "certificate" else Offer("api.test")
    broken = edited(f"lua/gwc/{module}.lua", place, f"error('secret of the check') {place}")
    with serving(source, tmp_path, broken, certificates) as (local, running, echoes):
        token = [f"Authorization: Bearer {token_for(local.jwts[0], {})}"] if line == "GET /i/token" else []
        for _ in range(6):
            answer = exchange(running.port, request("", line, *token).raw, offer)
            assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
            assert b"secret" not in answer.body
        assert not echoes["orders"].take()
        for _ in range(6):
            assert exchange(running.port, request("", "GET /i/optional").raw, Offer("api.test")).status == 200


def test_a_request_that_nothing_decides_is_an_error(tmp_path):
    undecided = edited("nginx.conf", 'access_by_lua_block { require("gwc.host_openresty").access() }', "")
    with serving(gateway(), tmp_path, undecided) as (_, running, echoes):
        assert exchange(running.port, request("", "GET /v1/health").raw, Offer("api.test")).status == 500
        assert not echoes["orders"].take()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nginx.conf", "lua_shared_dict gwc_limits 1m;", ""),
        ("nginx.conf", "lua_shared_dict gwc_limit_per-ip ", "lua_shared_dict gwc_limit_other "),
        ("lua/gwc/data.lua", 'crv = "P-256", x = "', 'crv = "P-256", x = "AAAA'),
    ],
)
def test_what_is_missing_or_broken_stops_the_start(tmp_path, name, old, new):
    with pytest.raises(NotStarted), serving(gateway(), tmp_path, edited(name, old, new)):
        pass


def test_the_output_is_deterministic_and_checked_by_nginx(tmp_path):
    assert openresty_output(gateway()).files == openresty_output(gateway()).files
    with serving(gateway(), tmp_path) as (_, running, _echoes):
        command = ["/usr/sbin/nginx", "-t", "-p", f"{running.folder}/", "-c", "nginx.conf", "-e", "stderr"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
