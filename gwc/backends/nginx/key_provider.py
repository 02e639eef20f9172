"""Key sets of identity providers on NGINX: fetched through two internal locations; runtime/js/key_provider.js asks them.

The first one is asked in the background: a request waits for each of its own subrequests, however long they take. The second one passes
the request on over verified TLS. What NGINX 1.31.3 does on its own with bad answers, and what is done about it:

- one that is larger than `subrequest_output_buffer_size` ends the connection of the client, and with buffering it hangs for ever: no
  buffering, a header filter that hides the length, a body filter that drops what is too much;
- one that ended too early is passed on as if it were whole: the filters count;
- timeouts are between two reads: the script waits no longer than `FETCH_TIMEOUT_S`, and a filter ends what still drips two seconds later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gwc.backends.nginx.fragments import Lines
from gwc.backends.nginx.plan import RESERVED
from gwc.backends.nginx.quoting import argument, directive, javascript
from gwc.backends.nginx.upstream import verified_tls
from gwc.controls.jwk import Algorithm
from gwc.controls.jwt import FETCH_TIMEOUT_S, MAX_SET_BYTES, RemoteKeys
from gwc.templating import Verbatim

SET_MEBIBYTES = 2
"""Room for the keys of one provider, twice."""
HEAD_BYTES = 16384
"""The most that the head of an answer may have."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A place that keys are fetched from. `id`: hexadecimal digits that no other place, and no other choice of algorithms, has."""

    id: str
    scheme: str
    keys: RemoteKeys
    algorithms: tuple[Algorithm, ...]

    @property
    def source(self) -> list[str | int]:
        """[id, milliseconds for which a set is used, and for how much longer when it can't be fetched]."""
        return [self.id, 1000 * self.keys.cache_for_s, 1000 * self.keys.max_stale_s]

    @property
    def wanted(self) -> dict[str, Any]:
        """What the script takes out of an answer, and for how long it keeps that."""
        return {
            "algorithms": self.algorithms,
            "cacheMs": 1000 * self.keys.cache_for_s,
            "staleMs": 1000 * self.keys.max_stale_s,
        }

    @property
    def group(self) -> str:
        """Its `upstream` block."""
        return f"gwc_provider_{self.id}"


def dictionary(providers: int) -> Lines:
    """Where the sets are, and what the script notes about a fetch. None without providers."""
    if not providers:
        return ()
    return (
        Verbatim(f"js_shared_dict_zone zone=gwc_keys:{providers * SET_MEBIBYTES}m timeout=1h;"),
        *map(Verbatim, ("js_var $gwc_fetch_until;", "js_var $gwc_fetch_bytes;", "js_var $gwc_fetch_length;")),
    )


def group(provider: Provider) -> Lines:
    """Names are resolved when NGINX starts, as those of upstreams are."""
    return (
        Verbatim(f"upstream {provider.group} {{ # {javascript(provider.scheme)}"),
        Verbatim(f"  server {argument(f'{provider.keys.host}:{provider.keys.port}')} max_fails=0;"),
        Verbatim("}"),
    )


def locations(provider: Provider) -> Lines:
    """`error_page` with a status that nothing has keeps the pages of the server, which name the reason of a request, out of these."""
    no_page = directive("error_page", 599, f"{RESERVED}none")
    no_reuse = directive("proxy_ssl_session_reuse", "off")
    return (
        Verbatim(f'location = "{RESERVED}keys/{provider.id}" {{ internal; {no_page} js_content gwc.keys; }}'),
        Verbatim(f'location = "{RESERVED}provider/{provider.id}" {{ # {javascript(provider.scheme)}'),
        Verbatim("  internal;"),
        *(
            Verbatim("  " + line)
            for line in (no_page, *_request(provider), *_bounds(), *verified_tls(provider.keys.ca, provider.keys.host), no_reuse)
        ),
        Verbatim("}"),
    )


def _request(provider: Provider) -> Lines:
    """Nothing of the client's request goes to the provider."""
    keys = provider.keys
    return (
        directive("proxy_pass", f"https://{provider.group}{keys.path}"),
        directive("proxy_method", "GET"),
        directive("proxy_pass_request_headers", "off"),
        directive("proxy_pass_request_body", "off"),
        directive("proxy_set_header", "Host", keys.authority),
        directive("proxy_set_header", "Accept", "application/jwk-set+json, application/json"),
        directive("proxy_set_header", "Content-Length", ""),
        directive("proxy_set_header", "Connection", "close"),
    )


def _bounds() -> Lines:
    timeouts = tuple(directive(f"proxy_{phase}_timeout", f"{FETCH_TIMEOUT_S}s") for phase in ("connect", "send", "read"))
    return (
        *timeouts,
        directive("proxy_buffering", "off"),
        directive("proxy_buffer_size", HEAD_BYTES),
        directive("proxy_buffers", 4, HEAD_BYTES),
        directive("proxy_busy_buffers_size", 2 * HEAD_BYTES),
        directive("subrequest_output_buffer_size", MAX_SET_BYTES),
        Verbatim("js_header_filter gwc.keysHead;"),
        Verbatim("js_body_filter gwc.keysBody buffer_type=buffer;"),
    )
