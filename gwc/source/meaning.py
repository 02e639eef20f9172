"""What the official schema can't say: whether the parts of a document fit each other and can be enforced."""

from __future__ import annotations

from gwc.diagnostics import Findings
from gwc.source import meaning_operations, meaning_paths, meaning_security, meaning_servers
from gwc.source.openapi_model import OpenApi


def check_meaning(api: OpenApi, findings: Findings) -> None:
    """Adds everything that is wrong with a document whose form is right."""
    for module in (meaning_paths, meaning_operations, meaning_security, meaning_servers):
        module.check(api, findings)
