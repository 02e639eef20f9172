"""Consumers files in every layout, line by line, each line with what it belongs to."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

BLOCK_FORMS = ("block", "braces")
FORMS = (*BLOCK_FORMS, "brackets", "lines", "lines,", "empty", "none")
"""Of a list of keys: entries with a line for each member, in braces below dashes, all in brackets, in brackets over several lines (with a comma
at the end), `[]`, and no member at all."""


@dataclass(frozen=True)
class Line:
    """`owner`: the digest whose entry the line is part of, `keys` and the consumer's number where the list begins, or nothing."""

    text: str
    owner: str = ""


@dataclass
class Sheet:
    """Lines that are being written, with comments and empty lines at random places; every comment is there once."""

    random: Random
    lines: list[Line] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def add(self, text: str, owner: str = "", is_inside: bool = False) -> None:
        """`is_inside`: lines that come before this one are part of the same entry."""
        while self.random.random() < 0.15:
            comment = f"{' ' * self.random.randint(0, 9)}# l{next(self.numbers)}: [ {{ -"
            self.lines.append(Line(self.random.choice(["", "   ", comment]), owner if is_inside else ""))
        self.lines.append(Line(text + self.random.choice(["", "", f"  # c{next(self.numbers)} , ] }} - x: ü🎉"]), owner))


@dataclass(frozen=True)
class Consumer:
    """`keys`: digest, end and beginning of each."""

    form: str
    keys: list[tuple[str, str | None, str | None]]

    @property
    def digests(self) -> list[str]:
        return [key[0] for key in self.keys]


@dataclass(frozen=True)
class Written:
    """A whole file."""

    lines: list[Line]
    consumers: list[Consumer]
    line_break: str
    tail: str

    @property
    def text(self) -> str:
        return self.line_break.join(line.text for line in self.lines) + self.tail


def written(random: Random) -> Written:
    """A file with one to three consumers."""
    sheet = Sheet(random)
    consumers = [_consumer(random, number) for number in range(random.randint(1, 3))]
    for text in ("apiVersion: gwc/v1", "kind: Consumers", "consumers:"):
        sheet.add(text)
    dash = " " * random.randint(0, 3)
    for number, consumer in enumerate(consumers):
        _write_consumer(sheet, number, consumer, dash)
    if random.random() < 0.5:
        sheet.add("metadata: {name: x}")
    line_break = random.choice(["\n", "\r\n"])
    return Written(sheet.lines, consumers, line_break, random.choice(["", line_break, line_break * 2]))


def _consumer(random: Random, number: int) -> Consumer:
    form = random.choice(FORMS)
    count = 0 if form in ("empty", "none") else random.randint(1, 3)
    digests = [f"sha256:{hashlib.sha256(f'{number}.{i}'.encode()).hexdigest()}" for i in range(count)]
    ends = [None, "2030-01-01", "2026-01-01T00:00:00Z"]
    return Consumer(form, [(d, random.choice(ends), random.choice([None, "2020-01-01"])) for d in digests])


def _write_consumer(sheet: Sheet, number: int, consumer: Consumer, dash: str) -> None:
    random, indent = sheet.random, f"{dash}  "
    texts = {"id": f"id: c{number}", "roles": "roles: [a, b]", "certificates": 'certificates: [{dns: "a.example.com"}]'}
    parts = ["id", "keys", *random.choice([[], ["roles"], ["roles", "certificates"]])]
    random.shuffle(parts)
    own = Sheet(random, numbers=sheet.numbers)
    for part in parts:
        if part != "keys":
            own.add(f"{indent}{texts[part]}")
        elif consumer.form != "none":
            _write_keys(own, number, consumer, indent)
    first = next(i for i, line in enumerate(own.lines) if line.text.strip() and not line.text.strip().startswith("#"))
    own.lines[first] = Line(f"{dash}- {own.lines[first].text.removeprefix(indent)}", own.lines[first].owner)
    sheet.lines += own.lines


def _members(random: Random, key: tuple[str, str | None, str | None], quote: str) -> list[str]:
    digest, expires, not_before = key
    bare = random.choice(["", "'", '"'])
    found = [("digest", f"{quote}{digest}{quote}")]
    found += [("expires", f"{quote}{expires}{quote}")] if expires else []
    found += [("notBefore", f'"{not_before}"')] if not_before else []
    random.shuffle(found)
    return [f"{bare}{name}{bare}: {value}" for name, value in found]


def _write_keys(sheet: Sheet, number: int, consumer: Consumer, indent: str) -> None:
    random, owner = sheet.random, f"keys{number}"
    quote = random.choice(["", "'", '"'])
    name = f"{indent}{random.choice(['keys', chr(34) + 'keys' + chr(34)])}:"
    entries = [(key[0], _members(random, key, quote)) for key in consumer.keys]
    if consumer.form == "empty":
        sheet.add(f"{name} []", owner)
    elif consumer.form == "brackets":
        comma = random.choice([", ", ",", " , "])
        inside = comma.join(f"{{{comma.join(entry)}}}" for _, entry in entries)
        sheet.add(f"{name} [{inside}{random.choice(['', ',', ' '])}]", owner)
    elif consumer.form in BLOCK_FORMS:
        sheet.add(name, owner)
        _write_block(sheet, consumer.form, entries, indent)
    else:
        sheet.add(f"{name} [", owner)
        for i, (digest, entry) in enumerate(entries):
            comma = "," if i + 1 < len(entries) or consumer.form == "lines," else ""
            sheet.add(f"{indent}  {{{', '.join(entry)}}}{comma}", digest)
        sheet.add(f"{indent} ]")


def _write_block(sheet: Sheet, form: str, entries: list[tuple[str, list[str]]], indent: str) -> None:
    random = sheet.random
    step, gap = indent + " " * random.randint(0, 4), " " * random.randint(1, 3)
    for digest, entry in entries:
        if form == "braces":
            sheet.add(f"{step}-{gap}{{{', '.join(entry)}}}", digest)
            continue
        sheet.add(f"{step}-{gap}{entry[0]}", digest)
        for line in entry[1:]:
            sheet.add(f"{step} {gap}{line}", digest, is_inside=True)
