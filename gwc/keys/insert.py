"""Edits that put an entry into a list or mapping, in the form of its neighbours."""

from __future__ import annotations

from gwc.keys.layout import Layout, Node, Unchangeable
from gwc.keys.spelling import Entry, quoted
from gwc.keys.text_edit import Edit, begins_line, column, ends_line, insertion, line_break, line_end, line_start


def item_added(layout: Layout, target: Node, entry: Entry) -> list[Edit]:
    """The entry as the last item of the list."""
    if target.is_flow:
        return _flow_item(layout, target, entry)
    text, last = layout.text, target.children[-1]
    dash = layout.dash(last)
    if not begins_line(text, dash):
        raise Unchangeable("the list begins on a line with something else before it")
    before = text[line_start(text, dash) : dash]
    gap = text[dash + 1 : last.start]
    gap = gap if gap and not gap.strip(" ") else " "
    indent = " " * (len(before) + 1 + len(gap))
    new = line_break(text, last.end)
    return [insertion(line_end(text, last.end), f"{new}{before}-{gap}{entry.block(indent, new)}")]


def _flow_item(layout: Layout, target: Node, entry: Entry) -> list[Edit]:
    """On a line of its own where the last item has one; a comma at the end of the list stays at its end."""
    text = layout.text
    if not target.children:
        return [insertion(target.inside, entry.flow())]
    last = target.children[-1]
    comma = layout.comma(last.end, target.end)
    behind = last.end if comma is None else comma + 1
    if begins_line(text, last.start) and ends_line(text, behind):
        new = line_break(text, behind) + text[line_start(text, last.start) : last.start] + entry.flow()
        if comma is not None:
            return [insertion(line_end(text, behind), f"{new},")]
        return [insertion(behind, ","), insertion(line_end(text, behind), new)]
    return [insertion(behind, f", {entry.flow()}" if comma is None else f" {entry.flow()},")]


def member_added(layout: Layout, target: Node, entry: Entry) -> list[Edit]:
    """The entry, which writes its name itself, as the last member of the mapping."""
    text, end = layout.text, target.children[-1].end
    first, last = target.children[0], target.children[-2]
    if not target.is_flow:
        indent, new = " " * column(text, first.start), line_break(text, end)
        return [insertion(line_end(text, end), f"{new}{indent}{entry.block(indent, new)}")]
    if begins_line(text, last.start) and ends_line(text, end) and text[end : line_end(text, end)].strip() == "":
        return [insertion(end, f",{line_break(text, end)}{text[line_start(text, last.start) : last.start]}{entry.flow()}")]
    return [insertion(end, f", {entry.flow()}")]


def scalar_set(target: Node, value: str) -> list[Edit]:
    """The scalar with another value and its own quotes."""
    if target.kind != "scalar" or target.quote in ("|", ">"):
        raise Unchangeable("the value is an alias or a block of text: write it in one line")
    if target.start == target.end:
        return [insertion(target.start, f" {quoted(value, '')}")]
    return [Edit(target.start, target.end, quoted(value, target.quote))]
