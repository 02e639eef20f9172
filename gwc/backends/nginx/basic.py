"""Phase 5 on NGINX: the digests of generated passwords as maps; runtime/js/basic.js decides."""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.key_digests import digest_map, key_entry
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.basic import Basic
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """For each scheme a map, and its name for the script."""
    controls = plan.gateway.basics
    script = (
        Verbatim("function basic(scheme) { switch (scheme) {"),
        *(Verbatim(f"case {javascript(c.scheme)}: return {javascript(_variable(n))};") for n, c in enumerate(controls)),
        Verbatim("} return null; }"),
    )
    maps = [_map(plan, number, control) for number, control in enumerate(controls)]
    anchors = tuple(Anchor(c.scheme, CONFIGURATION, lines[0]) for c, lines in zip(controls, maps, strict=True))
    return Fragments(http=tuple(line for lines in maps for line in lines), script=script, anchors=anchors)


def _map(plan: Plan, number: int, control: Basic) -> Lines:
    return digest_map(_variable(number), control.scheme, (key_entry(plan, key) for key in control.keys))


def _variable(number: int) -> str:
    return f"gwc_passwords_{number}"
