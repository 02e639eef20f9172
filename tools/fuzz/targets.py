"""All targets by name."""

from __future__ import annotations

from tools.fuzz import loading, patterns, requests, schemas
from tools.fuzz.target import Target

TARGETS: dict[str, Target] = {t.name: t for t in (loading.POLICY, loading.DOCUMENT, patterns.PATTERN, schemas.SCHEMA, requests.REQUEST)}
