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
from gwc.backends.envoy import chain, checks, lanes
from gwc.backends.envoy.document import render
from gwc.backends.envoy.lua import table, text
from gwc.backends.envoy.problem_details import PRIVATE_STATUS
from gwc.controls import STEMS, api_key, body, canonical_path, consumer, jwt, problem_details, rate_limit
from gwc.controls.authorization_rule import AuthorizationRule, ClaimCondition, ClaimSide
from gwc.controls.host_names import HostNames
from gwc.controls.jwt import FileKeys
from gwc.controls.security import Requirement, Security
from gwc.controls.side import PathSide
from tests.support.envoy_process import find
from tests.support.envoy_types import type_error
from tests.support.sample import JSON, NO_BODY, PUBLIC, examples, gateway, one, operation, with_node

HOSTILE = "HOSTILE\"'\\]]--%00%REQ(X)%\n\u2028${x}{{y}}/*"


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
    authority = trustme.CA()
    issued = authority.issue_cert("api.test")
    (folder / "server.pem").write_bytes(b"".join(b.bytes() for b in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(folder / "server.key")
    authority.cert_pem.write_to_path(folder / "partners.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    secrets = [{"kty": "oct", "kid": "hs1", "alg": "HS256", "k": "A" * 43}]
    (folder / "secret.json").write_text(json.dumps({"keys": secrets}))
    return re.sub(rb"/etc/(?:gw/tls|gw|ssl/certs)/", f"{folder}/".encode(), data)


def everything():
    """The sample with every way to have keys, and limits of a consumer."""
    base = gateway()
    jwts = tuple(
        replace(node, scheme=f"oauth{i}", issuer=f"https://{i}.example/") for i, node in enumerate(jwt.EXAMPLES) if i in {0, 6, 8, 9}
    )
    alternatives = tuple((Requirement(scheme=control.scheme, scopes=()),) for control in jwts)
    either = replace(base.operations[0], security=Security(alternatives=alternatives))
    key = operation("GET", "/v1/orders", one("partnerKey"), NO_BODY, "orders.listOrders")
    return replace(base, jwts=jwts, operations=(either, key), rules=(), consumers=(consumer.EXAMPLES[2],))


def lua_source(made) -> str:
    """The source of the filter that decides."""
    (found,) = find(made, lambda n: n.get("name") == chain.ACCESS and "typed_config" in n)
    return found["typed_config"]["default_source_code"]["inline_string"]


# --- form


@pytest.mark.parametrize("name", ["xds/bootstrap.json", "xds/cds.json"])
def test_golden(snapshot, name):
    assert compiled()[name].decode() == snapshot


def test_golden_chain(snapshot):
    """The listeners without what is long and generated: Lua, mappers and matchers have tests of their own."""
    document = json.loads(compiled(everything())["xds/lds.json"])
    (routes,) = find(document, lambda n: n.get("name") == "gateway" and "virtual_hosts" in n)
    routes["virtual_hosts"] = "..."
    for node in find(document, lambda n: "inline_string" in n or "mappers" in n):
        if "mappers" in node:
            node["mappers"] = len(node["mappers"])
        elif node["inline_string"].startswith("package"):
            node["inline_string"] = "..."
    assert render({"lds": document})["lds"].decode() == snapshot


def test_golden_clusters(snapshot):
    assert compiled(everything())["xds/cds.json"].decode() == snapshot


def test_golden_tables(snapshot):
    """What the Lua filter knows of the policy."""
    lines = lua_source(document(everything())).splitlines()
    assert "\n".join(line.replace("}, [", "},\n[") for line in lines if line.startswith("local DATA = ")) == snapshot


def test_golden_answer(snapshot):
    """One mapper of each kind."""
    (mappers,) = [n["mappers"] for n in find(document(), lambda n: "mappers" in n)]
    assert [mappers[0], mappers[1], mappers[-1]] == snapshot


def test_same_bytes():
    assert compiled() == compiled()


def test_both_forms_have_the_same_listeners_and_clusters():
    files = {name: json.loads(data) for name, data in compiled().items()}
    resources = files["envoy.json"]["static_resources"]
    for kind, name in (("listeners", "xds/lds.json"), ("clusters", "xds/cds.json")):
        watched = files[name]["resources"]
        assert resources[kind] == [{k: v for k, v in resource.items() if k != "@type"} for resource in watched]


def test_routes_are_part_of_the_listener():
    """With a file of their own, they would be of another policy than the filters for connections from before an update."""
    files = {name: json.loads(data) for name, data in compiled().items()}
    assert set(files) == {"envoy.json", "xds/bootstrap.json", "xds/cds.json", "xds/lds.json"}
    assert not find(files["xds/lds.json"], lambda n: "rds" in n)


def test_golden_routes(snapshot):
    assert render({"routes": _routes()})["routes"].decode() == snapshot


def test_types():
    assert type_error(document()) == ""
    assert type_error(document(everything())) == ""


def test_types_are_really_checked():
    """`envoy --mode validate` takes "yes" for a boolean and reads it as true."""
    made = document()
    find(made, lambda n: "normalize_path" in n)[0]["normalize_path"] = "yes"
    assert "normalizePath" in type_error(made) or "normalize_path" in type_error(made)


@pytest.mark.gateway
@pytest.mark.parametrize("source", [gateway, everything])
def test_envoy_validates(tmp_path, source):
    assert validate(tmp_path, with_certificates(compiled(source())["envoy.json"], tmp_path)) == ""


# --- nothing is dropped


def test_every_control_has_an_emitter():
    assert tuple(envoy.EMITTERS) == STEMS


def test_every_subject_has_a_line():
    output = envoy.compile(gateway())
    assert tuple((r.control, r.subject) for r in output.ledger) == subjects(gateway())
    lines = output.files["envoy.json"].decode().splitlines()
    by_key = {(r.control, r.subject): lines[r.line - 1] for r in output.ledger}
    assert '"orders.getOrder"' in by_key["routing", "orders.getOrder"]
    assert chain.ACCESS in by_key["security", "orders.getOrder"]
    assert '"per-ip"' in by_key["rate_limit", "per-ip"]
    assert chain.ACCESS in by_key["authorization_rule", "admin"]


def test_the_line_of_a_limited_consumer_is_that_of_its_buckets():
    output = envoy.compile(everything())
    lines = output.files["envoy.json"].decode().splitlines()
    assert [chain.QUOTA in lines[r.line - 1] for r in output.ledger if r.control == "consumer"] == [True]


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
    assert {
        ("jwt", "clock_skew_s"),
        ("rate_limit", "burst"),
        ("body", "max_bytes"),
        ("upstream", "transport"),
        ("zone", "networks"),
    } <= varied


# --- hostile text is data


@pytest.mark.gateway
def test_hostile_text_stays_text(tmp_path):
    """Every text that may come from a policy or a document, in every place where it ends up."""
    source = hostile()
    data = compiled(source)["envoy.json"]
    assert validate(tmp_path, with_certificates(data, tmp_path)) == ""
    made = json.loads(data)
    assert "HOSTILE" not in lua_source(made).replace(text(HOSTILE)[1:-1], "")
    assert [n["value"] for n in find(made, lambda n: n.get("key") == "consumer" and "value" in n)] == [HOSTILE]
    assert HOSTILE in find(made, lambda n: "requirement_map" in n)[0]["providers"]
    assert type_error(made) == ""


def hostile():
    base = everything()
    key = replace(base.jwts[0].source.keys[0], kid=HOSTILE)
    token = replace(
        base.jwts[0],
        scheme=HOSTILE,
        issuer=HOSTILE,
        audiences=(HOSTILE,),
        source=FileKeys(keys=(key, replace(jwt.EXAMPLES[6].source.keys[0], kid=HOSTILE + "2"))),
        algorithms=("ES256", "EdDSA"),
        typ=HOSTILE,
        scopes_claim=(HOSTILE,),
        roles_claim=(HOSTILE, HOSTILE),
        claims=((HOSTILE, (HOSTILE,)),),
    )
    limited = replace(base.consumers[0], id=HOSTILE, roles=(HOSTILE,))
    rule = AuthorizationRule(
        id=HOSTILE,
        operations=("orders.x",),
        scopes=(HOSTILE,),
        roles=(HOSTILE,),
        consumers=(HOSTILE,),
        zones=(HOSTILE,),
        claims=(ClaimCondition(name=HOSTILE, kind="oneOf", values=(HOSTILE,)),),
        equal=((ClaimSide(name=HOSTILE), PathSide(name="id")),),
    )
    return replace(
        base,
        operations=(*base.operations, operation("GET", "/v1/x/{id}", one(HOSTILE, HOSTILE), NO_BODY, "orders.x")),
        jwts=(token, *base.jwts),
        api_keys=(replace(base.api_keys[0], keys=(replace(base.api_keys[0].keys[0], consumer=HOSTILE),)),),
        basics=(replace(base.basics[0], scheme=HOSTILE + "b"),),
        mutual_tls=(replace(base.mutual_tls[0], names=(replace(base.mutual_tls[0].names[0], value=HOSTILE, consumer=HOSTILE),)),),
        consumers=(limited,),
        zones=(replace(base.zones[0], name=HOSTILE),),
        rules=(rule,),
        problem_details=problem_details.ProblemDetails(realm=HOSTILE),
    )


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


def _two_schemes(alternatives, **second):
    base = gateway()
    other = replace(base.jwts[0], scheme="other", **second)
    op = replace(base.operations[0], security=Security(alternatives=alternatives))
    return replace(base, jwts=(base.jwts[0], other), operations=(op, *base.operations[1:]))


_A, _B = (Requirement(scheme=s, scopes=()) for s in ("oauth", "other"))


def test_two_schemes_of_one_issuer_must_agree_about_keys():
    """A request can be verified with one key only: the second scheme's would be taken for the first one's."""
    same, other = jwt.EXAMPLES[0].source.keys[0], jwt.EXAMPLES[4].source.keys[0]
    for alternatives in (((_A, _B),), ((_A,), (_B,))):
        assert _refused(_two_schemes(alternatives, source=FileKeys(keys=(replace(other, kid=same.kid),)))) == ["security.alternatives"]
        assert _refused(_two_schemes(alternatives, source=jwt.EXAMPLES[9].source)) == ["security.alternatives"]
        assert compiled(_two_schemes(alternatives, source=FileKeys(keys=(same, other))))
        assert compiled(_two_schemes(alternatives, issuer="https://b/", source=FileKeys(keys=(replace(other, kid=same.kid),))))
        assert compiled(_two_schemes(alternatives, source=jwt.EXAMPLES[8].source, algorithms=("HS256",)))


def test_schemes_that_fetch_the_same_set_agree():
    remote = jwt.EXAMPLES[9].source
    base = _two_schemes(((_A,), (_B,)), source=remote)
    assert compiled(replace(base, jwts=tuple(replace(j, source=remote) for j in base.jwts)))
    elsewhere = (replace(base.jwts[0], source=replace(remote, path="/other")), base.jwts[1])
    assert _refused(replace(base, jwts=elsewhere)) == ["security.alternatives"]


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512", "EdDSA"])
def test_what_envoy_can_not_verify_with_fetched_keys(algorithm):
    base = gateway()
    remote = replace(base.jwts[0], source=jwt.EXAMPLES[9].source)
    assert _refused(replace(base, jwts=(replace(remote, algorithms=("ES256", algorithm)),))) == ["jwt.algorithms"]
    assert compiled(replace(base, jwts=(replace(remote, algorithms=("ES256", "ES512", "RS384")),)))


def test_limits_of_envoy_are_refused_and_the_last_good_values_are_not():
    base = gateway()
    assert _refused(replace(base, rate_limits=(replace(base.rate_limits[0], burst=2**32),))) == ["rate_limit.limit"]
    limited = consumer.EXAMPLES[2]
    for burst, expected in ((2**32 - 1, []), (2**32, ["consumer.limits"])):
        source = replace(base, consumers=(replace(limited, limits=(replace(limited.limits[0], burst=burst),)),))
        assert (_refused(source) if expected else []) == expected
        assert expected or compiled(source)


def test_all_problems_are_told_at_once():
    base = gateway()
    remote = replace(base.jwts[0], source=jwt.EXAMPLES[9].source, algorithms=("EdDSA",))
    limits = (replace(base.rate_limits[0], burst=2**32),)
    assert _refused(replace(base, rate_limits=limits, jwts=(remote,))) == ["rate_limit.limit", "jwt.algorithms"]


# --- what `envoy --mode validate` does not find


def _routes(source=None):
    return find(document(source), lambda n: n.get("name") == "gateway" and "virtual_hosts" in n)[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda route: route["typed_per_filter_config"].update({"gwc.authorisation": {}}),
        lambda route: route["typed_per_filter_config"].pop(chain.ACCESS),
        lambda route: route["typed_per_filter_config"][chain.ACCESS]["filter_context"].update(lane="l0"),
        lambda route: route["typed_per_filter_config"].pop(chain.BODY),
        lambda route: route.pop("metadata"),
        lambda route: route["typed_per_filter_config"].update({chain.TOKENS: {"requirement_name": "nothing"}}),
        lambda route: route.update(name="orders.other"),
    ],
    ids=[
        "a filter that is not there",
        "no decision",
        "the lane of another operation",
        "nothing behind the limits of consumers",
        "no limits",
        "a requirement that is not there",
        "an operation less",
    ],
)
def test_own_checks(spoil):
    source = replace(everything(), rate_limits=(replace(gateway().rate_limits[0], costs=(("orders.listOrders", 1),)),))
    known, routes = lanes.collect(source), _routes(source)
    checks.check_routes(known, routes)
    spoil(find(routes, lambda n: n.get("name") == "orders.listOrders")[0])
    with pytest.raises(AssertionError):
        checks.check_routes(known, routes)


def test_an_answer_of_the_gateway_turns_no_filter_on():
    known, routes = lanes.collect(gateway()), _routes()
    find(routes, lambda n: "direct_response" in n)[0]["typed_per_filter_config"] = {chain.ACCESS: {}}
    with pytest.raises(AssertionError):
        checks.check_routes(known, routes)


def test_private_statuses_are_taken_by_nobody_else():
    assert set(PRIVATE_STATUS) == set(problem_details.REASONS)
    assert all(520 <= s < 600 for s in PRIVATE_STATUS.values())
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
    limit = replace(base.rate_limits[0], costs=tuple(sorted((o.key, 1) for o in ops)))
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
def test_many_of_everything(tmp_path):
    """LuaJIT takes 65,536 constants in a function."""
    base = gateway()
    digests = tuple(replace(base.api_keys[0].keys[0], digest=f"{i:064x}", consumer=f"c{i}", not_before_s=i) for i in range(9000))
    consumers = tuple(replace(base.consumers[0], id=f"c{i}", roles=(f"r{i}",)) for i in range(9000))
    zone = replace(base.zones[0], networks=tuple(f"10.{i // 256}.{i % 256}.0/24" for i in range(40000)))
    values = tuple(f"v{i}" for i in range(1000))
    rules = tuple(
        replace(base.rules[0], id=f"rule{i}", claims=(ClaimCondition(name="sub", kind="oneOf", values=values),)) for i in range(40)
    )
    source = replace(
        base,
        api_keys=(replace(base.api_keys[0], keys=digests),),
        basics=(replace(base.basics[0], keys=digests),),
        consumers=consumers,
        zones=(zone,),
        rules=rules,
    )
    assert validate(tmp_path, with_certificates(compiled(source)["envoy.json"], tmp_path)) == ""


@pytest.mark.gateway
def test_a_gateway_without_operations_is_a_gateway(tmp_path):
    nothing = {"rate_limits": (), "jwts": (), "api_keys": (), "basics": (), "mutual_tls": (), "consumers": (), "zones": (), "rules": ()}
    data = compiled(replace(gateway(), operations=(), metrics=(), **nothing))["envoy.json"]
    assert validate(tmp_path, with_certificates(data, tmp_path)) == ""


def test_controls_of_the_sample_are_the_first_examples():
    """What `test_no_field_is_dropped` starts from."""
    assert gateway().jwts == (jwt.EXAMPLES[0],)
    assert gateway().api_keys == (api_key.EXAMPLES[0],)
    assert body.EXAMPLES[0] == JSON
    assert canonical_path.EXAMPLES[0] == gateway().canonical_path
    assert rate_limit.EXAMPLES[0].id == gateway().rate_limits[0].id
