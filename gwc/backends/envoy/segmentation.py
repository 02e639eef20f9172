"""Segmentation: files for the network around Envoy, which it does not read itself."""

from __future__ import annotations

from gwc.backends import segmentation
from gwc.ir import Gateway


def emit(gateway: Gateway) -> dict[str, str]:
    """The files by path."""
    return segmentation.files(gateway, "envoy")
