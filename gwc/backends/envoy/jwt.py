"""JWT: the Lua filter `gwc.access` decides about tokens with the shared core, every check of every token.

Signatures of RS* and ES* it verifies itself (`importPublicKey`, `verifySignature`). Envoy's Lua has nothing for PS*, EdDSA and HS*: their
signatures are judged by `jwt_authn` in front of it, which here decides nothing. It refuses nobody (`allow_missing_or_failed`), knows no
issuer and no audience, and leaves a mark in the request's metadata for each provider of whose keys the signature is one; nothing else
can write there. Alone it would be far from the control: it takes `crit`, no `kid`, padded base64url and JSON that is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import chain, upstream
from gwc.backends.envoy.document import HTTP_FILTER, Json, extension, typed
from gwc.controls.jwk import EcKey, PublicKey, RsaKey, as_jwk
from gwc.controls.jwt import FETCH_TIMEOUT_S, FileKeys, Jwt, KeySource, RemoteKeys, SecretKeys

_NEVER_EXPIRED = 2**32 - 1
"""A clock skew in seconds with which `jwt_authn` takes nearly every time: the Lua filter judges time."""
_REMEMBERED_SIGNATURES = 1000

KeyPlace = tuple[str, int, str]
"""Host, port, and the file of the certificates that the host's is verified with."""


def emit(jwts: Sequence[Jwt], requirements: Iterable[tuple[str, ...]]) -> list[Json]:
    """The filter that judges signatures, where any scheme needs it, off unless a route names a requirement. `requirements`: sets of such schemes."""
    judged = [control for control in jwts if is_judged_natively(control.source)]
    if not judged:
        return []
    made = extension(
        chain.TOKENS,
        HTTP_FILTER + "jwt_authn.v3.JwtAuthentication",
        providers={control.scheme: _provider(control) for control in judged},
        requirement_map={requirement_name(schemes): _requirement(schemes) for schemes in sorted(set(requirements))},
    )
    return [{**made, "disabled": True}]


def per_route(schemes: Sequence[str]) -> Json:
    """The configuration of a route that takes tokens of these schemes."""
    return typed(HTTP_FILTER + "jwt_authn.v3.PerRouteConfig", requirement_name=requirement_name(tuple(schemes)))


def requirement_name(schemes: tuple[str, ...]) -> str:
    """The name of the requirement that judges the token for all of the schemes: another one for every set of names."""
    return json.dumps(schemes)


def lua_data(control: Jwt, places: Mapping[KeyPlace, str]) -> Json:
    """What the shared core needs to know. `places`: those of all schemes."""
    data = {
        "issuer": control.issuer,
        "audiences": dict.fromkeys(control.audiences, True),
        "algorithms": dict.fromkeys(control.algorithms, True),
        "clock_skew_s": control.clock_skew_s,
        "scopes_claim": list(control.scopes_claim),
        "roles_claim": list(control.roles_claim),
        "claims": {name: list(path) for name, path in control.claims},
        "forward": control.forward,
        "source": _source(control.source, places),
    }
    optional = {"max_lifetime_s": control.max_lifetime_s, "typ": control.typ}
    return {**data, **{name: value for name, value in optional.items() if value is not None}}


def key_clusters(jwts: Iterable[Jwt]) -> list[Json]:
    """A cluster for each place that keys are fetched from. Its certificate is verified for every fetch anew."""
    timeout_ms = FETCH_TIMEOUT_S * 1000
    return [upstream.verified(name, *place, connect_timeout_ms=timeout_ms) for place, name in key_places(jwts).items()]


def key_places(jwts: Iterable[Jwt]) -> dict[KeyPlace, str]:
    """Where keys are fetched from, with the name of the cluster."""
    sources = [control.source for control in jwts]
    places = dict.fromkeys(_place(source) for source in sources if isinstance(source, RemoteKeys))
    return {place: f"gwc.keys.{i}" for i, place in enumerate(places)}


def is_judged_natively(source: KeySource) -> bool:
    """Whether signatures of some of the keys are beyond Envoy's Lua."""
    return isinstance(source, SecretKeys) or (isinstance(source, FileKeys) and any(_is_native(key.algorithm) for key in source.keys))


def check(control: Jwt) -> Iterator[Unenforceable]:
    """What Envoy can't enforce: `jwt_authn` can fetch keys, but would do so by other rules than the control's."""
    native = [a for a in control.algorithms if _is_native(a)]
    if isinstance(control.source, RemoteKeys) and native:
        why = f"Envoy's Lua can't verify {' and '.join(native)}, and its jwt_authn fetches keys by rules of its own"
        instead = "use RS* or ES* with jwks.uri, or jwks.file"
        yield Unenforceable(control.span, control.STEM, "algorithms", why, instead)


def check_together(jwts: Sequence[Jwt]) -> str:
    """Why one operation can't take tokens of all these schemes; empty when it can. A request can be verified with one key only (1.40)."""
    for i, one in enumerate(jwts):
        for other in jwts[i + 1 :]:
            if one.issuer == other.issuer and not _are_compatible(one.source, other.source):
                return f"{one.scheme} and {other.scheme} have one issuer, but may have different keys of one kid"
    return ""


def _are_compatible(one: KeySource, other: KeySource) -> bool:
    """Whether a kid surely means the same key in both, or signatures are judged for each on its own."""
    if isinstance(one, FileKeys) and isinstance(other, FileKeys):
        known = {key.kid: key for key in one.keys if not _is_native(key.algorithm)}
        return all(known.get(key.kid, key) == key or _is_native(key.algorithm) for key in other.keys)
    if isinstance(one, RemoteKeys) and isinstance(other, RemoteKeys):
        return (*_place(one), one.path) == (*_place(other), other.path)
    return isinstance(one, SecretKeys) or isinstance(other, SecretKeys)


def _is_native(algorithm: str) -> bool:
    return algorithm.startswith(("PS", "HS", "Ed"))


def _place(source: RemoteKeys) -> KeyPlace:
    return source.host, source.port, source.ca.path


def _provider(control: Jwt) -> Json:
    return {
        "local_jwks": _local_jwks(control.source),
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "forward": True,  # the Lua filter reads the token
        "header_in_metadata": chain.signed_key(control.scheme),
        "clock_skew_seconds": _NEVER_EXPIRED,
        "jwt_cache_config": {"jwt_cache_size": _REMEMBERED_SIGNATURES},
    }


def _local_jwks(source: KeySource) -> Json:
    """Every key with its `alg`: one without would take others, too. A file on the gateway's machine is read by Envoy, which starts only with one."""
    if isinstance(source, SecretKeys):
        return {"filename": source.file.path}
    assert isinstance(source, FileKeys)
    keys = [as_jwk(key) for key in source.keys if _is_native(key.algorithm)]
    return {"inline_string": json.dumps({"keys": keys}, separators=(",", ":"))}


def _requirement(schemes: Sequence[str]) -> Json:
    """Judges the token for every scheme, and refuses nothing."""
    each = [{"requires_any": {"requirements": [{"provider_name": s}, {"allow_missing_or_failed": {}}]}} for s in schemes]
    return each[0] if len(each) == 1 else {"requires_all": {"requirements": each}}


def _source(source: KeySource, places: Mapping[KeyPlace, str]) -> Json:
    if isinstance(source, FileKeys):
        return {"kind": "file", "keys": [_key(key) for key in source.keys]}
    if isinstance(source, SecretKeys):
        return {"kind": "secret", "file": source.file.path}
    return {
        "kind": "remote",
        "cluster": places[_place(source)],
        "authority": source.authority,
        "path": source.path,
        "cache_for_s": source.cache_for_s,
        "max_stale_s": source.max_stale_s,
    }


def _key(key: PublicKey) -> Json:
    common = {"kid": key.kid, "algorithm": key.algorithm}
    if isinstance(key, RsaKey):
        return {**common, "n": key.n, "e": key.e}
    return {**common, "crv": key.crv, "x": key.x, **({"y": key.y} if isinstance(key, EcKey) else {})}
