"""Puts the fragments together: three templates, the runtime, and the ledger from the lines that came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from gwc.backends.base import LedgerRow, Output
from gwc.backends.nginx.client_ip import after_authorization
from gwc.backends.nginx.fragments import CONFIGURATION, POLICY, PROBLEMS, Fragments, Lines
from gwc.backends.nginx.listener_tls import endpoint
from gwc.backends.nginx.numbered import by_number
from gwc.backends.nginx.plan import Plan, has_open_lane, lane_location, upstream_location
from gwc.backends.nginx.quoting import argument, javascript
from gwc.backends.nginx.script import bundle
from gwc.templating import Verbatim, environment

SCRIPT = "gwc.js"
_SENDING_S = 60
"""For head and body of a request; `client_body_timeout` is between two parts of it."""


def assemble(plan: Plan, fragments: Mapping[str, Fragments]) -> Output:
    """The files of the target. Raises KeyError when a control has no line: a mistake of gwc."""
    files = {
        CONFIGURATION: _configuration(plan, fragments),
        PROBLEMS: _problems(fragments),
        POLICY: _policy(plan, fragments),
    }
    ledger = _ledger(files, fragments)
    files[SCRIPT] = bundle()
    files |= {name: text for f in fragments.values() for name, text in f.files.items()}
    notes = tuple(note for f in fragments.values() for note in f.notes)
    return Output({name: files[name].encode() for name in sorted(files)}, ledger, notes)


def _configuration(plan: Plan, fragments: Mapping[str, Fragments]) -> str:
    return _render(
        "nginx.conf.j2",
        endpoint=endpoint(plan.gateway.listener_tls),
        after_authorization=after_authorization(plan),
        map_entries=_map_entries(plan),
        shutdown_s=_shutdown_s(plan),
        case=_lines(fragments.values(), lambda f: f.case),
        sections=[{"stem": Verbatim(stem), "lines": f.http} for stem, f in fragments.items() if f.http],
        servers=[_server(plan, n, fragments.values()) for n in range(len(plan.servers))],
    )


def _shutdown_s(plan: Plan) -> int:
    """Longer than any request may take: to send its body, to connect, and to be answered."""
    slowest_ms = max((u.connect_timeout_ms + u.response_timeout_ms for u in plan.gateway.upstreams), default=0)
    return _SENDING_S + -(-slowest_ms // 1000)


def _map_entries(plan: Plan) -> int:
    """A size of hash tables in which even the largest map finds room."""
    gateway = plan.gateway
    keys = [len(c.keys) for c in gateway.api_keys] + [len(c.keys) for c in gateway.basics]
    names = [len(control.names) for control in gateway.mutual_tls]
    return 4 * max(2048, len(gateway.operations), len(plan.consumers), *keys, *names)


def _server(plan: Plan, number: int, fragments: Iterable[Fragments]) -> dict[str, object]:
    """A server has the lanes of its own operations only."""
    used = sorted({plan.lane_of[o.key] for o in plan.servers[number].operations})
    names = dict.fromkeys(plan.lanes[n].upstream for n in used)
    return {
        "lines": _lines(fragments, lambda f: f.server.get(number, ())),
        "upstreams": [_upstream(plan, name, [n for n in used if plan.lanes[n].upstream == name], fragments) for name in names],
    }


def _upstream(plan: Plan, name: str, lanes: list[int], fragments: Iterable[Fragments]) -> dict[str, object]:
    return {
        "location": upstream_location(name),
        "lines": _lines(fragments, lambda f: f.upstream.get(name, ())),
        "lanes": [lane for n in lanes for lane in _lanes(plan, n, fragments)],
    }


def _lanes(plan: Plan, number: int, fragments: Iterable[Fragments]) -> Iterator[dict[str, object]]:
    lines = _lines(fragments, lambda f: f.lanes[number] if f.lanes else ())
    location = lane_location(plan, number)
    yield {"location": location + "+", "verdict": Verbatim("js_access gwc.access;"), "lines": lines}
    if has_open_lane(plan, number):
        yield {"location": location, "verdict": Verbatim("set $gwc_up $gwc_open;"), "lines": lines}


def _problems(fragments: Mapping[str, Fragments]) -> str:
    return _render("problems.conf.j2", lines=_lines(fragments.values(), lambda f: f.problems))


def _policy(plan: Plan, fragments: Mapping[str, Fragments]) -> str:
    members = [f.rules for f in fragments.values() if f.rules]
    rules = {n: (Verbatim("return {"), *(m[n] for m in members), Verbatim("};")) for n in range(len(plan.rules))}
    script = (*_lines(fragments.values(), lambda f: f.script), *by_number("rule", rules))
    usual, imports = _lines(fragments.values(), lambda f: f.usual), _lines(fragments.values(), lambda f: f.imports)
    judged = {name: lines for f in fragments.values() for name, lines in f.judged.items()}
    exported = Verbatim(", ".join((*sorted(judged), "tables", "usual")))
    lines = tuple(line for name in judged for line in judged[name])
    return _render("policy.js.j2", script=script, usual=usual, imports=imports, judged=lines, exported=exported)


def _render(template: str, **values: object) -> str:
    quote = javascript if template.endswith(".js.j2") else argument
    return environment("nginx", quote).get_template(template).render(values)


def _lines(fragments: Iterable[Fragments], choose: Callable[[Fragments], Lines]) -> Lines:
    return tuple(line for f in fragments for line in choose(f))


def _ledger(files: Mapping[str, str], fragments: Mapping[str, Fragments]) -> tuple[LedgerRow, ...]:
    numbers = {name: _line_numbers(text) for name, text in files.items()}
    rows = [
        LedgerRow(stem, anchor.subject, anchor.file, numbers[anchor.file][anchor.line.strip()])
        for stem, f in fragments.items()
        for anchor in f.anchors
    ]
    rows += [row for f in fragments.values() for row in f.rows]
    return tuple(sorted(rows, key=lambda r: (r.control, r.subject)))


def _line_numbers(text: str) -> dict[str, int]:
    """The first line of each text, counted from 1."""
    numbers: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        numbers.setdefault(line.strip(), number)
    return numbers
