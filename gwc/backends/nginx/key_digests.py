"""Digests of keys as a map of NGINX; runtime/js/api_key.js hashes, and asks the map through a variable.

Not as a table of the script: njs compares the cases of a `switch` one after the other, and fails at some ten thousands.
"""

from __future__ import annotations

from collections.abc import Iterable

from gwc.backends.nginx.fragments import Lines
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.api_key import KeyDigest
from gwc.templating import Verbatim


def digest_map(variable: str, scheme: str, entries: Iterable[Verbatim]) -> Lines:
    """A map from `$gwc_digest`. `volatile`: the script sets that for one scheme after the other."""
    start = Verbatim(f"map $gwc_digest ${variable} {{ # {javascript(scheme)}")
    return (start, Verbatim('  volatile; default "";'), *entries, Verbatim("}"))


def key_entry(plan: Plan, key: KeyDigest) -> Verbatim:
    """From the digest to the first second, the first second after the end, and the number of the consumer."""
    number = plan.consumers[key.consumer]
    return Verbatim(f'  {key.digest} "{key.not_before_s} {key.expires_s} {number}"; # {javascript(key.consumer)}')
