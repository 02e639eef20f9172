"""Schemes of the OpenAPI documents, and what the policy binds them to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gwc.controls import api_key, forwarding, jwt
from gwc.controls.api_key import ApiKey, ApiKeySpec
from gwc.controls.jwks import public_keys
from gwc.controls.jwt import Jwt, JwtSpec
from gwc.controls.spec import Located
from gwc.diagnostics import Label, Problems
from gwc.lowering.context import Context
from gwc.policy.loading import beside, load_spec
from gwc.policy.models import ConsumersSpec
from gwc.source.openapi_model import ApiOperation, OpenApi, SecurityScheme

_NO_API_KEY_HEADERS = frozenset(
    {*forwarding.OVERWRITTEN, *forwarding.IDENTITY, *forwarding.ALWAYS_REMOVED, "content-type", "content-length", "content-encoding",
     "transfer-encoding", "expect", "cookie", "accept"}
)  # fmt: skip


def bindings(ctx: Context, documents: Mapping[str, OpenApi]) -> tuple[list[Jwt], list[ApiKey]]:
    """Every bound scheme; findings for schemes in use that are not, and for bindings without a scheme."""
    jwts: list[Jwt] = []
    api_keys: list[ApiKey] = []
    for scheme, binding in sorted(ctx.spec.authentication.schemes.items()):
        place = ctx.place.at("authentication", scheme)
        declared = [s for d in documents.values() for s in d.security_schemes if s.name == scheme]
        if not declared and scheme != ctx.spec.authentication.default and len(documents) == len(ctx.spec.apis):
            ctx.findings.error("GWC202", f"no OpenAPI document of this policy has a security scheme {scheme!r}", place.key_span())
        if isinstance(binding, JwtSpec):
            jwts.append(_jwt(ctx, scheme, binding, declared, place))
        elif (key := _api_key(ctx, scheme, binding, declared, place)) is not None:
            api_keys.append(key)
    _check_default(ctx, documents)
    _check_unbound(ctx, documents)
    headers: dict[str, ApiKey] = {}
    for key in api_keys:
        if headers.setdefault(key.header, key) is not key:
            ctx.findings.error("GWC205", f"two API key schemes read the header {key.header!r}", key.span, headers[key.header].span)
    return jwts, api_keys


def _jwt(ctx: Context, scheme: str, spec: JwtSpec, declared: list[SecurityScheme], place: Located) -> Jwt:
    for found in declared:
        if not _carries_a_token(found):
            ctx.findings.error(
                "GWC205",
                f"type jwt does not fit the OpenAPI scheme {scheme!r}",
                place.at("type").span(),
                Label(found.span, "declared here"),
            )
    at = place.at("jwks", "file")
    keys: tuple[jwt.RsaKey | jwt.EcKey, ...] = ()
    try:
        document = ctx.workspace.load(beside(ctx.path, spec.jwks.file), Label(at.span(), "named here"))
    except Problems as problems:
        ctx.findings.extend(problems.diagnostics)
    else:
        keys = public_keys(document.value, list(spec.algorithms), Located(document), ctx.findings)
    return jwt.lower(scheme, spec, keys, place, ctx.findings)


def _api_key(ctx: Context, scheme: str, spec: ApiKeySpec, declared: list[SecurityScheme], place: Located) -> ApiKey | None:
    header = None
    for found in declared:
        if found.type != "apiKey":
            where = Label(found.span, "declared here")
            ctx.findings.error("GWC205", f"type apiKey does not fit the OpenAPI scheme {scheme!r}", place.at("type").span(), where)
            return None
        if found.location != "header":
            ctx.findings.error("GWC206", f"API keys in {found.location} are not yet supported; only in a header", found.span)
            return None
        if header not in (None, (found.parameter_name or "").lower()):
            ctx.findings.error("GWC205", f"the documents name different headers for {scheme!r}", found.span)
        header = (found.parameter_name or "").lower()
        reason = _no_api_key_header(header)
        if reason:
            text = f"the header {header!r} can't hold an API key: {reason}"
            ctx.findings.error("GWC205", text, found.span, help="use a header of its own, such as X-API-Key")
            return None
    if header is None:
        ctx.findings.error("GWC202", "an API key needs an OpenAPI scheme that names its header", place.key_span())
        return None
    at = place.at("consumers")
    loaded = load_spec(
        ctx.workspace, beside(ctx.path, spec.consumers), ConsumersSpec, ctx.findings, referrer=Label(at.span(), "named here")
    )
    if loaded is None:
        return None
    keys = api_key.key_digests(loaded[0].consumers, loaded[1].at("consumers"), ctx.findings)
    return ApiKey(at=place.key_span, scheme=scheme, header=header, keys=keys)


def _check_default(ctx: Context, documents: Mapping[str, OpenApi]) -> None:
    default = ctx.spec.authentication.default
    if default is None:
        return
    at = ctx.place.at("authentication", "default").span()
    if default not in ctx.spec.authentication.schemes:
        ctx.findings.error("GWC202", f"authentication.default names {default!r}, which is not bound", at)
    elif not any(o.security is None for d in documents.values() for o in d.operations):
        ctx.findings.warning("GWC202", "authentication.default is not used: every operation says its security", at)


def _check_unbound(ctx: Context, documents: Mapping[str, OpenApi]) -> None:
    reported: set[str] = set()
    for document in documents.values():
        for operation in document.operations:
            for name in (
                {s for a in (operation.security.alternatives if operation.security else ()) for s, _ in a}
                - ctx.spec.authentication.schemes.keys()
                - reported
            ):
                reported.add(name)
                _report_unbound(ctx, name, document, operation)


def _report_unbound(ctx: Context, name: str, document: OpenApi, operation: ApiOperation) -> None:
    scheme = next((s for s in document.security_schemes if s.name == name), None)
    labels = [Label(operation.security_span, "needed here")]
    if scheme is not None:
        labels.insert(0, Label(scheme.span))
    kind = "" if scheme is None else _unsupported_kind(scheme)
    if kind:
        ctx.findings.error("GWC206", f"security scheme {name!r}: {kind} is not yet supported by this version of gwc", *labels)
    else:
        help_text = f"add authentication.{name} to the policy"
        ctx.findings.error("GWC201", f"security scheme {name!r} is in use, but the policy does not bind it", *labels, help=help_text)


def _carries_a_token(scheme: SecurityScheme) -> bool:
    """Whether the credential is a bearer token; some documents (Kubernetes') declare one as an API key in Authorization."""
    if scheme.type == "apiKey":
        return scheme.location == "header" and (scheme.parameter_name or "").lower() == "authorization"
    return scheme.type in ("oauth2", "openIdConnect") or (scheme.type == "http" and scheme.http_scheme == "bearer")


def _no_api_key_header(name: str) -> str:
    """Why a header can't hold an API key; empty when it can."""
    if name == "authorization":
        return "Authorization is for tokens; bind the scheme with type: jwt"
    if "_" in name:
        return "gateways refuse names with an underscore, which servers mistake for another header"
    if not re.fullmatch(r"[a-z0-9-]{1,64}", name):
        return "a name is 1 to 64 letters, digits and hyphens"
    return "it has another meaning" if name in _NO_API_KEY_HEADERS else ""


def _unsupported_kind(scheme: SecurityScheme) -> str:
    if scheme.type == "mutualTLS":
        return "mutualTLS"
    if scheme.type == "http" and scheme.http_scheme != "bearer":
        return f"http {scheme.http_scheme}"
    if scheme.type == "apiKey" and scheme.location != "header":
        return f"an API key in {scheme.location}"
    return ""
