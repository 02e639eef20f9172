"""Consumers files of any layout: after a change they say exactly that change, and every line that is not concerned stays byte for byte."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.controls.spec import Located
from gwc.diagnostics import Findings, Problems
from gwc.keys.change import consumer_added, key_added, key_replaced, keys_removed, proved
from gwc.keys.layout import Unchangeable
from gwc.policy.loading import validated
from gwc.policy.models import ConsumersSpec
from gwc.source import Document
from tests.keys.consumers_text import BLOCK_FORMS, Written, written

NEW = f"sha256:{hashlib.sha256(b'new').hexdigest()}"
MEMBERS = [("digest", NEW), ("notBefore", "2026-01-01"), ("expires", "2027-01-31T00:00:00Z")]
END = "2026-06-08T12:00:00Z"

files = st.randoms(use_true_random=True).map(written)
pick = st.integers(0, 100)
every = settings(deadline=None, max_examples=400)


def document(text: str) -> Document:
    return Document("c.gwc.yaml", text, None)


def split(text: str, line_break: str) -> list[str]:
    """Lines as they are between the file's own line breaks: others would be seen."""
    return text.split(line_break)


def require(holds: bool, what: str, before: str, after: str) -> None:
    if not holds:
        pytest.fail(f"{what}\n--- before\n{before}\n--- after\n{after}")


def require_kept(file: Written, after: str, concerned: set[str]) -> None:
    """Every line that belongs to nothing of `concerned` is still there, in the same order."""
    lines = iter(split(after, file.line_break))
    for line in file.lines:
        if line.owner not in concerned:
            require(line.text in lines, f"lost or moved: {line.text!r}", file.text, after)


def require_comments(file: Written, after: str, gone: set[str] = frozenset()) -> None:
    for line in file.lines:
        _, sign, comment = line.text.partition("# ")
        if sign and line.owner not in gone:
            require(sign + comment in after, f"lost: {comment}", file.text, after)


def require_one_insertion(file: Written, more: str, less: str) -> None:
    """`more` is `less` with some lines put in at one place. Whether the last line has a line break does not count."""
    long, short = (split(text.removesuffix(file.line_break), file.line_break) for text in (more, less))
    same = next((i for i, (a, b) in enumerate(zip(long, short, strict=False)) if a != b), len(short))
    require(long[len(long) - len(short) + same :] == short[same:], "more than one place was changed", less, more)


@every
@given(files, pick)
def test_create(file, number):
    index = number % len(file.consumers)
    consumer = file.consumers[index]
    after = proved(document(file.text), key_added(document(file.text), index, MEMBERS))
    assert after.count(NEW) == 1
    require_comments(file, after)
    if consumer.form in (*BLOCK_FORMS, "none"):
        require_one_insertion(file, after, file.text)
    else:
        require_kept(file, after, {f"keys{index}", *consumer.digests[-1:]})


@every
@given(files)
def test_create_with_a_new_consumer(file):
    after = proved(document(file.text), consumer_added(document(file.text), "other", MEMBERS))
    assert after.count(NEW) == 1
    require_comments(file, after)
    require_one_insertion(file, after, file.text)


@every
@given(files, pick)
def test_rotate(file, number):
    index = number % len(file.consumers)
    digests = file.consumers[index].digests
    ending = [i for i in range(len(digests)) if number >> i & 1]
    after = proved(document(file.text), key_replaced(document(file.text), index, ending, END, MEMBERS))
    assert after.count(END) == len(ending)
    assert after.count(NEW) == 1
    require_comments(file, after)
    concerned = {digests[i] for i in ending} | {f"keys{index}"}
    require_kept(file, after, concerned if file.consumers[index].form in BLOCK_FORMS else concerned | set(digests[-1:]))


@every
@given(files, pick, st.booleans())
def test_revoke(file, number, is_all):
    index = number % len(file.consumers)
    consumer = file.consumers[index]
    count = len(consumer.digests)
    gone = list(range(count)) if is_all else [number % count] if count else []
    after = proved(document(file.text), keys_removed(document(file.text), index, gone)) if gone else file.text
    removed = {consumer.digests[i] for i in gone}
    assert all((digest in after) == (digest not in removed) for c in file.consumers for digest in c.digests)
    require_comments(file, after, gone=removed)
    concerned = removed | {f"keys{index}"}
    if consumer.form in BLOCK_FORMS and len(gone) == 1 < count:
        require_one_insertion(file, file.text, after)
    elif consumer.form == "lines":
        concerned |= set(consumer.digests[:-1][-1:])  # loses its comma when it becomes the last one
    require_kept(file, after, concerned)
    require(
        not any(line.text in split(after, file.line_break) for line in file.lines if line.owner in removed and "#" in line.text),
        "left",
        file.text,
        after,
    )


@every
@given(files, pick)
def test_revoke_undoes_create(file, number):
    index = number % len(file.consumers)
    consumer = file.consumers[index]
    after = proved(document(file.text), key_added(document(file.text), index, MEMBERS))
    again = proved(document(after), keys_removed(document(after), index, [len(consumer.digests)]))
    assert NEW not in again
    if consumer.form in (*BLOCK_FORMS, "lines", "lines,", "empty") and (consumer.form not in BLOCK_FORMS or file.tail):
        require(again == file.text, "not the same again", file.text, again)


ODD = (
    "&a ",
    "*a",
    "!!str ",
    "!!map ",
    "? ",
    "\t",
    " ",
    "\n",
    "# x\n",
    ",",
    "[",
    "}",
    "- ",
    ": ",
    "|-\n",
    "> ",
    '"',
    "...\n",
    "null",
    "&b\n",
    "\r\n",
)


def readable(text: str) -> Document | None:
    """The document when it is one of consumers."""
    try:
        found = document(text)
    except Problems:
        return None
    is_ours = isinstance(found.value, dict) and validated(found.value, ConsumersSpec, Located(found), Findings()) is not None
    return found if is_ours else None


@settings(deadline=None, max_examples=1000)
@given(files, st.sampled_from(ODD), st.integers(0, 10**6))
def test_odd_files_are_changed_exactly_or_refused(file, odd, at):
    """`proved` compares the values; nothing else than its own refusal may come out."""
    at %= len(file.text) + 1
    found = readable(file.text[:at] + odd + file.text[at:])
    for i, consumer in enumerate(found.value["consumers"] if found else ()):
        count = len(consumer.get("keys", ()))
        changes = [lambda i=i: key_added(found, i, MEMBERS), lambda: consumer_added(found, "other", MEMBERS)]
        changes += [lambda i=i, n=n: keys_removed(found, i, range(n)) for n in {1, count} if 0 < n <= count]
        changes.append(lambda i=i, n=count: key_replaced(found, i, range(n), END, MEMBERS))
        for change in changes:
            with suppress(Unchangeable):
                assert proved(found, change()).startswith(found.text[: found.text.index("consumers")])
