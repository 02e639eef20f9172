"""What a backend is: a name, a table control -> emitter, and a function from the IR to files.

Backends know `gwc.ir`, `gwc.controls`, `gwc.templating`, `gwc.resources` and this module; never the policy text, never each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gwc.controls.authorization_rule import AuthorizationRule
from gwc.controls.network_rule import NetworkRule
from gwc.controls.rate_limit import RateLimit
from gwc.diagnostics import Span
from gwc.ir import Gateway

SourceT = TypeVar("SourceT")
FragmentT = TypeVar("FragmentT")


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Why a target has no realisation of a control, and what to do instead. Using the control on that target is a compile error (exit 4)."""

    why: str
    instead: str


class Unenforceable(Exception):  # noqa: N818 - names the fact
    """A control is realised on the target, but not with this value. All of one compile are collected, then raised once as `TargetProblems`."""

    def __init__(self, span: Span, stem: str, field: str, why: str, instead: str = "") -> None:
        super().__init__(f"{stem}.{field}: {why}")
        self.span, self.stem, self.field, self.why, self.instead = span, stem, field, why, instead


class TargetProblems(Exception):  # noqa: N818
    """Everything that one target cannot enforce exactly."""

    def __init__(self, target: str, problems: list[Unenforceable]) -> None:
        super().__init__(f"{target}: " + "; ".join(str(p) for p in problems))
        self.target, self.problems = target, tuple(problems)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Where a control is enforced: `subject` is an operation key, the id or name of a limit, rule, scheme, consumer, zone or upstream, or "*"."""

    control: str  # stem
    subject: str
    file: str  # relative to the target's folder
    line: int


@dataclass(frozen=True, slots=True)
class Note:
    """A documented choice that the target made for the user, shown as a note (never silent), for example TLS groups that its library lacks."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Output:
    """The files of one target, by path relative to the target's folder (`/` as separator), and the ledger, sorted."""

    files: Mapping[str, bytes]
    ledger: tuple[LedgerRow, ...]
    notes: tuple[Note, ...] = ()


def covering(controls: Iterable[RateLimit | AuthorizationRule | NetworkRule]) -> dict[str, tuple[int, ...]]:
    """Operation -> the numbers, from 1, of the controls that cover it; operations that none covers are not there."""
    found: dict[str, list[int]] = {}
    for number, control in enumerate(controls, 1):
        for key in control.operations:
            found.setdefault(key, []).append(number)
    return {key: tuple(numbers) for key, numbers in found.items()}


def emit_all(target: str, emitters: Mapping[str, Callable[[SourceT], FragmentT]], source: SourceT) -> dict[str, FragmentT]:
    """The fragment of every control, in the order of the table. Raises TargetProblems with what all of them can't enforce."""
    fragments: dict[str, FragmentT] = {}
    problems: list[Unenforceable] = []
    for stem, emit in emitters.items():
        try:
            fragments[stem] = emit(source)
        except Unenforceable as problem:
            problems.append(problem)
    if problems:
        raise TargetProblems(target, problems)
    return fragments


class Backend(Protocol):
    """A module `gwc.backends.<name>`."""

    NAME: str
    EMITTERS: Mapping[str, object]  # stem -> emitter (a callable of the backend's own shape) or Unsupported

    def compile(self, gateway: Gateway) -> Output:
        """The files for this target. Deterministic, no I/O except reading certificates that the target needs inline.

        Raises TargetProblems.
        """
        ...


def subjects(gateway: Gateway) -> tuple[tuple[str, str], ...]:
    """Every (stem, subject) that the ledger of each target must have a row for: nothing is dropped."""
    rows: list[tuple[str, str]] = [
        (stem, "*") for stem in ("listener_tls", "canonical_path", "forwarding", "problem_details", "access_log")
    ]
    rows += [("host_names", name) for name in gateway.host_names.names]
    rows += [(stem, op.key) for op in gateway.operations for stem in ("routing", "security", "body")]
    validated = [op.key for op in gateway.operations if not op.validation.is_off]
    rows += [("validation", key) for key in validated] + [("json_schema", "*")] * bool(validated)
    rows += [("store", "*") for _ in gateway.store]
    rows += [("network_rule", rule.id) for rule in gateway.network_rules]
    rows += [("rate_limit", limit.id) for limit in gateway.rate_limits]
    rows += [("jwt", jwt.scheme) for jwt in gateway.jwts]
    rows += [("api_key", key.scheme) for key in gateway.api_keys]
    rows += [("basic", basic.scheme) for basic in gateway.basics]
    rows += [("mutual_tls", mapping.scheme) for mapping in gateway.mutual_tls]
    rows += [("consumer", consumer.id) for consumer in gateway.consumers]
    rows += [("zone", zone.name) for zone in gateway.zones]
    rows += [("authorization_rule", rule.id) for rule in gateway.rules]
    rows += [("client_ip", "*") for _ in gateway.client_ip]
    rows += [("segmentation", "*") for _ in gateway.segmentation]
    rows += [("metrics", "*") for _ in gateway.metrics]
    rows += [("upstream", upstream.name) for upstream in gateway.upstreams]
    return tuple(sorted(rows))
