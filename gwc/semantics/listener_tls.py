"""Phase 0: whether there is a handshake."""

from __future__ import annotations

from dataclasses import dataclass

from gwc.controls.listener_tls import PROFILES, ListenerTls
from gwc.semantics.answers import HANDSHAKE, Fault, fault


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers. `versions` and `ciphers` in OpenSSL's names; ciphers of TLS 1.3 don't matter."""

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]


def is_agreed(control: ListenerTls, hello: ClientHello) -> bool:
    """Whether client and profile have a version in common, and for TLS 1.2 a cipher suite."""
    profile = PROFILES[control.profile]
    common = set(profile.versions) & set(hello.versions)
    return "TLSv1.3" in common or ("TLSv1.2" in common and bool(set(profile.ciphers) & set(hello.ciphers)))


def hsts(control: ListenerTls) -> tuple[str, ...]:
    """The values of Strict-Transport-Security that every answer must have, whoever made it: one, or what an upstream says."""
    if control.hsts is None:
        return ()
    words = [f"max-age={control.hsts.max_age_s}"]
    words += ["includeSubDomains"] if control.hsts.include_subdomains else []
    words += ["preload"] if control.hsts.preload else []
    return ("; ".join(words),)


def certificate_faults(control: ListenerTls, *, is_trusted: bool | None) -> tuple[Fault, ...]:
    """All right answers to a client certificate (None: the client has none): no handshake, or 400 after it; empty when the request goes on."""
    asked = control.client_certificates
    if asked is None or is_trusted or (is_trusted is None and asked.mode == "optional"):
        return ()
    return (Fault(0, HANDSHAKE), Fault(-1, HANDSHAKE), fault("normalise.certificate"))
