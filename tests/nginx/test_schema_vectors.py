"""njs tells the failures that the vectors have."""

from __future__ import annotations

import pytest

from tests.nginx.test_schema import check
from tests.support.njs_schemas import judging
from tests.support.schema_vectors import schema_vectors

pytestmark = pytest.mark.gateway


def test_vectors(tmp_path):
    vectors = schema_vectors(tmp_path)
    (tmp_path / "nginx").mkdir()
    pairs = [(number, text) for number, vector in enumerate(vectors) for text, _ in vector.values]
    wanted = [[list(failure) for failure in failures] for vector in vectors for _, failures in vector.values]
    with judging(tmp_path / "nginx", [vector.built for vector in vectors]) as judge:
        check(pairs, wanted, judge(pairs))
