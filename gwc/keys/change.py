"""Changes of a consumers file: edits of its text that mean exactly what was asked, proved by reading the new text again."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from gwc.controls.spec import Located
from gwc.diagnostics import Findings, Problems
from gwc.keys.insert import item_added, member_added, scalar_set
from gwc.keys.layout import Layout, Unchangeable
from gwc.keys.remove import items_removed
from gwc.keys.spelling import ConsumerEntry, KeyEntry, KeysEntry, Line, Members, quoted, spelling_of
from gwc.keys.text_edit import Edit, edited
from gwc.policy.loading import validated
from gwc.policy.models import ConsumersSpec
from gwc.source import Document

_REFUSED = (
    "the file is written in a way that gwc can't edit without changing something else (anchors and aliases, perhaps): change it by hand"
)


@dataclass(frozen=True, slots=True)
class Change:
    """Edits of a document, and the value that the document has after them."""

    edits: tuple[Edit, ...]
    value: Any


def key_added(document: Document, consumer: int, members: Members) -> Change:
    """The consumer with one more key, the last of its list. Raises Unchangeable."""
    return _key_added(Layout(document.text), document, consumer, members)


def _key_added(layout: Layout, document: Document, consumer: int, members: Members) -> Change:
    value = _copy(document.value)
    place = layout.at("consumers", consumer)
    spec = value["consumers"][consumer]
    entry = KeyEntry(members, spelling_of(layout, place))
    if "keys" in spec:
        edits = item_added(layout, layout.at("consumers", consumer, "keys"), entry)
    else:
        edits = member_added(layout, place, KeysEntry(entry))
    spec.setdefault("keys", []).append(dict(members))
    return Change(tuple(edits), value)


def consumer_added(document: Document, name: str, members: Members) -> Change:
    """The document with one more consumer, the last of its list, that has one key. Raises Unchangeable."""
    layout = Layout(document.text)
    value = _copy(document.value)
    entry = ConsumerEntry(name, KeysEntry(KeyEntry(members, spelling_of(layout, None))))
    value["consumers"].append({"id": name, "keys": [dict(members)]})
    return Change(tuple(item_added(layout, layout.at("consumers"), entry)), value)


def key_replaced(document: Document, consumer: int, ending: Collection[int], expires: str, members: Members) -> Change:
    """The consumer with one more key, and the keys at `ending` with this end. Raises Unchangeable."""
    layout = Layout(document.text)
    added = _key_added(layout, document, consumer, members)
    edits: list[Edit] = []
    for i in sorted(ending):
        edits += _end_set(layout, consumer, i, expires)
        added.value["consumers"][consumer]["keys"][i]["expires"] = expires
    return Change((*edits, *added.edits), added.value)


def _end_set(layout: Layout, consumer: int, key: int, expires: str) -> list[Edit]:
    place = layout.at("consumers", consumer, "keys", key)
    if place.get("expires") is not None:
        return scalar_set(layout.at("consumers", consumer, "keys", key, "expires"), expires)
    spelling = spelling_of(layout, layout.at("consumers", consumer))
    name = f"{place.children[0].quote}expires{place.children[0].quote}: "
    return member_added(layout, place, Line(name + quoted(expires, spelling.value_quote)))


def keys_removed(document: Document, consumer: int, indexes: Collection[int]) -> Change:
    """The consumer without these keys. Raises Unchangeable."""
    layout = Layout(document.text)
    value = _copy(document.value)
    target = layout.at("consumers", consumer, "keys")
    name = next(key for key, _ in layout.at("consumers", consumer).members() if key.text == "keys")
    spec = value["consumers"][consumer]
    spec["keys"] = [key for i, key in enumerate(spec["keys"]) if i not in indexes]
    return Change(tuple(items_removed(layout, name, target, indexes)), value)


def proved(document: Document, change: Change) -> str:
    """The text after the change; it reads as the wanted value and as consumers. Raises Unchangeable."""
    text = edited(document.text, change.edits)
    findings = Findings()
    try:
        after = Document(document.path, text, document.loader)
    except Problems:
        raise Unchangeable(_REFUSED) from None
    # As texts: 1, 1.0 and true are equal in Python, and the order of members counts as well.
    if repr(_copy(after.value)) != repr(change.value) or validated(after.value, ConsumersSpec, Located(after), findings) is None:
        raise Unchangeable(_REFUSED)
    return text


def _copy(value: Any) -> Any:
    """The value without containers that are at two places: what an alias stands for is written at each."""
    return json.loads(json.dumps(value))
