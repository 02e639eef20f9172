"""Puts the questions of a batch to the model and to a real gateway, each of them a request over TLS on a connection that stays open."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gwc.ir import Gateway
from gwc.lowering import compile_policy
from gwc.semantics import State
from tests.support.cases import Case
from tests.support.harness import Bench, Verdict, bench, judge, running, told_errors
from tests.support.requests import Answer, Connections, Offer
from tools.conformance.questions import HOST, Batch, Question

HOSTS = ("nginx", "envoy", "openresty", "kong")
"""`kong` is the stand-in of tests/kong, where GWC_KONG does not name a real one."""
OFFER = Offer(HOST)
STAND_IN = Path(__file__).resolve().parents[2] / "tests" / "kong" / "stand_in.py"
STAND_IN_COMMAND = shlex.join([sys.executable, str(STAND_IN)])


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one question. `outcome`: `accepted`, `refused` (400 with a reason of validation), or what else happened.

    `told`: reason and failures of the problem document; of the model, `others` has what is right instead. `differs`: how a gateway contradicts
    the model.
    """

    outcome: str
    told: str = ""
    others: frozenset[str] = frozenset()
    differs: str = ""


def ask_model(batch: Batch) -> list[Said]:
    """The answers of the model, without any gateway."""
    return ask_model_of(_gateway(batch), batch.questions)


def ask(batch: Batch, host: str, folder: Path, model: Sequence[Said]) -> list[Said]:
    """The answers of a gateway, each compared with the model's."""
    return ask_gateway(_gateway(batch), batch.questions, host, folder, model)


def _gateway(batch: Batch) -> Gateway:
    return compile_policy(batch.policy, root=batch.policy.parent).gateway


def ask_model_of(gateway: Gateway, questions: Sequence[Question]) -> list[Said]:
    """The model's answers for a gateway."""
    return [_of_model(judge(gateway, q.raw, OFFER, State())) for q in questions]


def ask_gateway(gateway: Gateway, questions: Sequence[Question], host: str, folder: Path, model: Sequence[Said]) -> list[Said]:
    """The answers of a running gateway, each compared with the model's."""
    with serving(gateway, host, folder) as (prepared, connections):
        return [put(q, m, prepared, connections) for q, m in zip(questions, model, strict=True)]


@contextmanager
def serving(gateway: Gateway, host: str, folder: Path) -> Iterator[tuple[Bench, Connections]]:
    """The gateway, running."""
    case = Case("conformance", folder, folder, ())
    with bench(case, gateway, folder) as prepared, some_kong(), running(host, prepared, folder) as process:
        connections = Connections(process.port)
        with connections.stack:
            yield prepared, connections


@contextmanager
def some_kong() -> Iterator[None]:
    """Within it GWC_KONG names a Kong: the stand-in where nothing else is named. Tests after it must not find one that is none."""
    is_real = "GWC_KONG" in os.environ
    if not is_real:
        os.environ["GWC_KONG"] = STAND_IN_COMMAND
    try:
        yield
    finally:
        if not is_real:
            del os.environ["GWC_KONG"]


def put(question: Question, model: Said, prepared: Bench, connections: Connections) -> Said:
    """One question to a running gateway."""
    answer = connections.exchange("only", question.raw, OFFER)
    said = _of_answer(answer, [r.body_sha256 for r in prepared.take()], question)
    return replace(said, differs=_difference(said, model))


def _of_answer(answer: Answer, arrived: list[str], question: Question) -> Said:
    body = hashlib.sha256(question.raw.partition(b"\r\n\r\n")[2]).hexdigest()
    if answer.status == 200 and arrived == [body]:
        return Said("accepted")
    problem = answer.problem()
    reason = str(problem.get("reason", ""))
    if answer.status == 400 and reason.startswith("validate.") and not arrived:
        return Said("refused", told(reason, told_errors(problem)))
    return Said(f"{answer.status} {reason or answer.why}, {len(arrived)} requests arrived".replace("  ", " "))


def _of_model(verdict: Verdict) -> Said:
    if verdict.forwarded is not None:
        return Said("accepted")
    first = verdict.faults[0]
    if first.status == 400 and first.reason.startswith("validate."):
        return Said("refused", told(first.reason, first.errors), frozenset(told(f.reason, f.errors) for f in verdict.faults))
    return Said(f"{first.status} {first.reason}")


def _difference(said: Said, model: Said) -> str:
    if said.outcome != model.outcome:
        return f"the model says {model.outcome}, the gateway {said.outcome}"
    if said.told and said.told not in model.others:
        return f"the model tells {' or '.join(sorted(model.others))}, the gateway {said.told}"
    return ""


def told(reason: str, errors: tuple[tuple[str, str, str], ...]) -> str:
    """Reason and failures in one line."""
    return f"{reason} {list(errors)}"
