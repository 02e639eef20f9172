"""Text templates of a target: a missing name is an error, and every value goes through the target's one quoting function."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined

from gwc.resources import data_folder


class Verbatim(str):
    """Text that is already in the language of the target: made of quoted pieces and of constants of gwc."""

    __slots__ = ()


def environment(target: str, quote: Callable[[str | int], Verbatim]) -> Environment:
    """The templates in `templates/<target>/`; `quote` gets every value that is printed, except what is `Verbatim`."""

    def finalize(value: object) -> str:
        if isinstance(value, Verbatim):
            return value
        if isinstance(value, str | int):
            return quote(value)
        if isinstance(value, Undefined):
            return str(value)  # raises UndefinedError with the name
        raise TypeError(f"a template of {target} prints {type(value).__name__}")

    return Environment(  # noqa: S701 - no HTML: `finalize` quotes for the target
        loader=FileSystemLoader(data_folder("templates") / target),
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
