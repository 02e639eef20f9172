"""Selectors: which operations a part of the policy is about."""

from __future__ import annotations

from typing import Literal

from gwc.controls.spec import Spec


class SelectorSpec(Spec):
    """Which operations: AND between the keys, OR in a list. `path` is a glob over OpenAPI's template, never over traffic."""

    apis: list[str] | None = None
    ids: list[str] | None = None
    tags: list[str] | None = None
    methods: list[Literal["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"]] | None = None
    path: str | None = None
