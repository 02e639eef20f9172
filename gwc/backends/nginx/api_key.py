"""Phase 5 on NGINX: the digests of API keys as a `switch` table of the script; runtime/js/api_key.js hashes and looks up."""

from __future__ import annotations

from itertools import groupby

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.api_key import ApiKey, KeyDigest
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """The header of each scheme, and its keys by digest: consumer, first second, first second after the end."""
    controls = plan.gateway.api_keys
    script = (
        Verbatim("function keyHeader(scheme) { switch (scheme) {"),
        *(_header(control) for control in controls),
        Verbatim("} return null; }"),
        Verbatim("function consumer(scheme, digest) { switch (scheme) {"),
        *(line for control in controls for line in _digests(control)),
        Verbatim("} return null; }"),
    )
    return Fragments(script=script, anchors=tuple(Anchor(c.scheme, POLICY, _header(c)) for c in controls))


def _header(control: ApiKey) -> Verbatim:
    variable = "http_" + control.header.replace("-", "_")
    return Verbatim(f"case {javascript(control.scheme)}: return {javascript(variable)};")


def _digests(control: ApiKey) -> tuple[Verbatim, ...]:
    """Two steps, because a `switch` of njs compares one case after the other."""
    return (
        Verbatim(f"case {javascript(control.scheme)}: switch (digest.slice(0, 2)) {{"),
        *(line for start, keys in groupby(control.keys, _start) for line in _digests_from(start, list(keys))),
        Verbatim("  } break;"),
    )


def _start(key: KeyDigest) -> str:
    return key.digest[:2]


def _digests_from(start: str, keys: list[KeyDigest]) -> tuple[Verbatim, ...]:
    return (
        Verbatim(f"  case {javascript(start)}: switch (digest) {{"),
        *(Verbatim(f"    case {javascript(k.digest)}: return {javascript([k.consumer, k.not_before_s, k.expires_s])};") for k in keys),
        Verbatim("    } break;"),
    )
