"""How text gets into NGINX's files: the one place where it is quoted, for the configuration language and for JavaScript."""

from __future__ import annotations

import json
import re
from typing import Any

from gwc.templating import Verbatim

_BARE = re.compile(r"[A-Za-z0-9_./:-]+\Z")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
MAX_PARAMETER_BYTES = 4000
"""NGINX reads its configuration in pieces of 4,096 bytes (NGX_CONF_BUFFER): no parameter can be longer."""
DOLLAR = "${gwc_dollar}"
"""NGINX has no escape for a dollar sign: nginx.conf defines this variable by `geo`, whose values are not expanded."""


def argument(value: str | int) -> Verbatim:
    """A parameter of a directive that expands variables, or does not care: it means exactly `value`."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, int):
        return Verbatim(str(value))
    return Verbatim(literal(value).replace("$", DOLLAR))


def literal(value: str) -> Verbatim:
    """A parameter that NGINX takes as it is, dollar signs included: locations, regular expressions, files that are read at start.

    Quotes are those of ngx_conf_read_token(): a backslash escapes itself, quotes, and n, r, t.
    """
    return Verbatim(value if _BARE.match(value) else f'"{value.translate(_ESCAPES)}"')


def name(value: str) -> Verbatim:
    """A name that the author of a document chose, quoted even where it need not be: no word of it ever stands alone."""
    return Verbatim(f'"{value.translate(_ESCAPES)}"'.replace("$", DOLLAR))


def directive(name: str, *arguments: str | int) -> Verbatim:
    """A simple directive with its parameters quoted."""
    return Verbatim(" ".join((name, *map(argument, arguments))) + ";")


def json_text(value: Any) -> str:
    """A value as JSON in ASCII, not quoted for anything."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def javascript(value: Any) -> Verbatim:
    """A value as an expression of JavaScript, in ASCII (U+2028 cannot end a line)."""
    return Verbatim(json.dumps(value, ensure_ascii=True, separators=(", ", ": ")))


def member(name: str, value: Any, rule: int) -> Verbatim:
    """A line of a rule of policy.js; the number at its end makes it the only one of its kind, for the ledger."""
    return Verbatim(f"{name}: {javascript(value)}, // rule {rule}")
