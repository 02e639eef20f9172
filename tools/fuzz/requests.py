"""Target for the gateways: requests of the validation cases with changed queries, paths, fields and bodies. Every answer must be one of the model's."""

from __future__ import annotations

import atexit
import functools
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import environ
from pathlib import Path
from random import Random

from gwc.semantics import State
from tests.support.cases import CASES, Case, Expectation, Step, load_case
from tests.support.harness import Bench, Exchange, bench, compare, judge, load_gateway, running
from tests.support.requests import Connections, Offer
from tools.conformance.asking import STAND_IN_COMMAND, some_kong
from tools.fuzz.mutations import mutated
from tools.fuzz.target import Target

HOSTS = ("nginx", "envoy", "openresty", "kong")
_FOLDERS = ("parameters", "texts", "json_texts", "numbers", "strict", "openapi30", "forms", "multipart", "media_types")
_OFFER = Offer("api.test")
_MEDIA_TYPES = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=XX", 'multipart/form-data; boundary="XX"', "text/plain",
    "application/json; charset=utf-8", "application/json;charset=latin1", "application/merge-patch+json", "*/*", "application/json, text/plain", "a/b/c",
)  # fmt: skip
_PIECES = (
    "&", "=", "[", "]", ",", "%2C", "|", "%7C", "%20", "+", ";", "%3B", "%5B", "%5D", "[]", "[0]", "[1]", "[a]", ".", "1", "0", "-1", "01", "1.0", "1e3",
    "1e999", "true", "null", "a", "x", "y", "id", "word", "f", "at", "v", "%C3%A9", "%FF", "%25", "%00", "%26", "%3D", "&&", "==", "x=1", "{", "%7B%22a%22:1%7D",
    "12345678901234567890", "0.30000000000000004", "9007199254740993",
)  # fmt: skip


@dataclass(frozen=True)
class Serving:
    """A running gateway of one case."""

    bench: Bench
    connections: Connections


class _Fleet:
    """Gateways by case and host, started when they are first needed, and stopped with the process."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[tuple[str, str], Serving] = {}
        atexit.register(self._stack.close)

    def get(self, name: str, host: str) -> Serving:
        if (name, host) not in self._running:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="gwc-fuzz-")))
            case = cases()[name]
            prepared = self._stack.enter_context(bench(case, load_gateway(case), folder))
            with some_kong():
                process = self._stack.enter_context(running(host, prepared, folder))
            self._stack.callback(environ.setdefault, "GWC_KONG", STAND_IN_COMMAND)  # before it is stopped
            connections = Connections(process.port)
            self._stack.enter_context(connections.stack)
            self._running[name, host] = Serving(prepared, connections)
        return self._running[name, host]


@functools.cache
def _fleet() -> _Fleet:
    return _Fleet()


@functools.cache
def cases() -> dict[str, Case]:
    """The cases to start with."""
    return {name: load_case(CASES / "validation" / name) for name in _FOLDERS}


@functools.cache
def _requests(name: str) -> tuple[bytes, ...]:
    case = cases()[name]
    gateway = load_gateway(case)
    return tuple(s.raw(gateway) for s in case.steps if "chunked" not in s.spec)


@functools.cache
def _bodies() -> list[bytes]:
    return sorted({raw.partition(b"\r\n\r\n")[2] for name in _FOLDERS for raw in _requests(name)} - {b""})


def target(folders: Sequence[str] = _FOLDERS) -> Target:
    """The target with these cases: each needs a gateway of every kind."""
    return Target("request", lambda random: make(random, folders), run)


def make(random: Random, folders: Sequence[str]) -> bytes:
    """The name of a case, and a changed request of it."""
    name = random.choice(folders)
    head, _, body = random.choice(_requests(name)).partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    method, asked, version = line.split(" ")
    if body:
        body = mutated(body, random, _bodies()) if random.random() < 0.8 else body
    if not body or random.random() < 0.2:
        asked = _target(asked, random)
    fields = [_field(f, random) for f in fields if not f.lower().startswith("content-length")]
    lines = [f"{method} {asked} {version}", *fields, *([f"Content-Length: {len(body)}"] if body else [])]
    return name.encode() + b"\n" + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _target(target: str, random: Random) -> str:
    """A changed query, or a changed last segment."""
    path, mark, query = target.partition("?")
    if mark or random.random() < 0.5:
        return path + "?" + _text(query, random)
    before, _, last = path.rpartition("/")
    return f"{before}/{_text(last, random)}"


def _text(text: str, random: Random) -> str:
    for _ in range(random.randint(1, 4)):
        at, end = sorted(random.randint(0, len(text)) for _ in range(2))
        text = text[:at] + random.choice(_PIECES) + text[at if random.random() < 0.6 else end :]
    return text[:3000]


def _field(field: str, random: Random) -> str:
    name, _, value = field.partition(": ")
    if name == "Content-Type":
        return f"{name}: {random.choice(_MEDIA_TYPES)}" if random.random() < 0.15 else field
    if name == "Host" or random.random() < 0.5:
        return field
    return f"{name}: {_text(value, random).strip()}"


def run(data: bytes, _: Path) -> str:
    """Sends the request to every host."""
    name, _, raw = data.partition(b"\n")
    outcome = ""
    for host in HOSTS:
        serving = _fleet().get(name.decode(), host)
        verdict = judge(serving.bench.gateway, raw, _OFFER, State())
        answer = serving.connections.exchange("only", raw, _OFFER)
        step = Step("fuzz", {"method": raw.partition(b" ")[0].decode()}, Expectation("allowed"))
        wrong = list(compare(Exchange(step, raw, verdict, answer, serving.bench.take())))
        if wrong:
            raise AssertionError(f"{host}: {'; '.join(wrong)[:1500]}")
        outcome = "forwarded" if verdict.forwarded else verdict.faults[0].reason
    return outcome


REQUEST = target()
