"""`gwc keys list` and `check`: what is in the file, which keys end soon, and whose a key is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gwc.cli import exit_codes
from gwc.cli.console import emit, tell
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown, format_option
from gwc.cli.keys_edit import now_s
from gwc.cli.keys_file import ConsumersFile, invocation, loaded, named_file, short

if TYPE_CHECKING:
    from gwc.controls.api_key import KeySpec
    from gwc.diagnostics import Findings, Span

_MAX_KEY_BYTES = 4096


@click.command("list")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(["full", "json"]), default="full", show_default=True, help="Form of the list.")
def show(file: Path | None, style: str) -> int:
    """List consumers and the beginnings of their keys' digests, with the time and state of each."""
    found = loaded(file or named_file())
    if style == "json":
        import json  # noqa: PLC0415

        consumers = [{"id": c.id, "keys": [_key(key) for key in c.keys]} for c in found.spec.consumers]
        emit(json.dumps({"version": 1, "consumers": consumers}, indent=1))
    else:
        emit(_table(found))
    return exit_codes.FINE


def _key(key: KeySpec) -> dict[str, Any]:
    from gwc.keys.life import life_of  # noqa: PLC0415

    state = life_of(key).state(now_s())
    return {"digest": short(key.digest), "notBefore": key.not_before, "expires": key.expires, "state": str(state)}


def _table(file: ConsumersFile) -> str:
    rows = [("CONSUMER", "DIGEST", "NOT BEFORE", "EXPIRES", "STATE")]
    for consumer in file.spec.consumers:
        keys = [_key(key) for key in consumer.keys]
        rows += [(consumer.id, k["digest"], k["notBefore"] or "-", k["expires"] or "never", k["state"]) for k in keys]
        if not keys:
            rows.append((consumer.id, "-", "-", "-", "no key"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)


@click.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--key", "key_from", metavar="-", help="Read a key from standard input, and say whose it is and whether it is valid now.")
@format_option
def check(file: Path | None, key_from: str | None, style: str) -> int:
    """Find keys that have expired or expire within 30 days; with `--key -`, look up one key instead.

    Exit code 1 when there are such keys, or when the key that was looked up is not valid.
    """
    from gwc.diagnostics import Findings  # noqa: PLC0415

    if key_from not in (None, "-"):
        raise Failure(exit_codes.INPUT, "--key takes only `-`: a key is read from standard input, never from the command line")
    found = loaded(file or named_file(), style)
    findings = Findings()
    if key_from is None:
        _find_ending(found, findings)
    else:
        _look_up(found, _read_key(), findings)
    shown = Shown()
    shown.add(findings.diagnostics, found.workspace)
    shown.show(style)
    if not findings.diagnostics:
        tell(f"{found.path}: no key has expired or expires within 30 days")
    return shown.code


def _keys(file: ConsumersFile) -> Iterator[tuple[str, KeySpec, Span]]:
    """Consumer, key and the place of its digest."""
    for i, consumer in enumerate(file.spec.consumers):
        for j, key in enumerate(consumer.keys):
            yield consumer.id, key, file.document.span(("consumers", i, "keys", j, "digest"))


def _find_ending(file: ConsumersFile, findings: Findings) -> None:
    from gwc.keys.life import life_of  # noqa: PLC0415

    now = now_s()
    for consumer, key, place in _keys(file):
        life = life_of(key)
        if now >= life.expires_s:
            help_text = invocation("revoke", file.path, consumer, short(key.digest))
            findings.warning("GWC210", f"key {short(key.digest)} of {consumer} expired {key.expires}", place, help=help_text)
        elif life.ends_soon(now):
            help_text = _successor(file, consumer, now) or invocation("rotate", file.path, consumer)
            findings.warning(
                "GWC210", f"key {short(key.digest)} of {consumer} expires {key.expires}, within 30 days", place, help=help_text
            )


def _successor(file: ConsumersFile, consumer: str, now: int) -> str:
    """What to do when a rotation has begun: there is a live key that lasts."""
    from gwc.keys.life import life_of  # noqa: PLC0415

    lasting = (key for c in file.spec.consumers if c.id == consumer for key in c.keys)
    found = next((key for key in lasting if life_of(key).is_live(now) and not life_of(key).ends_soon(now)), None)
    return f"{consumer} has the key {short(found.digest)} to move to" if found else ""


def _look_up(file: ConsumersFile, secret: bytes, findings: Findings) -> None:
    """One finding for each entry of the key, or one for none; the key itself is in none of them."""
    from gwc.keys.key_format import digest_of, mistake  # noqa: PLC0415

    wrong = mistake(secret)
    owners = [(consumer, key, place) for consumer, key, place in _keys(file) if key.digest == digest_of(secret)]
    for consumer, key, place in owners:
        _say_owner(consumer, key, place, findings, form=f"; gwc did not make it ({wrong}): http basic refuses it" if wrong else "")
    if not owners:
        text = f"the key is malformed: {wrong}" if wrong else "the key is well-formed, but no consumer of this file has it"
        findings.warning("GWC211", text, file.document.span(("consumers",), key=True))


def _say_owner(consumer: str, key: KeySpec, place: Span, findings: Findings, form: str) -> None:
    from gwc.keys.life import State, life_of  # noqa: PLC0415

    whose = f"the key belongs to {consumer}"
    match life_of(key).state(now_s()):
        case State.EXPIRED:
            findings.warning("GWC211", f"{whose}, but expired {key.expires}{form}", place)
        case State.NOT_YET:
            findings.warning("GWC211", f"{whose}, but is not valid before {key.not_before}{form}", place)
        case _:
            until = f"until {key.expires}" if key.expires else "without an end"
            findings.add("GWC211", "note", f"{whose} and is valid {until}{form}", place)


def _read_key() -> bytes:
    """Standard input without the line break at its end; on a terminal it is not echoed."""
    if sys.stdin is None:
        raise Failure(exit_codes.INPUT, "standard input is closed, where the key would be read")
    if sys.stdin.isatty():
        import getpass  # noqa: PLC0415

        return getpass.getpass("key: ").encode(errors="surrogateescape")
    data = sys.stdin.buffer.read(_MAX_KEY_BYTES + 1)
    if len(data) > _MAX_KEY_BYTES:
        raise Failure(exit_codes.INPUT, f"standard input has more than {_MAX_KEY_BYTES} bytes: that is no key")
    return data.removesuffix(b"\n").removesuffix(b"\r")
