"""Phase 5: HTTP Basic (RFC 7617), for generated secrets only.

The user is a consumer's id, the password one of its keys, made by `gwc keys create`: a password that a person chose has not the form of
such a key and is refused, whatever digest stands in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from gwc.controls.api_key import NEVER_S, KeyDigest
from gwc.controls.base import Node, Place
from gwc.controls.spec import Spec

GENERATED_KEY = r"gwc_[0-9A-Za-z]{49}"
"""The form of a generated key: 256 random bits and a checksum."""


class BasicSpec(Spec):
    """`authentication.<scheme>` with `type: basic`: `consumers` names a file of kind Consumers beside the policy."""

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    type: Literal["basic"]
    consumers: Annotated[str, StringConstraints(min_length=1)]
    forward: Literal["never"] = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic(Node):
    """Authorization is `Basic ` and the canonical, padded base64 (RFC 4648 4) of `<consumer>:<key>`, the scheme in exactly this spelling.

    The key has the form `GENERATED_KEY`, its digest is known, and it is the named consumer's: otherwise 401 `authn.basic`. Outside
    its time a known key is `authn.notBefore` or `authn.expired`. Authorization never reaches the upstream.
    """

    STEM: ClassVar[str] = "basic"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "basics"

    scheme: str  # name of the OpenAPI security scheme
    keys: tuple[KeyDigest, ...]  # by digest, each once


def _example(digit: str = "a", consumer: str = "acme", not_before_s: int = 0, expires_s: int = NEVER_S) -> Basic:
    key = KeyDigest(digest=digit * 64, consumer=consumer, not_before_s=not_before_s, expires_s=expires_s)
    return Basic(scheme="login", keys=(key,))


EXAMPLES = (
    _example(),
    _example(digit="b"),
    _example(consumer="other"),
    _example(not_before_s=1700000000),
    _example(expires_s=1700000000),
)
