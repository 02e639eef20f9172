"""The intermediate representation: all that a backend may know of a policy and its OpenAPI documents."""

from __future__ import annotations

from gwc.ir.gateway import Gateway, Operation

__all__ = ["Gateway", "Operation"]
