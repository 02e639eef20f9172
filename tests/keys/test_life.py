"""Both sides of every border of time."""

from __future__ import annotations

import pytest

from gwc.controls.api_key import NEVER_S, KeySpec, epoch_seconds
from gwc.keys.life import Life, State, end, life_of, seconds, written

NOW = epoch_seconds("2026-06-01T12:00:00Z")
DAY = 86_400


@pytest.mark.parametrize(
    ("expires_s", "state"),
    [
        (NOW - 1, State.EXPIRED),
        (NOW, State.EXPIRED),
        (NOW + 1, State.EXPIRING),
        (NOW + 30 * DAY, State.EXPIRING),
        (NOW + 30 * DAY + 1, State.LIVE),
        (NEVER_S, State.LIVE),
    ],
)
def test_the_end_of_a_key(expires_s, state):
    life = Life(0, expires_s)
    assert life.state(NOW) == state
    assert life.is_live(NOW) == (state is not State.EXPIRED)
    assert life.ends_soon(NOW) == (state is State.EXPIRING)


@pytest.mark.parametrize(("not_before_s", "state"), [(NOW - 1, State.LIVE), (NOW, State.LIVE), (NOW + 1, State.NOT_YET)])
def test_the_beginning_of_a_key(not_before_s, state):
    life = Life(not_before_s, NEVER_S)
    assert life.state(NOW) == state
    assert life.is_live(NOW) == (state is State.LIVE)


def test_a_key_that_never_was_valid_is_expired():
    assert Life(NOW + 10, NOW - 10).state(NOW) == State.EXPIRED


def test_the_life_of_a_key_of_a_file():
    digest = f"sha256:{'a' * 64}"
    assert life_of(KeySpec(digest=digest)) == Life(0, NEVER_S)
    assert life_of(KeySpec(digest=digest, notBefore="1970-01-02", expires="1970-01-02T00:00:01Z")) == Life(DAY, DAY + 1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90d", "2026-08-30T12:00:00Z"),
        ("1s", "2026-06-01T12:00:01Z"),
        ("2000ms", "2026-06-01T12:00:02Z"),
        ("never", None),
        ("2027-01-31", "2027-01-31"),
        ("2026-06-01T12:00:01Z", "2026-06-01T12:00:01Z"),
        ("2026-06-01T14:00:01+02:00", "2026-06-01T14:00:01+02:00"),
    ],
)
def test_when_a_new_key_ends(text, moment):
    assert end(text, NOW) == moment


@pytest.mark.parametrize(
    "text",
    ["", "0s", "0d", "500ms", "1500ms", "-1d", "90", "90 d", "1y", "soon", "Never", "2026-06-01", "2026-06-01T12:00:00Z", "2026-06-01T14:00:00+02:00",
     "2026-02-30", "2026-6-1", "2027-01-31T12:00Z", "2027-01-31 12:00:00Z", "0000-01-01", "2920000d", "999999999d", "１d"],
)  # fmt: skip
def test_what_is_no_end_of_a_key(text):
    with pytest.raises(ValueError, match=r".+"):
        end(text, NOW)


def test_the_last_moment_that_can_be_written():
    assert written(NEVER_S - 1) == "9999-12-31T23:59:59Z"
    with pytest.raises(ValueError, match="9999"):
        written(NEVER_S)


def test_what_is_written_reads_the_same():
    for moment in (0, 1, NOW, NEVER_S - 1):
        assert epoch_seconds(written(moment)) == moment
    assert seconds("7d") == 7 * DAY
