"""Phase 0 on NGINX: the listener and its TLS profile."""

from __future__ import annotations

from gwc.backends.base import Note, Unenforceable
from gwc.backends.nginx import hsts
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import directive, literal
from gwc.controls.listener_tls import PROFILES, ClientCertificates, FileRef, ListenerTls
from gwc.controls.metrics import Metrics
from gwc.templating import Verbatim

LACKING_GROUPS = frozenset({"X25519MLKEM768"})
"""Groups that OpenSSL 3.3 of the target refuses at start; OpenSSL 3.5 brings them."""
MAX_INTERMEDIATES = 4


def emit(plan: Plan) -> Fragments:
    """Protocol versions, ciphers, groups and certificate for all servers, and the address that they listen on."""
    control = plan.gateway.listener_tls
    profile = PROFILES[control.profile]
    groups = [g for g in profile.groups if g not in LACKING_GROUPS]
    protocols = directive("ssl_protocols", *profile.versions)
    http = (
        protocols,
        *((directive("ssl_ciphers", ":".join(profile.ciphers)),) if profile.ciphers else ()),
        directive("ssl_prefer_server_ciphers", "off"),
        directive("ssl_ecdh_curve", ":".join(groups)),
        *_pair(control, control.certificate, control.private_key),
        *_sessions(control),
        directive("ssl_session_tickets", "off"),
        directive("ssl_early_data", "off"),
        *(_client_certificates(control.client_certificates) if control.client_certificates else ()),
    )
    own = (control.certificate, control.private_key)
    servers = {n: _pair(control, *s.pair) for n, s in enumerate(plan.servers) if s.pair != own}
    http += hsts.lines(control.hsts)
    return Fragments(http=http, server=servers, anchors=(Anchor("*", CONFIGURATION, protocols),), notes=tuple(_notes(control)))


def _pair(control: ListenerTls, certificate: FileRef, private_key: FileRef) -> Lines:
    """Of all servers, or of one with a pair of its own, which is chosen by the server name of the handshake."""
    return (
        directive("ssl_certificate", _file(control, "certificate", certificate)),
        directive("ssl_certificate_key", _file(control, "private_key", private_key)),
    )


def _sessions(control: ListenerTls) -> Lines:
    """None where clients show certificates: a session outlives a reload, and with it a CA that is trusted no more."""
    if control.client_certificates:
        return (directive("ssl_session_cache", "off"),)
    return (directive("ssl_session_cache", "shared:gwc_tls:10m"), directive("ssl_session_timeout", "1d"))


def _client_certificates(asked: ClientCertificates) -> Lines:
    """In every server, the one for unknown names included. What does not verify gets a page (`problem_details`), on every operation."""
    return (
        directive("ssl_verify_client", "optional" if asked.mode == "optional" else "on"),
        Verbatim(f"ssl_client_certificate {literal(asked.ca.path)};"),
        directive("ssl_verify_depth", MAX_INTERMEDIATES),
    )


def endpoint(control: ListenerTls | Metrics) -> str:
    """Address and port as `listen` takes them."""
    address = f"[{control.address}]" if ":" in control.address else control.address
    return f"{address}:{control.port}"


def _file(control: ListenerTls, field: str, file: FileRef) -> str:
    if "$" in file.path:
        raise Unenforceable(
            control.span, control.STEM, field, "NGINX reads a dollar sign in this path as a variable", "choose a path without it"
        )
    return file.path


def _notes(control: ListenerTls) -> list[Note]:
    lacking = [g for g in PROFILES[control.profile].groups if g in LACKING_GROUPS]
    return [
        Note(control.span, f"nginx: the key exchange group {g} needs OpenSSL 3.5; the profile's other groups are offered") for g in lacking
    ]
