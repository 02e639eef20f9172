"""Phase 5 on NGINX: the digests of API keys as a map; runtime/js/api_key.js hashes, and asks the map through a variable.

Not as a table of the script: njs compares the cases of a `switch` one after the other, and fails at some ten thousands.
"""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import argument, javascript
from gwc.controls.api_key import ApiKey, KeyDigest
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """For each scheme a map from digest to first second, first second after the end, and consumer; and where the script finds header and map."""
    controls = plan.gateway.api_keys
    script = (
        Verbatim("function keySource(scheme) { switch (scheme) {"),
        *(_source(number, control) for number, control in enumerate(controls)),
        Verbatim("} return null; }"),
    )
    maps = tuple(line for number, control in enumerate(controls) for line in _map(number, control))
    anchors = tuple(Anchor(c.scheme, CONFIGURATION, _map(n, c)[0]) for n, c in enumerate(controls))
    return Fragments(http=maps, script=script, anchors=anchors)


def _source(number: int, control: ApiKey) -> Verbatim:
    header = "http_" + control.header.replace("-", "_")
    return Verbatim(f"case {javascript(control.scheme)}: return {javascript([header, f'gwc_keys_{number}'])};")


def _map(number: int, control: ApiKey) -> Lines:
    """`volatile`: the script sets `$gwc_digest` for one scheme after the other."""
    start = Verbatim(f"map $gwc_digest $gwc_keys_{number} {{ # {javascript(control.scheme)}")
    return (start, Verbatim('  volatile; default "";'), *map(_entry, control.keys), Verbatim("}"))


def _entry(key: KeyDigest) -> Verbatim:
    return Verbatim(f"  {key.digest} {argument(f'{key.not_before_s} {key.expires_s} {key.consumer}')};")
