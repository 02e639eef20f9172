"""The ledger: for every control the line of `envoy.json` that enforces it, found by a text that stands there only for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from gwc.backends.base import LedgerRow, subjects
from gwc.backends.envoy import canonical_path, chain
from gwc.backends.envoy.security import Scheme
from gwc.controls.segmentation import Segmentation
from gwc.ir import Gateway

FILE = "envoy.json"

_OF_GATEWAY = {
    "listener_tls": '"tls_params": {',
    "forwarding": '"request_headers_to_remove": [',
    "problem_details": '"local_reply_config": {',
    "access_log": '"access_log": [',
}
_SOURCE = '"inline_string": '
"""All of a Lua filter is one line of megabytes, in which nothing has to be looked for."""
_OF_ROUTE = dict.fromkeys(("security", "body", "validation"), f'"{chain.ACCESS}": {{')


def rows(gateway: Gateway, text: str) -> tuple[LedgerRow, ...]:
    """A row for every pair of `subjects` that Envoy itself enforces. A control whose line is not there is a mistake of this backend: AssertionError."""
    lines = text.splitlines()
    wanted = [pair for pair in subjects(gateway) if pair[0] != Segmentation.STEM]  # in files that Envoy does not read
    found = {**_of_operations(gateway, lines), **_of_others(gateway, lines)}
    missing = [pair for pair in wanted if pair not in found]
    assert not missing, f"no line of {FILE} enforces {missing[:5]}"
    return tuple(LedgerRow(stem, subject, FILE, found[stem, subject]) for stem, subject in wanted)


def _of_operations(gateway: Gateway, lines: list[str]) -> dict[tuple[str, str], int]:
    """Routes are written name first: what follows up to the next name belongs to it. The first host's route counts."""
    names = {f'"name": {json.dumps(o.key)},': o.key for o in gateway.operations}
    found: dict[tuple[str, str], int] = {}
    key: str | None = None
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if stripped.startswith('"name": ') or '"name": "-"' in stripped:
            key = names.get(stripped)
            if key is not None:
                found.setdefault(("routing", key), number)
        elif key is not None:
            for stem, anchor in _OF_ROUTE.items():
                if anchor in stripped:
                    found.setdefault((stem, key), number)
    return found


def _of_others(gateway: Gateway, lines: list[str]) -> dict[tuple[str, str], int]:
    numbers: dict[str, int] = {}
    anchors = dict(_anchors(gateway))
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith(_SOURCE):
            continue
        for anchor in anchors:
            if anchor not in numbers and anchor in line:
                numbers[anchor] = number
    return {pair: numbers[anchor] for anchor, pairs in anchors.items() if anchor in numbers for pair in pairs}


def _anchors(gateway: Gateway) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for stem, anchor in _OF_GATEWAY.items():
        yield anchor, [(stem, "*")]
    yield canonical_path.anchor(gateway.canonical_path), [("canonical_path", "*")]
    for name in gateway.host_names.names:
        yield json.dumps(f"{name}:"), [("host_names", name)]
    yield (
        f'"name": "{chain.NETWORK}"',
        [*((rule.STEM, rule.id) for rule in gateway.network_rules), *((c.STEM, "*") for c in gateway.client_ip)],
    )
    for limit in gateway.rate_limits:
        yield f'{{"key": {json.dumps(limit.id)}, "value": "on"}}', [("rate_limit", limit.id)]
    for upstream in gateway.upstreams:
        yield f'"cluster_name": {json.dumps(upstream.name)}', [("upstream", upstream.name)]
    yield f'"name": "{chain.QUOTA}.0"', [(c.STEM, c.id) for c in gateway.consumers if c.limits]
    yield '"name": "gwc.metrics"', [("metrics", "*")]
    yield f'"name": "{chain.ACCESS}"', _in_lua(gateway)


def _in_lua(gateway: Gateway) -> list[tuple[str, str]]:
    """What the Lua filter enforces: all of its source is one line, below its name."""
    schemes: Sequence[Scheme] = (*gateway.jwts, *gateway.api_keys, *gateway.basics, *gateway.mutual_tls)
    found = [(control.STEM, control.scheme) for control in schemes]
    found += [(zone.STEM, zone.name) for zone in gateway.zones]
    found += [(rule.STEM, rule.id) for rule in gateway.rules]
    found.append((gateway.json_schema.STEM, "*"))
    return found + [(consumer.STEM, consumer.id) for consumer in gateway.consumers if not consumer.limits]
