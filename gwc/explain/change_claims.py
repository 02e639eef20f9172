"""Claims with something added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gwc.controls.jwt import Jwt
from gwc.explain.words import claim_text


def with_claim(claims: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """The claims with this value at the path; what is in the way there is replaced by objects."""
    name, *rest = path
    below = claims.get(name)
    return {**claims, name: with_claim(below if isinstance(below, dict) else {}, rest, value) if rest else value}


def with_texts(claims: Mapping[str, Any], path: Sequence[str], added: Iterable[str]) -> dict[str, Any]:
    """The claims with these scopes or roles added, in the form that the claim has: a text, or a list."""
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, list) and all(isinstance(x, str) for x in found):
        return with_claim(claims, path, [*found, *added])
    known = [found] if isinstance(found, str) and found else []
    return with_claim(claims, path, " ".join([*known, *added]))


def with_scopes(claims: Mapping[str, Any], control: Jwt, scopes: Sequence[str]) -> dict[str, Any]:
    """The claims with these scopes where the scheme looks for them."""
    return with_texts(claims, control.scopes_claim, scopes) if scopes else dict(claims)


def scopes_text(control: Jwt, scopes: Sequence[str]) -> str:
    """The scopes in words, and where the scheme looks for them."""
    return f"the scope{'s' * (len(scopes) > 1)} {', '.join(scopes)} (claim {claim_text(control.scopes_claim)})"
