"""Phase 5: API keys in a header, the query or a cookie, known to gwc and to the gateway only by their SHA-256 digest."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, StringConstraints

from gwc.controls.base import Node, Place
from gwc.controls.spec import Located, Spec
from gwc.diagnostics import Findings, Label

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?", re.ASCII)


def epoch_seconds(text: str) -> int:
    """The moment of `2027-01-31` (its first second, UTC) or `2027-01-31T12:00:00Z` in seconds since 1970. Raises ValueError."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("a moment is a date such as 2027-01-31 (UTC) or a time such as 2027-01-31T12:00:00Z")
    moment = dt.datetime.fromisoformat(text)
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp())
    if seconds < 0:
        raise ValueError("moments before 1970 are mistakes")
    return seconds


def _moment(text: str) -> str:
    epoch_seconds(text)
    return text


Moment = Annotated[str, AfterValidator(_moment)]


class KeySpec(Spec):
    """One live key: only its digest, never the key."""

    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    not_before: Moment | None = None
    expires: Moment | None = None


class ApiKeySpec(Spec):
    """`authentication.<scheme>` with `type: apiKey`: `consumers` names a file of kind Consumers beside the policy."""

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    type: Literal["apiKey"]
    consumers: Annotated[str, StringConstraints(min_length=1)]
    forward: Literal["never"] = "never"


KeyLocation = Literal["header", "query", "cookie"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDigest:
    """One live key of a consumer. `digest`: SHA-256 of the key's bytes, 64 lower-case hex digits.

    The key is valid while `not_before_s <= now < expires_s` (seconds since 1970, UTC).
    """

    digest: str
    consumer: str
    not_before_s: int
    expires_s: int


NEVER_S = 253402300800
"""The first second of the year 10000: the `expires_s` of a key without an end."""


def life_s(spec: KeySpec) -> tuple[int, int]:
    """`not_before_s` and `expires_s` of the key."""
    return (epoch_seconds(spec.not_before) if spec.not_before else 0, epoch_seconds(spec.expires) if spec.expires else NEVER_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey(Node):
    """The header, query parameter or cookie `name` holds exactly one key of 1 to 256 bytes whose digest is known: otherwise 401 `authn.apiKey`.

    Outside its time a known key is `authn.notBefore` or `authn.expired`. What carries the key never reaches the upstream, on any operation.

    Query: the parts between `&`; a part's name, up to its first `=`, is percent-decoded once before it is compared (a plus sign stays one), and
    so is the value. Cookie: the parts between `;` of all Cookie fields, blanks around them aside; the name, up to the first `=`, is
    compared as it is, in its case; so is the value.
    """

    STEM: ClassVar[str] = "api_key"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "api_keys"

    scheme: str  # name of the OpenAPI security scheme
    location: KeyLocation
    name: str  # of a header: lower case, letters, digits and hyphens; else visible ASCII that needs no quoting anywhere
    keys: tuple[KeyDigest, ...]  # by digest, each once


def key_digests(owners: Sequence[tuple[str, Sequence[KeySpec], Located]], findings: Findings) -> tuple[KeyDigest, ...]:
    """The keys of all consumers (id, keys, place of the consumer), by digest; one that stands twice is a finding."""
    digests: dict[str, tuple[KeyDigest, Located]] = {}
    for consumer, keys, place in owners:
        for i, spec in enumerate(keys):
            _add_key(digests, consumer, spec, place.at("keys", i), findings)
    return tuple(digests[d][0] for d in sorted(digests))


def _add_key(digests: dict[str, tuple[KeyDigest, Located]], consumer: str, spec: KeySpec, place: Located, findings: Findings) -> None:
    begin_s, end_s = life_s(spec)
    key = KeyDigest(digest=spec.digest.removeprefix("sha256:"), consumer=consumer, not_before_s=begin_s, expires_s=end_s)
    if key.not_before_s >= key.expires_s:
        findings.error("GWC204", "the key expires before it begins", place.at("expires").span())
    if key.digest in digests:
        first = Label(digests[key.digest][1].at("digest").span(), "first here")
        findings.error("GWC204", "two keys have the same digest", place.at("digest").span(), first)
    digests[key.digest] = (key, place)


def _key(digit: str = "a", consumer: str = "acme", not_before_s: int = 0, expires_s: int = NEVER_S) -> KeyDigest:
    return KeyDigest(digest=digit * 64, consumer=consumer, not_before_s=not_before_s, expires_s=expires_s)


def _example(name: str = "x-api-key", keys: tuple[KeyDigest, ...] = (_key(),), location: KeyLocation = "header") -> ApiKey:
    return ApiKey(scheme="partnerKey", location=location, name=name, keys=keys)


EXAMPLES = (
    _example(name="x-api-key", keys=(_key(),)),
    _example(name="x-partner-key", keys=(_key(),)),
    _example(name="x-api-key", keys=(_key("b"),)),
    _example(name="x-api-key", keys=(_key(consumer="other"),)),
    _example(name="x-api-key", keys=(_key(not_before_s=1700000000),)),
    _example(name="x-api-key", keys=(_key(expires_s=1700000000),)),
    _example(name="x-api-key", keys=(_key(), _key("b"))),
    _example(location="query"),
    _example(location="cookie"),
)
