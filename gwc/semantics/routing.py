"""Phase 2: the operation of a path and a method, found by trying every template."""

from __future__ import annotations

from gwc.controls.routing import Literal, Segment, Template
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics.answers import Fault, fault


def find_operation(gateway: Gateway, host: str, method: str, path: str) -> Operation | Fault:
    """The operation, or why there is none: 404, or 405 with the methods of the path."""
    segments = path[1:].split("/")
    there = [o for o in gateway.operations if host in o.route.hosts and _matches(o.route.template, segments)]
    if not there:
        return fault("route.unknown")
    best = min((o.route.template for o in there), key=lambda t: (t.specificity(), t.text))
    methods = {o.route.method: o for o in there if o.route.template == best}
    return methods.get(method) or fault("route.method", ("allow", ", ".join(sorted(methods))))


def _matches(template: Template, segments: list[str]) -> bool:
    if len(template.segments) != len(segments):
        return False
    return all(_segment_matches(t, s) for t, s in zip(template.segments, segments, strict=True))


def _segment_matches(segment: Segment, text: str) -> bool:
    """Whether some way to give each parameter one or more characters spells the text."""
    if not segment:
        return not text
    part, rest = segment[0], segment[1:]
    if isinstance(part, Literal):
        return text.startswith(part.text) and _segment_matches(rest, text[len(part.text) :])
    return any(_segment_matches(rest, text[n:]) for n in range(1, len(text) + 1))
