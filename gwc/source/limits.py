"""How large, deep and repetitive an input may be. Real documents stay far below; each limit is an error with a place, never a cut."""

from __future__ import annotations

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
"""Containers inside each other; the largest real documents have about 40."""
MAX_NODES = 4_000_000
"""Values of one file, counted after aliases were expanded (GitHub's API: about 400,000)."""
MAX_YAML_NODES = 1_500_000
"""The same for YAML, which takes ten times as long to read (OpenAI's API: 110,000)."""
MAX_ALIASES = 1_000
MAX_NUMBER_DIGITS = 400
"""A float64 has at most 309 digits before the point."""
MAX_REFERENCE_CHAIN = 100
"""`$ref`s that lead directly to another `$ref`."""
MAX_COMPOSED = 50_000
"""Parts of documents that are put together for the structural check (DigitalOcean's API: about 4,000)."""
MAX_FILES = 20_000
"""Files that one project may read (DigitalOcean's API: 2,906)."""
