"""Security, body and publicity of each operation."""

from __future__ import annotations

from collections.abc import Mapping

from gwc.controls import body, routing, security
from gwc.controls.body import Body
from gwc.controls.jwt import JwtSpec
from gwc.controls.routing import Route
from gwc.controls.security import Security
from gwc.controls.spec import size_bytes
from gwc.diagnostics import Label
from gwc.ir import Operation
from gwc.lowering.context import Context, Served, operation_id
from gwc.lowering.restrictions import smallest
from gwc.source.openapi_model import OpenApi


def operations(ctx: Context, served: list[Served]) -> list[Operation]:
    """The operations in the IR, without those that have a finding."""
    max_body_bytes = smallest(ctx, "body_bytes", body.DEFAULT_MAX_BYTES)
    token_schemes = frozenset(name for name, binding in ctx.spec.authentication.schemes.items() if isinstance(binding, JwtSpec))
    return [o for s in served if (o := _operation(ctx, s, max_body_bytes, token_schemes)) is not None]


def _operation(ctx: Context, served: Served, max_body_bytes: int, token_schemes: frozenset[str]) -> Operation | None:
    source = served.source
    requirements = _security(ctx, served, token_schemes)
    if source.method not in routing.METHODS:
        ctx.findings.error("GWC304", f"{source.method} operations can't be served by these gateways", source.span)
        return None
    if requirements is None:
        return None
    api = ctx.spec.apis[served.api]
    return Operation(
        key=served.key,
        api=served.api,
        id=operation_id(source),
        tags=tuple(source.tags),
        upstream=api.upstream,
        route=Route(at=lambda: source.span, method=source.method, template=served.template, hosts=tuple(sorted(set(api.hosts)))),
        security=requirements,
        body=_body(ctx, served, max_body_bytes),
    )


def _security(ctx: Context, served: Served, token_schemes: frozenset[str]) -> Security | None:
    source = served.source
    if source.security is None:
        default = ctx.spec.authentication.default
        if default is None:
            return None  # reported once per document by _check_public
        return security.lower((((default, ()),),), lambda: source.span)
    if any(not alternative for alternative in source.security.alternatives):
        text = "the alternative `{}` lets everybody in; optional authentication is not yet supported by this version of gwc"
        ctx.findings.error(
            "GWC305", text, source.security_span, help="write `security: []` and list the operation in authorization.public, or remove `{}`"
        )
        return None
    if any(sum(scheme in token_schemes for scheme, _ in alternative) > 1 for alternative in source.security.alternatives):
        text = "an alternative asks for two tokens, but a request has one Authorization header"
        ctx.findings.error("GWC305", text, source.security_span, help="split it into two alternatives, or bind one scheme to another type")
        return None
    return security.lower(source.security.alternatives, lambda: source.security_span)


def _body(ctx: Context, served: Served, max_body_bytes: int) -> Body:
    source = served.source
    own = ctx.spec.operations.get(operation_id(source))
    limits = [size_bytes(own.limits.body_bytes)] if own and own.limits.body_bytes else []
    max_bytes = min([max_body_bytes, *limits])
    if source.request_body is None:
        return Body(at=lambda: source.span, media_types=(), required=False, max_bytes=max_bytes)
    names: set[str] = set()
    for text, span in source.request_body.media_types:
        name = body.media_range(text)
        if name is None:
            ctx.findings.error("GWC401", "this is no media type", span, help="for example application/json")
        else:
            names.add(name)
    if not names:
        ctx.findings.error("GWC401", "the request body has no media type, so no request could have one", source.span)
    return Body(at=lambda: source.span, media_types=tuple(sorted(names)), required=source.request_body.required, max_bytes=max_bytes)


def check_public(ctx: Context, documents: Mapping[str, OpenApi]) -> None:
    """Public twice: `security: []` in the document and listed in the policy, both or neither."""
    listed = {name: i for i, name in enumerate(ctx.spec.authorization.public)}
    found: set[str] = set()
    for document in documents.values():
        _check_silent(ctx, document)
        for operation in document.operations:
            name = operation_id(operation)
            is_open = operation.security is not None and not operation.security.alternatives
            if name in listed:
                found.add(name)
            at = ctx.place.at("authorization", "public", listed[name]).span() if name in listed else None
            if is_open and at is None:
                text = f"{name} says `security: []`, but the policy does not list it in authorization.public"
                help_text = f"add {name} to authorization.public if everybody may call it"
                ctx.findings.error("GWC301", text, operation.security_span, help=help_text)
            elif at is not None and not is_open:
                where = Label(operation.security_span, "the document asks for a credential here")
                ctx.findings.error("GWC301", f"{name} is listed as public, but its document does not say `security: []`", at, where)
    for name, i in listed.items():
        if name not in found and len(documents) == len(ctx.spec.apis):
            ctx.findings.error("GWC302", f"authorization.public: no operation {name!r}", ctx.place.at("authorization", "public", i).span())


def _check_silent(ctx: Context, document: OpenApi) -> None:
    silent = [o for o in document.operations if o.security is None]
    if silent and ctx.spec.authentication.default is None:
        text = f"{len(silent)} operations of this document say nothing about security"
        first = Label(silent[0].span, "the first one")
        help_text = "set authentication.default in the policy to the scheme that all of them need"
        ctx.findings.error("GWC207", text, document.span, first, help=help_text)
