"""Counts the conformance requests over all processes of a run, and writes down what was skipped."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def count_requests(request) -> Callable[..., None]:
    """Adds to the numbers of a host: requests that were sent to it, and disagreements with the model."""
    properties = request.node.user_properties

    def count(host: str, sent: int, disagreements: int = 0) -> None:
        properties.append(("conformance", [host, sent, disagreements]))

    return count


def pytest_terminal_summary(terminalreporter) -> None:
    """One line per host; the reports of all workers of pytest-xdist arrive here."""
    sent: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for report in _reports(terminalreporter):
        for name, value in report.user_properties:
            if name == "conformance":
                sent[value[0]] += value[1]
                wrong[value[0]] += value[2]
    if sent:
        terminalreporter.section("conformance")
        for host in sorted(sent):
            terminalreporter.write_line(f"{host}: {sent[host]} requests, {wrong[host]} disagreements")
    _write_skips(terminalreporter)


def _reports(terminalreporter):
    stats = terminalreporter.stats
    return [r for kind in ("passed", "failed") for r in stats.get(kind, ()) if getattr(r, "when", "") == "call"]


def _write_skips(terminalreporter) -> None:
    """GWC_SKIP_REPORT names a file: a line with test and reason for every skip, so that CI can see what was skipped in every job."""
    target = os.environ.get("GWC_SKIP_REPORT")
    if not target:
        return
    skips = sorted(f"{r.nodeid}: {' '.join(_reason(r.longrepr).split())}\n" for r in terminalreporter.stats.get("skipped", ()))
    Path(target).write_text("".join(skips), encoding="utf-8")


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def pytest_configure(config: pytest.Config) -> None:
    """Keeps proxies of the environment away from loopback connections."""
    os.environ["no_proxy"] = "*"
