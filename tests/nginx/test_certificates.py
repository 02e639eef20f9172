"""Client certificates where NGINX has peculiarities of its own: its pages, sessions that are taken up again, servers, reloads."""

from __future__ import annotations

import os
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gwc.backends import nginx
from gwc.backends.base import TargetProblems
from gwc.controls.consumer import Consumer
from gwc.controls.host_names import HostNames
from gwc.controls.listener_tls import ClientCertificates, FileRef
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.ir import Gateway
from gwc.local.certificates import Pair, client_certificate
from tests.nginx.test_http2 import ask as ask_http2
from tests.support import sample
from tests.support.nginx_process import Site, edited, gateway, serving, unchanged
from tests.support.requests import Resuming
from tests.support.sample import NO_BODY, PUBLIC, one, operation

pytestmark = pytest.mark.gateway
UPPER, LOWER = "spiffe://example.com/Acme", "spiffe://example.com/acme"


def asking(mode: str = "optional", **changed: object) -> Gateway:
    """A gateway that asks for certificates; two consumers whose URIs differ in case only."""
    names = (
        CertificateName(kind="dns", value="acme.example.com", consumer="acme"),
        CertificateName(kind="uri", value=UPPER, consumer="ACME"),
        CertificateName(kind="uri", value=LOWER, consumer="acme"),
    )
    listener = replace(sample.gateway().listener_tls, client_certificates=ClientCertificates(mode=mode, ca=FileRef(path="/etc/ca.pem")))
    return gateway(
        listener_tls=listener,
        mutual_tls=(MutualTls(scheme="mtls", names=names),),
        consumers=tuple(Consumer(id=name, roles=(), limits=()) for name in ("ACME", "acme")),
        operations=(
            operation("GET", "/v1/open", PUBLIC, NO_BODY, "c.open"),
            operation("GET", "/v1/own", one("mtls"), NO_BODY, "c.own"),
        ),
        **changed,
    )


def consumer_of(site: Site, pair: Pair | None) -> str:
    """The consumer that the upstream is told, or the reason of the refusal."""
    site.received()
    answer = site.ask("GET", "/v1/own", certificate=pair)
    if answer.problem():
        return str(answer.problem()["reason"])
    return site.received()[0].values("x-gwc-consumer")[0] if answer.status == 200 else f"{answer.status} {answer.why}"


def test_names_keep_their_case(tmp_path) -> None:
    """Text keys of NGINX's maps ignore it."""
    with serving(asking(), tmp_path) as site:

        def shown(uris: list[str], dns_names: list[str] | None = None, *, is_trusted: bool = True) -> str:
            return consumer_of(site, client_certificate(site.certificates, uris, dns_names or [], is_trusted=is_trusted))

        assert (shown([UPPER]), shown([LOWER])) == ("ACME", "acme")
        assert shown([UPPER.upper()]) == "authn.certificate"
        assert (shown([], ["ACME.example.COM"]), shown([LOWER], ["acme.example.com"])) == ("acme", "acme")
        assert shown([UPPER], ["acme.example.com"]) == "authn.certificate"
        assert shown([UPPER, LOWER]) == "authn.certificate"
        assert shown([]) == "authn.certificate"
        assert shown([LOWER], is_trusted=False) == "normalise.certificate"
        assert consumer_of(site, None) == "authn.missing"


@pytest.mark.parametrize("mode", ["optional", "required"])
def test_what_is_not_trusted_gets_a_page_on_every_path(tmp_path, mode) -> None:
    with serving(asking(mode), tmp_path) as site:
        stranger = client_certificate(site.certificates, [LOWER], [], is_trusted=False)
        for target in ("/v1/open", "/v1/own", "/v1/nowhere", "//", "/v1/open?s3cr3t=1"):
            answer = site.ask("GET", target, certificate=stranger)
            assert (answer.status, answer.problem()["reason"]) == (400, "normalise.certificate"), target
        assert site.ask("GET", "/v1/open").problem().get("reason") == ("normalise.certificate" if mode == "required" else None)
        assert site.ask("GET", "/v1/open", certificate=client_certificate(site.certificates, [], [])).status == 200
        assert len(site.received()) == (1 if mode == "required" else 2)
        assert "s3cr3t" not in site.running.complaints()


def test_over_http2(tmp_path, monkeypatch) -> None:
    with serving(asking("required"), tmp_path) as site:
        assert ask_http2(site, "GET", "/v1/own")["reason"] == "normalise.certificate"
        for is_trusted, expected in ((True, None), (False, "normalise.certificate")):
            pair = client_certificate(site.certificates, [LOWER], [], is_trusted=is_trusted)
            wrap = ssl.SSLContext.wrap_socket

            def with_pair(context, *args, pair=pair, wrap=wrap, **kwargs):
                if context.verify_mode == ssl.CERT_NONE:
                    context.load_cert_chain(pair.certificate, pair.private_key)
                return wrap(context, *args, **kwargs)

            with monkeypatch.context() as patch:
                patch.setattr(ssl.SSLContext, "wrap_socket", with_pair)
                got = ask_http2(site, "GET", "/v1/own")
            assert got.get("reason") == expected
            assert expected or {k.lower(): v for k, v in got["headers"]}["x-gwc-consumer"] == "acme"


def test_every_server_asks(tmp_path) -> None:
    """Also for other names, and a connection for one of them serves no other."""
    other = operation("GET", "/v1/other", one("mtls"), NO_BODY, "c.other")
    other = replace(other, route=replace(other.route, hosts=("other.test",)))
    source = asking("required")
    source = replace(source, host_names=HostNames(names=("api.test", "other.test")), operations=(*source.operations, other))
    with serving(source, tmp_path) as site:
        good, bad = (client_certificate(site.certificates, [LOWER], [], is_trusted=t) for t in (True, False))

        def ask(host: str, sni: str, pair: Pair | None) -> tuple[int, str]:
            answer = site.raw(f"GET /v1/other HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), sni, pair)
            return answer.status, answer.problem().get("reason", "")

        assert ask("other.test", "other.test", good) == (200, "")
        assert ask("other.test", "other.test", bad) == (400, "normalise.certificate")
        assert ask("other.test", "other.test", None) == (400, "normalise.certificate")
        assert ask("other.test", "api.test", good) == (421, "normalise.host")
        assert ask("unknown.test", "api.test", good) == (421, "normalise.host")
        assert ask("other.test", "unknown.test", good)[0] == 0


# --- sessions

CURED = ("nginx.conf", "ssl_session_cache off;", "ssl_session_cache shared:gwc_tls:10m;")


@pytest.mark.parametrize("is_cured", [True, False], ids=["cured", "open"])
def test_a_session_does_not_outlive_the_trust_in_its_certificate(tmp_path, is_cured) -> None:
    """After a reload with a new CA of the same name. NGINX keeps its cache of sessions, with what it found out about a certificate."""
    with serving(asking(), tmp_path, unchanged if is_cured else edited(CURED)) as site:
        client = Resuming(site.running.port, client_certificate(site.certificates, [LOWER], []), "/v1/own")
        assert client.ask() == (200, False)
        assert client.ask() == (200, not is_cured)
        _reload_with_other_ca(site, tmp_path)
        assert client.ask()[0] == (400 if is_cured else 200)


def _reload_with_other_ca(site: Site, folder: Path) -> None:
    other = _renewed(site.certificates.ca, folder / "other.pem")
    config = site.running.folder / "nginx.conf"
    text = config.read_text()
    assert f"ssl_client_certificate {site.certificates.ca};" in text
    config.write_text(text.replace(f"ssl_client_certificate {site.certificates.ca};", f"ssl_client_certificate {other};"))
    before = set(_workers(site))
    os.kill(site.running.pid, signal.SIGHUP)
    _until(lambda: not before & set(_workers(site)))


def _renewed(ca: Path, path: Path) -> Path:
    """A CA of the same name with another key."""
    old, key = x509.load_pem_x509_certificate(ca.read_bytes()), ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(old.subject, old.subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def _workers(site: Site) -> list[str]:
    return Path(f"/proc/{site.running.pid}/task/{site.running.pid}/children").read_text().split()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_without_client_certificates_nobody_is_asked(tmp_path) -> None:
    listener = replace(sample.gateway().listener_tls, client_certificates=None)
    text = nginx.compile(gateway(listener_tls=listener)).files["nginx.conf"].decode()
    assert "ssl_verify_client" not in text
    assert "ssl_session_cache shared:gwc_tls:10m;" in text
    with serving(replace(asking(), listener_tls=listener), tmp_path) as site:
        assert consumer_of(site, client_certificate(site.certificates, [LOWER], [])) == "authn.missing"


def test_a_record_that_nginx_cannot_hold_is_refused() -> None:
    roles = tuple(f"role-{n:03}-" + "r" * 90 for n in range(50))
    with pytest.raises(TargetProblems) as refused:
        nginx.compile(gateway(consumers=(Consumer(id="acme", roles=roles, limits=()),)))
    assert [(p.stem, p.field) for p in refused.value.problems] == [("consumer", "roles")]
    nginx.compile(gateway(consumers=(Consumer(id="acme", roles=roles[:30], limits=()),)))
