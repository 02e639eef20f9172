"""What a schema needs to know of the value that it stands for, beyond its own text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gwc.lowering.schema.in_place import InPlace


@dataclass(frozen=True, slots=True)
class Frame:
    """How the schemas of one value are built; all that apply to it unconditionally share it.

    `closed`: strict mode goes on below, in members and items. Where several schemas describe the same member, none of them knows all of it, and
    it stays open: `open_names`, or all members (`open_members`) or items (`open_items`). `not_required`: members that the other direction
    has (readOnly in requests). `closes_branches`: alternatives are closed one by one, because the value itself is not.
    """

    closed: bool = False
    open_names: frozenset[str] = frozenset()
    open_members: bool = False
    open_items: bool = False
    not_required: frozenset[str] = frozenset()
    closes_branches: bool = False

    def for_target(self, target: InPlace) -> Frame:
        """The frame of a schema that a reference applies to the same value: equal frames share the built schema."""
        return replace(self, open_names=self.open_names & target.all_names, not_required=self.not_required & target.required)

    def for_branch(self, branch: InPlace) -> Frame:
        """The frame of a schema that applies under a condition."""
        return replace(self.for_target(branch), not_required=branch.foreign & branch.required, closes_branches=False)


def frame_of(summary: InPlace, *, closed: bool) -> Frame:
    """The frame of a value of its own: a root, member or item."""
    not_required = summary.foreign & summary.required
    if not closed:
        return Frame(not_required=not_required)
    return Frame(
        closed=True,
        open_names=summary.overlap,
        open_members=summary.has_open_members,
        open_items=summary.has_open_items,
        not_required=not_required,
        closes_branches=summary.closes_branches,
    )
