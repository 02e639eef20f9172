"""The compiled files: their form, what is refused, and that equal policies give equal bytes."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from gwc.backends import kong
from gwc.backends.base import TargetProblems, subjects
from gwc.backends.kong.upstream import key_variable
from gwc.controls import listener_tls, upstream
from gwc.controls.listener_tls import FileRef
from gwc.controls.upstream import ClientCertificate, PlainText, VerifiedTls
from gwc.local.certificates import write_certificates
from tests.support.kong_process import client_keys
from tests.support.sample import NO_BODY, PUBLIC, gateway, operation


@pytest.mark.parametrize("name", ["kong.yml", "kong.conf", "nginx-http.conf", "nginx-proxy.conf", "lua/kong/plugins/gwc/data.lua"])
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
