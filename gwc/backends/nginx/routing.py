"""Phase 2 on NGINX: exact locations for literal paths, prefix locations with nested expressions for templates.

A regex location never falls back to its siblings: `gwc.ir.dispatch` puts into each branch all that can match there.
A location of a template only chooses by method: the operation, the rule of the script, and the lane to the upstream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, Server, lane_location
from gwc.backends.nginx.quoting import argument, literal
from gwc.controls.routing import Template, is_literal
from gwc.ir import Operation
from gwc.ir.dispatch import Leaf, Tree, decision_tree, group_regex, literal_prefix, path_regex, under
from gwc.templating import Verbatim

MAX_LOCATION_BYTES = 255
"""NGINX keeps the length of a prefix or exact location in one byte (ngx_http_location_tree_node_t)."""
_UNKNOWN = Verbatim("return 404;")

Block = Iterator[Verbatim]
Choices = Mapping[str, Verbatim]
Content = Mapping[Template, Lines]


def emit(plan: Plan) -> Fragments:
    """The locations of each server, and `$gwc_op`, the operation of the log."""
    choices = {o.key: _choice(plan, o) for o in plan.gateway.operations}
    anchors = tuple(Anchor(key, CONFIGURATION, choice) for key, choice in choices.items())
    return Fragments(server={n: tuple(_server(s, choices)) for n, s in enumerate(plan.servers)}, anchors=anchors)


def _server(server: Server, choices: Choices) -> Block:
    operations: dict[Template, list[Operation]] = {}
    for operation in server.operations:
        operations.setdefault(operation.route.template, []).append(operation)
    content = {t: tuple(_methods(found, choices)) for t, found in operations.items()}
    fixed = [t for t in content if all(map(is_literal, t.segments))]
    variable = [t for t in content if t not in set(fixed)]
    for template in fixed:
        yield from _location("=", literal(_location_text(operations, template, template.text)), content[template])
    for prefix in sorted({_location_text(operations, t, literal_prefix(t)) for t in variable}):
        yield from _location("^~", literal(prefix), _bucket(content, decision_tree(under(prefix, variable))))
    if not any(literal_prefix(t) == "/" for t in variable):
        yield from _location("^~", literal("/"), (_UNKNOWN,))


def _location_text(found: Mapping[Template, list[Operation]], template: Template, text: str) -> str:
    if len(text) <= MAX_LOCATION_BYTES:
        return text
    route = found[template][0].route
    raise Unenforceable(
        route.span, route.STEM, "template", f"NGINX cannot tell literal paths of more than {MAX_LOCATION_BYTES} bytes apart"
    )


def _bucket(content: Content, tree: Tree) -> Block:
    yield from _tree(content, tree)
    yield _UNKNOWN


def _tree(content: Content, tree: Tree) -> Block:
    if isinstance(tree, Leaf):
        for template in tree.templates:
            yield from _location("~", literal(f"^{path_regex(template)}$"), content[template])
        return
    for group in tree.groups:
        yield from _location("~", literal(group_regex(tree.depth, group)), _bucket(content, group.tree))
    yield from _tree(content, tree.otherwise)


def _methods(operations: list[Operation], choices: Choices) -> Block:
    for operation in operations:
        yield choices[operation.key]
    allowed = ", ".join(sorted(o.route.method for o in operations))
    yield Verbatim(f"set $gwc_allow {argument(allowed)}; return 405;")


def _choice(plan: Plan, operation: Operation) -> Verbatim:
    key, lane = operation.key, lane_location(plan, plan.lane_of[operation.key])
    chosen = f"set $gwc_op {argument(key)}; set $gwc_rule {plan.rule_of[key]}; rewrite ^ {argument(lane)} last;"
    return Verbatim(f"if ($request_method = {argument(operation.route.method)}) {{ {chosen} }}")


def _location(modifier: str, where: Verbatim, content: Iterable[Verbatim]) -> Block:
    yield Verbatim(f"location {modifier} {where} {{")
    for line in content:
        yield Verbatim("  " + line)
    yield Verbatim("}")
