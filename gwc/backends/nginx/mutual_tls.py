"""Phase 5 on NGINX: names of client certificates as maps; runtime/js/mutual_tls.js reads the certificate that NGINX verified.

By their digests: text keys of a map ignore case, URIs do not.
"""

from __future__ import annotations

import hashlib

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.key_digests import digest_map
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.mutual_tls import CertificateName, MutualTls
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """For each scheme a map from the digest of a name to the number of the consumer, and its name for the script."""
    controls = plan.gateway.mutual_tls
    script = (
        Verbatim("function mutualTls(scheme) { switch (scheme) {"),
        *(Verbatim(f"case {javascript(c.scheme)}: return {javascript(_variable(n))};") for n, c in enumerate(controls)),
        Verbatim("} return null; }"),
    )
    maps = [_map(plan, number, control) for number, control in enumerate(controls)]
    anchors = tuple(Anchor(c.scheme, CONFIGURATION, lines[0]) for c, lines in zip(controls, maps, strict=True))
    return Fragments(http=tuple(line for lines in maps for line in lines), script=script, anchors=anchors)


def _map(plan: Plan, number: int, control: MutualTls) -> Lines:
    return digest_map(_variable(number), control.scheme, (_entry(plan, name) for name in control.names))


def _entry(plan: Plan, name: CertificateName) -> Verbatim:
    text = f"{name.kind}:{name.value}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Verbatim(f"  {digest} {plan.consumers[name.consumer]}; # {javascript([text, name.consumer])}")


def _variable(number: int) -> str:
    return f"gwc_names_{number}"
