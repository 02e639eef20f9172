"""Throw-away certificates for both sides of a gateway."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import trustme


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (with its chain) and its key, both PEM files."""

    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """What one run needs. `stranger` has the upstream's names, but another CA; `misnamed` the CA, but another name; `expired` the CA and the
    names, but its time is over; so is that of `client_expired`. `client_stranger` is like `client`, of the other CA.
    """

    ca: Path
    server: Pair
    upstream: Pair
    client: Pair
    stranger: Pair
    misnamed: Pair
    expired: Pair
    client_expired: Pair
    client_stranger: Pair
    folder: Path
    hosts: Mapping[tuple[str, ...], Pair]  # pairs that stand for these hosts only
    authorities: Mapping[str, trustme.CA] = field(repr=False, compare=False)  # "ours" and "theirs"


def write_certificates(
    folder: Path, server_names: Sequence[str], upstream_names: Sequence[str], hosts: Sequence[tuple[str, ...]] = ()
) -> Certificates:
    """New certificates in `folder`, which is made when it is not there. `hosts`: groups of host names that have a pair of their own."""
    import trustme  # noqa: PLC0415 - brings `cryptography`

    folder.mkdir(parents=True, exist_ok=True)
    ours, theirs = trustme.CA(), trustme.CA()
    names, past = tuple(upstream_names) or ("upstream.test",), dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(days=1)
    ours.cert_pem.write_to_path(folder / "ca.pem")
    return Certificates(
        ca=folder / "ca.pem",
        server=_write(folder / "server", ours.issue_cert(*server_names)),
        upstream=_write(folder / "upstream", ours.issue_cert(*names)),
        client=_write(folder / "client", ours.issue_cert("gateway.test")),
        stranger=_write(folder / "stranger", theirs.issue_cert(*names)),
        misnamed=_write(folder / "misnamed", ours.issue_cert("somebody-else.test")),
        expired=_write(folder / "expired", ours.issue_cert(*names, not_after=past)),
        client_expired=_write(folder / "client-expired", ours.issue_cert("gateway.test", not_after=past)),
        client_stranger=_write(folder / "client-stranger", theirs.issue_cert("gateway.test")),
        folder=folder,
        hosts={names: _write(folder / f"host-{n}", ours.issue_cert(*names)) for n, names in enumerate(hosts)},
        authorities={"ours": ours, "theirs": theirs},
    )


def client_certificate(certificates: Certificates, uris: Sequence[str], dns_names: Sequence[str], *, is_trusted: bool = True) -> Pair:
    """A certificate for a client with exactly these alternative names, by the CA that gateways trust, or by another of the same name."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    authority = certificates.authorities["ours" if is_trusted else "theirs"]
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signing_key: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [*map(x509.UniformResourceIdentifier, uris), *map(x509.DNSName, dns_names)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a client")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(signing_key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return _write_pair(certificates.folder / f"client-{made.serial_number:x}", made.public_bytes(serialization.Encoding.PEM), private)


def _write(stem: Path, issued: trustme.LeafCert) -> Pair:
    return _write_pair(stem, b"".join(blob.bytes() for blob in issued.cert_chain_pems), issued.private_key_pem.bytes())


def _write_pair(stem: Path, chain: bytes, private_key: bytes) -> Pair:
    pair = Pair(stem.with_suffix(".pem"), stem.with_suffix(".key"))
    pair.certificate.write_bytes(chain)
    pair.private_key.touch(mode=0o600)
    pair.private_key.write_bytes(private_key)
    return pair
