"""The executable meaning of a policy: which answer each request must get, and what its upstream then sees.

Pure Python, without sockets, files or a clock, and without any code of the backends: what the gateways do is compared
with this. `parse` reads the bytes of one request, `decide` answers it, `faults` names every reason for which it may be refused.
"""

from __future__ import annotations

from gwc.semantics.answers import Decision, Fault, ForwardedRequest
from gwc.semantics.decide import Caller, decide, faults
from gwc.semantics.http1 import Refusal, Request, parse
from gwc.semantics.key_set import HmacKey, KeySet
from gwc.semantics.mutual_tls import Certificate
from gwc.semantics.rate_limit import State

__all__ = [
    "Caller",
    "Certificate",
    "Decision",
    "Fault",
    "ForwardedRequest",
    "HmacKey",
    "KeySet",
    "Refusal",
    "Request",
    "State",
    "decide",
    "faults",
    "parse",
]
