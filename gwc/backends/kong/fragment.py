"""What an emitter gives back: parts of the files, and where in them its control is enforced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gwc.backends.base import LedgerRow, Note
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.ir import Gateway

ENTITIES, SETTINGS, HTTP, PROXY = "kong.yml", "kong.conf", "nginx-http.conf", "nginx-proxy.conf"
DATA = "lua/gwc/data.lua"

WHOLE = ""
"""In `Member.subjects`: the line of the member itself."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the table in data.lua; a mapping has a line for each entry.

    `subjects`: the ledger's subject of an entry, by its key (WHOLE: of the member's first line).
    """

    name: str
    value: LuaValue
    subjects: Mapping[str | int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filling:
    """Entries for the table at `path` of data.lua, for tables that may be too long for one Lua function.

    `subjects`: the ledger's subject of an entry, by its key.
    """

    path: tuple[str, ...]
    entries: tuple[tuple[str | int, LuaValue], ...]
    subjects: Mapping[str | int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The line of another file that enforces a control for a subject: the only one with this text, blanks around it aside."""

    subject: str
    file: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Parts by file. `operations`: members of the record of each operation, by its key; they are the ledger's subjects themselves."""

    data: tuple[Member, ...] = ()
    fillings: tuple[Filling, ...] = ()
    operations: Mapping[str, Mapping[str, LuaValue]] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    http: tuple[str, ...] = ()
    proxy: tuple[str, ...] = ()
    entities: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()
    notes: tuple[Note, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # beside those that Kong reads
    rows: tuple[LedgerRow, ...] = ()  # of these files


Emitter = Callable[[Gateway], Fragment]


def setting_line(name: str, value: str) -> str:
    """A line of kong.conf."""
    return f"{name} = {value}"
