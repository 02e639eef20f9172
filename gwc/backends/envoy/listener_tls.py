"""Listener TLS: a Mozilla profile in BoringSSL's names. Envoy speaks the post-quantum group, so nothing of a profile is lost.

A client certificate that is not of the CA, out of its time, or missing where one is required, ends the handshake. Whom the names of a
good one stand for is judged per request (`mutual_tls.py`): a CA alone would let everybody in whom it ever certified.
"""

from __future__ import annotations

from gwc.backends.envoy.document import Json, extension, header
from gwc.controls.listener_tls import PROFILES, ListenerTls

_DEPTH = 5
"""At most four certificates between a client's and the CA's, as on the other targets: Envoy counts the CA's, too (measured)."""
_VERSIONS = {"TLSv1.2": "TLSv1_2", "TLSv1.3": "TLSv1_3"}
_GROUPS = {"X25519MLKEM768": "X25519MLKEM768", "X25519": "X25519", "prime256v1": "P-256", "secp384r1": "P-384"}


def emit(control: ListenerTls) -> Json:
    """The transport socket of the listener. Sessions are not resumed: every connection is judged by its own SNI and certificate."""
    profile, clients = PROFILES[control.profile], control.client_certificates
    parameters: Json = {
        "tls_minimum_protocol_version": _VERSIONS[profile.versions[0]],
        "tls_maximum_protocol_version": _VERSIONS[profile.versions[-1]],
        **({"cipher_suites": list(profile.ciphers)} if profile.ciphers else {}),
        "ecdh_curves": [_GROUPS[group] for group in profile.groups],
    }
    trusted = clients and {"trusted_ca": {"filename": clients.ca.path}, "max_verify_depth": _DEPTH}
    verified = {"validation_context": trusted} if trusted else {}
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_sni=True,
        require_client_certificate=clients is not None and clients.mode == "required",
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
        common_tls_context={"tls_params": parameters, "alpn_protocols": ["http/1.1"], "tls_certificates": pairs(control), **verified},
    )


def pairs(control: ListenerTls) -> list[Json]:
    """The certificates, those of hosts first: Envoy chooses by the names in them, of several that fit the first, exact names before wildcards."""
    found = [*((c.certificate, c.private_key) for c in control.certificates), (control.certificate, control.private_key)]
    return [{"certificate_chain": {"filename": chain.path}, "private_key": {"filename": key.path}} for chain, key in found]


def hsts(control: ListenerTls) -> list[Json]:
    """Strict-Transport-Security, for answers of routes and for those that Envoy makes before there is one."""
    return [header("strict-transport-security", control.hsts.value)] if control.hsts else []


def address(control: ListenerTls) -> Json:
    """Where the listener is."""
    return {"socket_address": {"address": control.address, "port_value": control.port}}
