"""Which certificate a client sees: that of the host it asks for, on every gateway."""

from __future__ import annotations

import socket
import ssl

import pytest

from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import CASES, load_case
from tests.support.harness import bench, load_gateway, running

pytestmark = pytest.mark.gateway


def shown(port: int, sni: str) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain, server_hostname=sni) as tls:
        return tls.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_has_its_own(host: str, tmp_path) -> None:
    require(host)
    case = load_case(CASES / "listener_tls/hosts")
    with bench(case, load_gateway(case), tmp_path) as prepared, running(host, prepared, tmp_path) as process:
        own = prepared.certificates.hosts["partner.test",].certificate.read_text("ascii")
        usual = prepared.certificates.server.certificate.read_text("ascii")
        wanted = {"partner.test": own, "PARTNER.TEST": own, "api.test": usual, "www.api.test": usual}
        for name, pem in wanted.items():
            first = pem[: pem.index("-----END CERTIFICATE-----") + 26]
            assert shown(process.port, name) == ssl.PEM_cert_to_DER_cert(first), name
