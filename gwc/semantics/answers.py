"""What the model says about a request."""

from __future__ import annotations

from dataclasses import dataclass

from gwc.controls.problem_details import REASONS

Headers = tuple[tuple[str, str], ...]
"""Fields in their order; names in lower case, values without the blanks around them. Bytes are latin-1 characters."""

Failure = tuple[str, str, str]
"""What does not hold about a request: in, pointer, keyword (docs/validation.md)."""

HANDSHAKE = "tls.handshake"
"""The reason of a connection that never carried a request; no answer has it."""
ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason to refuse a request. `headers` are promised to be in the answer; of Retry-After the value is the least one.

    `status` 0: there is no answer, because there is no connection. `errors`: of a reason `validate.*`, (in, pointer, keyword), at most five.
    """

    status: int
    reason: str
    headers: Headers = ()
    errors: tuple[tuple[str, str, str], ...] = ()


def fault(reason: str, *headers: tuple[str, str], errors: tuple[Failure, ...] = ()) -> Fault:
    """The fault with the status that the table of reasons gives it."""
    return Fault(REASONS[reason], reason, headers, errors)


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """What the upstream receives. `headers` is complete, sorted, and without what only frames the message.

    Content-Length, Transfer-Encoding, Connection and Expect belong to the connection between gateway and upstream;
    X-Request-Id is there exactly once, with a value of the gateway's own.
    """

    upstream: str
    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of the model. `status` is that of the gateway's own answer, 0 when there is none: forwarded, or no connection."""

    allowed: bool
    status: int
    reason: str
    headers: Headers
    forwarded: ForwardedRequest | None
    operation: str  # key, or "-" when no operation was found
    subject: str  # "-" when no token was verified
    consumer: str  # "-" when none was verified, or more than one
    errors: tuple[Failure, ...] = ()  # of the answer, for reasons `validate.*`
