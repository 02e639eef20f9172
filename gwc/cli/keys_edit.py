"""`gwc keys create`, `rotate` and `revoke`: the file is changed as a whole or not at all."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwc.cli import exit_codes
from gwc.cli.console import tell
from gwc.cli.failure import Failure
from gwc.cli.keys_file import SHOWN_DIGITS, ConsumersFile, editing, named_file, short
from gwc.cli.keys_reveal import give_new_key

if TYPE_CHECKING:
    from gwc.keys.change import Change
    from gwc.keys.spelling import Members

DEFAULT_LIFE = "365d"
DEFAULT_OVERLAP = "7d"
MIN_DIGITS = 8
_DEPLOY = "gateways know it when the policies are compiled and deployed again"

_expires_option = click.option(
    "--expires",
    default=DEFAULT_LIFE,
    show_default=True,
    metavar="TIME",
    help="When the new key ends: a duration such as 90d, a moment such as 2027-01-31 or 2027-01-31T12:00:00Z, or never.",
)


@click.command("create")
@click.argument("names", nargs=-1, metavar="[FILE] CONSUMER")
@_expires_option
@click.option("--not-before", metavar="MOMENT", help="When the new key begins, such as 2027-01-31; default: at once.")
@click.option("--new", "is_new", is_flag=True, help="Add the consumer, which is not in the file yet.")
def create(names: tuple[str, ...], expires: str, not_before: str | None, *, is_new: bool) -> int:
    """Add a key to a consumer and show it, once, on standard output."""
    from gwc.keys.change import consumer_added, key_added  # noqa: PLC0415

    life = _life(expires, not_before, now_s())
    path, (consumer,) = _split(names, 1)
    _require_id(consumer)

    def change(file: ConsumersFile, digest: str) -> Change:
        members = [("digest", digest), *life]
        if not is_new:
            return key_added(file.document, file.existing(consumer, "; --new adds it"), members)
        if file.index(consumer) is not None:
            raise Failure(exit_codes.INPUT, f"{path} already has a consumer {consumer!r}: leave --new out to give it another key")
        return consumer_added(file.document, consumer, members)

    key = give_new_key(path, consumer, change)
    tell(f"{path}: {consumer} has a new key {short(key.digest)}, {_in_words(life)}; it is shown only this once\n{_DEPLOY}")
    return exit_codes.FINE


@click.command("rotate")
@click.argument("names", nargs=-1, metavar="[FILE] CONSUMER")
@_expires_option
@click.option("--overlap", default=DEFAULT_OVERLAP, show_default=True, metavar="TIME", help="How long the older keys still live.")
def rotate(names: tuple[str, ...], expires: str, overlap: str) -> int:
    """Add a key to a consumer, show it, and let the older live keys end after the overlap.

    An older key that ends sooner by itself is left as it is, and so is one that is not yet valid.
    """
    from gwc.keys.change import key_replaced  # noqa: PLC0415
    from gwc.keys.life import written  # noqa: PLC0415

    now = now_s()
    life = _life(expires, None, now)
    end_s = now + _duration("--overlap", overlap)
    with _of_option("--overlap"):
        end = written(end_s)
    path, (consumer,) = _split(names, 1)
    ended: list[str] = []

    def change(file: ConsumersFile, digest: str) -> Change:
        index = file.existing(consumer)
        ending = _living_longer(file, index, now, end_s)
        ended.extend(short(file.spec.consumers[index].keys[i].digest) for i in ending)
        return key_replaced(file.document, index, ending, end, [("digest", digest), *life])

    key = give_new_key(path, consumer, change)
    tell(f"{path}: {consumer} has a new key {short(key.digest)}, {_in_words(life)}; it is shown only this once")
    tell(f"older keys that now end {end}: {', '.join(ended) or 'none'}\n{_DEPLOY}")
    return exit_codes.FINE


@click.command("revoke")
@click.argument("names", nargs=-1, metavar="[FILE] CONSUMER DIGEST_PREFIX")
@click.option("--all", "is_all", is_flag=True, help="Remove every key of the consumer, instead of one.")
def revoke(names: tuple[str, ...], *, is_all: bool) -> int:
    """Remove a key of a consumer, by the first hexadecimal digits (at least 8) of its digest."""
    from gwc.keys.change import keys_removed  # noqa: PLC0415

    path, (consumer, *prefixes) = _split(names, 1 if is_all else 2)
    with editing(path) as file:
        index = file.existing(consumer)
        digests = [key.digest for key in file.spec.consumers[index].keys]
        chosen = list(range(len(digests))) if is_all else [_matching(digests, prefixes[0], consumer)]
        if not chosen:
            raise Failure(exit_codes.INPUT, f"{consumer} has no key in {path}")
        file.save(keys_removed(file.document, index, chosen))
    rest = len(digests) - len(chosen)
    tell(
        f"{path}: removed {', '.join(short(digests[i]) for i in chosen)} of {consumer}, who has {rest or 'no'} other key{'s' * (rest > 1)}"
    )
    tell(_DEPLOY)
    return exit_codes.FINE


def now_s() -> int:
    """The clock."""
    return int(time.time())


def _split(names: Sequence[str], count: int) -> tuple[Path, Sequence[str]]:
    """The file, which may be left out, and the `count` names behind it."""
    if len(names) not in (count, count + 1):
        wanted = "the consumer" if count == 1 else "the consumer and the beginning of a digest"
        raise click.UsageError(f"give the file (unless gwc.yaml leads to it) and {wanted}", click.get_current_context())
    return (Path(names[0]) if len(names) > count else named_file()), names[len(names) - count :]


def _require_id(consumer: str) -> None:
    from pydantic import ValidationError  # noqa: PLC0415

    from gwc.controls.consumer import ConsumerSpec  # noqa: PLC0415

    try:
        ConsumerSpec(id=consumer)
    except ValidationError:
        text = "a consumer's id is 1 to 128 letters, digits and ._@-, and begins with a letter or digit"
        raise Failure(exit_codes.INPUT, text) from None


def _life(expires: str, not_before: str | None, now: int) -> Members:
    """The members of a key's entry that say when it is valid. Raises Failure."""
    from gwc.controls.api_key import NEVER_S, epoch_seconds  # noqa: PLC0415
    from gwc.keys.life import end  # noqa: PLC0415

    with _of_option("--expires"):
        expiry = end(expires, now)
    with _of_option("--not-before"):
        start_s = epoch_seconds(not_before) if not_before is not None else 0
    if start_s >= (epoch_seconds(expiry) if expiry else NEVER_S):
        raise Failure(exit_codes.INPUT, f"the key would end ({expiry}) before it begins ({not_before})")
    return [(name, value) for name, value in (("notBefore", not_before), ("expires", expiry)) if value is not None]


def _in_words(life: Members) -> str:
    known = dict(life)
    begin = f"valid from {known['notBefore']}" if "notBefore" in known else "valid"
    return f"{begin} until {known['expires']}" if "expires" in known else f"{begin} without an end"


def _duration(option: str, text: str) -> int:
    from gwc.keys.life import seconds  # noqa: PLC0415

    with _of_option(option):
        return seconds(text)


@contextmanager
def _of_option(name: str) -> Iterator[None]:
    """A value that is refused is a failure of the option."""
    try:
        yield
    except ValueError as error:
        raise Failure(exit_codes.INPUT, f"{name}: {error}") from None


def _living_longer(file: ConsumersFile, consumer: int, now: int, end_s: int) -> list[int]:
    """The live keys that would end later."""
    from gwc.keys.life import life_of  # noqa: PLC0415

    lives = [life_of(key) for key in file.spec.consumers[consumer].keys]
    return [i for i, life in enumerate(lives) if life.is_live(now) and life.expires_s > end_s]


def _matching(digests: Sequence[str], prefix: str, consumer: str) -> int:
    """The only digest that begins so. Raises Failure."""
    wanted = prefix.lower().removeprefix("sha256:")
    if not re.fullmatch(rf"[0-9a-f]{{{MIN_DIGITS},64}}", wanted, re.ASCII):
        raise Failure(exit_codes.INPUT, f"a digest prefix is at least {MIN_DIGITS} hexadecimal digits: gwc keys list shows {SHOWN_DIGITS}")
    found = [i for i, digest in enumerate(digests) if digest.startswith(f"sha256:{wanted}")]
    if len(found) != 1:
        known = ", ".join(map(short, digests)) or "no keys"
        raise Failure(
            exit_codes.INPUT, f"{consumer} has {'several keys' if found else 'no key'} whose digest begins so; there are: {known}"
        )
    return found[0]
