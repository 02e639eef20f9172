"""Throw-away certificates for both sides of a gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (with its chain) and its key, both PEM files."""

    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """What one run needs. `stranger` has the upstream's names, but another CA; `misnamed` has the CA, but another name."""

    ca: Path
    server: Pair
    upstream: Pair
    client: Pair
    stranger: Pair
    misnamed: Pair


def write_certificates(folder: Path, server_names: Sequence[str], upstream_names: Sequence[str]) -> Certificates:
    """New certificates in `folder`, which is made when it is not there."""
    import trustme  # noqa: PLC0415 - brings `cryptography`

    folder.mkdir(parents=True, exist_ok=True)
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(folder / "ca.pem")
    return Certificates(
        ca=folder / "ca.pem",
        server=_write(folder / "server", ours.issue_cert(*server_names)),
        upstream=_write(folder / "upstream", ours.issue_cert(*(upstream_names or ("upstream.test",)))),
        client=_write(folder / "client", ours.issue_cert("gateway.test")),
        stranger=_write(folder / "stranger", theirs.issue_cert(*(upstream_names or ("upstream.test",)))),
        misnamed=_write(folder / "misnamed", ours.issue_cert("somebody-else.test")),
    )


def _write(stem: Path, issued: trustme.LeafCert) -> Pair:
    pair = Pair(stem.with_suffix(".pem"), stem.with_suffix(".key"))
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    pair.certificate.write_bytes(chain)
    pair.private_key.touch(mode=0o600)
    pair.private_key.write_bytes(issued.private_key_pem.bytes())
    return pair
