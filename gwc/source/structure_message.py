"""What the validator found, in words: the most telling of nested errors, and never a value of the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from gwc.source.document import Pointer
from gwc.source.text import shown


class Fault(NamedTuple):
    """One thing that is wrong at `path`, or with the name at its end."""

    path: Pointer
    message: str
    is_name: bool = False
    help: str = ""


def faults(error: Any) -> Iterator[Fault]:
    """The faults that an error of `jsonschema_rs` stands for: of alternatives, those of the one that was most probably meant."""
    kind = type(error.kind).__name__
    if kind in ("AnyOf", "OneOfNotValid"):
        branch = _meant(error)
        for inner in branch or ():
            yield from faults(inner)
        if not branch:
            yield Fault(_path(error), "this has none of the forms that OpenAPI allows here")
    elif kind in ("AdditionalProperties", "UnevaluatedProperties"):
        for name in error.kind.unexpected:
            yield Fault((*_path(error), name), f"unknown member {shown(name)}", is_name=True, help=_advice(name, _path(error)))
    elif kind == "PropertyNames":
        yield bad_name((*_path(error), str(error.kind.error.instance)))
    else:
        yield _fault(_path(error), kind, error.kind)


def bad_name(path: Pointer) -> Fault:
    """The fault of a component whose name breaks OpenAPI's rule for them."""
    message = f"{shown(str(path[-1]))} is no name that OpenAPI allows here"
    return Fault(path, message, is_name=True, help="names are made of letters, digits, `.`, `-` and `_`")


def _fault(path: Pointer, kind: str, details: Any) -> Fault:
    """The fault of an error without alternatives; named members are called by their name."""
    message = _MESSAGES.get(kind, _other)(details)
    name = path[-1] if path else None
    if not isinstance(name, str):
        return Fault(path, message)
    if kind == "Required":
        return Fault(path, f"{message} in {shown(name)}", is_name=True)
    if message.startswith("this "):
        message = shown(name) + message.removeprefix("this")
    return Fault(path, message, help=_HELP.get(name, ""))


def _path(error: Any) -> Pointer:
    return tuple(error.instance_path)


def _meant(error: Any) -> Sequence[Any] | None:
    """The branch whose errors lie deepest; a Reference Object only where there is a `$ref`."""
    branches = [b for b in error.kind.context if b and not _wants_reference(b)] or [b for b in error.kind.context if b]
    return max(branches, key=_likelihood, default=None)


def _wants_reference(errors: Iterable[Any]) -> bool:
    return any(getattr(e.kind, "property", None) == "$ref" for e in errors)


def _likelihood(errors: Sequence[Any]) -> tuple[bool, int, int]:
    """Higher for a branch that fails deeper; a wrong constant (`type: oauth2`) says that the branch is about something else."""
    is_other = any(
        type(e.kind).__name__ in ("Constant", "Enum", "Type") and len(e.instance_path) <= _shallowest(errors) + 1 for e in errors
    )
    return (not is_other, max(len(e.instance_path) for e in errors), -len(errors))


def _shallowest(errors: Sequence[Any]) -> int:
    return min(len(e.instance_path) for e in errors)


def _advice(name: str, holder: Pointer) -> str:
    if holder == ("paths",):
        return "a path begins with a slash"
    if name.lower() in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
        return "methods are written in lower case, under a path"
    return "" if name.startswith("x-") else "remove it, or begin its name with `x-` when it is an extension"


_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


_BOUND = "since OpenAPI 3.1 this is the bound itself: `exclusiveMinimum: 0` instead of `minimum: 0` and `exclusiveMinimum: true`"
_HELP = {"exclusiveMinimum": _BOUND, "exclusiveMaximum": _BOUND, "type": "JSON Schema: a type, or since OpenAPI 3.1 a list of types"}


def _type(kind: Any) -> str:
    return "this must be " + " or ".join(_TYPE_NAMES.get(t, t) for t in kind.types)


def _options(kind: Any) -> str:
    return "this must be one of " + ", ".join(shown(str(o)) for o in kind.options)


def _limit(words: str) -> Callable[[Any], str]:
    return lambda kind: words.format(kind.limit)


def _other(_kind: Any) -> str:
    return "this breaks the official schema of OpenAPI"


_MESSAGES: dict[str, Callable[[Any], str]] = {
    "Required": lambda kind: f"the member {shown(str(kind.property))} is missing",
    "Type": _type,
    "Enum": _options,
    "Constant": lambda kind: f"this must be {shown(str(kind.expected_value))}",
    "Pattern": lambda kind: f"this does not have the form {shown(str(kind.pattern))}",
    "Minimum": _limit("this must be at least {}"),
    "Maximum": _limit("this must be at most {}"),
    "ExclusiveMinimum": _limit("this must be greater than {}"),
    "ExclusiveMaximum": _limit("this must be less than {}"),
    "MinItems": _limit("this needs at least {} item(s)"),
    "MaxItems": _limit("this may have at most {} item(s)"),
    "MinLength": _limit("this needs at least {} character(s)"),
    "MinProperties": _limit("this needs at least {} member(s)"),
    "MaxProperties": _limit("this may have at most {} member(s)"),
    "UniqueItems": lambda _: "the items must be different from each other",
    "OneOfMultipleValid": lambda _: "this has several forms of which OpenAPI allows only one",
    "Not": lambda _: "members that exclude each other, or a member that is not allowed here",
    "FalseSchema": lambda _: "this is not allowed here",
}
