"""data.lua: the policy as Lua tables, and the lines of it that enforce something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gwc.backends.kong.fragment import WHOLE, Filling, Member
from gwc.backends.kong.lua_quoting import LuaValue, render, render_key

# LuaJIT: at most 65,536 constants in a function.
_CONSTANTS_PER_FUNCTION = 20_000

_HEAD = """\
-- Made by gwc from the policy. Tables only: what they mean is in the modules beside this file.
local data = {"""

_K = TypeVar("_K")

Row = tuple[str, str]
"""Control and subject."""


@dataclass(slots=True)
class _Lines:
    """Lines that are being written; `rows`: line number of each row of the ledger."""

    text: list[str] = field(default_factory=lambda: _HEAD.split("\n"))
    rows: dict[Row, int] = field(default_factory=dict)

    def add(self, line: str, *rows: Row) -> None:
        self.text.append(line)
        self.rows.update(dict.fromkeys(rows, len(self.text)))


def write_data(
    members: Sequence[tuple[str, Member]],
    fillings: Sequence[tuple[str, Filling]],
    operations: Mapping[str, Mapping[str, LuaValue]],
    stems: Sequence[str],
) -> tuple[str, dict[Row, int]]:
    """The text, without the digest, and the line of each row.

    `members`, `fillings`: with the control each belongs to; `stems`: those of operations, where they are not `False`.
    """
    lines = _Lines()
    for control, member in members:
        _write_member(lines, control, member)
    lines.add("}")
    for control, filling in fillings:
        _write_filling(lines, control, filling)
    _write_operations(lines, operations, stems)
    lines.add("")
    return "\n".join(lines.text), lines.rows


def _write_member(lines: _Lines, control: str, member: Member) -> None:
    subject = member.subjects.get(WHOLE)
    own = [(control, subject)] if subject is not None else []
    if not isinstance(member.value, Mapping):
        lines.add(f"  {member.name} = {render(member.value)},", *own)
        return
    lines.add(f"  {member.name} = {{", *own)
    for key, value in member.value.items():
        rows = [(control, member.subjects[key])] if key in member.subjects else []
        lines.add(f"    {render_key(key)} = {render(value)},", *rows)
    lines.add("  },")


def _write_filling(lines: _Lines, control: str, filling: Filling) -> None:
    path = "data" + "".join(f"[{render(name)}]" for name in filling.path)
    for part in _parts(filling.entries):
        lines.add("")
        lines.add(";(function(entries)")
        for key, value in part:
            rows = [(control, filling.subjects[key])] if key in filling.subjects else []
            lines.add(f"  entries[{render(key)}] = {render(value)}", *rows)
        lines.add(f"end)({path})")


def _write_operations(lines: _Lines, operations: Mapping[str, Mapping[str, LuaValue]], stems: Sequence[str]) -> None:
    lines.add("")
    lines.add("local parts = {}")
    for number, part in enumerate(_parts(tuple(operations.items())), 1):
        lines.add("")
        lines.add(f"parts[{number}] = function(add)")
        for key, members in part:
            rows = ((stem, key) for stem in stems if members.get(stem) is not False)
            lines.add(f"  add {render({'key': key, **members})}", *rows)
        lines.add("end")
    for line in ("", "function data.operations(add)", "  for _, part in ipairs(parts) do part(add) end", "end", "", "return data"):
        lines.add(line)


def _parts(items: Sequence[tuple[_K, LuaValue]]) -> Iterator[Sequence[tuple[_K, LuaValue]]]:
    """The items in groups that one Lua function can hold each."""
    part: list[tuple[_K, LuaValue]] = []
    room = _CONSTANTS_PER_FUNCTION
    for item in items:
        needed = 1 + _constants(item[1])
        if part and needed > room:
            yield part
            part, room = [], _CONSTANTS_PER_FUNCTION
        part.append(item)
        room -= needed
    if part:
        yield part


def _constants(value: LuaValue) -> int:
    """At most how many constants of a Lua function the value needs: its own, its members' and their keys'."""
    if isinstance(value, Mapping):
        return 1 + sum(1 + _constants(v) for v in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return 1 + sum(_constants(v) for v in value)
    return 1
