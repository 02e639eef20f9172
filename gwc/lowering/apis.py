"""From OpenAPI documents to the operations that are served."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gwc.controls import routing
from gwc.controls.routing import Template
from gwc.diagnostics import Label
from gwc.lowering.context import Context, Served, operation_key
from gwc.policy.loading import beside
from gwc.source.openapi import load_openapi
from gwc.source.openapi_model import ApiOperation, OpenApi


def documents(ctx: Context) -> dict[str, OpenApi]:
    """The OpenAPI documents by the name of their API, without those that could not be read."""
    documents: dict[str, OpenApi] = {}
    for name, api in sorted(ctx.spec.apis.items()):
        at = ctx.place.at("apis", name, "openapi")
        document = load_openapi(ctx.workspace, beside(ctx.path, api.openapi), ctx.findings, Label(at.span(), "named here"))
        if document is not None:
            documents[name] = document
        if api.upstream not in ctx.spec.upstreams:
            ctx.findings.error("GWC306", f"upstream {api.upstream!r} is not defined", ctx.place.at("apis", name, "upstream").span())
    return documents


def served_operations(ctx: Context, documents: Mapping[str, OpenApi]) -> list[Served]:
    """All operations that a gateway can route to, each once."""
    served: list[Served] = []
    templates: dict[str, dict[str, Template | None]] = {name: {} for name in documents}
    for name, document in documents.items():
        known = templates[name]
        for source in document.operations:
            if source.route_path not in known:
                known[source.route_path] = _template(ctx, name, source)
            template = known[source.route_path]
            if template is not None:
                served.append(Served(name, source, operation_key(name, source), template))
    _check_routes(ctx, served)
    return served


def _template(ctx: Context, api: str, source: ApiOperation) -> Template | None:
    try:
        return routing.parse_template(ctx.spec.apis[api].base_path, source.route_path)
    except ValueError as error:
        text = f"no gateway can serve this path: {error}"
        ctx.findings.error("GWC304", text, source.path_span, help="leave the operation out of the document, or change its path")
        return None


def _check_routes(ctx: Context, served: list[Served]) -> None:
    taken: dict[tuple[str, str, str], Served] = {}
    shapes: dict[tuple[str, str], Served] = {}
    for one in served:
        shape = re.sub(r"\{[^{}]*\}", "{}", one.template.text)
        for host in sorted(set(ctx.spec.apis[one.api].hosts)):
            first = taken.setdefault((host, shape, one.source.method), one)
            same_path = shapes.setdefault((host, shape), one)
            if first is not one:
                where = Label(first.source.span, "served here")
                ctx.findings.error(
                    "GWC303", f"two operations answer {one.source.method} {one.template.text} on {host}", one.source.span, where
                )
            elif same_path.template.text != one.template.text and same_path.api != one.api:
                where = Label(same_path.source.path_span, "here")
                ctx.findings.error("GWC303", "two APIs have the same path with other parameter names", one.source.path_span, where)
