"""The policy with keys that exist in this process only.

Nobody who asks "what if this consumer called?" has the consumer's key, and nobody should: gwc knows digests and public keys. So each key
of the policy is replaced by another one, derived from a secret of this process, with the same owner, times and `kid`; where
two schemes share a key, they still do. The reference evaluator decides about real requests with these keys, by exactly the code that the
gateways are compared with; what it was given is worthless anywhere else and is never shown.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from gwc.controls.api_key import NEVER_S, ApiKey, KeyDigest
from gwc.controls.base import FileRef
from gwc.controls.basic import Basic
from gwc.controls.jwk import HmacAlgorithm
from gwc.controls.jwt import FileKeys, Jwt, SecretKeys
from gwc.explain.asked import ANYBODY, Asked, Body, TokenAsked
from gwc.ir import Gateway
from gwc.semantics import Fault, HmacKey, KeySet, Refusal, Request, parse
from gwc.semantics.base64url import encode
from gwc.semantics.host_names import host_of
from gwc.semantics.routing import find_operation

HOUR_S = 3600
_ALGORITHM: HmacAlgorithm = "HS256"
_BODY_BYTES = 2


class StandIn:
    """`gateway` decides like the policy about callers whose keys are those of this object; `key_sets` are those of its token schemes."""

    def __init__(self, gateway: Gateway) -> None:
        self._secret = secrets.token_bytes(32)
        self.key_sets = {control.scheme: KeySet(self._token_keys(control)) for control in gateway.jwts}
        self.original = gateway
        self.gateway = replace(
            gateway,
            jwts=tuple(replace(c, source=SecretKeys(file=FileRef(path="/")), algorithms=(_ALGORITHM,)) for c in gateway.jwts),
            api_keys=tuple(replace(c, keys=tuple(map(self._replaced, c.keys))) for c in gateway.api_keys),
            basics=tuple(replace(c, keys=tuple(map(self._replaced, c.keys))) for c in gateway.basics),
        )

    @property
    def _of_valid_bodies(self) -> Gateway:
        """The policy for bodies of which only the size is known: whatever is in them is valid."""
        operations = (replace(o, validation=replace(o.validation, media_types=())) for o in self.gateway.operations)
        return replace(self.gateway, operations=tuple(operations))

    def without_rule(self, name: str) -> StandIn:
        """The same keys for the policy without one of its rules."""
        other = copy(self)
        other.gateway = replace(self.gateway, rules=tuple(r for r in self.gateway.rules if r.id != name))
        return other

    def gateway_for(self, asked: Asked) -> Gateway:
        """The gateway, with the roles and keys that consumers are to have beside their own."""
        gateway = self.gateway if asked.body is not None and asked.body.content is not None else self._of_valid_bodies
        if not asked.roles and not asked.renewed:
            return gateway
        given = {c.id: {role for name, role in asked.roles if name == c.id} for c in gateway.consumers}
        return replace(
            gateway,
            consumers=tuple(replace(c, roles=tuple(sorted({*c.roles, *given[c.id]}))) for c in self.gateway.consumers),
            api_keys=tuple(replace(c, keys=(*c.keys, *self._new_keys(c, asked))) for c in gateway.api_keys),
            basics=tuple(replace(c, keys=(*c.keys, *self._new_keys(c, asked))) for c in gateway.basics),
        )

    def request(self, asked: Asked) -> Request | Refusal:
        """The request in full, with credentials."""
        target, fields = self._with_keys(asked)
        fields = [f"Host: {asked.host}", *fields, *self._authorization(asked), *(f"{n}: {v}" for n, v in asked.headers)]
        request = parse("\r\n".join([f"{asked.method} {target} HTTP/1.1", *fields, "", ""]).encode())
        return request if isinstance(request, Refusal) else self._with_body(request, asked)

    # --- keys ----------------------------------------------------------------------------------------------------------

    def _derived(self, what: object) -> str:
        """64 hexadecimal digits that only this object can make."""
        return hmac.new(self._secret, repr(what).encode(), hashlib.sha256).hexdigest()

    def _token_keys(self, control: Jwt) -> tuple[HmacKey, ...]:
        if isinstance(control.source, FileKeys):
            named: list[tuple[str, object]] = [(key.kid, key) for key in control.source.keys]
        else:
            where = (control.source, control.algorithms)
            named = [(self._derived(where)[:16], where)]
        return tuple(HmacKey(kid=kid, algorithm=_ALGORITHM, secret=self._derived(what).encode()) for kid, what in named)

    def _replaced(self, key: KeyDigest) -> KeyDigest:
        return replace(key, digest=hashlib.sha256(self._text(key.digest).encode()).hexdigest())

    def _new_keys(self, control: ApiKey | Basic, asked: Asked) -> list[KeyDigest]:
        owners = [name for name in asked.renewed if any(k.consumer == name for k in control.keys)]
        return [self._replaced(KeyDigest(digest=_new(name), consumer=name, not_before_s=0, expires_s=NEVER_S)) for name in owners]

    def _text(self, digest: str) -> str:
        """What stands for the key with this digest in the policy; it has the form of a generated key."""
        return f"gwc_{self._derived(digest)[:49]}"

    def _key_of(self, control: ApiKey | Basic, consumer: str, asked: Asked) -> str:
        """The consumer's key that is valid longest from now on; one that is not valid if there is no other."""
        if consumer in asked.renewed:
            return self._text(_new(consumer))
        mine, now_s = [k for k in control.keys if k.consumer == consumer], asked.now_s
        best = max(mine, key=lambda k: (k.not_before_s <= now_s < k.expires_s, k.expires_s, k.digest))
        return self._text(best.digest)

    # --- credentials ---------------------------------------------------------------------------------------------------

    def _with_keys(self, asked: Asked) -> tuple[str, list[str]]:
        """The target and the fields with the API keys."""
        target, fields = asked.target, []
        for scheme, consumer in asked.keys:
            control = next(c for c in self.original.api_keys if c.scheme == scheme)
            key = self._key_of(control, consumer, asked)
            if control.location == "query":
                target = f"{target}{_separator(target)}{control.name}={key}"
            else:
                fields.append(f"{control.name}: {key}" if control.location == "header" else f"Cookie: {control.name}={key}")
        return target, fields

    def _authorization(self, asked: Asked) -> list[str]:
        if asked.token is not None:
            return [f"Authorization: Bearer {self._token(asked.token, asked.now_s)}"]
        if asked.basic is None:
            return []
        scheme, consumer = asked.basic
        key = self._key_of(next(c for c in self.original.basics if c.scheme == scheme), consumer, asked)
        return ["Authorization: Basic " + b64encode(f"{consumer}:{key}".encode()).decode("ascii")]

    def _token(self, asked: TokenAsked, now_s: float) -> str:
        control = next(c for c in self.original.jwts if c.scheme == asked.scheme)
        key = self.key_sets[asked.scheme].keys[0]
        assert isinstance(key, HmacKey)
        header = {"alg": key.algorithm, "kid": key.kid, "typ": control.typ or "at+jwt"}
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, payload_of(control, asked.claims, now_s)))
        return f"{signed}.{encode(hmac.digest(key.secret, signed.encode(), 'sha256'))}"

    # --- body ----------------------------------------------------------------------------------------------------------

    def _with_body(self, request: Request, asked: Asked) -> Request:
        """Added here, so that a large body is not copied while it is parsed."""
        has_type = bool(request.values("content-type"))
        body = asked.body or self._fitting(request, has_type=has_type)
        if not body.size and body.media_type is None:
            return request
        fields = [("content-length", str(body.size))]
        fields += [("content-type", body.media_type)] if body.media_type is not None else []
        added = sum(len(name) + len(value) + 4 for name, value in fields)
        content = bytes(body.size) if body.content is None else body.content
        return replace(request, headers=(*request.headers, *fields), body=content, head_bytes=request.head_bytes + added)

    def _fitting(self, request: Request, *, has_type: bool) -> Body:
        """A body that the operation takes, when it needs one."""
        operation = find_operation(self.gateway, host_of(request), request.method, request.target.partition("?")[0])
        if isinstance(operation, Fault) or not operation.body.required:
            return Body(media_type=None, size=0)
        media_type = None if has_type else concrete(operation.body.media_types[0])
        return Body(media_type=media_type, size=min(_BODY_BYTES, operation.body.max_bytes))


def payload_of(control: Jwt, claims: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    """The claims, with what the scheme wants of a token for whatever is left out of them."""
    iat = claims.get("iat", int(now_s))
    begin_s = iat if isinstance(iat, int | float) and not isinstance(iat, bool) else int(now_s)
    filled = {
        "iss": control.issuer,
        "aud": control.audiences[0],
        "sub": ANYBODY,
        "iat": iat,
        "exp": begin_s + min(HOUR_S, control.max_lifetime_s or HOUR_S),
    }
    return {**filled, **claims}


def concrete(media_range: str) -> str:
    """A media type of the range."""
    kind, _, subtype = media_range.partition("/")
    if subtype != "*":
        return media_range
    return {"*": "application/octet-stream", "text": "text/plain", "image": "image/png"}.get(kind, f"{kind}/x-any")


def _new(consumer: str) -> str:
    """What stands for the digest of a key that the consumer does not have yet."""
    return f"new:{consumer}"


def _separator(target: str) -> str:
    if "?" not in target:
        return "?"
    return "" if target.endswith(("?", "&")) else "&"
