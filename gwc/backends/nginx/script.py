"""The runtime of njs as one file. njs runs the top level of every module for each request: one module costs a fifth of ten.

A runtime file has comments, imports of other runtime files by the name of their function, and one `export default function`.
"""

from __future__ import annotations

import re

from gwc.resources import runtime_text

MODULES = ("problem", "rate_limit", "base64url", "json", "jwt", "api_key", "security", "body", "head", "gwc")
"""The last one is the entry."""
_IMPORT = re.compile(r"^import \w+ from '(?P<module>[a-z0-9_]+)\.js';\n", re.MULTILINE)


def bundle() -> str:
    """All modules in one; what remains imported is the policy and what njs brings."""
    texts = {module: runtime_text(f"js/{module}.js") for module in MODULES}
    imports = sorted({m[0] for text in texts.values() for m in re.finditer(r"^import .*\n", text, re.MULTILINE) if not _is_ours(m[0])})
    parts = [
        re.sub(r"^import .*\n", "", text, flags=re.MULTILINE).replace("export default function", "function") for text in texts.values()
    ]
    return "".join((*imports, *("\n" + part for part in parts)))


def _is_ours(line: str) -> bool:
    found = _IMPORT.match(line)
    return found is not None and found["module"] in MODULES
