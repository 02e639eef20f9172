"""The compiled documents: their form, that nothing is dropped, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
import trustme

from gwc.backends import envoy
from gwc.backends.base import TargetProblems, subjects
from gwc.backends.envoy import chain, checks
from gwc.backends.envoy.document import render
from gwc.backends.envoy.lua import table, text
from gwc.backends.envoy.problem_details import PRIVATE_STATUS
from gwc.controls import STEMS, api_key, body, canonical_path, jwt, problem_details, rate_limit
from gwc.controls.canonical_path import CanonicalPath
from gwc.controls.host_names import HostNames
from gwc.controls.security import Requirement, Security
from tests.support.envoy_process import find
from tests.support.envoy_types import type_error
from tests.support.sample import JSON, NO_BODY, PUBLIC, examples, gateway, one, operation, with_node

HOSTILE = "\"'\\]]--%00%REQ(X)%\n\u2028${x}{{y}}/*"


def compiled(source=None):
    return envoy.compile(gateway() if source is None else source).files


def document(source=None):
    return json.loads(compiled(source)["envoy.json"])


def validate(folder: Path, data: bytes) -> str:
    path = folder / "envoy.json"
    path.write_bytes(data)
    binary = shutil.which("envoy", path=str(Path(sys.executable).parent)) or "envoy"
    done = subprocess.run(
        [binary, "--mode", "validate", "-c", str(path), "-l", "error"], check=False, capture_output=True, text=True, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def with_certificates(data: bytes, folder: Path) -> bytes:
    """With the files that the policy names, so that Envoy can read them."""
    issued = trustme.CA().issue_cert("api.test")
    (folder / "c.pem").write_bytes(b"".join(b.bytes() for b in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(folder / "k.pem")
    return data.replace(b"/etc/gw/tls/server.pem", str(folder / "c.pem").encode()).replace(
        b"/etc/gw/tls/server.key", str(folder / "k.pem").encode()
    )


# --- form


@pytest.mark.parametrize("name", ["xds/bootstrap.json", "xds/cds.json", "xds/rds-gateway.json"])
def test_golden(snapshot, name):
    assert compiled()[name].decode() == snapshot


def test_golden_chain(snapshot):
    """The listener without what is long and generated: Lua, mappers and matchers have tests of their own."""
    (listener,) = json.loads(compiled()["xds/lds.json"])["resources"]
    for node in find(listener, lambda n: "inline_string" in n or "mappers" in n):
        if "mappers" in node:
            node["mappers"] = len(node["mappers"])
        else:
            node["inline_string"] = "..."
    assert render({"lds": listener})["lds"].decode() == snapshot


def test_golden_answer(snapshot):
    """One mapper of each kind."""
    (mappers,) = [n["mappers"] for n in find(document(), lambda n: "mappers" in n)]
    assert [mappers[0], mappers[1], mappers[-1]] == snapshot


def test_same_bytes():
    assert compiled() == compiled()


def test_both_forms_have_the_same_routes_and_listener():
    files = {name: json.loads(data) for name, data in compiled().items()}
    (listener,) = files["envoy.json"]["static_resources"]["listeners"]
    manager = find(listener, lambda n: "http_filters" in n)[0]
    routes = manager.pop("route_config")
    (watched,) = files["xds/rds-gateway.json"]["resources"]
    assert routes == {k: v for k, v in watched.items() if k != "@type"}
    (dynamic,) = files["xds/lds.json"]["resources"]
    other = find(dynamic, lambda n: "http_filters" in n)[0]
    assert other.pop("rds")["route_config_name"] == watched["name"]
    assert manager == other


def test_types():
    assert type_error(document()) == ""


def test_types_are_really_checked():
    """`envoy --mode validate` takes "yes" for a boolean and reads it as true."""
    made = document()
    find(made, lambda n: "normalize_path" in n)[0]["normalize_path"] = "yes"
    assert "normalizePath" in type_error(made) or "normalize_path" in type_error(made)


@pytest.mark.gateway
def test_envoy_validates_the_sample(tmp_path):
    assert validate(tmp_path, with_certificates(compiled()["envoy.json"], tmp_path)) == ""


# --- nothing is dropped


def test_every_control_has_an_emitter():
    assert tuple(envoy.EMITTERS) == STEMS


def test_every_subject_has_a_line():
    output = envoy.compile(gateway())
    assert tuple((r.control, r.subject) for r in output.ledger) == subjects(gateway())
    lines = output.files["envoy.json"].decode().splitlines()
    by_key = {(r.control, r.subject): lines[r.line - 1] for r in output.ledger}
    assert '"orders.getOrder"' in by_key["routing", "orders.getOrder"]
    assert chain.AUTHORIZATION in by_key["security", "orders.getOrder"]
    assert '"per-ip"' in by_key["rate_limit", "per-ip"]


def _changes():
    by_stem: dict[str, list[object]] = {}
    for stem, _, node in examples():
        by_stem.setdefault(stem, []).append(node)
    return [(stem, i, nodes[0], node) for stem, nodes in by_stem.items() for i, node in enumerate(nodes[1:], 1)]


@pytest.mark.parametrize(("stem", "number", "base", "node"), _changes(), ids=lambda v: str(v) if isinstance(v, (str, int)) else "")
def test_no_field_is_dropped(stem, number, base, node):
    """Every change of a field changes the output, or is refused."""
    whole = replace(gateway(), operations=gateway().operations[3:4]) if stem == "routing" else gateway()
    try:
        changed = compiled(with_node(whole, node))
    except TargetProblems:
        return
    assert changed != compiled(with_node(whole, base))


def test_every_field_is_varied():
    varied = {(stem, f.name) for stem, _, base, node in _changes() for f in fields(node) if getattr(base, f.name) != getattr(node, f.name)}
    assert {("jwt", "clock_skew_s"), ("rate_limit", "burst"), ("body", "max_bytes"), ("upstream", "transport")} <= varied


# --- hostile text is data


@pytest.mark.gateway
def test_hostile_text_stays_text(tmp_path):
    base = gateway()
    scoped = operation("GET", "/v1/x", one("oauth", HOSTILE), NO_BODY, "orders.x")
    source = replace(
        base,
        operations=(*base.operations, scoped),
        jwts=(replace(base.jwts[0], issuer=HOSTILE, audiences=(HOSTILE,), keys=(replace(base.jwts[0].keys[0], kid=HOSTILE),)),),
        api_keys=(replace(base.api_keys[0], keys=(replace(base.api_keys[0].keys[0], consumer=HOSTILE),)),),
        problem_details=problem_details.ProblemDetails(realm="a%REQ(X)%{}[[]]$"),
    )
    data = compiled(source)["envoy.json"]
    assert validate(tmp_path, with_certificates(data, tmp_path)) == ""
    made = json.loads(data)
    assert [n["issuer"] for n in find(made, lambda n: "issuer" in n)] == [HOSTILE]
    challenges = [
        h["header"]["value"]
        for n in find(made, lambda n: "body_format_override" in n)
        for h in n["headers_to_add"]
        if h["header"]["key"] == "www-authenticate"
    ]
    assert challenges
    assert all(c.startswith('Bearer realm="a%%REQ(X)%%{}[[]]$"') for c in challenges)


def test_lua_text_can_not_end_early():
    assert text('a"]]\\\n%') == '"a\\034\\093\\093\\092\\010\\037"'
    assert table({"a": [1, True, "x"]}) == '{["a"] = {1, true, "x"}}'
    with pytest.raises(TypeError):
        table(None)


# --- what can't be had exactly


def _refused(source) -> list[str]:
    with pytest.raises(TargetProblems) as caught:
        envoy.compile(source)
    return [f"{p.stem}.{p.field}" for p in caught.value.problems]


def _two_issuers(second_issuer: str, *alternatives):
    base = gateway()
    other = replace(base.jwts[0], scheme="other", issuer=second_issuer)
    op = replace(base.operations[0], security=Security(alternatives=alternatives))
    return replace(base, jwts=(base.jwts[0], other), operations=(op, *base.operations[1:]))


def test_two_tokens_at_once_are_refused():
    a, b = (Requirement(scheme=s, scopes=()) for s in ("oauth", "other"))
    assert _refused(_two_issuers("https://b/", (a, b))) == ["security.alternatives"]
    assert _refused(_two_issuers(gateway().jwts[0].issuer, (a,), (b,))) == ["security.alternatives"]
    assert compiled(_two_issuers("https://b/", (a,), (b,)))


def test_limits_of_envoy_are_refused_and_the_last_good_values_are_not():
    base = gateway()
    assert compiled(replace(base, canonical_path=CanonicalPath(max_uri_bytes=16384)))
    assert _refused(replace(base, canonical_path=CanonicalPath(max_uri_bytes=16385))) == ["canonical_path.max_uri_bytes"]
    assert _refused(replace(base, rate_limits=(replace(base.rate_limits[0], burst=2**32),))) == ["rate_limit.limit"]
    assert _refused(replace(base, jwts=(replace(base.jwts[0], scopes_claim="sub"),))) == ["jwt.scopes_claim"]


def test_all_problems_are_told_at_once():
    base = gateway()
    source = replace(base, canonical_path=CanonicalPath(max_uri_bytes=99999), jwts=(replace(base.jwts[0], scopes_claim="aud"),))
    assert _refused(source) == ["canonical_path.max_uri_bytes", "jwt.scopes_claim"]


# --- what `envoy --mode validate` does not find


def _routes(source=None):
    return json.loads(compiled(source)["xds/rds-gateway.json"])["resources"][0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda route: route["typed_per_filter_config"].update({"gwc.authorisation": {}}),
        lambda route: route["typed_per_filter_config"].pop(chain.AUTHORIZATION),
        lambda route: route["typed_per_filter_config"].pop(chain.BODY),
        lambda route: route.pop("metadata"),
        lambda route: route["typed_per_filter_config"].update({chain.TOKENS: {"requirement_name": "nothing"}}),
        lambda route: route.update(name="orders.other"),
    ],
    ids=[
        "a filter that is not there",
        "no authorisation",
        "no body rule",
        "no limits",
        "a requirement that is not there",
        "an operation less",
    ],
)
def test_own_checks(spoil):
    routes = _routes()
    checks.check_routes(gateway(), routes, {"oauth"})
    spoil(find(routes, lambda n: n.get("name") == "orders.getHealth")[0])
    with pytest.raises(AssertionError):
        checks.check_routes(gateway(), routes, {"oauth"})


def test_private_statuses_are_taken_by_nobody_else():
    assert set(PRIVATE_STATUS) == set(problem_details.REASONS)
    assert all(550 <= s < 600 for s in PRIVATE_STATUS.values())
    assert not set(PRIVATE_STATUS.values()) & {*problem_details.REASONS.values(), *problem_details.CORE_REASONS}


def test_nothing_of_the_machine_is_in_the_output():
    for data in compiled().values():
        assert str(Path.cwd()).encode() not in data
        assert not re.search(rb"20[2-9][0-9]-[01][0-9]-[0-3][0-9]", data)


# --- scale


def _large():
    base = gateway()
    ops = [
        operation(
            method,
            f"/repos/{{owner}}/{{repo}}/{chr(97 + i % 26)}{i}/{{id}}",
            PUBLIC,
            JSON if method == "POST" else NO_BODY,
            f"o.{method}{i}",
        )
        for i in range(400)
        for method in ("DELETE", "GET", "POST")
    ]
    ops.sort(key=lambda o: (o.route.template.text, o.route.method))
    limit = replace(base.rate_limits[0], operations=tuple(sorted(o.key for o in ops)))
    return replace(base, operations=tuple(ops), rate_limits=(limit,), host_names=HostNames(names=("api.test",)))


@pytest.mark.gateway
def test_a_thousand_operations(tmp_path):
    started = time.process_time()
    files = compiled(_large())
    assert time.process_time() - started < 6  # seconds; about 1 on an idle machine
    assert len(files["envoy.json"]) < 8_000_000
    assert validate(tmp_path, with_certificates(files["envoy.json"], tmp_path)) == ""


@pytest.mark.gateway
@pytest.mark.parametrize("count", [1, 8000, 8001, 70000])
def test_many_keys(tmp_path, count):
    base = gateway()
    keys = tuple(replace(base.api_keys[0].keys[0], digest=f"{i:064x}", consumer=f"c{i}", not_before_s=i) for i in range(count))
    data = compiled(replace(base, api_keys=(replace(base.api_keys[0], keys=keys),)))["envoy.json"]
    assert validate(tmp_path, with_certificates(data, tmp_path)) == ""


@pytest.mark.gateway
def test_a_gateway_without_operations_is_a_gateway(tmp_path):
    data = compiled(replace(gateway(), operations=(), rate_limits=(), jwts=(), api_keys=()))["envoy.json"]
    assert validate(tmp_path, with_certificates(data, tmp_path)) == ""


def test_controls_of_the_sample_are_the_first_examples():
    """What `test_no_field_is_dropped` starts from."""
    assert gateway().jwts == (jwt.EXAMPLES[0],)
    assert gateway().api_keys == (api_key.EXAMPLES[0],)
    assert body.EXAMPLES[0] == JSON
    assert canonical_path.EXAMPLES[0] == gateway().canonical_path
    assert rate_limit.EXAMPLES[0].id == gateway().rate_limits[0].id
