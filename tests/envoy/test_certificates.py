"""Client certificates on the real Envoy: what the shared cases can't show."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gwc.controls.base import FileRef
from gwc.controls.listener_tls import ClientCertificates
from gwc.controls.mutual_tls import CertificateName
from gwc.local.certificates import Certificates, Pair, client_certificate
from tests.support.envoy_process import Bench, running
from tests.support.requests import Offer, Resuming, connected
from tests.support.sample import NO_BODY, PUBLIC, gateway, one, operation

pytestmark = pytest.mark.gateway

URI = "spiffe://example.com/acme"


def sample(mode: str = "optional"):
    base = gateway()
    names = (
        CertificateName(kind="dns", value="acme.example.com", consumer="acme"),
        CertificateName(kind="uri", value=URI, consumer="acme"),
        CertificateName(kind="uri", value="spiffe://example.com/other", consumer="other"),
    )
    listener = replace(base.listener_tls, client_certificates=ClientCertificates(mode=mode, ca=FileRef(path="/ca.pem")))  # type: ignore[arg-type]
    operations = (
        operation("GET", "/mine", one("mtls"), NO_BODY, "orders.mine"),
        operation("GET", "/open", PUBLIC, NO_BODY, "orders.open"),
    )
    mutual_tls = (replace(base.mutual_tls[0], names=names),)
    return gateway(listener_tls=listener, operations=operations, mutual_tls=mutual_tls, rate_limits=(), rules=())


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with running(sample(), tmp_path_factory.mktemp("optional")) as running_bench:
        yield running_bench


def ask(bench: Bench, pair: Pair | None, target: str = "/mine") -> tuple[int, str]:
    answer = bench.request("GET", target, certificate=pair)
    return answer.status, answer.problem().get("reason", "allowed")


def made(bench: Bench, *uris: str, dns: tuple[str, ...] = (), is_trusted: bool = True) -> Pair:
    return client_certificate(bench.certificates, uris, dns, is_trusted=is_trusted)


def test_names(bench: Bench):
    assert ask(bench, made(bench, URI)) == (200, "allowed")
    assert ask(bench, made(bench, dns=("ACME.Example.com",))) == (200, "allowed")
    assert ask(bench, made(bench, URI, "urn:unknown", dns=("acme.example.com", "unknown.test"))) == (200, "allowed")
    assert ask(bench, made(bench, URI, "spiffe://example.com/other")) == (401, "authn.certificate")
    assert ask(bench, made(bench, URI + "x")) == (401, "authn.certificate")
    assert ask(bench, made(bench, URI.upper())) == (401, "authn.certificate")
    assert ask(bench, made(bench, dns=("*.example.com",))) == (401, "authn.certificate")
    assert ask(bench, made(bench)) == (401, "authn.certificate")
    assert ask(bench, None) == (401, "authn.missing")
    assert ask(bench, made(bench), "/open") == (200, "allowed")


def test_a_name_is_not_cut_at_a_zero_byte(bench: Bench):
    """A CA that signs such a name must not make somebody else of its owner."""
    pair = signed(bench.certificates, x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI + "\0.evil.test")]))
    assert ask(bench, pair) == (401, "authn.certificate")


def test_the_common_name_is_nobodys(bench: Bench):
    assert ask(bench, signed(bench.certificates, None, common_name="acme.example.com")) == (401, "authn.certificate")


def test_certificates_that_are_not_good_end_the_handshake(bench: Bench):
    assert bench.request("GET", "/open", certificate=made(bench, URI, is_trusted=False)).status <= 0
    assert bench.request("GET", "/open", certificate=signed(bench.certificates, None, days=(-3, -1))).status <= 0
    assert bench.request("GET", "/open", certificate=signed(bench.certificates, None, days=(1, 3))).status <= 0
    only_server = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
    assert bench.request("GET", "/open", certificate=signed(bench.certificates, None, usage=only_server)).status <= 0
    assert bench.request("GET", "/open", certificate=signed(bench.certificates, None)).status == 200


def test_required(tmp_path: Path):
    with running(sample("required"), tmp_path) as required:
        assert ask(required, made(required, URI)) == (200, "allowed")
        assert ask(required, made(required, URI), "/open") == (200, "allowed")
        assert required.request("GET", "/open").status <= 0
        assert required.request("GET", "/open", certificate=made(required, URI, is_trusted=False)).status <= 0


def test_each_request_of_a_connection_is_the_certificates(bench: Bench):
    with connected(bench.running.port, Offer(sni="api.test", certificate=made(bench, URI))) as connection:
        for _ in range(3):
            connection.send(b"GET /mine HTTP/1.1\r\nHost: api.test\r\n\r\n")
            assert connection.answer("GET").status == 200


def test_a_session_is_not_resumed(bench: Bench):
    """A connection has the certificate that it shows itself."""
    with connected(bench.running.port, Offer(sni="api.test", certificate=made(bench, URI))) as connection:
        connection.send(b"GET /mine HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert connection.answer("GET").status == 200
        session = connection.socket.session
        assert session is None or not session.has_ticket
    client = Resuming(bench.running.port, made(bench, URI), "/mine")  # TLS 1.2, where a session needs no ticket
    assert [client.ask(), client.ask()] == [(200, False)] * 2


def test_a_header_is_no_certificate(bench: Bench):
    lines = (f'X-Forwarded-Client-Cert: URI="{URI}"', "X-Gwc-Consumer: acme", "X-SSL-Client-Verify: SUCCESS")
    answer = bench.request("GET", "/mine", *lines)
    assert (answer.status, answer.problem()["reason"]) == (401, "authn.missing")


def signed(
    certificates: Certificates,
    names: x509.SubjectAlternativeName | None,
    *,
    common_name: str = "a client",
    days: tuple[int, int] = (-1, 1),
    usage: x509.ExtendedKeyUsage | None = None,
) -> Pair:
    """A certificate by the CA that Envoy trusts, with anything in it."""
    authority = certificates.authorities["ours"]
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signing_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(usage or x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    if names:
        builder = builder.add_extension(names, critical=False)
    made_certificate = builder.sign(signing_key, hashes.SHA256())  # type: ignore[arg-type]
    stem = certificates.folder / f"made-{time.time_ns()}"
    pair = Pair(stem.with_suffix(".pem"), stem.with_suffix(".key"))
    pair.certificate.write_bytes(made_certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pair.private_key.write_bytes(private)
    return pair
