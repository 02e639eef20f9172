"""A gateway made by hand that has every control in it: for tests that start at the IR."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gwc.controls import (
    CONTROLS,
    access_log,
    api_key,
    authorization_rule,
    basic,
    body,
    consumer,
    forwarding,
    json_schema,
    jwt,
    listener_tls,
    metrics,
    mutual_tls,
    problem_details,
    rate_limit,
    store,
    upstream,
    validation,
    zone,
)
from gwc.controls.base import FileRef, Node
from gwc.controls.canonical_path import CanonicalPath
from gwc.controls.host_names import HostNames
from gwc.controls.network_rule import NetworkRule
from gwc.controls.rate_limit import RateLimit
from gwc.controls.routing import Literal, Parameter, Route, Segment, Template
from gwc.controls.security import Requirement, Security
from gwc.ir import Gateway, Operation


def template(text: str) -> Template:
    """The template of a text like `/v1/orders/{id}.json`."""

    def segment(part: str) -> Segment:
        if part == "":
            return (Literal(""),)
        pieces: list[Literal | Parameter] = []
        rest = part
        while rest:
            before, brace, after = rest.partition("{")
            if before:
                pieces.append(Literal(before))
            if not brace:
                break
            name, _, rest = after.partition("}")
            pieces.append(Parameter(name))
        return tuple(pieces)

    return Template(text=text, segments=tuple(segment(p) for p in text[1:].split("/")))


def operation(method: str, path: str, security: Security, takes: body.Body, key: str, upstream_name: str = "orders") -> Operation:
    """An operation on the host `api.test`."""
    return Operation(
        key=key,
        api="orders",
        id=key.partition(".")[2],
        tags=(),
        upstream=upstream_name,
        route=Route(method=method, template=template(path), hosts=("api.test",)),
        security=security,
        body=takes,
        validation=validation.OFF,
    )


NO_BODY = body.Body(media_types=(), required=False, max_bytes=65536)
JSON = body.Body(media_types=("application/json",), required=True, max_bytes=65536)
PUBLIC = Security(alternatives=())


def address_limit(**changed: Any) -> RateLimit:
    """A limit by client address, one token for each request to `operations`; the other fields as in the first example."""
    costs = tuple((key, 1) for key in changed.pop("operations"))
    return replace(rate_limit.EXAMPLES[0], costs=costs, **changed)


def one(scheme: str, *scopes: str) -> Security:
    """Security with a single scheme."""
    return Security(alternatives=((Requirement(scheme=scheme, scopes=scopes),),))


def gateway(**changed: Any) -> Gateway:
    """The sample; keyword arguments replace fields of the gateway."""
    operations = (
        operation("GET", "/v1/health", PUBLIC, NO_BODY, "orders.getHealth"),
        operation("GET", "/v1/orders", one("partnerKey"), NO_BODY, "orders.listOrders"),
        operation("POST", "/v1/orders", one("oauth", "orders:write"), JSON, "orders.createOrder"),
        operation("GET", "/v1/orders/{orderId}", one("oauth", "orders:read"), NO_BODY, "orders.getOrder"),
        operation(
            "DELETE",
            "/v1/orders/{orderId}",
            Security(alternatives=(*one("oauth", "orders:write").alternatives, *one("partnerKey").alternatives)),
            NO_BODY,
            "orders.deleteOrder",
        ),
    )
    base = Gateway(
        name="orders",
        listener_tls=replace(
            listener_tls.EXAMPLES[0],
            client_certificates=listener_tls.ClientCertificates(mode="optional", ca=FileRef(path="/etc/gw/tls/partners.pem")),
        ),
        host_names=HostNames(names=("api.test",)),
        canonical_path=CanonicalPath(max_uri_bytes=4096, matrix=False),
        operations=operations,
        network_rules=(
            NetworkRule(id="blocked", kind="deny", networks=("203.0.113.0/24",), operations=("orders.getOrder", "orders.listOrders")),
        ),
        store=(),
        rate_limits=(address_limit(id="per-ip", limit=300, window_s=60, burst=50, operations=tuple(sorted(o.key for o in operations))),),
        jwts=(jwt.EXAMPLES[0],),
        api_keys=(api_key.EXAMPLES[0],),
        basics=(basic.EXAMPLES[0],),
        mutual_tls=(mutual_tls.EXAMPLES[0],),
        consumers=(consumer.EXAMPLES[0],),
        zones=(zone.EXAMPLES[0],),
        rules=(authorization_rule.EXAMPLES[0],),
        json_schema=json_schema.EXAMPLES[0],
        upstreams=(upstream.EXAMPLES[0],),
        forwarding=forwarding.lower((api_key.EXAMPLES[0],)),
        problem_details=problem_details.EXAMPLES[0],
        access_log=access_log.EXAMPLES[0],
        metrics=(metrics.EXAMPLES[0],),
        segmentation=(),
        client_ip=(),
    )
    return replace(base, **changed)


def with_node(base: Gateway, node: Node) -> Gateway:
    """The gateway with this node in the place of its control: the first operation's, the gateway's, or the only one of a tuple."""
    if node.PLACE == "operation":
        first, *rest = base.operations
        return replace(base, operations=(replace(first, **{node.FIELD: node}), *rest))
    if isinstance(node, json_schema.JsonSchema):  # something must use it
        first, *rest = base.operations
        base = replace(base, operations=(replace(first, validation=validation.EXAMPLES[0]), *rest))
    if isinstance(node, store.Store):
        base = replace(base, rate_limits=(replace(base.rate_limits[0], store_failure="deny"),))
    return replace(base, **{node.FIELD: (node,) if node.PLACE == "gateway[]" else node})


def examples() -> list[tuple[str, int, Node]]:
    """Every example of every control: (stem, index, node)."""
    return [(m.__name__.rpartition(".")[2], i, node) for m in CONTROLS for i, node in enumerate(m.EXAMPLES)]
