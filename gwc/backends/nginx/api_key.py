"""Phase 5 on NGINX: where API keys are, and their digests as maps; runtime/js/api_key.js decides."""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.key_digests import digest_map, key_entry
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.api_key import ApiKey
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """For each scheme a map, and where the script finds key and map."""
    controls = plan.gateway.api_keys
    script = (
        Verbatim("function apiKey(scheme) { switch (scheme) {"),
        *(_source(number, control) for number, control in enumerate(controls)),
        Verbatim("} return null; }"),
    )
    maps = [_map(plan, number, control) for number, control in enumerate(controls)]
    anchors = tuple(Anchor(c.scheme, CONFIGURATION, lines[0]) for c, lines in zip(controls, maps, strict=True))
    return Fragments(http=tuple(line for lines in maps for line in lines), script=script, anchors=anchors)


def _source(number: int, control: ApiKey) -> Verbatim:
    name = "http_" + control.name.replace("-", "_") if control.location == "header" else control.name
    return Verbatim(f"case {javascript(control.scheme)}: return {javascript([control.location, name, _variable(number)])};")


def _map(plan: Plan, number: int, control: ApiKey) -> Lines:
    return digest_map(_variable(number), control.scheme, (key_entry(plan, key) for key in control.keys))


def _variable(number: int) -> str:
    return f"gwc_keys_{number}"
