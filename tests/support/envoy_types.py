"""Envoy's own protobuf descriptors, taken out of the installed binary: `--mode validate` converts wrong scalar types silently.

A FileDescriptorProto in the binary begins with field 1, the name of its .proto file.
"""

from __future__ import annotations

import mmap
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

_START = re.compile(rb"\n([\x04-\x7f\x80-\xff]\x01?)([A-Za-z0-9_/\-\.]+?\.proto)(?=[\x12\x1a\x22\x2a])")
_FIELDS = frozenset(range(1, 16)) - {13}


def type_error(document: Any, message: str = "envoy.config.bootstrap.v3.Bootstrap") -> str:
    """Empty, or what is wrong: unknown fields, enums and types, also inside Any."""
    pool = _pool()
    into = message_factory.GetMessageClass(pool.FindMessageTypeByName(message))()
    try:
        json_format.ParseDict(document, into, descriptor_pool=pool)
    except (json_format.ParseError, TypeError) as e:
        return str(e)
    return ""


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    files = _files(_binary())
    pool, done = descriptor_pool.DescriptorPool(), set()

    def add(name: str) -> None:
        if name in done or name not in files:
            return
        done.add(name)
        for dependency in files[name].dependency:
            add(dependency)
        pool.Add(files[name])

    for name in files:
        add(name)
    return pool


def _binary() -> Path:
    import envoy  # noqa: PLC0415 - the package of the binary

    found = next(Path(next(iter(envoy.__path__))).glob("_bin/envoy"), None) or shutil.which("envoy")
    assert found, "no envoy binary"
    return Path(found)


def _files(binary: Path) -> dict[str, Any]:
    out: dict[str, Any] = {}
    with binary.open("rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for found in _START.finditer(data):
            size, name = found[1], found[2].decode()
            length = size[0] if len(size) == 1 else (size[0] & 0x7F) | (size[1] << 7)
            if length != len(name) or name in out:
                continue
            file = descriptor_pb2.FileDescriptorProto()
            try:
                file.ParseFromString(data[found.start() : _end(data, found.start())])
            except Exception:  # noqa: BLE001 - bytes that only look like one
                continue
            out[name] = file
    return out


def _end(data: mmap.mmap, start: int) -> int:
    """Where something begins that is no field of a FileDescriptorProto any more."""
    at, named = start, False
    while at < len(data) and data[at] < 0x80:
        number, kind = data[at] >> 3, data[at] & 7
        if number not in _FIELDS or (number == 1 and named) or kind not in {0, 2}:
            break
        named = True
        value, after = _varint(data, at + 1)
        at = after + value if kind == 2 else after
    return at


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80 or shift > 35:
            return value, at
