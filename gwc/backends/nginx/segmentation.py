"""Segmentation: files for the network around NGINX, which it does not read itself."""

from __future__ import annotations

from gwc.backends import segmentation
from gwc.backends.nginx.fragments import Fragments
from gwc.backends.nginx.plan import Plan


def emit(plan: Plan) -> Fragments:
    """The files and their row."""
    made = segmentation.files(plan.gateway, "nginx")
    return Fragments(files=made, rows=segmentation.row(made))
