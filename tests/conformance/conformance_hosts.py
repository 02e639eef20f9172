"""Which hosts the cases run on here, and why one may be left out."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from gwc.local.processes import NotInstalled
from gwc.local.redis_server import installed
from tests.support.harness import program

HOSTS = ("nginx", "envoy", "openresty", "kong")


def require(name: str) -> None:
    """Skips where a host, or Redis, cannot be had on a user's machine; in CI that is a failure. Kong runs only where GWC_KONG names it."""
    reason = _missing(name)
    if not reason:
        return
    if os.environ.get("CI") == "true" and name != "kong":
        pytest.fail(f"{name} is needed in CI: {reason}")
    pytest.skip(reason)


def _missing(name: str) -> str:
    if name == "kong":
        return "" if os.environ.get("GWC_KONG") else "GWC_KONG names no kong command"
    if name == "redis":
        return _redis()
    module = "gwc.backends.kong.openresty" if name == "openresty" else f"gwc.backends.{name}"
    if importlib.util.find_spec(module) is None:
        return f"no module {module}"
    try:
        program(name).command(Path())
    except NotInstalled as e:
        return str(e)
    return ""


def _redis() -> str:
    try:
        installed()
    except NotInstalled as e:
        return str(e)
    return ""
