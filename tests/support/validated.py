"""A gateway that validates, and mistakes in the Lua that does it: each must refuse everything, in a way that can be seen."""

from __future__ import annotations

import hashlib
import http.client
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

from gwc.controls import json_schema, validation
from gwc.controls.api_key import KeyDigest
from gwc.controls.consumer import ConsumerLimit
from gwc.ir import Gateway, Operation
from gwc.jsonschema.tree import NOTHING, Bound, Members, Required, Schema, Types
from tests.support.sample import JSON, NO_BODY, PUBLIC, gateway, one, operation

KEY = "demo"
_STRING, _INTEGER = Schema((Types(("string",)),)), Schema((Types(("integer",)),))
_QUANTITY = Schema((Types(("integer",)), Bound("minimum", ">=", Decimal(1))))
_BODY = Schema((Types(("object",)), Required(("sku", "qty")), Members((("sku", _STRING), ("qty", _QUANTITY)), (), NOTHING)))
_LIMIT = validation.Parameter(
    location="query",
    name="limit",
    required=True,
    allow_empty=False,
    takes_rest=False,
    place=None,
    reading=validation.Reading(style="form", explode=True, kinds=("text",), shape=1),
    schema=_INTEGER,
)
RULE = validation.Validation(
    parameters=(_LIMIT,),
    closed_query=True,
    known_query=(),
    media_types=(validation.MediaType(range="application/json", json=_BODY, form=None, multipart=None, opaque=False),),
    limits=validation.DEFAULT_LIMITS,
    responses=(),
)
GOOD = ("/v1/open?limit=1", b'{"sku": "a", "qty": 1}')
"""What the operation takes."""
REFUSED = {
    ("/v1/open", GOOD[1]): ("validate.parameters", [("query", "/limit", "required")]),
    ("/v1/open?limit=x&a=1", GOOD[1]): ("validate.parameters", [("query", "/limit", "type"), ("query", "", "unknown")]),
    (GOOD[0], b'{"sku": "a", "qty": 0, "b": 1}'): ("validate.body", [("body", "/qty", "minimum"), ("body", "", "additionalProperties")]),
    (GOOD[0], b'{"sku": "a", "qty": 1'): ("validate.syntax", [("body", "", "json")]),
    (GOOD[0], b'{"sku": "a", "sku": "a", "qty": 1}'): ("validate.syntax", [("body", "", "json")]),
    (GOOD[0], b'{"sku": ' + b"[" * 17 + b"]" * 17 + b"}"): ("validate.limits", [("body", "", "jsonDepth")]),
    (GOOD[0], b"{}"): ("validate.body", [("body", "", "required"), ("body", "", "required")]),
    (GOOD[0], b""): ("body.missing", []),
}

_RETURN, _BODY_SCHEMA = "return V\n", 2
FAULTS = {
    "a schema raises": (_RETURN, f"V[{_BODY_SCHEMA}] = function() error('boom') end return V\n"),
    "a schema is missing": (_RETURN, f"V[{_BODY_SCHEMA}] = nil return V\n"),
    "a schema says nothing": (_RETURN, f"V[{_BODY_SCHEMA}] = function() end return V\n"),
    "a schema says something else": (_RETURN, f"V[{_BODY_SCHEMA}] = function() return 'true' end return V\n"),
    "a schema changes its mind": (_RETURN, f"V[{_BODY_SCHEMA}] = function(_, c) return c ~= nil end return V\n"),
    "a schema fails without a failure": (_RETURN, f"V[{_BODY_SCHEMA}] = function() return false end return V\n"),
    "a schema never ends": (_RETURN, f"local function f() return 1 + f() end V[{_BODY_SCHEMA}] = f return V\n"),
    "the reader raises": ("function M.decode(source, limits)\n", "function M.decode(source, limits)\n error('boom')\n"),
    "the reader says nothing": ("function M.decode(source, limits)\n", "function M.decode(source, limits)\n do return end\n"),
    "parameters raise": ("local failures = parameters.check(", "error('boom') local failures = parameters.check("),
    "the phase says nothing": ("local failures = parameters.check(", "do return end local failures = parameters.check("),
    "the phase says something else": ("local failures = parameters.check(", "do return 'true' end local failures = parameters.check("),
}
"""What is wrong -> a piece of Lua, and what stands in its place."""


def validated_operation(path: str = "/v1/open", key: str = "orders.open") -> Operation:
    """`POST`, public, with the rule."""
    return replace(operation("POST", path, PUBLIC, JSON, key), validation=RULE)


def validated_gateway(*, is_split: bool = False) -> Gateway:
    """`POST /v1/open`; `is_split`: only for a consumer with limits of its own, whose key is KEY."""
    base = gateway(json_schema=json_schema.JsonSchema(table=(), shapes=(json_schema.ANY_SHAPE, json_schema.Shape(types=("integer",)))))
    added = validated_operation()
    if is_split:
        added = replace(added, security=one("partnerKey"))
    digest = KeyDigest(digest=hashlib.sha256(KEY.encode()).hexdigest(), consumer="acme", not_before_s=0, expires_s=2**40)
    return replace(
        base,
        operations=tuple(sorted((*base.operations, added), key=lambda o: (o.route.template.text, o.route.method))),
        api_keys=(replace(base.api_keys[0], keys=(digest,)),),
        consumers=(replace(base.consumers[0], limits=(ConsumerLimit(id="many", limit=1000, window_s=60, burst=1000),)),),
        rules=(),
    )


def watched_gateway(schema: Schema) -> Gateway:
    """`GET /v1/watched/{wish}`, whose JSON answers with 200 are compared with the schema."""
    base = gateway(json_schema=json_schema.JsonSchema(table=(), shapes=(json_schema.ANY_SHAPE,)), rules=())
    kind = validation.ResponseType(range="application/json", schema=schema)
    rule = replace(
        RULE,
        parameters=(),
        closed_query=False,
        media_types=(),
        responses=(validation.Response(status="200", media_types=(kind,), others=()),),
    )
    added = replace(operation("GET", "/v1/watched/{wish}", PUBLIC, NO_BODY, "orders.watched"), validation=rule)
    return replace(base, operations=tuple(sorted((*base.operations, added), key=lambda o: (o.route.template.text, o.route.method))))


def counters(source: Gateway) -> list[str]:
    """The lines of the gateway's metrics."""
    with closing(http.client.HTTPConnection("127.0.0.1", source.metrics[0].port, timeout=5)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode().splitlines()
