"""Random schemas and instances, judged by jsonschema-rs: the seed and the numbers are part of the result."""

from __future__ import annotations

from pathlib import Path

from tests.support.random_schemas import random_groups
from tools.conformance.json_schema import DRAFTS, batch
from tools.conformance.questions import Batch

SEED = 20
SCHEMAS = 60
INSTANCES = 45
"""5,400 pairs for both dialects."""


def batches(folder: Path, *, seed: int = SEED, schemas: int = SCHEMAS, instances: int = INSTANCES) -> list[Batch]:
    """One batch for each dialect."""
    found = []
    for draft in DRAFTS:
        place = folder / f"random-{draft}"
        place.mkdir(parents=True)
        found.append(batch(place.name, random_groups(draft, seed, schemas, instances), place, formats="ignore"))
    return found
