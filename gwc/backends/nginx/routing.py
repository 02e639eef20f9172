"""Phase 2 on NGINX: exact locations for literal paths, prefix locations with nested expressions for templates.

A regex location never falls back to its siblings: `gwc.ir.dispatch` puts into each branch all that can match there.
A location of a template sets the template's number; maps over number and method choose the operation, the rule of the script
and the lane to the upstream. (An `if` for each method would do the same, but has a configuration of its own: 30 KiB each.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, lane_location, lane_variable, problem_location
from gwc.backends.nginx.quoting import MAX_PARAMETER_BYTES, argument, literal, name
from gwc.controls.routing import Template, is_literal
from gwc.ir import Operation
from gwc.ir.dispatch import Group, Leaf, Tree, decision_tree, group_regex, literal_prefix, path_regex, under
from gwc.templating import Verbatim

_UNKNOWN = Verbatim("return 404;")

Block = Iterator[Verbatim]
Content = Mapping[Template, Lines]


@dataclass(frozen=True, slots=True)
class _Choice:
    """An operation of a server, and what asks for it: the number of the template and the method."""

    number: int
    operation: Operation

    @property
    def asked(self) -> str:
        return f"{self.number} {self.operation.route.method}"


def emit(plan: Plan) -> Fragments:
    """The locations of each server, and the maps. Text keys of a map ignore case; methods are upper case, all else is refused before."""
    servers = _choices(plan)
    every = [choice for choices in servers for choice in choices]
    http = (
        *_map("$gwc_op", "-", {c.asked: name(c.operation.key) for c in every}),
        *_map("$gwc_rule", "", {c.asked: plan.rule_of[c.operation.key] for c in every}),
        *_map(
            lane_variable(plan.gateway),
            problem_location("route.method"),
            {c.asked: _lane(plan, c.operation.key) for c in every},
        ),
    )
    first = {c.operation.key: _entry(c.asked, name(c.operation.key)) for c in reversed(every)}
    anchors = tuple(Anchor(key, CONFIGURATION, entry) for key, entry in first.items())
    return Fragments(http=http, server={n: tuple(_server(c)) for n, c in enumerate(servers)}, anchors=anchors)


def asked(plan: Plan) -> list[tuple[str, str]]:
    """What asks for an operation, and the operation, for all servers."""
    return [(choice.asked, choice.operation.key) for choices in _choices(plan) for choice in choices]


def _lane(plan: Plan, key: str) -> Verbatim:
    rule = plan.rules[plan.rule_of[key]]
    script = ("$gwc_scripted_bare" if rule.validation else "$gwc_scripted") if rule.is_open else "+"
    return Verbatim(f'"{lane_location(plan, plan.lane_of[key])}{script}"')


def _choices(plan: Plan) -> list[list[_Choice]]:
    """For each server of the plan; templates have numbers of their own in each."""
    numbers: dict[tuple[int, Template], int] = {}
    return [
        [_Choice(numbers.setdefault((n, o.route.template), len(numbers)), o) for o in server.operations]
        for n, server in enumerate(plan.servers)
    ]


def _map(variable: str, otherwise: str, values: Mapping[str, str | int]) -> Lines:
    entries = (Verbatim(f"  {_entry(asked, value)}") for asked, value in values.items())
    start = Verbatim(f'map "$gwc_template $gwc_method" {variable} {{')
    return (start, Verbatim(f"  default {argument(otherwise)};"), *entries, Verbatim("}"))


def _entry(asked: str, value: str | int) -> Verbatim:
    return Verbatim(f"{argument(asked)} {argument(value)};")


def _server(choices: list[_Choice]) -> Block:
    content = _content(choices)
    fixed = [t for t in content if all(map(is_literal, t.segments))]
    variable = [t for t in content if t not in set(fixed)]
    _refuse_long(choices)
    for template in fixed:
        yield from _location("=", literal(template.text), content[template])
    for prefix in sorted({literal_prefix(t) for t in variable}):
        yield from _location("^~", literal(prefix), _bucket(content, decision_tree(under(prefix, variable))))
    if not any(literal_prefix(t) == "/" for t in variable):
        yield from _location("^~", literal("/"), (_UNKNOWN,))


def _content(choices: list[_Choice]) -> Content:
    """What stands in the location of each template."""
    methods: dict[Template, list[str]] = {}
    numbers = {c.operation.route.template: c.number for c in choices}
    for choice in choices:
        methods.setdefault(choice.operation.route.template, []).append(choice.operation.route.method)
    return {
        t: (Verbatim(f"set $gwc_template {numbers[t]}; set $gwc_allow {argument(', '.join(sorted(m)))}; rewrite ^ $gwc_lane last;"),)
        for t, m in methods.items()
    }


def _refuse_long(choices: list[_Choice]) -> None:
    for route in (c.operation.route for c in choices):
        if len(literal(path_regex(route.template))) > MAX_PARAMETER_BYTES:
            raise Unenforceable(route.span, route.STEM, "template", f"NGINX cannot hold a path of more than {MAX_PARAMETER_BYTES} bytes")


def _bucket(content: Content, tree: Tree) -> Block:
    yield from _tree(content, tree)
    yield _UNKNOWN


def _tree(content: Content, tree: Tree) -> Block:
    if isinstance(tree, Leaf):
        for template in tree.templates:
            yield from _location("~", literal(f"^{path_regex(template)}$"), content[template])
        return
    for group in tree.groups:
        for part in _parts(tree.depth, group):
            yield from _location("~", literal(group_regex(tree.depth, part)), _bucket(content, group.tree))
    yield from _tree(content, tree.otherwise)


def _parts(depth: int, group: Group) -> Iterator[Group]:
    """The group as several with the same tree, when its expression is too long for one parameter."""
    if len(group.literals) == 1 or len(literal(group_regex(depth, group))) <= MAX_PARAMETER_BYTES:
        yield group
        return
    half = len(group.literals) // 2
    for literals in (group.literals[:half], group.literals[half:]):
        yield from _parts(depth, Group(literals, group.tree))


def _location(modifier: str, where: Verbatim, content: Iterable[Verbatim]) -> Block:
    yield Verbatim(f"location {modifier} {where} {{")
    for line in content:
        yield Verbatim("  " + line)
    yield Verbatim("}")
