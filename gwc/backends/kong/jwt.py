"""Phase 5: tokens are verified by the plugin, with keys of the policy, of a file on Kong's machine, or fetched when they are needed.

The bundled jwt plugin checks neither issuer nor audience, ignores `crit`, takes padded base64url and knows no JWKS.
Connections that Lua makes trust one file of certificates for the whole node: all key sets that are fetched must have the same `ca`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gwc.backends.base import Unenforceable
from gwc.backends.kong import file_paths, store
from gwc.backends.kong.fragment import Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.base import FileRef
from gwc.controls.jwk import EcKey, PublicKey, RsaKey
from gwc.controls.jwt import FileKeys, Jwt, KeySource, RemoteKeys
from gwc.ir import Gateway

VERIFY_DEPTH = 4
"""Certificates between that of the identity provider and one of `ca`."""
PROTOCOLS = "TLSv1.2 TLSv1.3"


def emit(gateway: Gateway) -> Fragment:
    """What each scheme accepts, and whom connections to identity providers trust. Raises Unenforceable."""
    schemes = {j.scheme: _scheme(j) for j in gateway.jwts}
    trusted = trusted_certificates(gateway)
    verification = {"lua_ssl_trusted_certificate": trusted, "lua_ssl_verify_depth": str(VERIFY_DEPTH)} if trusted else {}
    return Fragment(
        data=(Member("jwts", schemes, {s: s for s in schemes}),),
        settings={**verification, "lua_ssl_protocols": PROTOCOLS},
        http=dictionary(gateway.jwts),
    )


def dictionary(jwts: Sequence[Jwt]) -> tuple[str, ...]:
    """Room for the fetched sets (MAX_SET_BYTES each), also for those of the policy before while NGINX reloads."""
    fetched = sum(isinstance(j.source, RemoteKeys) for j in jwts)
    return (f"lua_shared_dict gwc_keys {1 + fetched}m;",) if fetched else ()


def trusted_certificates(gateway: Gateway) -> str | None:
    """The path of the one `ca` of all sets that are fetched and of the store; None when there is neither. Raises Unenforceable."""
    found = _of_providers(gateway.jwts)
    for control, ca in store.trusted(gateway):
        if found is not None and ca.path != found:
            why = f"all that Kong connects to by itself is verified with one file of certificates, and {found} of a jwks is another one"
            raise Unenforceable(
                control.span, control.STEM, "redis.tls.ca", why, "name one file here and there, with the certificates of both"
            )
        found = file_paths.emit(ca, control.span, control.STEM, "redis.tls.ca")
    return found


def _of_providers(jwts: Sequence[Jwt]) -> str | None:
    first: FileRef | None = None
    for control in jwts:
        if not isinstance(control.source, RemoteKeys):
            continue
        first = first or control.source.ca
        if control.source.ca != first:
            why = f"all key sets that Kong fetches are verified with one file of certificates, and {first.path} is another one"
            instead = "give every jwks the same ca: a file with the certificates of all identity providers"
            raise Unenforceable(control.span, "jwt", "source.ca", why, instead)
        file_paths.emit(first, control.span, "jwt", "source.ca")
    return first.path if first else None


def _scheme(control: Jwt) -> Mapping[str, LuaValue]:
    described: dict[str, LuaValue] = {
        "issuer": control.issuer,
        "audiences": dict.fromkeys(control.audiences, True),
        "algorithms": dict.fromkeys(control.algorithms, True),
        "clock_skew_s": control.clock_skew_s,
        "scopes_claim": control.scopes_claim,
        "roles_claim": control.roles_claim,
        "claims": dict(control.claims),
        "forward": control.forward,
        "source": _source(control.source),
    }
    optional = {"max_lifetime_s": control.max_lifetime_s, "typ": control.typ}
    return {**described, **{k: v for k, v in optional.items() if v is not None}}


def _source(source: KeySource) -> LuaValue:
    if isinstance(source, FileKeys):
        return {"kind": "file", "keys": [_key(k) for k in source.keys]}
    if isinstance(source, RemoteKeys):
        return {
            "kind": "remote",
            "host": source.host,
            "port": source.port,
            "path": source.path,
            "cache_for_s": source.cache_for_s,
            "max_stale_s": source.max_stale_s,
        }
    return {"kind": "secret", "file": source.file.path}


def _key(key: PublicKey) -> LuaValue:
    common = {"kid": key.kid, "algorithm": key.algorithm}
    if isinstance(key, RsaKey):
        return {**common, "n": key.n, "e": key.e}
    return {**common, "crv": key.crv, "x": key.x, **({"y": key.y} if isinstance(key, EcKey) else {})}
