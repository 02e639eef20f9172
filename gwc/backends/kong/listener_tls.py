"""Phase 0: the listener is Kong's own, and it verifies client certificates. HTTP/1.1 only: Kong's answers to HTTP/2 are not proven to be
the same.

Kong 3.9 links OpenSSL 3.2 or older, which has no X25519MLKEM768: the other groups of the profile are offered, with a note.
"""

from __future__ import annotations

from gwc.backends.base import Note
from gwc.backends.kong import file_paths
from gwc.backends.kong.fragment import SETTINGS, Anchor, Fragment, Member, setting_line
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.listener_tls import PROFILES, ListenerTls, TlsProfile
from gwc.controls.metrics import Metrics
from gwc.ir import Gateway

VERIFY_DEPTH = "4"
"""Certificates between that of a client and one of `ca`."""
_LACKING = "X25519MLKEM768"
# Kong wants a list of TLS 1.2 suites even where the versions leave no use for it.
_UNUSED_CIPHERS = PROFILES["mozilla-intermediate-6.0"].ciphers


def emit(gateway: Gateway) -> Fragment:
    """Address, versions, ciphers, groups and the certificate."""
    listener = gateway.listener_tls
    profile = PROFILES[listener.profile]
    asked = {f"nginx_proxy_{name}": value for name, value in client_certificates(listener).items()}
    settings = {"proxy_listen": f"{authority(listener)} ssl", **_certificate(listener), **_versions(profile), **asked}
    mode = listener.client_certificates.mode if listener.client_certificates else "never"
    return Fragment(
        data=(
            Member("client_certificates", mode),
            Member("certificates", _host_certificates(listener)),
            *((Member("hsts", listener.hsts.value),) if listener.hsts else ()),
        ),
        settings=settings,
        proxy=(f"ssl_ecdh_curve {groups(profile)};",),
        anchors=(Anchor("*", SETTINGS, setting_line("proxy_listen", settings["proxy_listen"])),),
        notes=(lacking_group(listener),) if _LACKING in profile.groups else (),
    )


def authority(listener: ListenerTls | Metrics) -> str:
    """`address:port`."""
    address = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{address}:{listener.port}"


def groups(profile: TlsProfile) -> str:
    """The groups that OpenSSL 3.2 has, by preference."""
    return ":".join(g for g in profile.groups if g != _LACKING)


def lacking_group(listener: ListenerTls) -> Note:
    """Tells the user which group of the profile is not offered."""
    return Note(listener.span, f"Kong's OpenSSL has no {_LACKING}: {listener.profile} is offered with its other groups")


def client_certificates(listener: ListenerTls) -> dict[str, str]:
    """Directives of NGINX: a certificate that does not lead to `ca`, or none where one is required, is its 400 on every operation."""
    asked = listener.client_certificates
    if asked is None:
        return {}
    return {
        "ssl_verify_client": "on" if asked.mode == "required" else "optional",
        "ssl_client_certificate": file_paths.emit(asked.ca, listener.span, "listener_tls", "client_certificates"),
        "ssl_verify_depth": VERIFY_DEPTH,
    }


def _certificate(listener: ListenerTls) -> dict[str, str]:
    return {
        "ssl_cert": file_paths.emit(listener.certificate, listener.span, "listener_tls", "certificate"),
        "ssl_cert_key": file_paths.emit(listener.private_key, listener.span, "listener_tls", "private_key"),
    }


def _host_certificates(listener: ListenerTls) -> dict[str, LuaValue]:
    """The pairs of hosts that do not have the listener's; the plugin reads the files while Kong starts."""
    return {h: {"certificate": c.certificate.path, "private_key": c.private_key.path} for c in listener.certificates for h in c.hosts}


def _versions(profile: TlsProfile) -> dict[str, str]:
    return {
        "ssl_cipher_suite": "custom",
        "ssl_ciphers": ":".join(profile.ciphers or _UNUSED_CIPHERS),
        "ssl_protocols": " ".join(profile.versions),
        "ssl_prefer_server_ciphers": "off",
        "ssl_session_tickets": "off",
    }
