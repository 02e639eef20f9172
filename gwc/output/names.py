"""The hidden names beside an output folder: staged trees, the lock, and what a dead run can leave behind."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the folder of `out`, so that a rename never crosses a file system."""

    out: Path

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.out.with_name(f".{self.out.name}.gwc.lock")

    def staged(self) -> Path:
        """A name that nothing has, for a tree that is being written or (with the symlink fallback) is live."""
        return self.out.with_name(f".{self.out.name}.gwc-{secrets.token_hex(8)}")

    def link(self) -> Path:
        """A name that nothing has, for a symlink that will be renamed onto `out`."""
        return self.out.with_name(f".{self.out.name}.gwc-link-{secrets.token_hex(8)}")

    def away(self) -> Path:
        """A name that nothing has, for the previous tree while `out` is being turned into a symlink."""
        return self.out.with_name(f".{self.out.name}.gwc-away-{secrets.token_hex(8)}")

    def is_tree(self, name: str) -> bool:
        """Whether `staged` makes such names."""
        return re.fullmatch(re.escape(f".{self.out.name}.gwc-") + "[0-9a-f]{16}", name) is not None

    def is_away(self, name: str) -> bool:
        """Whether `away` makes such names."""
        return re.fullmatch(re.escape(f".{self.out.name}.gwc-away-") + "[0-9a-f]{16}", name) is not None

    def is_link(self, name: str) -> bool:
        """Whether `link` makes such names."""
        return re.fullmatch(re.escape(f".{self.out.name}.gwc-link-") + "[0-9a-f]{16}", name) is not None
