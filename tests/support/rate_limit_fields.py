"""RateLimit-Policy and RateLimit of an answer, compared with what the model says of the same request a moment earlier."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

POLICY, LEFT = "ratelimit-policy", "ratelimit"
SLACK_S = 2.0
"""Whole seconds that were rounded up, and the time between the two looks at the clock."""
_MEMBER = re.compile(r'"(?P<id>[A-Za-z0-9_-]+)";r=(?P<left>0|[1-9][0-9]*);t=(?P<wait>[1-9][0-9]*)')
_POLICY = re.compile(r'"(?P<id>[A-Za-z0-9_-]+)";q=(?P<quota>[1-9][0-9]*);w=(?P<window>[1-9][0-9]*)')


def field_disagreements(got: Mapping[str, tuple[str, ...]], wanted: Mapping[str, str], *, is_timed: bool = True) -> Iterator[str]:
    """What differs. `got`: the values of both fields, which may stand on several lines; not `is_timed`: of many requests at once, nobody knows which came when."""
    policy, left = (", ".join(got[name]) for name in (POLICY, LEFT))
    if policy != wanted.get(POLICY, ""):
        yield f"RateLimit-Policy: {policy!r}, expected {wanted.get(POLICY)!r}"
        return
    found, right = ([_MEMBER.fullmatch(m) for m in text.split(", ") if text] for text in (left, wanted.get(LEFT, "")))
    if None in found or len(found) != len(right):
        yield f"RateLimit: {left!r}, expected {wanted.get(LEFT)!r}"
        return
    seconds = {m["id"]: int(m["window"]) / int(m["quota"]) for m in _POLICY.finditer(policy)}
    for one, other in zip(found, right, strict=True):
        if one and other and is_timed and (one["id"] != other["id"] or not _is_close(one, other, seconds[one["id"]])):
            yield f"RateLimit: {one[0]}, expected {other[0]}"


def _is_close(one: re.Match[str], other: re.Match[str], seconds_per_token: float) -> bool:
    """Both say how full the bucket is: tokens, and the time until the next one."""
    level_s, other_s = (int(m["left"]) * seconds_per_token + max(0.0, seconds_per_token - int(m["wait"])) for m in (one, other))
    return abs(level_s - other_s) <= SLACK_S + min(1.0, seconds_per_token)
