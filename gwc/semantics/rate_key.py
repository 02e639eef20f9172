"""By what a limit counts a request: the value of its key (docs/rate-limits.md, "Keys")."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from gwc.controls.authorization_rule import MAX_WHOLE_NUMBER
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import BodyKey, ClaimKey, ClientAddress, CookieKey, HeaderKey, KeyPart
from gwc.controls.side import ConsumerSide, PathSide
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import carrier
from gwc.semantics.authorization_rule import claim_of, text_of
from gwc.semantics.http1 import Request
from gwc.semantics.identity import Identity
from gwc.semantics.validation import value_of_body

PartValue = bytes | tuple[bytes, ...] | None
"""None: absent, which no client can spell. A tuple: the values of a header or cookie."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A request that limits count, and whatever is known of it."""

    gateway: Gateway
    operation: Operation
    request: Request
    client: str
    identity: Identity


def key_of(limit: RateLimit, counted: Counted) -> tuple[PartValue, ...]:
    """The value of each part. Requests with equal values share a bucket, all others don't."""
    return tuple(_READERS[type(part)](part, counted) for part in limit.key)


def address_key(address: str, ipv6_prefix: int) -> bytes:
    """The network that counts as one client: an IPv4 address, also mapped into IPv6, or an IPv6 prefix."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed.packed, ipv6_prefix), strict=False)).encode()
        parsed = parsed.ipv4_mapped
    return str(parsed).encode()


def scalar_key(value: object) -> bytes | None:
    """The canonical text of a text, a truth value or a whole number up to 2^53 - 1; None for anything else."""
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, str):
        return value.encode("utf-8")
    if not isinstance(value, int | float | Decimal) or not -MAX_WHOLE_NUMBER <= value <= MAX_WHOLE_NUMBER or value != int(value):
        return None
    return str(int(value)).encode()


def _address(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, ClientAddress)
    return address_key(counted.client, part.ipv6_prefix)


def _consumer(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, ConsumerSide)
    return text_of(part, counted.operation, counted.identity, "")


def _claim(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, ClaimKey)
    return scalar_key(claim_of(counted.identity, part.name))


def _path(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, PathSide)
    path = counted.request.target.partition("?")[0]
    return text_of(part, counted.operation, counted.identity, path)


def _header(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, HeaderKey)
    return tuple(v.encode("latin-1") for v in counted.request.values(part.name)) or None


def _cookie(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, CookieKey)
    return carrier.cookie_values(counted.request, part.name) or None


def _body(part: KeyPart, counted: Counted) -> PartValue:
    assert isinstance(part, BodyKey)
    value = value_of_body(counted.operation.validation, counted.gateway.json_schema, counted.request)
    for name in part.path:
        value = value.get(name) if isinstance(value, dict) else None
    return scalar_key(value)


_READERS: Mapping[type, Callable[[KeyPart, Counted], PartValue]] = MappingProxyType(
    {
        ClientAddress: _address,
        ConsumerSide: _consumer,
        ClaimKey: _claim,
        PathSide: _path,
        HeaderKey: _header,
        CookieKey: _cookie,
        BodyKey: _body,
    }
)
