"""Whether the operations of a limit can give what it counts by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from gwc.controls.authorization_rule import STANDARD_CLAIMS
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import BodyKey, ClaimKey, KeyPart, part_text
from gwc.controls.routing import parameter_place, parse_template
from gwc.controls.side import ConsumerSide, PathSide
from gwc.controls.spec import Located
from gwc.diagnostics import Label
from gwc.ir import Operation
from gwc.lowering.authentication import Bindings
from gwc.lowering.context import Context, Served

Answer = tuple[Literal["never", "sometimes"], str] | None
"""Why nobody, or not everybody, has the part; None: whoever passes has it, or it is the caller's own choice."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What keys refer to; `served` and `operations` by key."""

    ctx: Context
    served: Mapping[str, Served]
    operations: Mapping[str, Operation]
    bound: Bindings


def check(reach: Reach, limit: RateLimit, place: Located) -> None:
    """Findings for parts that no request to some covered operation could have, or only some of its callers: one of each kind for a part."""
    for part in limit.key:
        told: set[str] = set()
        for key in limit.operations:
            answer = _of_operation(reach, part, key)
            if answer is None or answer[0] in told:
                continue
            told.add(answer[0])
            _report(reach, limit, part, key, place, answer)


def _report(reach: Reach, limit: RateLimit, part: KeyPart, key: str, place: Located, answer: tuple[str, str]) -> None:
    kind, why = answer
    where = Label(reach.operations[key].route.span, "this operation")
    text = f"rate limit {limit.id!r} counts by {part_text(part)}, but {reach.operations[key].id} {why}"
    if kind == "never":
        reach.ctx.findings.error("GWC503", text, place.span(), where, help="cover only operations that have it, with `operations`")
    else:
        reach.ctx.findings.warning("GWC504", text, place.span(), where, help="those without it share one bucket")


def _of_operation(reach: Reach, part: KeyPart, key: str) -> Answer:
    asked = _ASKED.get(type(part))
    return asked(reach, part, key) if asked is not None and key in reach.operations else None


def _consumer(reach: Reach, part: KeyPart, key: str) -> Answer:  # noqa: ARG001 - one shape for all
    return _alternatives(reach.operations[key], reach.bound.consumer_schemes, "credentials of consumers")


def _claim(reach: Reach, part: KeyPart, key: str) -> Answer:
    assert isinstance(part, ClaimKey)
    operation = reach.operations[key]
    tokens = [jwt for jwt in reach.bound.jwts if jwt.scheme in operation.security.schemes]
    for jwt in tokens:
        if part.name not in STANDARD_CLAIMS and part.name not in dict(jwt.claims):
            return "never", f"takes tokens of {jwt.scheme!r}, of which no claim is named {part.name!r} (authentication.{jwt.scheme}.claims)"
    return _alternatives(operation, frozenset(jwt.scheme for jwt in tokens), "tokens")


def _alternatives(operation: Operation, schemes: AbstractSet[str], what: str) -> Answer:
    """Whether every alternative of the operation has one of these schemes, or none."""
    having = [bool(schemes & {r.scheme for r in alternative}) for alternative in operation.security.alternatives]
    if not any(having):
        return "never", f"takes no {what}"
    return None if all(having) else ("sometimes", f"also lets in callers without {what}")


def _path(reach: Reach, part: KeyPart, key: str) -> Answer:
    """The parameter must be in the operation's own template, at the place where the template that is routed by has it."""
    assert isinstance(part, PathSide)
    served = reach.served[key]
    own = parse_template(reach.ctx.spec.apis[served.api].base_path, served.source.path)
    try:
        same = parameter_place(own, part.name) == parameter_place(served.template, part.name)
    except ValueError as error:
        return "never", f"has no such parameter: {error}"
    return None if same else ("never", f"is served as {served.template.text}, where {part.name!r} is another part")


def _body(reach: Reach, part: KeyPart, key: str) -> Answer:  # noqa: ARG001 - one shape for all
    operation = reach.operations[key]
    if not operation.body.media_types:
        return "never", "takes no body"
    types = operation.validation.media_types
    if not any(m.json or m.form or m.multipart for m in types):
        return "never", "takes no body that is validated as JSON or a form (validation.request.body)"
    opaque = next((m.range for m in types if m.opaque and not (m.json or m.form or m.multipart)), None)
    return ("sometimes", f"also takes {opaque}, which is not looked into") if opaque is not None else None


_ASKED: Mapping[type, Callable[[Reach, KeyPart, str], Answer]] = MappingProxyType(
    {ConsumerSide: _consumer, ClaimKey: _claim, PathSide: _path, BodyKey: _body}
)
