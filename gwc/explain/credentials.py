"""The credentials of a judged request, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gwc.explain.judge import Judged
from gwc.semantics import Fault, Refusal, Request, api_key, basic, jwt, mutual_tls
from gwc.semantics.answers import fault
from gwc.semantics.key_set import keys_of
from gwc.semantics.security import Presented


@dataclass(frozen=True, slots=True)
class Credential:
    """What the operation made of the credential for one of its schemes.

    `faults`: why it is refused. `unfit`: reasons why the token is none of this scheme, while it is good for another one.
    """

    scheme: str
    is_presented: bool
    is_verified: bool
    faults: tuple[Fault, ...] = ()
    unfit: tuple[str, ...] = ()


def credentials(judged: Judged) -> tuple[Credential, ...]:
    """One for each scheme of the operation, in the order in which the evaluator looks at them."""
    if judged.presented is None or judged.operation is None or isinstance(judged.request, Refusal):
        return ()
    wanted, request, presented = judged.operation.security.schemes, judged.request, judged.presented
    found = (*_tokens(judged, request, presented), *_keys(judged, request), *_basics(judged, request, presented), *_certificates(judged))
    return tuple(c for c in found if c.scheme in wanted)


def _tokens(judged: Judged, request: Request, presented: Presented) -> Iterator[Credential]:
    token, verified = jwt.read(request), judged.identity.schemes
    wanted = judged.operation.security.schemes if judged.operation else ()
    is_good = any(c.scheme in verified for c in judged.gateway.jwts if c.scheme in wanted)
    for control in judged.gateway.jwts:
        if not presented.has_token or control.scheme not in wanted:
            yield Credential(control.scheme, is_presented=False, is_verified=False)
            continue
        keys = keys_of(control, judged.stand_in.key_sets, judged.asked.now_s)
        reasons = tuple(dict.fromkeys(jwt.find_faults(control, token, judged.asked.now_s, keys)))
        faults = () if is_good else tuple(_as_told(judged, reason) for reason in reasons)
        yield Credential(control.scheme, is_presented=True, is_verified=not reasons, faults=faults, unfit=reasons)


def _as_told(judged: Judged, reason: str) -> Fault:
    """The evaluator's fault with this reason."""
    return next((f for f in judged.faults if f.reason == reason), fault(reason))


def _keys(judged: Judged, request: Request) -> Iterator[Credential]:
    for control in judged.gateway.api_keys:
        is_presented = api_key.is_presented(control, request)
        faults = tuple(api_key.find_faults(control, request, judged.asked.now_s, _realm(judged))) if is_presented else ()
        yield Credential(control.scheme, is_presented, is_presented and not faults, faults)


def _basics(judged: Judged, request: Request, presented: Presented) -> Iterator[Credential]:
    for control in judged.gateway.basics:
        is_presented = presented.has_basic
        faults = tuple(basic.find_faults(control, request, judged.asked.now_s, _realm(judged))) if is_presented else ()
        yield Credential(control.scheme, is_presented, is_presented and not faults, faults)


def _certificates(judged: Judged) -> Iterator[Credential]:
    certificate = judged.asked.certificate
    for control in judged.gateway.mutual_tls:
        faults = tuple(mutual_tls.find_faults(control, certificate, _realm(judged))) if certificate else ()
        yield Credential(control.scheme, certificate is not None, certificate is not None and not faults, faults)


def _realm(judged: Judged) -> str:
    return judged.gateway.problem_details.realm
