"""What `sslyze` says of the listeners: compliant with Mozilla's guideline 6.0.

It is under the AGPL: never a dependency, but a program in an environment of its own below build/, made when it is not there. What it
says is judged, not its exit code.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gwc.controls.base import FileRef
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import CASES, load_case
from tests.support.harness import Bench, bench, load_gateway, running
from tests.support.shared import corpora

pytestmark = pytest.mark.gateway

_ENVIRONMENT = Path(__file__).resolve().parents[2] / "build" / "sslyze"
_VERSION = "6.3.1"
_DAYS = {"intermediate": 365, "modern": 89}


@pytest.fixture(scope="session")
def sslyze() -> Path:
    """The program. One process makes the environment, others wait."""
    _ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    done = _ENVIRONMENT / f"complete-{_VERSION}"
    with (_ENVIRONMENT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", _ENVIRONMENT / "venv"], check=True, capture_output=True)
            pip = [_ENVIRONMENT / "venv" / "bin" / "pip", "install", "-q", f"sslyze=={_VERSION}"]
            subprocess.run(pip, check=True, capture_output=True)
            done.touch()
    return _ENVIRONMENT / "venv" / "bin" / "sslyze"


def guideline(level: str, folder: Path) -> Path:
    """A file with the level of the guideline as sslyze reads it: it asks for the names that Go and Caddy give to ciphers, too."""
    profile = json.loads((corpora("tls") / "mozilla-6.0.json").read_text("utf-8"))["configurations"][level]
    profile["ciphers"].update(caddy=[], go=[])
    file = folder / "guideline.json"
    file.write_text(json.dumps(profile), "utf-8")
    return file


def with_lifetime(prepared: Bench, days: int) -> Bench:
    """The bench with a server certificate to the letter of RFC 5280 that is valid for so long: the guideline judges that, too."""
    stem = prepared.certificates.folder / "lasting"
    authority = prepared.certificates.authorities["ours"]
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signing_key: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    key, start = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    names = x509.SubjectAlternativeName(map(x509.DNSName, prepared.gateway.host_names.names))
    made = (
        x509.CertificateBuilder(issuer.subject, x509.Name([]), key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .add_extension(names, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    stem.with_suffix(".pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    stem.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    pair = {"certificate": FileRef(path=f"{stem}.pem"), "private_key": FileRef(path=f"{stem}.key")}
    return replace(prepared, gateway=replace(prepared.gateway, listener_tls=replace(prepared.gateway.listener_tls, **pair)))


def said_about(program: Path, port: int, ca: Path, profile: Path) -> str:
    """The section about compliance."""
    command = [program, "--certinfo", f"--custom_tls_config={profile}", f"--certinfo_ca_file={ca}", "--sni=api.test", f"127.0.0.1:{port}"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120).stdout
    return told[told.index("COMPLIANCE AGAINST") :]


@pytest.mark.parametrize("level", ["intermediate", "modern"])
@pytest.mark.parametrize("host", [h for h in HOSTS if h != "kong"])
def test_compliant(host: str, level: str, sslyze: Path, tmp_path: Path) -> None:
    require(host)
    case = load_case(CASES / "listener_tls" / ("hosts" if level == "intermediate" else "modern"))
    with bench(case, load_gateway(case), tmp_path) as prepared:
        lasting = with_lifetime(prepared, _DAYS[level])
        with running(host, lasting, tmp_path) as process:
            told = said_about(sslyze, process.port, prepared.certificates.ca, guideline(level, tmp_path))
    assert f"127.0.0.1:{process.port}: OK - Compliant." in told, told[-1500:]


@pytest.mark.parametrize("host", ["nginx"])
def test_what_is_not_compliant(host: str, sslyze: Path, tmp_path: Path) -> None:
    """The intermediate listener speaks TLS 1.2: the judge of the modern level says so."""
    require(host)
    case = load_case(CASES / "listener_tls/hosts")
    with bench(case, load_gateway(case), tmp_path) as prepared, running(host, prepared, tmp_path) as process:
        told = said_about(sslyze, process.port, prepared.certificates.ca, guideline("modern", tmp_path))
    assert "tls_versions: TLS versions {'TLSv1.2'} are supported" in told, told[-1500:]
