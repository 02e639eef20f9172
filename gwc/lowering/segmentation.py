"""What the gateway connects to, for the files of segmentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gwc.controls import segmentation
from gwc.controls.jwt import Jwt, RemoteKeys
from gwc.controls.segmentation import Needed, Segmentation
from gwc.controls.store import Store
from gwc.controls.upstream import Upstream
from gwc.lowering.context import Context


def egress(ctx: Context, upstreams: Iterable[Upstream], jwts: Iterable[Jwt], stores: Sequence[Store]) -> tuple[Segmentation, ...]:
    """The segmentation that the policy asks for; nothing without `network.egress`."""
    spec = ctx.spec.network.egress
    if spec is None:
        return ()
    needed = [*_upstreams(upstreams), *_keys(jwts), *_stores(stores)]
    return (segmentation.lower(spec, needed, ctx.place.at("network", "egress"), ctx.findings),)


def _upstreams(upstreams: Iterable[Upstream]) -> Iterator[Needed]:
    for one in upstreams:
        yield Needed(kind="upstream", name=one.name, host=one.host, port=one.port, span=one.span)


def _keys(jwts: Iterable[Jwt]) -> Iterator[Needed]:
    for jwt in jwts:
        if isinstance(jwt.source, RemoteKeys):
            yield Needed(kind="keys", name=jwt.scheme, host=jwt.source.host, port=jwt.source.port, span=jwt.span)


def _stores(stores: Iterable[Store]) -> Iterator[Needed]:
    for store in stores:
        if store.redis is not None:
            yield Needed(kind="redis", name="store", host=store.redis.host, port=store.redis.port, span=store.span)
        if store.rate_limit_service is not None:
            service = store.rate_limit_service
            yield Needed(kind="rateLimitService", name="store", host=service.host, port=service.port, span=store.span)
