"""Selectors, upstreams and the listener: what the policy and its baselines say beside the documents."""

from __future__ import annotations

import difflib
import re

from gwc.controls import body, canonical_path, listener_tls, upstream
from gwc.controls.canonical_path import LimitsSpec
from gwc.controls.listener_tls import ListenerTls
from gwc.controls.selector import SelectorSpec
from gwc.controls.spec import Located, size_bytes
from gwc.controls.upstream import Upstream
from gwc.lowering.context import Context, Served, operation_id


def selected(ctx: Context, selector: SelectorSpec | None, served: list[Served], place: Located) -> tuple[str, ...]:
    """The keys of the operations that the selector chooses, or of all; findings for words that nothing has, and for a selector without a match."""
    if selector is None:
        return tuple(sorted(s.key for s in served))
    all_known = True
    for name, known in _known_values(served).items():
        for i, value in enumerate(getattr(selector, name) or ()):
            if value not in known:
                all_known = False
                report_unmatched(ctx, value, f"{name}: no operation has {value!r}", place.at(name, i), sorted(known))
    keys = tuple(sorted(s.key for s in served if _is_selected(selector, s)))
    if not keys and served and all_known:
        ctx.findings.error("GWC302", "this selector matches no operation", place.span())
    return keys


def report_unmatched(ctx: Context, value: str, text: str, place: Located, known: list[str]) -> None:
    """A finding for a name in a selector that nothing has."""
    near = difflib.get_close_matches(value, known, n=1)
    ctx.findings.error("GWC302", text, place.span(), help=f"did you mean {near[0]!r}?" if near else "")


def upstreams(ctx: Context) -> list[Upstream]:
    """The upstreams that an API uses."""
    found: list[Upstream] = []
    used = {a.upstream for a in ctx.spec.apis.values()}
    for name, spec in sorted(ctx.spec.upstreams.items()):
        place = ctx.place.at("upstreams", name)
        lowered = upstream.lower(name, spec, place, ctx.findings)
        if name not in used:
            ctx.findings.warning("GWC306", f"upstream {name!r} is not used by any API", place.key_span())
        elif lowered is not None:
            found.append(lowered)
    return found


def listener(ctx: Context, upstreams: list[Upstream]) -> ListenerTls | None:
    """The listener under the floors of the baselines; None after a finding."""
    spec, place = ctx.spec.listener, ctx.place.at("listener")
    floors = [b.listener.tls.profile for b, _ in ctx.baselines if b.listener.tls and b.listener.tls.profile]
    _check_baselines(ctx)
    served = [h for a in ctx.spec.apis.values() for h in a.hosts]
    lowered = listener_tls.lower(spec.tls, floors, spec.address, served, place, ctx.findings)
    for one in upstreams:
        if lowered is not None and upstream.is_loopback(one.host) and one.port == lowered.port:
            ctx.findings.error("GWC105", f"upstream {one.name!r} is the gateway's own listener: requests would go in circles", one.span)
    return lowered


def _check_baselines(ctx: Context) -> None:
    for spec, place in ctx.baselines:
        tls = spec.listener.tls
        for name in ("certificate", "private_key"):
            if tls is not None and getattr(tls, name) is not None:
                at = place.at("listener", "tls")
                ctx.findings.error("GWC026", "a baseline sets floors only, no certificates", at.key_span())
        for key, given in (("certificates", tls and tls.certificates), ("hsts", tls and tls.hsts)):
            if given:
                ctx.findings.error("GWC026", f"a baseline sets floors only, no {key}", place.at("listener", "tls", key).key_span())


def smallest(ctx: Context, name: str, default: int) -> int:
    """The smallest of the sizes that policy and baselines give for `uri_bytes` or `body_bytes`, in bytes."""
    given: list[tuple[LimitsSpec, Located]] = [
        (ctx.spec.listener.limits, ctx.place),
        *((b.listener.limits, p) for b, p in ctx.baselines),
    ]
    sizes = [size_bytes(text) for spec, _ in given if (text := getattr(spec, name)) is not None]
    highest = canonical_path.MAX_URI_BYTES if name == "uri_bytes" else body.MAX_BYTES
    chosen = min(sizes, default=default)
    if chosen > highest:
        key = "uriBytes" if name == "uri_bytes" else "bodyBytes"
        ctx.findings.error("GWC022", f"listener.limits.{key} is at most {highest} bytes", ctx.place.at("listener", "limits", key).span())
    return chosen


def _known_values(served: list[Served]) -> dict[str, set[str]]:
    return {
        "apis": {s.api for s in served},
        "ids": {operation_id(s.source) for s in served},
        "tags": {t for s in served for t in s.source.tags},
        "methods": {s.source.method for s in served},
    }


def _is_selected(selector: SelectorSpec, served: Served) -> bool:
    source = served.source
    return (
        (selector.apis is None or served.api in selector.apis)
        and (selector.ids is None or operation_id(source) in selector.ids)
        and (selector.tags is None or bool(set(selector.tags) & set(source.tags)))
        and (selector.methods is None or source.method in selector.methods)
        and (selector.path is None or _glob(selector.path).fullmatch(source.path) is not None)
    )


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` stands for anything within a segment, `**` for any number of segments; nothing else is special."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(p, re.escape(p)) for p in parts))
