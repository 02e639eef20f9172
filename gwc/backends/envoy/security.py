"""Security: data for the shared core, which judges the alternatives of an operation in the Lua filter `gwc.access`.

Default deny is the seal (`seal.py`): what this filter has not let through, the router refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import jwt
from gwc.backends.envoy.document import Json
from gwc.controls.api_key import ApiKey
from gwc.controls.basic import Basic
from gwc.controls.jwt import Jwt, RemoteKeys
from gwc.controls.mutual_tls import MutualTls
from gwc.controls.security import Security
from gwc.ir import Gateway

Scheme = Jwt | ApiKey | Basic | MutualTls


@dataclass(frozen=True, slots=True)
class Schemes:
    """The schemes of a gateway by kind."""

    jwts: Mapping[str, Jwt]
    kinds: Mapping[str, frozenset[str]]  # as the shared core calls them

    def tokens(self, security: Security) -> tuple[Jwt, ...]:
        """The token schemes that the security names, by name."""
        return tuple(self.jwts[s] for s in security.schemes if s in self.jwts)

    def natively_judged(self, security: Security) -> tuple[str, ...]:
        """The token schemes whose signatures `jwt_authn` judges, sorted."""
        return tuple(control.scheme for control in self.tokens(security) if jwt.is_judged_natively(control.source))

    def forwards_tokens(self, security: Security) -> bool:
        """Whether the upstream may get the token."""
        return any(control.forward == "token" for control in self.tokens(security))

    def fetches_keys(self, security: Security) -> bool:
        """Whether a request may have to wait for keys."""
        return any(isinstance(control.source, RemoteKeys) for control in self.tokens(security))

    def knows_consumers(self, security: Security) -> bool:
        """Whether a caller can be a consumer."""
        return any(s not in self.jwts for s in security.schemes)


def schemes(gateway: Gateway) -> Schemes:
    """All schemes that the policy binds."""
    kinds: Mapping[str, Sequence[Scheme]] = {
        "jwts": gateway.jwts,
        "keys": gateway.api_keys,
        "basics": gateway.basics,
        "certificates": gateway.mutual_tls,
    }
    names = {kind: frozenset(control.scheme for control in controls) for kind, controls in kinds.items()}
    return Schemes({control.scheme: control for control in gateway.jwts}, names)


def emit(security: Security, known: Schemes) -> Json:
    """What the shared core needs to know: the alternatives, and the schemes by kind."""
    unknown = set(security.schemes).difference(*known.kinds.values())
    assert not unknown, f"schemes without a control: {sorted(unknown)}"
    return {
        "alternatives": [[{"scheme": r.scheme, "scopes": list(r.scopes)} for r in a] for a in security.alternatives],
        **{kind: [s for s in security.schemes if s in names] for kind, names in known.kinds.items()},
    }


def check(gateway: Gateway, known: Schemes) -> Iterator[Unenforceable]:
    """What cannot be had exactly."""
    for security in dict.fromkeys(o.security for o in gateway.operations):
        why = jwt.check_together(known.tokens(security))
        if why:
            span = next(o.security.span for o in gateway.operations if o.security == security)
            yield Unenforceable(span, Security.STEM, "alternatives", why, "use one scheme for each issuer, or give them the same keys")
