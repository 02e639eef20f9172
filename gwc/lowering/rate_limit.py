"""The limits of a policy, its baselines and its operations; all that cover an operation apply to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gwc.controls.rate_limit import DEFAULT_IPV6_PREFIX, MAX_REFILL_S, MAX_WINDOW_S, OperationRateLimitSpec, RateLimit
from gwc.controls.rate_limit_key import ClientAddress, part_text, read_part
from gwc.controls.spec import Located, whole_seconds
from gwc.diagnostics import Label
from gwc.ir import Operation
from gwc.lowering import rate_limit_key
from gwc.lowering.authentication import Bindings
from gwc.lowering.context import Context, Served, operation_id
from gwc.lowering.restrictions import report_unmatched, selected


@dataclass(frozen=True, slots=True)
class _Given:
    """A limit as it was written, and the operations that it covers."""

    spec: OperationRateLimitSpec
    place: Located
    keys: tuple[str, ...]


def rate_limits(ctx: Context, served: list[Served], operations: Sequence[Operation], bound: Bindings) -> tuple[RateLimit, ...]:
    """The limits, by id."""
    reach = rate_limit_key.Reach(ctx, {s.key: s for s in served}, {o.key: o for o in operations}, bound)
    found: dict[str, RateLimit] = {}
    for given in _given(ctx, served):
        limit = _lower(ctx, given, served)
        rate_limit_key.check(reach, limit, given.place.at("key"))
        if found.setdefault(limit.id, limit) is not limit:
            first = Label(found[limit.id].span, "first here")
            ctx.findings.error("GWC501", f"two rate limits have the id {limit.id!r}", limit.span, first)
    return tuple(found[name] for name in sorted(found))


def _given(ctx: Context, served: list[Served]) -> Iterator[_Given]:
    for spec, place in [(ctx.spec.rate_limits, ctx.place), *((baseline.rate_limits, place) for baseline, place in ctx.baselines)]:
        for i, entry in enumerate(spec):
            at = place.at("rateLimits", i)
            keys = selected(ctx, entry.operations, served, at.at("operations"))
            if keys:
                yield _Given(entry, at, keys)
    for name, own in sorted(ctx.spec.operations.items()):
        keys = tuple(sorted(s.key for s in served if operation_id(s.source) == name))
        at = ctx.place.at("operations", name)
        if not keys:
            report_unmatched(ctx, name, f"no operation {name!r}", at, [operation_id(s.source) for s in served])
        for i, one in enumerate(own.rate_limits if keys else ()):
            yield _Given(one, at.at("rateLimits", i), keys)


def _lower(ctx: Context, given: _Given, served: list[Served]) -> RateLimit:
    spec, place = given.spec, given.place
    prefix = spec.ipv6_prefix or DEFAULT_IPV6_PREFIX
    parts = tuple(sorted((read_part(text, prefix) for text in spec.key), key=part_text))
    if spec.ipv6_prefix is not None and not any(isinstance(part, ClientAddress) for part in parts):
        ctx.findings.error("GWC502", "ipv6Prefix says how client.ip counts, which is not in this key", place.at("ipv6Prefix").span())
    _check_store(ctx, spec, place)
    limit = RateLimit(
        at=place.span,
        id=spec.id,
        key=parts,
        limit=spec.limit,
        window_s=whole_seconds(spec.window, place.at("window"), ctx.findings, 1, MAX_WINDOW_S),
        burst=spec.burst or spec.limit,
        costs=tuple(sorted(_costs(ctx, given, served).items())),
        has_fields=spec.fields != "none",
        max_keys=spec.max_keys,
        algorithm=spec.algorithm,
        store_failure=(spec.on_store_failure or "deny") if spec.scope == "cluster" else None,
    )
    if limit.burst * limit.seconds_per_token > MAX_REFILL_S:
        text = f"an empty bucket of {limit.burst} tokens would be full again only after {limit.burst * limit.window_s // limit.limit} s"
        help_text = f"lower burst: {MAX_REFILL_S} s (45d) is the most that is remembered"
        ctx.findings.error("GWC508", text, place.at("burst" if spec.burst else "window").span(), help=help_text)
    for key, tokens in limit.costs:
        if tokens > limit.burst:
            text = f"requests to {key} cost {tokens} tokens, but a bucket holds {limit.burst}: none could ever pass"
            ctx.findings.error("GWC505", text, place.at("cost").span(), help="raise burst, or lower the cost")
            break
    return limit


def _costs(ctx: Context, given: _Given, served: list[Served]) -> dict[str, int]:
    """Covered operation -> tokens; where several entries choose an operation, the largest."""
    if isinstance(given.spec.cost, int):
        return dict.fromkeys(given.keys, given.spec.cost)
    chosen: dict[str, int] = {}
    for i, entry in enumerate(given.spec.cost):
        at = given.place.at("cost", i, "operations")
        keys = selected(ctx, entry.operations, served, at)
        if keys and not set(keys) & set(given.keys):
            ctx.findings.error("GWC505", "this cost is of operations that the limit does not cover", at.span())
        for key in keys:
            chosen[key] = max(chosen.get(key, 0), entry.tokens)
    return {key: chosen.get(key, 1) for key in given.keys}


def _check_store(ctx: Context, spec: OperationRateLimitSpec, place: Located) -> None:
    """What only makes sense for counters that instances share; and that there is a store for them."""
    if spec.scope == "cluster":
        if spec.algorithm == "fixedWindow" and spec.burst not in (None, spec.limit):
            ctx.findings.error("GWC506", "a fixed window has no burst: it admits `limit` in each window", place.at("burst").span())
        if ctx.store is None:
            help_text = "scope: instance counts in each gateway by itself; it is never turned into that silently"
            ctx.findings.error("GWC507", "scope: cluster needs a store, and there is none", place.at("scope").span(), help=help_text)
        return
    for key, is_given in (("algorithm", spec.algorithm != "tokenBucket"), ("onStoreFailure", spec.on_store_failure is not None)):
        if is_given:
            help_text = "add scope: cluster, or leave it out"
            ctx.findings.error(
                "GWC506", f"{key} is about scope: cluster, and this limit is counted per instance", place.at(key).span(), help=help_text
            )
