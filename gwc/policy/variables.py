"""`${name}` in scalar leaves, after parsing: a variable can never change the structure of a document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gwc.controls.spec import Located
from gwc.diagnostics import Findings

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
Scalar = str | int | bool


def effective(declared: Any, given: Mapping[str, str], place: Located, findings: Findings) -> dict[str, Scalar]:
    """The document's own variables with the given values in their place, each of the type of the declared one.

    `declared` is the unchecked value of `vars`; entries that are no scalars are left to the schema.
    """
    values = {k: v for k, v in declared.items() if isinstance(v, Scalar)} if isinstance(declared, dict) else {}
    for name, value in values.items():
        text = given.get(name)
        if isinstance(value, str) and text is None and "${" in value:
            findings.error("GWC025", f"variable {name!r} refers to another one; variables hold plain values", place.at(name).span())
        if text is not None:
            values[name] = _typed(name, value, text, place, findings)
    return values


def _typed(name: str, declared: Scalar, text: str, place: Located, findings: Findings) -> Scalar:
    if isinstance(declared, bool):
        if text in ("true", "false"):
            return text == "true"
    elif isinstance(declared, int):
        if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
            return int(text)
    elif "${" not in text:
        return text
    kind = {bool: "true or false", int: "a whole number", str: "a plain text"}[type(declared)]
    findings.error("GWC025", f"variable {name!r} was given another value, which is not {kind}", place.at(name).span())
    return declared


def substitute(value: Any, variables: Mapping[str, Scalar], place: Located, findings: Findings, used: set[str]) -> Any:
    """The tree with every reference replaced. A leaf that is one reference as a whole takes the variable's type."""
    if isinstance(value, dict):
        return {k: substitute(v, variables, place.at(k), findings, used) for k, v in value.items()}
    if isinstance(value, list):
        return [substitute(v, variables, place.at(i), findings, used) for i, v in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    return _leaf(value, variables, place, findings, used)


def _leaf(text: str, variables: Mapping[str, Scalar], place: Located, findings: Findings, used: set[str]) -> Scalar:
    names = _REFERENCE.findall(text)
    unknown = [n for n in names if n not in variables]
    used.update(names)
    if unknown or text.count("${") != len(names):
        what = f"variable {unknown[0]!r} is not defined" if unknown else "a reference to a variable is not closed"
        findings.error("GWC025", what, place.span(), help="define it under vars: of the same file")
        return text
    whole = _REFERENCE.fullmatch(text)
    if whole:
        return variables[whole[1]]
    return _REFERENCE.sub(lambda found: _as_text(variables[found[1]]), text)


def _as_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
