"""Benchmarks: ratios measured side by side in one run, with the right answers checked. Never part of the tests."""
