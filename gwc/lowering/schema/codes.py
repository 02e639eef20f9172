"""The stable codes of what schemas can't say to a gateway."""

from __future__ import annotations

from collections.abc import Mapping

INEXACT = "GWC420"
PATTERN = "GWC421"
FORMAT = "GWC422"
CIRCLE = "GWC423"
TOO_DEEP = "GWC424"
WITHOUT_EFFECT = "GWC425"

CODES: Mapping[str, str] = {
    INEXACT: "a number of a schema that can't be enforced exactly",
    PATTERN: "a regular expression that is none, or that can't be matched exactly and in bounded time",
    FORMAT: "a format that can't be asserted exactly",
    CIRCLE: "a schema that refers to itself for one and the same value",
    TOO_DEEP: "schemas that refer to one another too often for one and the same value",
    WITHOUT_EFFECT: "a format or keyword that is known to no one and asserts nothing (note)",
}
