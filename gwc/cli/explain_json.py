"""An explanation for programs. The shape is stable: members may be added, none is removed or renamed while `version` is 1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gwc.cli.explain_shown import Explained, Listing
from gwc.explain import Judged, Ruling, Step, rulings, smallest_changes, steps
from gwc.report.harmless import harmless
from gwc.semantics import Fault


def document(found: Iterable[Explained]) -> str:
    """`{"version": 1, "explanations": [...]}`, pure ASCII; one explanation for each policy (docs/explain.md has the members)."""
    return json.dumps({"version": 1, "explanations": [_explanation(one) for one in found]}, indent=1)


def _explanation(explained: Explained) -> dict[str, Any]:
    about = explained.about
    found = _decision(explained, about) if isinstance(about, Judged) else _listing(explained, about)
    problems = [(problems.target, p) for problems in explained.problems for p in problems.problems]
    told = [{"target": target, "control": p.stem, "field": p.field, "why": p.why, "instead": p.instead} for target, p in problems]
    return {**found, "unenforceable": told}


def _listing(explained: Explained, about: Listing) -> dict[str, Any]:
    gateway = explained.gateway
    operations = [
        {
            "operation": o.key,
            "method": o.route.method,
            "template": o.route.template.text,
            "hosts": list(o.route.hosts),
            "steps": [_step(explained, s) for s in steps(gateway, o)],
        }
        for o in about.found.operations
    ]
    return {"policy": gateway.name, "method": about.method, "path": harmless(about.path), "operations": operations}


def _step(explained: Explained, step: Step) -> dict[str, Any]:
    place = explained.place(step)
    return {
        "phase": step.phase,
        "control": step.control,
        "subject": step.subject,
        "says": harmless(step.says),
        "at": dict(zip(("path", "line", "column"), place, strict=True)) if place else None,
        "enforcedBy": [{"target": target, "file": f"{target}/{row.file}", "line": row.line} for target, row in explained.rows(step)],
    }


def _decision(explained: Explained, judged: Judged) -> dict[str, Any]:
    asked, decision = judged.asked, judged.decision
    return {
        "policy": explained.gateway.name,
        "request": {
            "method": asked.method,
            "path": harmless(asked.path),
            "host": asked.host,
            "client": asked.client,
            "at": int(asked.now_s),
        },
        "operation": None if judged.operation is None else judged.operation.key,
        "allowed": judged.is_allowed,
        "status": decision.status,
        "reason": decision.reason,
        "subject": decision.subject,
        "consumer": decision.consumer,
        "steps": [_ruling(explained, r) for r in rulings(judged)],
        **_advice(explained, judged),
    }


def _ruling(explained: Explained, ruling: Ruling) -> dict[str, Any]:
    faults = [_fault(f) for f in ruling.faults]
    return {**_step(explained, ruling.step), "verdict": ruling.verdict, "faults": faults, "note": harmless(ruling.note)}


def _fault(found: Fault) -> dict[str, Any]:
    told = {"status": found.status, "reason": found.reason}
    errors = [{"in": place, "pointer": harmless(pointer), "keyword": keyword} for place, pointer, keyword in found.errors]
    return {**told, "errors": errors} if errors else told


def _advice(explained: Explained, judged: Judged) -> dict[str, Any]:
    if judged.is_allowed:
        return {"changes": [], "blockedBy": [], "gaveUp": False}
    advice = smallest_changes(judged)
    blocked = [_step(explained, s) for s in advice.blockers]
    return {"changes": [[harmless(words) for words in way] for way in advice.ways], "blockedBy": blocked, "gaveUp": advice.gave_up}
