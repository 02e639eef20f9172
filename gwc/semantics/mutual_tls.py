"""Phase 5: whom the certificate of the connection stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gwc.controls.mutual_tls import MutualTls
from gwc.semantics.answers import Fault, fault


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate that the listener trusts: the URIs and DNS names of its subject's alternative names."""

    uris: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()


def consumer_of(control: MutualTls, certificate: Certificate | None) -> str | None:
    """The one consumer that all known names of the certificate lead to."""
    if certificate is None:
        return None
    there = {("uri", u) for u in certificate.uris} | {("dns", d.lower()) for d in certificate.dns_names}
    found = {n.consumer for n in control.names if (n.kind, n.value) in there}
    return found.pop() if len(found) == 1 else None


def find_faults(control: MutualTls, certificate: Certificate, realm: str) -> Iterator[Fault]:
    """Why the certificate does not hold."""
    if consumer_of(control, certificate) is None:
        yield fault("authn.certificate", ("www-authenticate", f'Certificate realm="{realm}"'))
