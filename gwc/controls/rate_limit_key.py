"""What limits count by: the parts of a key, and how policies write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gwc.controls.forwarding import IDENTITY, OVERWRITTEN
from gwc.controls.side import ConsumerSide, PathSide


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAddress:
    """`client.ip`: the address of the client (gwc/controls/client_ip.py). IPv4 (also mapped into IPv6) whole, of IPv6 the first `ipv6_prefix` bits."""

    ipv6_prefix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimKey:
    """`jwt.<name>`: a claim of the verified token, found as authorization rules find it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderKey:
    """`header.<name>`: the list of the values of all fields of this name, which is in lower case."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieKey:
    """`cookie.<name>`: the list of the values of all cookies of this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyKey:
    """`body.<member>.<member>`: a member of the validated body, JSON or form. `path`: the names of the members, never empty."""

    path: tuple[str, ...]


KeyPart = ClientAddress | ConsumerSide | ClaimKey | PathSide | HeaderKey | CookieKey | BodyKey


def part_text(part: KeyPart) -> str:
    """The part as policies write it."""
    if isinstance(part, ClientAddress):
        return "client.ip"
    if isinstance(part, ConsumerSide):
        return "consumer"
    if isinstance(part, BodyKey):
        return ".".join(("body", *part.path))
    kind = {ClaimKey: "jwt", PathSide: "path", HeaderKey: "header", CookieKey: "cookie"}[type(part)]
    return f"{kind}.{part.name}"


_CLAIM = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,62}", re.ASCII)
_FIELD = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]{1,63}", re.ASCII)  # RFC 9110 5.6.2 without the underscore, which no request may have
_COOKIE = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,63}", re.ASCII)  # RFC 6265 4.1.1
_MEMBERS = re.compile(r"[A-Za-z0-9_$@-]{1,63}(?:\.[A-Za-z0-9_$@-]{1,63}){0,7}", re.ASCII)
_RESERVED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((*OVERWRITTEN, *IDENTITY, "forwarded"), "the gateway sets it; whoever sends it can write what he likes"),
        **dict.fromkeys(
            ("connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"), "it is about one connection"
        ),
        "authorization": "use jwt.sub or consumer: credentials that were not verified are no keys",
        "cookie": "name one cookie: cookie.<name>",
    }
)

_READERS: Mapping[str, tuple[re.Pattern[str], Callable[[str], KeyPart]]] = MappingProxyType(
    {
        "jwt": (_CLAIM, lambda name: ClaimKey(name=name)),
        "path": (_PATH, lambda name: PathSide(name=name)),
        "header": (_FIELD, lambda name: HeaderKey(name=name.lower())),
        "cookie": (_COOKIE, lambda name: CookieKey(name=name)),
        "body": (_MEMBERS, lambda name: BodyKey(path=tuple(name.split(".")))),
    }
)


def read_part(text: str, ipv6_prefix: int) -> KeyPart:
    """The part that a policy writes so. Raises ValueError for another text."""
    if text == "client.ip":
        return ClientAddress(ipv6_prefix=ipv6_prefix)
    if text == "consumer":
        return ConsumerSide()
    kind, _, name = text.partition(".")
    pattern, make = _READERS.get(kind, (None, None))
    if pattern is None or make is None or not pattern.fullmatch(name):
        raise ValueError(
            f"{text!r} is no key: client.ip, consumer, jwt.<claim>, path.<parameter>, header.<name>, cookie.<name>, body.<member>[.<member>]"
        )
    if kind == "header" and name.lower() in _RESERVED:
        raise ValueError(f"{text} can't be a key: {_RESERVED[name.lower()]}")
    return make(name)
