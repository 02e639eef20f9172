"""Findings as text: for people, for editors, for continuous integration. Strings of the user's files can't change the form of any of them."""

from __future__ import annotations

from gwc.report.concise import render_concise
from gwc.report.full import render_full
from gwc.report.github import render_github
from gwc.report.json_report import render_json
from gwc.report.sarif import render_sarif

__all__ = ["render_concise", "render_full", "render_github", "render_json", "render_sarif"]
