"""A described request in the hands of the reference evaluator."""

from __future__ import annotations

from functools import cached_property

from gwc.explain.asked import Asked
from gwc.explain.stand_in import StandIn
from gwc.ir import Gateway, Operation
from gwc.semantics import Caller, Decision, Fault, Refusal, Request, State, decide, faults
from gwc.semantics.answers import HANDSHAKE
from gwc.semantics.client_ip import client_of
from gwc.semantics.host_names import is_served
from gwc.semantics.identity import NOBODY, Identity
from gwc.semantics.listener_tls import certificate_faults
from gwc.semantics.security import Presented


class Judged:
    """What the evaluator says about `asked`. Limits have not been used before: earlier traffic is not known.

    `gateway` and `request` have the keys of the stand-in; they must not be shown.
    """

    def __init__(self, stand_in: StandIn, asked: Asked) -> None:
        self.stand_in, self.asked = stand_in, asked
        self.gateway: Gateway = stand_in.gateway_for(asked)
        self.request: Request | Refusal = stand_in.request(asked)

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """Every reason to refuse the request, the one that counts first; empty when it is allowed."""
        asked = self.asked
        refused = self.certificate_faults
        if refused or isinstance(self.request, Refusal):
            shut = () if is_served(self.gateway.host_names, self.sni) else (Fault(0, HANDSHAKE),)
            return (*shut, *refused) or (self.request.faults if isinstance(self.request, Refusal) else ())
        return faults(self.gateway, self.request, Caller(self.sni, asked.client, asked.now_s, asked.certificate), self._state())

    @cached_property
    def certificate_faults(self) -> tuple[Fault, ...]:
        """Why the listener does not go on with this client's certificate, or without one."""
        return certificate_faults(self.gateway.listener_tls, is_trusted=None if self.asked.certificate is None else True)

    @cached_property
    def decision(self) -> Decision:
        """The evaluator's answer."""
        asked = self.asked
        if self.certificate_faults or isinstance(self.request, Refusal):
            first = self.faults[0]
            return Decision(False, first.status, first.reason, first.headers, None, "-", "-", "-")
        return decide(
            self.gateway,
            self.request,
            sni=self.sni,
            client=asked.client,
            now_s=asked.now_s,
            state=self._state(),
            certificate=asked.certificate,
        )

    @property
    def is_allowed(self) -> bool:
        """Whether the request is forwarded."""
        return not self.faults and self.decision.allowed

    @property
    def client(self) -> str:
        """The address that rules and limits go by."""
        if isinstance(self.request, Refusal):
            return self.asked.client
        return client_of(self.gateway, self.request, self.asked.client) or self.asked.client

    @property
    def sni(self) -> str:
        """The server name of the connection: Host without its port."""
        return self.asked.host.partition(":")[0]

    @cached_property
    def operation(self) -> Operation | None:
        """What the request is for, as far as the evaluator got to know."""
        return next((o for o in self.gateway.operations if o.key == self.decision.operation), None)

    @cached_property
    def presented(self) -> Presented | None:
        """The credentials for the operation."""
        if self.operation is None or isinstance(self.request, Refusal):
            return None
        sets = self.stand_in.key_sets
        return Presented(self.gateway, self.operation, self.request, self.asked.certificate, self.asked.now_s, sets)

    @cached_property
    def identity(self) -> Identity:
        """Who was verified."""
        return self.presented.identity() if self.presented else NOBODY

    def _state(self) -> State:
        return State(key_sets=self.stand_in.key_sets)
