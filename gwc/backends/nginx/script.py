"""The runtime of njs as one file. njs runs the top level of every module for each request: one module costs a fifth of ten.

A runtime file has comments, imports of other runtime files by the name of their function, and one `export default function`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache

from gwc.resources import runtime_text

SHARED = ("lowered", "trimmed", "values_of", "blanks", "odd_number", "judge_tools", "fits", "plain_parameters")
"""Stand at the top: several of the others need them."""
JUDGING = (
    "percent", "utf8", "ascii", "media_type", "multipart", "decimal", "put", "json_bytes", "automaton", "strict_json", "schema", "pointer",
    "text_value", "style", "deep_object", "reading", "query_parts", "parameters", "form", "validation",
)  # fmt: skip
"""Stand inside the function of the module `judging`: a request that is not validated does not pay for them."""
LAZY = (
    "problem", "caller", "client_address", "bucket", "rate_key", "rate_limit", "consumer", "base64url", "json", "claims", "spki", "jwk", "signature", "key_provider", "key_source", "jwt",
    "token_memory", "bearer", "carrier", "api_key", "basic", "certificate", "mutual_tls", "security", "authorization", "forwarding", "body",
    "metrics", "decision",
)  # fmt: skip
"""Stand inside the function of the module `rest`: a request that calls nothing of them does not pay for them."""
MODULES = (*LAZY, *JUDGING, *SHARED, "judging", "rest", "token_key", "remembered", "head", "gwc")
"""The last one is the entry."""
_IMPORT = re.compile(r"^import (?P<name>\w+) from '(?P<module>[a-z0-9_]+)\.js';\n", re.MULTILINE)
_TABLES = "policy"
"""What the lazy modules call the tables of policy.js, which the function of `rest` makes for them."""


@cache
def bundle() -> str:
    """All modules in one; what remains imported is the policy and what njs brings.

    `edition()` names this text: what it wrote into a dictionary means nothing to another one.
    """
    texts = {module: _text(module) for module in MODULES}
    imports = sorted({m[0] for text in texts.values() for m in re.finditer(r"^import .*\n", text, re.MULTILINE) if not _is_ours(m[0])})
    parts = {module: _without_imports(text) for module, text in texts.items()}
    edition = hashlib.sha256("".join(parts.values()).encode()).hexdigest()[:16]
    for outer, inner in (("rest", LAZY), ("judging", JUDGING)):
        inside = "".join("\n" + parts.pop(module) for module in inner)
        parts[outer] = parts[outer].replace("\n  return { ", f"\n{inside}\n  return {{ ", 1)
    own = f"function edition() {{ return '{edition}'; }}\n"
    return "".join((*imports, *("\n" + part for part in (own, *parts.values()))))


def modules(names: Iterable[str]) -> str:
    """The modules as they stand inside another one."""
    return "".join("\n" + _without_imports(_text(name)) for name in names)


def _text(module: str) -> str:
    return runtime_text(f"js/{module}.js")


def _without_imports(text: str) -> str:
    return re.sub(r"^import .*\n", "", text, flags=re.MULTILINE).replace("export default function", "function")


def _is_ours(line: str) -> bool:
    found = _IMPORT.match(line)
    return found is not None and (found["module"] in MODULES or found["name"] == _TABLES)
