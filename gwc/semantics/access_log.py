"""Phase 12: what the log line of a request says, as far as it does not depend on time and chance."""

from __future__ import annotations

from gwc.semantics.answers import Decision
from gwc.semantics.host_names import host_of
from gwc.semantics.http1 import Request


def expected(request: Request, decision: Decision, client: str) -> dict[str, str]:
    """Members of the line; `status` only where the gateway made the answer itself."""
    line = {
        "client": client,
        "host": host_of(request),
        "method": request.method,
        "path": request.target.partition("?")[0],
        "operation": decision.operation,
        "reason": decision.reason,
        "subject": decision.subject,
        "consumer": decision.consumer,
    }
    return line if decision.allowed else {**line, "status": str(decision.status)}
