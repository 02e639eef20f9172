"""Security, body and publicity of each operation."""

from __future__ import annotations

from collections.abc import Mapping

from gwc.controls import body, routing, security
from gwc.controls.basic import BasicSpec
from gwc.controls.body import Body
from gwc.controls.jwt import JwtSpec
from gwc.controls.mutual_tls import MutualTlsSpec
from gwc.controls.routing import Route
from gwc.controls.security import Security
from gwc.controls.spec import size_bytes
from gwc.diagnostics import Label
from gwc.ir import Operation
from gwc.lowering.context import Context, Served, operation_id
from gwc.lowering.restrictions import smallest
from gwc.lowering.validation import Validator
from gwc.source.openapi_model import OpenApi


def operations(ctx: Context, served: list[Served], validator: Validator) -> list[Operation]:
    """The operations in the IR, without those that have a finding."""
    max_body_bytes = smallest(ctx, "body_bytes", body.DEFAULT_MAX_BYTES)
    header_schemes = frozenset(n for n, binding in ctx.spec.authentication.schemes.items() if isinstance(binding, JwtSpec | BasicSpec))
    return [o for s in served if (o := _operation(ctx, s, max_body_bytes, header_schemes, validator)) is not None]


def _operation(ctx: Context, served: Served, max_body_bytes: int, header_schemes: frozenset[str], validator: Validator) -> Operation | None:
    source = served.source
    requirements = _security(ctx, served, header_schemes)
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
        body=_body(ctx, served, max_body_bytes, validator),
        validation=validator.rule(served, requirements.schemes),
    )


def _security(ctx: Context, served: Served, header_schemes: frozenset[str]) -> Security | None:
    source = served.source
    if source.security is None:
        default = ctx.spec.authentication.default
        if default is None:
            return None  # reported once per document by _check_public
        return security.lower((((default, ()),),), lambda: source.span)
    if any(sum(scheme in header_schemes for scheme, _ in alternative) > 1 for alternative in source.security.alternatives):
        text = "an alternative asks for two credentials in Authorization (tokens, Basic), but a request has one such header"
        ctx.findings.error("GWC305", text, source.security_span, help="split it into two alternatives, or bind one scheme to another type")
        return None
    if not _check_kinds(ctx, served) or not _check_scopes(ctx, served):
        return None
    return security.lower(source.security.alternatives, lambda: source.security_span)


def _check_kinds(ctx: Context, served: Served) -> bool:
    """Whether of Basic, and of client certificates, the operation takes one scheme: what a request presents would have to be good for each."""
    named = {s for alternative in (served.source.security.alternatives if served.source.security else ()) for s, _ in alternative}
    for kind, what in ((BasicSpec, "a password"), (MutualTlsSpec, "a certificate")):
        schemes = sorted(s for s in named if isinstance(ctx.spec.authentication.schemes.get(s), kind))
        if len(schemes) > 1:
            text = f"{' and '.join(schemes)} would both judge {what}, which is only in one of their files: nobody could call"
            ctx.findings.error("GWC305", text, served.source.security_span, help="bind one scheme, with all consumers in its file")
            return False
    return True


def _check_scopes(ctx: Context, served: Served) -> bool:
    """Whether only tokens are asked for scopes: no other credential carries any, so that nobody could have them (OpenAPI 3.1 calls them roles)."""
    requirements = served.source.security
    assert requirements is not None, "only for operations that say something"
    bindings = ctx.spec.authentication.schemes
    for scheme, scopes in (x for alternative in requirements.alternatives for x in alternative):
        if scopes and scheme in bindings and not isinstance(bindings[scheme], JwtSpec):
            text = f"{scheme!r} is bound to {bindings[scheme].type}, which carries no scopes"
            help_text = "write an empty list; roles of consumers are required by authorization.rules"
            ctx.findings.error("GWC305", text, requirements.span, help=help_text)
            return False
    return True


def _body(ctx: Context, served: Served, max_body_bytes: int, validator: Validator) -> Body:
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
    left = validator.media_types(served)
    media_types = tuple(sorted(names)) if left is None else left
    return Body(at=lambda: source.span, media_types=media_types, required=source.request_body.required, max_bytes=max_bytes)


def check_public(ctx: Context, documents: Mapping[str, OpenApi]) -> None:
    """Open twice: `security: []` or the alternative `{}` in the document, and listed in the policy: both or neither."""
    listed = {name: i for i, name in enumerate(ctx.spec.authorization.public)}
    found: set[str] = set()
    for document in documents.values():
        _check_silent(ctx, document)
        for operation in document.operations:
            name = operation_id(operation)
            is_open = operation.security is not None and not all(operation.security.alternatives or [()])
            if name in listed:
                found.add(name)
            at = ctx.place.at("authorization", "public", listed[name]).span() if name in listed else None
            if is_open and at is None:
                says = "has the alternative `{}`" if operation.security and operation.security.alternatives else "says `security: []`"
                text = f"{name} {says}, but the policy does not list it in authorization.public"
                help_text = f"add {name} to authorization.public if everybody may call it"
                ctx.findings.error("GWC301", text, operation.security_span, help=help_text)
            elif at is not None and not is_open:
                where = Label(operation.security_span, "the document asks for a credential here")
                ctx.findings.error(
                    "GWC301", f"{name} is listed as public, but its document says neither `security: []` nor `{{}}`", at, where
                )
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
