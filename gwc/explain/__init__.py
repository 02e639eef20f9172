"""How one operation or one request is decided: by which control, where the policy says so, and what would have to be different.

`steps` lists the controls that have a say about an operation. `Judged` is a described request that the reference evaluator decided, `rulings`
says what each control makes of it, and `smallest_changes` what the least is that would let it pass.
"""

from __future__ import annotations

from gwc.explain.asked import Asked, Body, TokenAsked
from gwc.explain.judge import Judged
from gwc.explain.matching import Match, match
from gwc.explain.rulings import Ruling, rulings
from gwc.explain.search import Advice, smallest_changes
from gwc.explain.stand_in import StandIn
from gwc.explain.steps import Step, steps

__all__ = [
    "Advice",
    "Asked",
    "Body",
    "Judged",
    "Match",
    "Ruling",
    "StandIn",
    "Step",
    "TokenAsked",
    "match",
    "rulings",
    "smallest_changes",
    "steps",
]
