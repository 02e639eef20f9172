"""Phases 5 and 6: OpenAPI's `security`, OR of ANDs, over the credentials that the request presents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from gwc.controls.security import Requirement
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import api_key, jwt
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request


@dataclass(frozen=True, slots=True)
class Identity:
    """Who was verified. `schemes`: what was verified, with the scopes that it grants."""

    schemes: dict[str, frozenset[str]]
    subject: str = "-"
    consumer: str = "-"


def identify(gateway: Gateway, operation: Operation, request: Request, now_s: float) -> Identity:
    """What the valid credentials of the request prove, as far as the operation asks for them."""
    wanted = operation.security.schemes
    token = jwt.read(request)
    schemes: dict[str, frozenset[str]] = {}
    subject = consumer = "-"
    for control in (j for j in gateway.jwts if j.scheme in wanted):
        if token and not list(jwt.find_faults(control, token, now_s)):
            schemes[control.scheme] = jwt.scopes_of(control, token)
            subject = token.payload["sub"]
    for key in (k for k in gateway.api_keys if k.scheme in wanted):
        name = api_key.consumer_of(key, request, now_s)
        if name is not None:
            schemes[key.scheme] = frozenset()
            consumer = name
    return Identity(schemes, subject, consumer)


def find_faults(gateway: Gateway, operation: Operation, request: Request, identity: Identity, now_s: float) -> Iterator[Fault]:
    """401 for each broken credential; then 401 when no alternative has all its credentials, or 403 when one lacks scopes only."""
    if operation.security.is_public:
        return
    broken = list(_credential_faults(gateway, operation, request, now_s))
    yield from broken
    complete = [a for a in operation.security.alternatives if all(r.scheme in identity.schemes for r in a)]
    if not complete and not (broken and _is_presented_completely(gateway, operation, request)):
        yield _missing(gateway, operation)
    elif complete and not broken and not any(_grants(identity, a) for a in complete):
        yield _insufficient(gateway)


def _credential_faults(gateway: Gateway, operation: Operation, request: Request, now_s: float) -> Iterator[Fault]:
    wanted = operation.security.schemes
    jwts = [j for j in gateway.jwts if j.scheme in wanted]
    realm = gateway.problem_details.realm
    if jwts and jwt.is_presented(request):
        token = jwt.read(request)
        reasons = [list(jwt.find_faults(j, token, now_s)) for j in jwts]
        challenge = ("www-authenticate", f'Bearer realm="{realm}", error="invalid_token"')
        if all(reasons):  # with several issuers a token is good when it is good for one of them
            yield from (fault(r, challenge) for r in dict.fromkeys(chain.from_iterable(reasons)))
    for key in gateway.api_keys:
        if key.scheme in wanted and api_key.is_presented(key, request):
            yield from api_key.find_faults(key, request, now_s, realm)


def _is_presented_completely(gateway: Gateway, operation: Operation, request: Request) -> bool:
    """Whether some alternative has all its credentials in the request, good or bad."""
    presented = {j.scheme for j in gateway.jwts if jwt.is_presented(request)}
    presented |= {k.scheme for k in gateway.api_keys if api_key.is_presented(k, request)}
    return any(all(r.scheme in presented for r in a) for a in operation.security.alternatives)


def _missing(gateway: Gateway, operation: Operation) -> Fault:
    bearer = any(j.scheme in operation.security.schemes for j in gateway.jwts)
    kind = "Bearer" if bearer else "ApiKey"
    return fault("authn.missing", ("www-authenticate", f'{kind} realm="{gateway.problem_details.realm}"'))


def _insufficient(gateway: Gateway) -> Fault:
    realm = gateway.problem_details.realm
    return fault("authz.scope", ("www-authenticate", f'Bearer realm="{realm}", error="insufficient_scope"'))


def _grants(identity: Identity, alternative: tuple[Requirement, ...]) -> bool:
    return all(set(r.scopes) <= identity.schemes[r.scheme] for r in alternative)
