"""An explanation for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gwc.cli.console import emit, tell
from gwc.cli.explain_shown import Explained, Listing
from gwc.cli.findings import Shown, of_target
from gwc.explain import Advice, Judged, Ruling, Step, rulings, smallest_changes, steps
from gwc.explain.notes import caller, presents
from gwc.explain.rulings import denied_by
from gwc.explain.search import MAX_CHANGES
from gwc.ir import Operation
from gwc.report.harmless import harmless
from gwc.semantics import Fault

_VERDICTS = {"pass": "pass", "deny": "DENY", "idle": "-", "unreached": "not reached"}
_LISTED, _DECIDED = " " * 37, " " * 49


def show(explained: Explained) -> None:
    """Writes the explanation: what was found to standard output, that nothing was to standard error."""
    shown = Shown()
    shown.add((d for problems in explained.problems for d in of_target(problems)), explained.workspace)
    shown.show("full")
    if isinstance(explained.about, Judged):
        _emit(_decision(explained, explained.about))
        return
    listing = explained.about
    for operation in listing.found.operations:
        _emit(_listing(explained, operation))
    if not listing.found.operations:
        tell(harmless(f"{explained.gateway.name}: {_not_there(listing)}"))


def _emit(lines: Iterator[str]) -> None:
    emit("\n".join(harmless(line) for line in lines))


def _not_there(listing: Listing) -> str:
    asked = f"{listing.method} {listing.path}"
    if listing.found.other_methods:
        return f"{asked} is refused with 405 route.method; the path has {', '.join(listing.found.other_methods)}"
    return f"{asked} is refused with 404 route.unknown"


def _listing(explained: Explained, operation: Operation) -> Iterator[str]:
    route, name = operation.route, explained.gateway.name
    yield f"{route.method} {route.template.text} on {', '.join(route.hosts)}: operation {operation.key} of policy {name}"
    for step in steps(explained.gateway, operation):
        yield f"  {step.phase:<14} {step.control:<18} {step.says}"
        yield from _places(explained, step, _LISTED)


def _places(explained: Explained, step: Step, margin: str) -> Iterator[str]:
    place = explained.place(step)
    if place is not None:
        yield f"{margin}said at {place[0]}:{place[1]}:{place[2]}"
    for target, row in explained.rows(step):
        yield f"{margin}{target}: {target}/{row.file}:{row.line}"


# --- a decision ------------------------------------------------------------------------------------------------------------


def _decision(explained: Explained, judged: Judged) -> Iterator[str]:
    asked, found = judged.asked, rulings(judged)
    operation = f"operation {judged.operation.key}" if judged.operation else "no operation"
    when = dt.datetime.fromtimestamp(int(asked.now_s), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield f"{asked.method} {asked.path} on {asked.host} from {asked.client} at {when}: {operation} of policy {explained.gateway.name}"
    yield f"  the caller presents: {presents(judged)}"
    for ruling in found:
        yield from _ruling(explained, ruling)
    denied = denied_by(found)
    if denied is None:
        yield f"allowed: forwarded to upstream {judged.operation.upstream if judged.operation else '-'}, {caller(judged)}"
        return
    yield f"denied: {status_text(denied.faults[0])} by {denied.step.control} ({denied.step.says}){_at(explained, denied.step)}"
    yield from _advice(explained, smallest_changes(judged), denied)


def _ruling(explained: Explained, ruling: Ruling) -> Iterator[str]:
    step, says = ruling.step, ruling.step.says
    if ruling.verdict == "deny":
        says = f"{status_text(ruling.faults[0])}: {says}"
    yield f"  {step.phase:<14} {step.control:<18} {_VERDICTS[ruling.verdict]:<11} {says}"
    if ruling.verdict == "unreached" and ruling.faults:
        yield f"{_DECIDED}here: would be refused, too: {status_text(ruling.faults[0])}"
    if ruling.note:
        yield f"{_DECIDED}here: {ruling.note}"
    yield from _places(explained, step, _DECIDED)


def status_text(fault: Fault) -> str:
    """Status and reason; without an answer, the reason."""
    return f"{fault.status} {fault.reason}" if fault.status > 0 else fault.reason


def _at(explained: Explained, step: Step) -> str:
    place = explained.place(step)
    return f" at {place[0]}:{place[1]}:{place[2]}" if place else ""


def _advice(explained: Explained, advice: Advice, denied: Ruling) -> Iterator[str]:
    lead = "the smallest change that would allow it: "
    for i, way in enumerate(advice.ways):
        yield (lead if i == 0 else f"{'or: ':>{len(lead)}}") + "; and ".join(way)
    if advice.ways:
        return
    if denied.faults[0].reason.startswith("validate."):
        yield f"it would be allowed if this were what the document says: {denied.note}"
        return
    bound = f" (of those of at most {MAX_CHANGES} parts that were tried)" if advice.gave_up else ""
    what = "one of these" if len(advice.blockers) > 1 else "this"
    yield f"no change of the request allows it{bound}; {what} would have to change:"
    for step in advice.blockers:
        yield f"  {step.says}{_at(explained, step)}"
