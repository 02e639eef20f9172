"""Zones: networks for the shared core, which looks up the address of the client in the Lua filter `gwc.access`."""

from __future__ import annotations

from collections.abc import Iterable

from gwc.backends.envoy.document import Json
from gwc.controls.zone import Zone


def emit(zones: Iterable[Zone]) -> Json:
    """Name -> networks."""
    return {zone.name: list(zone.networks) for zone in zones}
