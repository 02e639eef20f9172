"""A key is recognised by its prefix and checksum, is as random as 256 bits are, and stands in no representation."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwc.controls.basic import GENERATED_KEY
from gwc.keys import key_format
from gwc.keys.key_format import PATTERN, Key, digest_of, mistake, new_key, written

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def number(text: str) -> int:
    value = 0
    for character in text:
        value = value * 62 + DIGITS.index(character)
    return value


@given(st.integers(0, 2**256 - 1))
def test_a_key_says_its_number_and_its_checksum(random):
    key = written(random)
    assert len(key) == 53
    assert PATTERN.fullmatch(key)
    assert number(key[4:47]) == random
    assert number(key[47:]) == zlib.crc32(key[:47].encode())
    assert mistake(key.encode()) == ""


def test_the_form_is_fixed():
    """Computed with perl's bigint and gzip's CRC: the form may not drift, for keys are out in the world."""
    assert written(0) == "gwc_" + "0" * 43 + "0tCFIo"
    assert written(2**256 - 1) == "gwc_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp12q4Lf8"


@pytest.mark.parametrize("random", [-1, 2**256])
def test_another_number_is_no_key(random):
    with pytest.raises(ValueError, match="256 bits"):
        written(random)


def test_the_pattern_is_the_one_that_http_basic_asks_for():
    assert PATTERN.pattern == GENERATED_KEY


def test_keys_come_from_all_256_bits_of_the_secure_generator(monkeypatch):
    asked = []
    monkeypatch.setattr(key_format.secrets, "randbits", lambda bits: asked.append(bits) or 5)
    assert new_key().text == written(5)
    assert asked == [256]


def test_no_two_keys_are_equal():
    assert len({new_key().text for _ in range(1000)}) == 1000


def test_a_key_is_in_no_representation():
    key = new_key()
    assert key.text not in f"{key} {key!r} {[key]} {vars(Key)}"


def test_the_digest_is_that_of_the_whole_text():
    key = new_key()
    assert key.digest == f"sha256:{hashlib.sha256(key.text.encode()).hexdigest()}" == digest_of(key.text.encode())


KEY = written(2**255 + 12345)


@given(st.integers(4, 52), st.sampled_from(DIGITS))
def test_every_wrong_character_is_noticed(at, character):
    typed = KEY[:at] + character + KEY[at + 1 :]
    assert (mistake(typed.encode()) == "") == (typed == KEY)


@given(st.integers(4, 51))
def test_every_swap_of_neighbours_is_noticed(at):
    typed = KEY[:at] + KEY[at + 1] + KEY[at] + KEY[at + 2 :]
    assert (mistake(typed.encode()) == "") == (typed == KEY)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (b"", "empty"),
        (b"hunter2", "does not begin"),
        (b"GWC_" + KEY[4:].encode(), "does not begin"),
        (KEY[:-1].encode(), "49"),
        (KEY.encode() + b"0", "49"),
        (KEY.encode() + b"\n", "49"),
        (KEY.encode()[:-1] + b"\xff", "49"),
        (KEY.replace("gwc_0", "gwc_-").encode()[:52] + b"-", "49"),
        (b" " + KEY.encode(), "does not begin"),
    ],
)
def test_a_mistake_is_told_without_the_text(secret, why):
    told = mistake(secret)
    assert why in told
    assert secret == b"" or secret.decode("latin-1").strip() not in told
