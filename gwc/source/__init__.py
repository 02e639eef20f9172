"""Text to positioned trees: files below one root, strict YAML and JSON, OpenAPI documents with their references."""

from __future__ import annotations

from gwc.source.cursor import Cursor
from gwc.source.document import Document, Pointer
from gwc.source.workspace import Workspace

__all__ = ["Cursor", "Document", "Pointer", "Workspace"]
