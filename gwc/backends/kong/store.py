"""Redis for limits of a cluster, asked by the plugin itself: the bundled rate-limiting is not atomic, and counts in windows only.

Connections that Lua makes trust one file of certificates for the whole node: that of the store must be that of the identity providers.
"""

from __future__ import annotations

from collections.abc import Mapping

from gwc.backends.base import Unenforceable
from gwc.backends.kong import file_paths
from gwc.backends.kong.fragment import WHOLE, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.base import FileRef
from gwc.controls.store import Redis, Store
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """What the plugin connects to; an empty list without a store. Raises Unenforceable."""
    described = [_described(control, _redis(control)) for control in gateway.store]
    return Fragment(data=(Member("store", described, {WHOLE: "*"} if described else {}),))


def trusted(gateway: Gateway) -> tuple[tuple[Store, FileRef], ...]:
    """The store and its `ca`, when it is reached with TLS."""
    return tuple((control, control.redis.tls.ca) for control in gateway.store if control.redis and control.redis.tls)


def _redis(control: Store) -> Redis:
    if control.redis is None:
        instead = "add store.redis to gwc.yaml: the service is for Envoy"
        raise Unenforceable(control.span, control.STEM, "redis", "Kong counts in Redis, and the project's store has none", instead)
    return control.redis


def _described(control: Store, redis: Redis) -> Mapping[str, LuaValue]:
    password = redis.password_file
    optional: dict[str, LuaValue | None] = {
        "tls_name": redis.tls.server_name if redis.tls else None,
        "username": redis.username,
        "password_file": password and file_paths.emit(password, control.span, control.STEM, "redis.password_file"),
    }
    return {"host": redis.host, "port": redis.port, **{k: v for k, v in optional.items() if v is not None}}
