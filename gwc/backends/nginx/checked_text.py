"""Texts that the script made, on their way into a head: nothing with a control character gets there, whatever the script says."""

from __future__ import annotations

from gwc.templating import Verbatim


def checked(variable: str) -> str:
    """The name of the variable that has the text of the variable `variable`, or nothing where that could end a line of a head."""
    return f"{variable}_checked"


def check(variable: str) -> Verbatim:
    """The directive that makes `checked(variable)`. Names without `$`."""
    return Verbatim(
        f'map ${variable} ${checked(variable)} {{ volatile; default ""; "~^(?<{variable}_text>[^\\x00-\\x08\\x0a-\\x1f\\x7f]+)\\z" ${variable}_text; }}'
    )
