"""Security schemes and what names them. A scheme that can't be enforced is an error where it is in use, a warning where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gwc.diagnostics import Findings, Label
from gwc.source import codes
from gwc.source.openapi_model import OpenApi, SecurityRequirements, SecurityScheme
from gwc.source.text import shown

_HTTP_SCHEMES = ("bearer", "basic")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2: what a header or cookie name is made of."""
_HEADER_NAMES = """
connection content-encoding content-length content-type cookie expect forwarded host keep-alive proxy-authenticate proxy-authorization
proxy-connection te trailer transfer-encoding upgrade via x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip x-request-id
"""
_HEADERS_OF_THE_PROTOCOL = frozenset(_HEADER_NAMES.split())
"""Headers that a gateway reads, sets or removes itself."""


def check(api: OpenApi, findings: Findings) -> None:
    """Adds what is wrong with schemes, and with the requirements that name them."""
    schemes = {s.name: s for s in api.security_schemes}
    used: set[str] = set()
    roles: set[str] = set()
    for requirements in _requirements(api):
        for place, name, scopes in _entries(requirements):
            used.add(name)
            if name in schemes:
                _check_scopes(schemes[name], scopes, place, findings)
                if api.version == "3.0" and scopes and name not in roles:
                    roles.add(name)
                    _warn_of_roles(schemes[name], place, findings)
            else:
                _complain_undefined(name, schemes, place, findings)
    for scheme in api.security_schemes:
        _check_scheme(scheme, findings, is_used=scheme.name in used)


def _requirements(api: OpenApi) -> Iterator[SecurityRequirements]:
    """All `security` of the document, each once."""
    if api.security:
        yield api.security
    for operation in api.operations:
        if operation.security and operation.security_is_own:
            yield operation.security


Where = tuple[SecurityRequirements, int, str]


def _entries(requirements: SecurityRequirements) -> Iterator[tuple[Where, str, tuple[str, ...]]]:
    for index, alternative in enumerate(requirements.alternatives):
        for name, scopes in alternative:
            yield (requirements, index, name), name, scopes


def _complain_undefined(name: str, schemes: dict[str, SecurityScheme], place: Where, findings: Findings) -> None:
    requirements, index, key = place
    known = ", ".join(shown(s) for s in sorted(schemes)) or "none"
    span = requirements.cursor.child(index).child(key).span(key=True)
    message = f"the security scheme {shown(name)} is not defined"
    findings.error(codes.UNDEFINED_SCHEME, message, span, help=f"defined in components.securitySchemes: {known}")


def _check_scopes(scheme: SecurityScheme, scopes: tuple[str, ...], place: Where, findings: Findings) -> None:
    undeclared = [s for s in scopes if s not in scheme.scopes] if scheme.type == "oauth2" else []
    if not undeclared and (not scopes or scheme.has_scopes):
        return
    requirements, index, key = place
    cursor = requirements.cursor.child(index).child(key)
    label = Label(scheme.span, "the scheme")
    if scheme.type == "apiKey":
        findings.error(
            codes.SCOPE, f"the API key {shown(scheme.name)} has no scopes", cursor.span(key=True), label, help="write an empty list"
        )
    elif undeclared:
        message = f"the scheme {shown(scheme.name)} does not declare the scope {shown(undeclared[0])}"
        findings.warning(codes.SCOPE, message, cursor.child(scopes.index(undeclared[0])).span(), label)


def _warn_of_roles(scheme: SecurityScheme, place: Where, findings: Findings) -> None:
    """OpenAPI 3.1 allows roles for every type, 3.0 does not. Said once for each scheme."""
    if scheme.type in ("http", "mutualTLS"):
        requirements, index, key = place
        message = f"OpenAPI 3.0 has no scopes for the {scheme.type} scheme {shown(scheme.name)}; they are asked for all the same"
        findings.warning(
            codes.SCOPE, message, requirements.cursor.child(index).child(key).child(0).span(), Label(scheme.span, "the scheme")
        )


def _check_scheme(scheme: SecurityScheme, findings: Findings, *, is_used: bool) -> None:
    fault = _fault(scheme)
    if fault:
        findings.add(codes.UNUSABLE_SCHEME, "error" if is_used else "warning", f"the scheme {shown(scheme.name)}: {fault}", scheme.span)
    elif scheme.location == "header" and (scheme.parameter_name or "").lower() == "authorization":
        message = f"the API key {shown(scheme.name)} is in the header of bearer tokens: a request can't carry both"
        findings.warning(codes.UNUSABLE_SCHEME, message, scheme.span)
    if scheme.open_id_connect_url is not None and not scheme.open_id_connect_url.lower().startswith("https://"):
        place = scheme.cursor.resolve().child("openIdConnectUrl").span()
        findings.error(codes.PLAIN_HTTP_URL, "the OpenID Connect discovery URL must be https", place)
    if scheme.type == "oauth2":
        _check_flows(scheme, findings)


def _fault(scheme: SecurityScheme) -> str | None:
    name = scheme.parameter_name
    if scheme.http_scheme is not None and scheme.http_scheme not in _HTTP_SCHEMES:
        return f"gwc knows no HTTP authentication {shown(scheme.http_scheme)}, only {' and '.join(_HTTP_SCHEMES)}"
    if name is not None and scheme.location in ("header", "cookie") and not _TOKEN.fullmatch(name):
        return f"{shown(name)} is no name of a {scheme.location}"
    if name is not None and scheme.location == "header" and name.lower() in _HEADERS_OF_THE_PROTOCOL:
        return f"the header {shown(name)} belongs to the protocol or the gateway and can't carry a key"
    return None


def _check_flows(scheme: SecurityScheme, findings: Findings) -> None:
    flows = scheme.cursor.resolve().child("flows")
    for _, flow in flows.members():
        for member in ("authorizationUrl", "tokenUrl", "refreshUrl"):
            url = flow.get(member)
            if url and isinstance(url.value, str) and url.value.lower().startswith("http://"):
                findings.warning(
                    codes.PLAIN_HTTP_URL, f"`{member}` is plain http: clients would send their secrets in clear text", url.span()
                )
