"""URLs: servers that say less than they seem to, and secrets in any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gwc.diagnostics import Findings
from gwc.source import codes
from gwc.source.cursor import Cursor
from gwc.source.openapi_build import path_items, server_urls
from gwc.source.openapi_model import OpenApi

_USER_INFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


def check(api: OpenApi, findings: Findings) -> None:
    """Adds what is wrong with the URLs of servers and security schemes. No message holds a URL: it may hold a secret."""
    for url in _servers(api):
        if not _check_secret(url, findings):
            _check_server(url, findings)
    for scheme in api.security_schemes:
        for url in _urls_below(scheme.cursor.resolve()):
            _check_secret(url, findings)


def _servers(api: OpenApi) -> Iterator[Cursor]:
    yield from server_urls(api.cursor)
    for _, item in path_items(api.cursor):
        yield from server_urls(item)
    for operation in api.operations:
        yield from server_urls(operation.cursor)


def _urls_below(scheme: Cursor) -> Iterator[Cursor]:
    flows = scheme.get("flows")
    for holder in (scheme, *(flow for _, flow in (flows.members() if flows else ()))):
        for name, member in holder.members():
            if name.endswith(("Url", "URL")) and isinstance(member.value, str):
                yield member


def _check_secret(url: Cursor, findings: Findings) -> bool:
    if not _USER_INFO.match(url.value):
        return False
    findings.error(
        codes.URL_WITH_SECRET,
        "a URL with a user name or password",
        url.span(),
        help="remove everything before the @ and replace the password: it was in a file that is shared",
    )
    return True


def _check_server(url: Cursor, findings: Findings) -> None:
    host = _HOST.match(url.value)
    if url.value.lower().startswith("http://"):
        findings.warning(codes.SERVER, "the server is plain http; gwc's listener is always https", url.span())
    if host and "{" in host.group(1):
        findings.warning(codes.SERVER, "the server's host has variables: gwc takes hosts from the policy, not from here", url.span())
    _check_variables(url, findings)


def _check_variables(url: Cursor, findings: Findings) -> None:
    variables = Cursor.at(url.document, url.pointer[:-1]).value.get("variables", {})
    missing = [name for name in re.findall(r"\{([^{}]*)\}", url.value) if name not in variables]
    if missing:
        findings.warning(codes.SERVER, "the server's URL has a variable that is not defined", url.span())
