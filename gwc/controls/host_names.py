"""Phases 0 and 1: the names that are served. SNI and Host must be one of them, and the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames(Node):
    """`names`: lower-case DNS names, sorted, without port and trailing dot. Host is compared without its port, ignoring case.

    Absolute-form targets are refused: `normalise.path`, or this. An empty or malformed Host may also be 400 `normalise.request`.
    Unknown or missing SNI: no handshake. Host that is none of the names, or not the SNI: 421 `normalise.host`.
    """

    STEM: ClassVar[str] = "host_names"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "host_names"

    names: tuple[str, ...]


EXAMPLES = (HostNames(names=("api.test",)), HostNames(names=("api.test", "partner.test")))
