"""Segmentation: files for the network around Kong, which it does not read itself."""

from __future__ import annotations

from gwc.backends import segmentation
from gwc.backends.kong.fragment import Fragment
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The files and their row."""
    made = segmentation.files(gateway, "kong")
    return Fragment(files=made, rows=segmentation.row(made))
