"""Phase 5 on NGINX: issuers and keys as `switch` tables of the script; runtime/js/jwt.js checks."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments, Lines
from gwc.backends.nginx.key_provider import Provider, dictionary, group, locations
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.backends.nginx.subject_public_key import encode_spki
from gwc.controls.jwk import OkpKey, PublicKey
from gwc.controls.jwt import FileKeys, Jwt, RemoteKeys, SecretKeys
from gwc.templating import Verbatim

TOKENS = "16m"
"""About 50,000 remembered tokens; `evict` forgets the oldest."""


def emit(plan: Plan) -> Fragments:
    """What tokens of a scheme must say, and its keys by `kid`: the key, not the token, has the algorithm."""
    jwts = plan.gateway.jwts
    for control in jwts:
        _refuse_edwards(control)
    providers = {p.id: p for p in map(_provider, jwts) if p}.values()  # several schemes may have the same
    issuers = [(j.scheme, _issuer(j)) for j in jwts]
    reads_files = any(isinstance(control.source, SecretKeys) for control in jwts)
    script = (
        Verbatim(f"function files() {{ return {'fs' if reads_files else 'null'}; }}"),
        *_switch("issuer(scheme)", "scheme", issuers),
        Verbatim("function key(scheme, kid) { switch (scheme) {"),
        *(line for control in jwts if isinstance(control.source, FileKeys) for line in _keys(control, control.source)),
        Verbatim("} return null; }"),
        *_switch("provider(id)", "id", [(p.id, p.wanted) for p in providers]),
    )
    tokens = Verbatim(f"js_shared_dict_zone zone=gwc_tokens:{TOKENS} timeout=1h evict;")
    asked = tuple(line for p in providers for line in locations(p))
    return Fragments(
        http=(tokens, *dictionary(len(providers)), *(line for p in providers for line in group(p))),
        server=dict.fromkeys(range(len(plan.servers)), asked),
        script=script,
        imports=(Verbatim("import fs from 'fs';"),) if reads_files else (),
        anchors=tuple(Anchor(scheme, POLICY, _case(scheme, issuer)) for scheme, issuer in issuers),
    )


def remembered(control: Jwt) -> list[Any]:
    """What the script needs to know about a scheme to find a token that it verified before: [scheme, mark, source, forward].

    The mark is a digest of everything that a verified token depends on but the generation of fetched keys; null: nothing is remembered.
    Tokens with a shared secret are verified each time, since their keys are read each time.
    """
    mark = None if isinstance(control.source, SecretKeys) else _digest(control)
    provider = _provider(control)
    return [control.scheme, mark, provider.source if provider else None, control.forward]


def _refuse_edwards(control: Jwt) -> None:
    if "EdDSA" in control.algorithms:
        why = "EdDSA: njs 0.9.9 has no Ed25519 (`unknown algorithm name`)"
        raise Unenforceable(control.span, control.STEM, "algorithms", why, "use ES256, or another target for this scheme")


def _digest(value: object) -> str:
    """Of the whole value: nodes of the IR print all that they are."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:32]


def _provider(control: Jwt) -> Provider | None:
    """Where the keys are fetched. Its name says what is taken out of the answer, too: dictionaries outlive a reload."""
    if not isinstance(control.source, RemoteKeys):
        return None
    return Provider(_digest((control.source, control.algorithms)), control.scheme, control.source, control.algorithms)


def _switch(head: str, on: str, cases: list[tuple[str, Any]]) -> Lines:
    start = Verbatim(f"function {head} {{ switch ({on}) {{")
    return (start, *(_case(name, value) for name, value in cases), Verbatim("} return null; }"))


def _case(name: str, value: Any) -> Verbatim:
    return Verbatim(f"case {javascript(name)}: return {javascript(value)};")


def _issuer(control: Jwt) -> dict[str, Any]:
    return {
        "issuer": control.issuer,
        "audiences": control.audiences,
        "algorithms": control.algorithms,
        "keys": _source(control),
        "skew": control.clock_skew_s,
        "lifetime": control.max_lifetime_s,
        "typ": control.typ,
        "scopes": control.scopes_claim,
        "roles": control.roles_claim,
        "claims": dict(control.claims),
    }


def _source(control: Jwt) -> list[str | int]:
    provider = _provider(control)
    if provider:
        return ["remote", *provider.source]
    return ["secret", control.source.file.path] if isinstance(control.source, SecretKeys) else ["file"]


def _keys(control: Jwt, source: FileKeys) -> Lines:
    allowed = [key for key in source.keys if key.algorithm in control.algorithms]
    return (
        Verbatim(f"case {javascript(control.scheme)}: switch (kid) {{"),
        *(Verbatim("  " + _case(key.kid, _key(key))) for key in allowed),
        Verbatim("  } break;"),
    )


def _key(key: PublicKey) -> list[str]:
    """Algorithm and SubjectPublicKeyInfo."""
    assert not isinstance(key, OkpKey), "no key is of an algorithm that was refused"
    return [key.algorithm, base64.b64encode(encode_spki(key)).decode("ascii")]
