"""Phases 5 to 7 on NGINX: what is known of each consumer, as a map from its number; runtime/js/consumer.js reads it and counts its limits."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import MAX_PARAMETER_BYTES, argument, json_text
from gwc.controls.consumer import Consumer
from gwc.templating import Verbatim

BUCKET_BYTES = 1024
"""More than a bucket and its lock take in a dictionary, whose name is at most 200 characters long."""


def emit(plan: Plan) -> Fragments:
    """The map, and a dictionary in which every bucket has room: it never forgets one."""
    known = {c.id: c for c in plan.gateway.consumers}
    records = {name: known.get(name) or Consumer(id=name, roles=(), limits=()) for name in plan.consumers}
    entries = {name: _entry(number, control) for number, (name, control) in enumerate(records.items())}
    buckets = sum(len(c.limits) for c in known.values())
    http = (
        Verbatim("js_var $gwc_number;"),
        Verbatim("map $gwc_number $gwc_consumer_record {"),
        Verbatim('  volatile; default "";'),
        *entries.values(),
        Verbatim("}"),
        *((_dictionary(buckets),) if buckets else ()),
    )
    return Fragments(http=http if entries else (), anchors=tuple(Anchor(name, CONFIGURATION, entries[name]) for name in known))


def _entry(number: int, control: Consumer) -> Verbatim:
    limits = [[x.id, 1000 * x.seconds_per_token, x.burst] for x in control.limits]
    record = argument(json_text({"id": control.id, "roles": control.roles, "limits": limits}))
    if len(record) > MAX_PARAMETER_BYTES:
        raise Unenforceable(
            control.span,
            control.STEM,
            "roles",
            f"NGINX cannot hold more than {MAX_PARAMETER_BYTES} bytes about one consumer",
            "give consumers fewer or shorter roles and limits",
        )
    return Verbatim(f"  {number} {record};")


def _dictionary(buckets: int) -> Verbatim:
    kibibytes = max(128, buckets * BUCKET_BYTES // 1024 + 64)
    return Verbatim(f"js_shared_dict_zone zone=gwc_consumers:{kibibytes}k type=number timeout=1h;")
