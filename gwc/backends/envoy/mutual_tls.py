"""Client certificates: Envoy's TLS verifies them (`listener_tls.py`), the Lua filter `gwc.access` says whom their names stand for.

Names as a part of the listener's own verification (`match_typed_subject_alt_names`) would end the handshake for a certificate that no
consumer has, where the control has an answer for it.
"""

from __future__ import annotations

from gwc.backends.envoy.document import Json
from gwc.controls.mutual_tls import MutualTls


def emit(control: MutualTls) -> Json:
    """What the shared core needs to know: name -> consumer, by kind."""
    return {
        "uris": {name.value: name.consumer for name in control.names if name.kind == "uri"},
        "dns_names": {name.value: name.consumer for name in control.names if name.kind == "dns"},
    }
