"""The list of a trusted proxy as an expression (PCRE), and who is one: the same for every gateway that is NGINX inside.

The realip module of NGINX walks the list, and stops without a word at what it can't read. So what it would read otherwise than the control
says is found before.
"""

from __future__ import annotations

from collections.abc import Iterator

from gwc.controls.client_ip import MAX_ADDRESSES, ClientIp

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_PORT = ":(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_H16 = "[0-9A-Fa-f]{1,4}"
_FIRST = f"(?!0+:){_H16}"
_V6 = "|".join(
    [f"(?::{_H16}){{7}}", *(f"(?::{_H16}){{{n}}}::(?:{_H16}(?::{_H16}){{0,{4 - n}}})?" for n in range(5)), f"(?::{_H16}){{5}}::"]
)
_V6_WHOLE = f"{_FIRST}(?:{_V6})"
_ELEMENT = rf"({_V4}(?:{_PORT})?|{_V6_WHOLE}|\[{_V6_WHOLE}\]{_PORT})"
LIST = f"{_ELEMENT}(?: *, *(?1)){{0,{MAX_ADDRESSES - 1}}}"
"""One or more addresses. Elements are found without backtracking, as a call of a group wants it (PCRE 1)."""


def directives(control: ClientIp) -> Iterator[str]:
    """Of the realip module: whom to believe, and what."""
    yield from (f"set_real_ip_from {network};" for network in control.trusted_proxies)
    yield from ("real_ip_header X-Forwarded-For;", "real_ip_recursive on;")


def variables(control: ClientIp, quoted: str) -> Iterator[str]:
    """`$gwc_chain`: `bad` for a list that can't be read, and `$gwc_log_client`, the peer then. `quoted`: of `expression`."""
    yield "geo $realip_remote_addr $gwc_is_proxy {"
    yield "  default 0;"
    yield from (f"  {network} 1;" for network in control.trusted_proxies)
    yield "}"
    yield f'map "$gwc_is_proxy$http_x_forwarded_for" $gwc_chain {{ default bad; 1 good; "~^0" good; {quoted} good; }}'
    yield "map $gwc_chain $gwc_log_client { default $remote_addr; bad $realip_remote_addr; }"


def expression() -> str:
    """What `variables` wants to be quoted."""
    return f"~^1{LIST}$"
