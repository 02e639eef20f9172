"""Phase 6: rules of the policy about who may call what, on top of OpenAPI's `security`.

Every rule that covers an operation must hold, and in a rule everything that it requires: restrictions only ever add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gwc.controls.base import Node, Place
from gwc.controls.consumer import Role
from gwc.controls.selector import SelectorSpec
from gwc.controls.side import ConsumerSide, PathSide
from gwc.controls.spec import Name, Spec

MAX_WHOLE_NUMBER = 2**53 - 1
STANDARD_CLAIMS = ("azp", "client_id", "iss", "sub")
"""Claims that rules may name without `authentication.<scheme>.claims`: texts with a fixed meaning (RFC 7519, RFC 9068)."""


def _claim_value(value: str | int | bool) -> str | int | bool:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_WHOLE_NUMBER:
        raise ValueError("whole numbers beyond 2^53 - 1 can't be compared exactly")
    return value


ClaimValue = Annotated[bool | int | Annotated[str, StringConstraints(max_length=1024)], AfterValidator(_claim_value)]
Reference = Annotated[
    str, StringConstraints(pattern=r"^(?:jwt\.[A-Za-z][A-Za-z0-9_-]{0,62}|path\.[A-Za-z0-9_][A-Za-z0-9_.~-]{0,62}|consumer)$")
]


class ClaimConditionSpec(Spec):
    """What a claim must be: one of `equals` (this value), `oneOf` (one of these values), `contains` (a list with this value)."""

    equals: ClaimValue | None = None
    one_of: Annotated[list[ClaimValue], Field(min_length=1, max_length=1000)] | None = None
    contains: ClaimValue | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if sum(x is not None for x in (self.equals, self.one_of, self.contains)) != 1:
            raise ValueError("a claim has one condition: equals, oneOf or contains")
        return self


class RequireSpec(Spec):
    """`require`. Everything in it must hold. `scopes`: all of them; `roles`, `consumers`, `zones`: one of them; `claims`: each; `equal`: the two sides."""

    scopes: Annotated[list[Role], Field(min_length=1)] | None = None
    roles: Annotated[list[Role], Field(min_length=1)] | None = None
    consumers: Annotated[list[str], Field(min_length=1)] | None = None
    zones: Annotated[list[Name], Field(min_length=1)] | None = None
    claims: Annotated[dict[Name, ClaimConditionSpec], Field(min_length=1)] | None = None
    equal: Annotated[list[Reference], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a rule requires something: scopes, roles, consumers, zones, claims or equal")
        return self


class OperationRuleSpec(Spec):
    """A rule of `operations.<id>.authorization.rules`: covers this operation."""

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    id: Name
    require: RequireSpec


class RuleSpec(OperationRuleSpec):
    """A rule of `authorization.rules`: covers the operations that the selector chooses, or all."""

    operations: SelectorSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCondition:
    """A condition on the claim `name` of the verified token.

    `oneOf`: the claim is a text, a truth value or a number equal to one of `values`; `contains`: it is a list of which at least one element is. Types are
    never mixed: `"1"`, `1` and `true` are three values. Numbers are compared as IEEE doubles; one beyond 2^53 - 1 equals nothing.
    """

    name: str
    kind: Literal["oneOf", "contains"]  # `equals` is `oneOf` with one value
    values: tuple[str | int | bool, ...]  # sorted by type, then value


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSide:
    """A claim of the verified token that is a text."""

    name: str


Side = ClaimSide | PathSide | ConsumerSide


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRule(Node):
    """What a request to one of `operations` must have beside what `security` asks for. An empty tuple asks for nothing.

    - `scopes`: all of them, of the verified tokens: 403 `authz.scope`;
    - `roles`: one of them, of a verified token or of the verified consumer: `authz.role`;
    - `consumers`: the verified consumer is one of them: `authz.consumer`;
    - `zones`: the client's address is in one of them: `authz.zone`;
    - `claims`: each condition holds: `authz.claim`;
    - `equal`: of each pair both sides are there and are byte for byte the same text (UTF-8): `authz.object`.

    Claims are those of the token that was verified. A name is looked up by the path that the scheme gives it; where the token was verified for
    several schemes, by that of the first one in the order of names. What is not there, or of another type, denies.
    """

    STEM: ClassVar[str] = "authorization_rule"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "rules"

    id: str
    operations: tuple[str, ...]  # keys, sorted, never empty
    scopes: tuple[str, ...]  # sorted, as are the next four
    roles: tuple[str, ...]
    consumers: tuple[str, ...]
    zones: tuple[str, ...]
    claims: tuple[ClaimCondition, ...]  # by name
    equal: tuple[tuple[Side, Side], ...]


def value_order(value: str | int | bool) -> tuple[str, str | int]:
    """Sorts values of claims: texts, truth values and numbers never compare with each other."""
    return (type(value).__name__, value)


def conditions(spec: dict[str, ClaimConditionSpec]) -> tuple[ClaimCondition, ...]:
    """The conditions of `claims`, by name."""
    return tuple(_condition(name, spec[name]) for name in sorted(spec))


def _condition(name: str, spec: ClaimConditionSpec) -> ClaimCondition:
    kind: Literal["oneOf", "contains"] = "oneOf" if spec.contains is None else "contains"
    given = spec.one_of or [x for x in (spec.equals, spec.contains) if x is not None]
    distinct = {value_order(v): v for v in given}
    return ClaimCondition(name=name, kind=kind, values=tuple(distinct[k] for k in sorted(distinct, key=str)))


def side(text: str) -> Side:
    """The side of an `equal` that a checked `Reference` names."""
    kind, _, name = text.partition(".")
    if kind == "consumer":
        return ConsumerSide()
    return ClaimSide(name=name) if kind == "jwt" else PathSide(name=name)


def references(rule: AuthorizationRule) -> tuple[str, ...]:
    """The names of claims that the rule looks at, sorted."""
    sides = {s.name for pair in rule.equal for s in pair if isinstance(s, ClaimSide)}
    return tuple(sorted(sides | {c.name for c in rule.claims}))


_BASE = {
    "id": "admin",
    "operations": ("orders.getOrder",),
    "scopes": (),
    "roles": ("orders-admin",),
    "consumers": (),
    "zones": (),
    "claims": (),
    "equal": (),
}


def _example(**changed: object) -> AuthorizationRule:
    return AuthorizationRule(**{**_BASE, **changed})  # type: ignore[arg-type]


def _claim(name: str = "sub", kind: Literal["oneOf", "contains"] = "oneOf", *values: str | int | bool) -> AuthorizationRule:
    return _example(claims=(ClaimCondition(name=name, kind=kind, values=values or ("alice",)),))


EXAMPLES = (
    _example(),
    _example(id="other"),
    _example(roles=("orders-admin", "root")),
    _example(scopes=("orders:admin",)),
    _example(consumers=("acme",)),
    _example(zones=("corp",)),
    _claim(),
    _claim("iss"),
    _claim("sub", "contains"),
    _claim("sub", "oneOf", "bob"),
    _claim("sub", "oneOf", 7),
    _claim("sub", "oneOf", True),
    _example(equal=((ClaimSide(name="sub"), PathSide(name="orderId")),)),
    _example(equal=((ClaimSide(name="iss"), PathSide(name="orderId")),)),
    _example(equal=((ConsumerSide(), PathSide(name="orderId")),)),
)
