"""`python -m gwc.cli`."""

from __future__ import annotations

import sys

from gwc.cli import main

if __name__ == "__main__":
    sys.exit(main())
