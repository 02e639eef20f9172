"""Phases 5 and 6: OpenAPI's `security`, OR of ANDs, over the credentials that the request presents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from gwc.controls.jwt import Jwt
from gwc.controls.security import Requirement
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import api_key, basic, jwt, mutual_tls
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request
from gwc.semantics.identity import Identity, roles_of
from gwc.semantics.key_set import KeySet, keys_of
from gwc.semantics.mutual_tls import Certificate


class Presented:
    """The credentials of a request for an operation: which are there, and what is wrong with them."""

    def __init__(
        self,
        gateway: Gateway,
        operation: Operation,
        request: Request,
        certificate: Certificate | None,
        now_s: float,
        key_sets: Mapping[str, KeySet],
    ) -> None:
        wanted = operation.security.schemes
        self._gateway, self._operation, self._request = gateway, operation, request
        self._certificate, self._now_s = certificate, now_s
        self._jwts = tuple(c for c in gateway.jwts if c.scheme in wanted)
        self._api_keys = tuple(c for c in gateway.api_keys if c.scheme in wanted)
        self._basics = tuple(c for c in gateway.basics if c.scheme in wanted)
        self._mutual_tls = tuple(c for c in gateway.mutual_tls if c.scheme in wanted)
        self._token = jwt.read(request)
        self._token_reasons = tuple((c, self._token_faults(c, key_sets)) for c in self._jwts if self.has_token)

    def identity(self) -> Identity:
        """What the valid credentials prove."""
        verified = tuple((c, self._token) for c, reasons in self._token_reasons if self._token and not reasons)
        schemes = {c.scheme: jwt.texts_of(token.payload or {}, c.scopes_claim) for c, token in verified}
        consumers = dict(self._consumers())
        found = frozenset(consumers.values())
        return Identity({**schemes, **dict.fromkeys(consumers, frozenset())}, verified, found, roles_of(self._gateway, found))

    def find_faults(self, identity: Identity) -> Iterator[Fault]:
        """401 for each broken credential; then 401 when no alternative has all its credentials, or 403 when one lacks scopes only."""
        if self._operation.security.is_public:
            return
        alternatives = self._operation.security.alternatives
        broken = list(self._broken())
        yield from broken
        complete = [a for a in alternatives if all(r.scheme in identity.schemes for r in a)]
        if not complete and not (broken and self._is_presented_completely()):
            yield self._missing()
        elif complete and not broken:
            yield from self._judge(identity, complete)

    def _judge(self, identity: Identity, complete: list[tuple[Requirement, ...]]) -> Iterator[Fault]:
        if not any(all(set(r.scopes) <= identity.schemes[r.scheme] for r in a) for a in complete):
            yield fault("authz.scope", self._challenge('Bearer realm="{}", error="insufficient_scope"'))
        if len(identity.consumers) > 1:
            yield fault("authz.consumer")

    @property
    def has_token(self) -> bool:
        """Whether Authorization is there for one of the operation's JWT schemes, whatever is in it."""
        values = self._request.values("authorization")
        return bool(values and self._jwts and not (self._basics and values[0].startswith(basic.SCHEME)))

    @property
    def has_basic(self) -> bool:
        """Whether Authorization is there for one of the operation's Basic schemes, whatever is in it."""
        values = self._request.values("authorization")
        return bool(values and self._basics and (not self._jwts or values[0].startswith(basic.SCHEME)))

    def _token_faults(self, control: Jwt, key_sets: Mapping[str, KeySet]) -> list[str]:
        return list(jwt.find_faults(control, self._token, self._now_s, keys_of(control, key_sets, self._now_s)))

    def _consumers(self) -> Iterator[tuple[str, str]]:
        """Scheme and consumer of every valid credential that is no token."""
        found: list[tuple[str, str | None]] = [
            *((c.scheme, api_key.consumer_of(c, self._request, self._now_s)) for c in self._api_keys),
            *((c.scheme, basic.consumer_of(c, self._request, self._now_s)) for c in self._basics if self.has_basic),
            *((c.scheme, mutual_tls.consumer_of(c, self._certificate)) for c in self._mutual_tls),
        ]
        return ((scheme, name) for scheme, name in found if name is not None)

    def _broken(self) -> Iterator[Fault]:
        realm = self._gateway.problem_details.realm
        found = [reasons for _, reasons in self._token_reasons]
        if all(found):  # with several issuers a token is good when it is good for one of them
            yield from (self._token_fault(r) for r in dict.fromkeys(chain.from_iterable(found)))
        for key in self._api_keys:
            if api_key.is_presented(key, self._request):
                yield from api_key.find_faults(key, self._request, self._now_s, realm)
        for control in self._basics if self.has_basic else ():
            yield from basic.find_faults(control, self._request, self._now_s, realm)
        for mapping in self._mutual_tls if self._certificate else ():
            assert self._certificate is not None
            yield from mutual_tls.find_faults(mapping, self._certificate, realm)

    def _token_fault(self, reason: str) -> Fault:
        if reason == "internal.unavailable":
            return fault(reason)
        return fault(reason, self._challenge('Bearer realm="{}", error="invalid_token"'))

    def _is_presented_completely(self) -> bool:
        """Whether some alternative has all its credentials in the request, good or bad."""
        there = {c.scheme for c in self._jwts if self.has_token} | {c.scheme for c in self._basics if self.has_basic}
        there |= {c.scheme for c in self._api_keys if api_key.is_presented(c, self._request)}
        there |= {c.scheme for c in self._mutual_tls if self._certificate}
        return any(all(r.scheme in there for r in a) for a in self._operation.security.alternatives)

    def _missing(self) -> Fault:
        """Challenges for the first kind of credential that the operation takes."""
        kinds = (("Bearer", self._jwts), ("Basic", self._basics), ("ApiKey", self._api_keys), ("Certificate", self._mutual_tls))
        kind = next(name for name, controls in kinds if controls)
        return fault("authn.missing", self._challenge(kind + ' realm="{}"'))

    def _challenge(self, form: str) -> tuple[str, str]:
        return ("www-authenticate", form.format(self._gateway.problem_details.realm))
