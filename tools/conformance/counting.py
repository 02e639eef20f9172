"""Counts answers by section of the collections, and names what is not as wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.conformance.asking import Said
from tools.conformance.questions import Batch


@dataclass
class Section:
    """Numbers of one section. `agreed`: engine -> answers as wanted; `turned`: cases of which the opposite is wanted, on purpose.

    The other numbers are sums over all engines.
    """

    asked: int = 0
    turned: int = 0
    groups: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    refused_cases: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    wrong_accepts: int = 0
    wrong_refusals: int = 0
    other: int = 0
    unequal: int = 0


@dataclass
class Count:
    """All sections, in the order in which they were met, the requests of each engine, and every fault in words."""

    sections: dict[str, Section] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, batch: Batch, answers: Mapping[str, Sequence[Said]]) -> None:
        """The answers of all engines to one batch."""
        for question in batch.unasked:
            section = self._section(question.section)
            section.refused[question.group] = batch.refused[question.group]
            section.refused_cases += 1
            section.groups.add(question.group)
        for engine, said in answers.items():
            self.requests[engine] += len(said)
        for n, question in enumerate(batch.questions):
            section = self._section(question.section)
            section.asked += 1
            section.turned += question.turned
            section.groups.add(question.group)
            said = {engine: given[n] for engine, given in answers.items()}
            place = f"{question.section} | {question.group} | {question.name}"
            if len({s.outcome for s in said.values()}) > 1:
                section.unequal += 1
                self.faults.append(f"{place}: unequal: " + ", ".join(f"{e}: {s.outcome}" for e, s in said.items()))
            for engine, one in said.items():
                self._one(section, engine, one, question.wanted, place)

    def _section(self, name: str) -> Section:
        return self.sections.setdefault(name, Section())

    def _one(self, section: Section, engine: str, said: Said, wanted: str, place: str) -> None:
        if said.differs:
            self.faults.append(f"{place}: {engine}: {said.differs}")
        if said.outcome == wanted or (wanted == "equal" and said.outcome in {"accepted", "refused"}):
            section.agreed[engine] += 1
            return
        self.faults.append(f"{place}: {engine}: wanted {wanted}, was {said.outcome} {said.told}")
        if said.outcome == "accepted":
            section.wrong_accepts += 1
        elif said.outcome == "refused":
            section.wrong_refusals += 1
        else:
            section.other += 1
