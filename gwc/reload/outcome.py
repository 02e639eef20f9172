"""How a reload can end besides well."""

from __future__ import annotations


class Rejected(Exception):  # noqa: N818 - names the fact
    """The gateway, or its own check, did not take the new files: the old policy serves on, and the old files are in their place.

    The message has the gateway's words.
    """


class NeedsRestart(Exception):  # noqa: N818
    """A part changed that this gateway reads at its start only. Nothing was touched."""
