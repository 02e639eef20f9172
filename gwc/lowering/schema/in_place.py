"""What all schemas that apply to one value say together about its members, read from the text: the ground of strict mode.

Unconditional are a schema itself, its `allOf` and its references; conditional are alternatives, `if`, `then`, `else` and dependent schemas. What
stands inside `not` says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce


@dataclass(frozen=True, slots=True)
class InPlace:
    """`names`, `patterns`, `gives`: what `properties` and `patternProperties` declare unconditionally, and whether something decides about all
    other members. `conditional`: the same may be said under a condition. `declares`: some `properties` are there, perhaps conditionally.

    `deep`, `deep_rest`, `deep_items`: members, other members and items with descriptions of their own. `overlap`, `has_open_members`,
    `has_open_items`: those with several. `foreign`: unconditional members of the other direction. `required`: names in `required`.
    `objects`: whether objects may be valid at all. `groups`: lists of alternatives. `has_free_branch`: one of their schemas takes objects without saying
    anything about members.
    """

    names: frozenset[str] = frozenset()
    all_names: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    declares: bool = False
    gives: bool = False
    conditional: bool = False
    deep: frozenset[str] = frozenset()
    deep_rest: bool = False
    deep_items: bool = False
    overlap: frozenset[str] = frozenset()
    has_open_members: bool = False
    has_open_items: bool = False
    foreign: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    objects: bool = True
    groups: int = 0
    conditions: int = 0
    has_free_branch: bool = False

    @property
    def closes_branches(self) -> bool:
        """Whether strict mode closes each alternative instead of the value: nothing else declares members, and one alternative is free-form."""
        return not self.names and not self.patterns and not self.gives and self.has_free_branch and self.groups == 1 and not self.conditions

    @property
    def is_closed_here(self) -> bool:
        """Whether strict mode refuses members that nothing in place has evaluated."""
        return self.declares and not self.gives and (bool(self.names) or not self.has_free_branch)

    @property
    def is_free(self) -> bool:
        """Whether objects are taken, with any members."""
        return self.objects and not self.declares and not self.gives and not self.patterns and not self.conditional


NOTHING_SAID = InPlace()
NO_OBJECTS = InPlace(objects=False)


def both(one: InPlace, other: InPlace) -> InPlace:
    """What two schemas say that apply together."""
    if other is NOTHING_SAID:
        return one
    if one is NOTHING_SAID:
        return other
    rest = (one.deep_rest and (other.deep or other.deep_rest)) or (other.deep_rest and one.deep)
    return InPlace(
        names=one.names | other.names,
        all_names=one.all_names | other.all_names,
        patterns=tuple(dict.fromkeys(one.patterns + other.patterns)),
        declares=one.declares or other.declares,
        gives=one.gives or other.gives,
        conditional=one.conditional or other.conditional,
        deep=one.deep | other.deep,
        deep_rest=one.deep_rest or other.deep_rest,
        deep_items=one.deep_items or other.deep_items,
        overlap=one.overlap | other.overlap | (one.deep & other.deep),
        has_open_members=one.has_open_members or other.has_open_members or bool(rest),
        has_open_items=one.has_open_items or other.has_open_items or (one.deep_items and other.deep_items),
        foreign=one.foreign | other.foreign,
        required=one.required | other.required,
        objects=one.objects and other.objects,
        groups=one.groups + other.groups,
        conditions=one.conditions + other.conditions,
        has_free_branch=one.has_free_branch or other.has_free_branch,
    )


def either(branches: list[InPlace]) -> InPlace:
    """What alternatives say, of which one may apply: nothing is certain, and nothing overlaps between them."""
    whole = reduce(_alternative, branches)
    says = any(b.declares or b.gives or b.patterns or b.conditional for b in branches)
    return replace(
        whole,
        names=frozenset(),
        patterns=(),
        gives=False,
        foreign=frozenset(),
        conditional=says,
        groups=1,
        has_free_branch=says and any(b.is_free or b.has_free_branch for b in branches),
    )


def _alternative(one: InPlace, other: InPlace) -> InPlace:
    together = both(one, other)
    return replace(
        together,
        overlap=one.overlap | other.overlap,
        has_open_members=one.has_open_members or other.has_open_members,
        has_open_items=one.has_open_items or other.has_open_items,
        objects=one.objects or other.objects,
    )


def under_condition(said: InPlace) -> InPlace:
    """What a schema says that applies only sometimes."""
    return replace(either([said]), groups=0, conditions=1, objects=True, has_free_branch=False)
