"""Edits that take items out of a list: with their lines where they have lines of their own, comments before them stay."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gwc.keys.layout import Layout, Node, Unchangeable
from gwc.keys.text_edit import Edit, begins_line, blanks_before, blanks_behind, ends_line, insertion, line_start, next_line


def items_removed(layout: Layout, name: Node, target: Node, indexes: Collection[int]) -> list[Edit]:
    """The list, which is the value of the member `name`, without these items; `[]` when none is left."""
    if target.is_flow:
        return list(_from_flow(layout, target, indexes))
    edits = [_block_item(layout, target.children[i]) for i in sorted(indexes)]
    return edits if len(edits) < len(target.children) else [insertion(_colon(layout, name) + 1, " []"), *edits]


def _block_item(layout: Layout, item: Node) -> Edit:
    text, dash = layout.text, layout.dash(item)
    if not begins_line(text, dash) or not ends_line(text, item.end):
        raise Unchangeable("the entry shares a line with something else")
    return Edit(line_start(text, dash), next_line(text, item.end), "")


def _colon(layout: Layout, name: Node) -> int:
    rest = layout.text[name.end :]
    if not rest.lstrip(" \t").startswith(":"):
        raise Unchangeable("the list's name and its colon are not on one line")
    return name.end + rest.index(":")


def _from_flow(layout: Layout, target: Node, indexes: Collection[int]) -> Iterator[Edit]:
    """Each item goes with the comma behind it; a last item that stays loses its comma unless the list had one at its end."""
    ends = [*(item.start for item in target.children[1:]), target.end]
    commas = [layout.comma(item.end, end) for item, end in zip(target.children, ends, strict=True)]
    kept = [i for i in range(len(target.children)) if i not in indexes]
    for i in sorted(indexes):
        yield from _flow_item(layout, target, i, commas[i], after_kept=i - 1 in kept)
    if kept and commas[-1] is None:
        comma = commas[kept[-1]]
        if comma is not None:
            yield Edit(comma, comma + 1, "")


def _flow_item(layout: Layout, target: Node, index: int, comma: int | None, *, after_kept: bool) -> Iterator[Edit]:
    text, item = layout.text, target.children[index]
    is_last = index + 1 == len(target.children)
    if comma is None:
        yield _with_blanks(text, item.start, item.end, before=after_kept, behind=False)
    elif text[item.end : comma].strip(" \t"):  # the comma is on another line
        yield _with_blanks(text, item.start, item.end, before=False, behind=False)
        yield Edit(comma, comma + 1, "")
    else:
        yield _with_blanks(text, item.start, comma + 1, before=is_last and after_kept, behind=not is_last)


def _with_blanks(text: str, start: int, end: int, *, before: bool, behind: bool) -> Edit:
    """Removes the whole lines when there is nothing else on them; else the blanks on the sides asked for, but no indentation."""
    if begins_line(text, start) and ends_line(text, end):
        return Edit(line_start(text, start), next_line(text, end), "")
    if before and not begins_line(text, start):
        start = blanks_before(text, start)
    return Edit(start, blanks_behind(text, end) if behind else end, "")
