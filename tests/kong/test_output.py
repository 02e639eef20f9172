"""The compiled files: their form, what is refused, and that equal policies give equal bytes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from gwc.backends import kong
from gwc.backends.base import TargetProblems, subjects
from gwc.backends.kong.openresty import openresty_output
from gwc.backends.kong.upstream import key_variable
from gwc.controls import listener_tls, upstream
from gwc.controls.api_key import NEVER_S, KeyDigest
from gwc.controls.base import FileRef
from gwc.controls.consumer import Consumer, ConsumerLimit
from gwc.controls.jwt import RemoteKeys, SecretKeys
from gwc.controls.metrics import Metrics
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.controls.upstream import ClientCertificate, PlainText, VerifiedTls
from gwc.controls.zone import Zone
from gwc.local.certificates import write_certificates
from tests.lua.lua_core import Core
from tests.support.kong_process import client_keys
from tests.support.sample import NO_BODY, PUBLIC, gateway, operation


@pytest.mark.parametrize("name", ["kong.yml", "kong.conf", "nginx-http.conf", "nginx-proxy.conf", "lua/gwc/data.lua"])
def test_golden(snapshot, name):
    """The form of the files; the digest changes with every line of the runtime."""
    files = {n: data.decode() for n, data in kong.compile(gateway()).files.items()}
    digest = json.loads(files["kong.yml"])["plugins"][0]["config"]["digest"]
    assert files[name].replace(digest, "<digest>") == snapshot


def test_files():
    assert {n for n in kong.compile(gateway()).files if "/" not in n} == {"kong.yml", "kong.conf", "nginx-http.conf", "nginx-proxy.conf"}


def _tls(certificates, **changed):
    transport = VerifiedTls(
        server_name="orders.internal",
        ca=FileRef(path=str(certificates.ca)),
        client=ClientCertificate(
            certificate=FileRef(path=str(certificates.client.certificate)), private_key=FileRef(path=str(certificates.client.private_key))
        ),
    )
    return replace(upstream.EXAMPLES[0], transport=replace(transport, **changed))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return write_certificates(tmp_path_factory.mktemp("run") / "tls", ("api.test",), ("orders.internal",))


def document(source):
    return json.loads(kong.compile(source).files["kong.yml"])


def test_upstreams_are_verified(certificates):
    made = document(gateway(upstreams=(_tls(certificates),)))
    (service,) = made["services"]
    (authority,) = made["ca_certificates"]
    (own,) = made["certificates"]
    assert service["protocol"] == "https"
    assert service["tls_verify"] is True
    assert service["ca_certificates"] == [authority["id"]]
    assert authority["cert"].strip() == certificates.ca.read_text().strip()
    assert service["client_certificate"] == own["id"]
    assert service["host"] == "gwc-closed"
    assert made["upstreams"][0]["host_header"] == "orders.internal"


def test_without_tls_the_fields_of_tls_are_absent():
    (service,) = document(gateway())["services"]
    assert not {"tls_verify", "ca_certificates", "client_certificate", "tls_verify_depth"} & set(service)


def test_no_private_key_is_read_or_written(certificates):
    certificates.client.private_key.chmod(0o000)
    output = kong.compile(gateway(upstreams=(_tls(certificates),)))
    certificates.client.private_key.chmod(0o600)
    secret = certificates.client.private_key.read_text().splitlines()[1]
    assert not any(secret.encode() in data for data in output.files.values())
    (own,) = json.loads(output.files["kong.yml"])["certificates"]
    assert own["key"] == "{vault://env/gwc-upstream-orders-key}"


def test_the_variable_of_a_key_is_found_by_the_runner(certificates):
    source = _tls(certificates)
    assert key_variable(replace(source, name="a_B-c")) == "GWC_UPSTREAM_A_B_C_KEY"
    keys = client_keys(document(gateway(upstreams=(source,))), certificates.ca.parent.parent)
    assert keys == {key_variable(source): certificates.client.private_key.read_text()}


@pytest.mark.parametrize("field", ["ca", "client"])
def test_a_missing_certificate_is_refused_by_name(certificates, tmp_path, field):
    gone = FileRef(path=str(tmp_path / "gone.pem"))
    changed = gone if field == "ca" else ClientCertificate(certificate=gone, private_key=gone)
    with pytest.raises(TargetProblems, match=r"transport.*gone\.pem"):
        kong.compile(gateway(upstreams=(_tls(certificates, **{field: changed}),)))


@pytest.mark.parametrize("content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "\xff"])
def test_a_file_without_a_certificate_is_refused(certificates, tmp_path, content):
    file = tmp_path / "odd.pem"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(TargetProblems, match=r"odd\.pem"):
        kong.compile(gateway(upstreams=(_tls(certificates, ca=FileRef(path=str(file))),)))


def test_every_certificate_of_a_bundle_is_an_authority(certificates, tmp_path):
    bundle = tmp_path / "bundle.pem"
    other = write_certificates(tmp_path / "tls", ("x.test",), ())
    bundle.write_text("# ours\r\n" + certificates.ca.read_text() + "\n# theirs\n" + other.ca.read_text())
    made = document(gateway(upstreams=(_tls(certificates, ca=FileRef(path=str(bundle))),)))
    assert len(made["ca_certificates"]) == 2
    assert made["services"][0]["ca_certificates"] == [c["id"] for c in made["ca_certificates"]]


def test_unequal_transports_are_refused(certificates):
    one = _tls(certificates)
    other = replace(one, name="second")
    for changed in (replace(other, transport=PlainText()), replace(other, transport=replace(other.transport, client=None))):
        with pytest.raises(TargetProblems, match=r"upstream\.transport"):
            kong.compile(gateway(upstreams=(one, changed)))


def test_server_names_ports_and_timeouts_may_differ(certificates):
    one = _tls(certificates)
    other = replace(one, name="second", port=9002, response_timeout_ms=1, transport=replace(one.transport, server_name="second.internal"))
    made = document(gateway(upstreams=(one, other)))
    assert [u.get("host_header") for u in made["upstreams"]] == ["orders.internal", "second.internal", None]
    assert made["upstreams"][1]["targets"][0]["target"] == "127.0.0.1:9002"


@pytest.mark.parametrize(("host", "target"), [("::1", "[::1]:9000"), ("127.0.0.1", "127.0.0.1:9000"), ("a.test", "a.test:9000")])
def test_targets(host, target):
    made = document(gateway(upstreams=(replace(upstream.EXAMPLES[0], host=host),)))
    assert made["upstreams"][0]["targets"] == [{"target": target, "weight": 100}]


def test_listener():
    settings = kong.compile(gateway(listener_tls=replace(listener_tls.EXAMPLES[0], address="::1", profile="mozilla-modern-6.0"))).files[
        "kong.conf"
    ]
    assert b"proxy_listen = [::1]:8443 ssl\n" in settings
    assert b"ssl_protocols = TLSv1.3\n" in settings


def test_the_lacking_group_is_said(certificates):
    output = kong.compile(gateway())
    assert [("X25519MLKEM768" in n.message, n.span) for n in output.notes] == [(True, gateway().listener_tls.span)]
    assert b"ssl_ecdh_curve X25519:prime256v1:secp384r1;" in output.files["nginx-proxy.conf"]


_REMOTE = RemoteKeys(host="id.example.com", port=443, path="/k", ca=FileRef(path="/etc/gw/idp.pem"), cache_for_s=60, max_stale_s=60)


def _fetched(*sources):
    controls = tuple(replace(gateway().jwts[0], scheme=f"oauth{n}", source=s) for n, s in enumerate(sources))
    return gateway(jwts=(*controls, *gateway().jwts))


def test_connections_to_identity_providers_are_verified():
    files = kong.compile(_fetched(_REMOTE, replace(_REMOTE, host="other.example.com"))).files
    for line in (
        b"lua_ssl_trusted_certificate = /etc/gw/idp.pem\n",
        b"lua_ssl_verify_depth = 4\n",
        b"lua_ssl_protocols = TLSv1.2 TLSv1.3\n",
    ):
        assert line in files["kong.conf"]
    assert b"lua_shared_dict gwc_keys 3m;\n" in files["nginx-http.conf"]
    plain = kong.compile(gateway()).files
    assert b"lua_ssl_trusted_certificate" not in plain["kong.conf"]
    assert b"gwc_keys" not in plain["nginx-http.conf"]


def test_two_bundles_for_identity_providers_are_refused():
    """One file of certificates is trusted by all of Kong's connections: with two, each would be good for both providers."""
    other = replace(_REMOTE, ca=FileRef(path="/etc/gw/other.pem"))
    for compiled in (kong.compile, openresty_output):
        with pytest.raises(TargetProblems, match=r"jwt\.source\.ca.*same ca|jwt\.source\.ca"):
            compiled(_fetched(_REMOTE, other))
    with pytest.raises(TargetProblems, match=r"source\.ca"):
        kong.compile(_fetched(replace(_REMOTE, ca=FileRef(path="/etc/gw/a b.pem"))))


@pytest.mark.parametrize(("mode", "directive"), [("optional", "optional"), ("required", "on")])
def test_client_certificates(mode, directive):
    listener = gateway().listener_tls
    asked = replace(listener, client_certificates=replace(listener.client_certificates, mode=mode))
    settings = kong.compile(gateway(listener_tls=asked)).files["kong.conf"].decode()
    assert f"nginx_proxy_ssl_verify_client = {directive}\n" in settings
    assert "nginx_proxy_ssl_client_certificate = /etc/gw/tls/partners.pem\n" in settings
    nobody = kong.compile(gateway(listener_tls=replace(listener, client_certificates=None), mutual_tls=())).files["kong.conf"]
    assert b"ssl_verify_client" not in nobody
    with pytest.raises(TargetProblems, match=r"listener_tls\.client_certificates"):
        kong.compile(gateway(listener_tls=replace(asked, client_certificates=replace(asked.client_certificates, ca=FileRef(path="/a b")))))


def test_metrics_have_a_server_of_their_own():
    lines = kong.compile(gateway(metrics=(Metrics(address="::1", port=9000),))).files["nginx-http.conf"].decode()
    assert lines.count("listen ") == 1
    assert "  listen [::1]:9000;\n" in lines
    assert "lua_shared_dict gwc_metrics 2m;\n" in lines
    without = kong.compile(gateway(metrics=())).files["nginx-http.conf"]
    assert b"listen" not in without
    assert b"gwc_metrics" not in without


def test_secrets_are_named_and_never_read(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"keys":[{"kty":"oct","kid":"a","alg":"HS256","k":"Y2FuYXJ5"}]}')
    secret.chmod(0o000)
    control = replace(gateway().jwts[0], algorithms=("HS256",), source=SecretKeys(file=FileRef(path=str(secret))))
    for output in (kong.compile(gateway(jwts=(control,))), openresty_output(gateway(jwts=(control,)))):
        text = b"".join(output.files.values())
        assert str(secret).encode() in text
        assert b"Y2FuYXJ5" not in text


def _many() -> dict[str, Any]:
    """Thousands of everything that a policy may have thousands of."""
    limit = ConsumerLimit(id="all", limit=1, window_s=1, burst=1)
    consumers = tuple(Consumer(id=f"c{n:05}", roles=tuple(f"r{n % 7}{k}" for k in range(8)), limits=(limit,)) for n in range(8000))
    keys = tuple(KeyDigest(digest=f"{n:064x}", consumer=f"c{n:05}", not_before_s=0, expires_s=NEVER_S) for n in range(8000))
    names = tuple(CertificateName(kind="uri", value=f"urn:{n:05}", consumer=f"c{n:05}") for n in range(8000))
    rule = replace(gateway().rules[0], consumers=tuple(c.id for c in consumers[:400]))
    return {
        "consumers": consumers,
        "api_keys": (replace(gateway().api_keys[0], keys=keys),),
        "mutual_tls": (MutualTls(scheme="mtls", names=names),),
        "zones": (Zone(name="corp", networks=tuple(f"10.{n >> 8}.{n & 255}.0/24" for n in range(8000))),),
        "rules": tuple(replace(rule, id=f"r{n:03}") for n in range(500)),
    }


def test_no_table_is_too_long_for_a_function_of_lua():
    """LuaJIT takes 65,536 constants in one function: the tables are filled by several, and nothing is lost on the way."""
    many = _many()
    core = Core(gateway(**many))
    data = core.data
    assert len(list(data.consumers.keys())) == len(list(data.mutual_tls.mtls.uris.keys())) == 8000
    assert len(list(data.api_keys.partnerKey["keys"].keys())) == 8000
    assert len(list(data.zones.corp.keys())) == 8000
    assert len(list(data.rules.keys())) == 500
    assert data.consumers["c07999"].roles["r5" + "7"] is True
    rows = {(r.control, r.subject): r.line for r in kong.compile(gateway(**many)).ledger}
    lines = kong.compile(gateway(**many)).files["lua/gwc/data.lua"].decode().splitlines()
    assert '"c07999"' in lines[rows["consumer", "c07999"] - 1]
    assert '"r499"' in lines[rows["authorization_rule", "r499"] - 1]


def test_all_problems_are_told_at_once(tmp_path):
    source = gateway(
        listener_tls=replace(listener_tls.EXAMPLES[0], certificate=FileRef(path="/a b")),
        upstreams=(replace(upstream.EXAMPLES[5], name="orders"),),
    )
    with pytest.raises(TargetProblems) as caught:
        kong.compile(source)
    assert {p.stem for p in caught.value.problems} == {"listener_tls", "upstream"}


def test_the_ledger_is_complete_and_points_at_its_subject():
    output = kong.compile(gateway())
    assert {(r.control, r.subject) for r in output.ledger} == set(subjects(gateway()))
    for row in output.ledger:
        line = output.files[row.file].decode().splitlines()[row.line - 1]
        if row.subject != "*" and row.control != "upstream":
            assert f'"{row.subject}"' in line or f"{row.subject} =" in line, row


def test_the_digest_covers_policy_runtime_and_entities():
    def digest(source):
        return document(source)["plugins"][0]["config"]["digest"]

    base = digest(gateway())
    assert digest(gateway()) == base
    assert digest(gateway(problem_details=replace(gateway().problem_details, realm="x"))) != base
    assert digest(gateway(upstreams=(replace(upstream.EXAMPLES[0], port=1),))) != base


def test_a_large_api_compiles_quickly():
    """GitHub's API has 1,223 operations: well below a second and a half of CPU."""
    operations = tuple(operation("GET", f"/r{n}/{{id}}/x", PUBLIC, NO_BODY, f"o.{n}") for n in range(1223))
    source = gateway(operations=operations, rate_limits=())
    before = time.process_time()
    output = kong.compile(source)
    assert time.process_time() - before < 1.5
    assert len(output.ledger) == len(subjects(source))


@pytest.mark.parametrize("path", ["/kong_error_handler", "/kong_buffered_http"])
def test_paths_of_kong_itself_are_refused(path):
    with pytest.raises(TargetProblems, match="Kong itself answers"):
        kong.compile(gateway(operations=(operation("GET", path, PUBLIC, NO_BODY, "o.x"),), rate_limits=()))
    assert kong.compile(gateway(operations=(operation("GET", f"{path}s", PUBLIC, NO_BODY, "o.x"),), rate_limits=()))
