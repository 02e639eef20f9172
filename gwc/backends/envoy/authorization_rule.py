"""Rules: data for the shared core, which judges them in the Lua filter `gwc.access` right after the credentials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gwc.backends.envoy.document import Json
from gwc.controls.authorization_rule import AuthorizationRule, ClaimSide, Side
from gwc.controls.routing import Template, parameter_place
from gwc.controls.side import PathSide

Places = tuple[tuple[str, int, str, str], ...]
"""Parameter, number of its segment from 1, and what stands before and after it there."""


def emit(rules: Sequence[AuthorizationRule]) -> list[Json]:
    """The rules; the shared core knows them by their number, which begins with 1."""
    return [_plain(rule) for rule in rules]


def is_about_tokens(rule: AuthorizationRule) -> bool:
    """Whether nothing but a verified token decides if the rule holds."""
    return not (rule.zones or rule.consumers) and all(isinstance(side, ClaimSide) for pair in rule.equal for side in pair)


def places(rules: Iterable[AuthorizationRule], template: Template) -> Places:
    """Where the parameters of the template are that these rules compare, by name."""
    sides = (side for rule in rules for pair in rule.equal for side in pair)
    names = sorted({side.name for side in sides if isinstance(side, PathSide)})
    found = [(name, parameter_place(template, name)) for name in names]
    return tuple((name, place.index + 1, place.prefix, place.suffix) for name, place in found)


def lua_places(found: Places) -> Json:
    """Parameter -> place."""
    return {name: {"segment": segment, "prefix": prefix, "suffix": suffix} for name, segment, prefix, suffix in found}


def _plain(rule: AuthorizationRule) -> Json:
    return {
        "id": rule.id,
        "scopes": list(rule.scopes),
        "roles": list(rule.roles),
        "consumers": list(rule.consumers),
        "zones": list(rule.zones),
        "claims": [{"name": c.name, "kind": c.kind, "values": list(c.values)} for c in rule.claims],
        "equal": [[_side(side) for side in pair] for pair in rule.equal],
    }


def _side(side: Side) -> Json:
    if isinstance(side, ClaimSide):
        return {"kind": "claim", "name": side.name}
    return {"kind": "path", "name": side.name} if isinstance(side, PathSide) else {"kind": "consumer"}
