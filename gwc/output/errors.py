"""What can be wrong with the place that the output goes to."""

from __future__ import annotations


class OutputError(Exception):
    """The output folder can't be written as asked; nothing was changed. The message names the path and the way out."""
