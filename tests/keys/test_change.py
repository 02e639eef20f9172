"""Every style of YAML and JSON: the change that was asked for, in the style of the neighbours, and nothing else."""

from __future__ import annotations

import textwrap

import pytest

from gwc.keys.change import consumer_added, key_added, key_replaced, keys_removed, proved
from gwc.keys.layout import Unchangeable
from gwc.source import Document

A, B, C, N = (f"sha256:{digit * 64}" for digit in "abcd")
HEAD = "apiVersion: gwc/v1\nkind: Consumers\n"
MEMBERS = [("digest", N), ("expires", "2027-01-31")]


def document(text: str, name: str = "consumers.gwc.yaml") -> Document:
    return Document(name, text, None)


def long(text: str) -> str:
    """Digests by their letters."""
    text = textwrap.dedent(text)
    for letter, digest in zip("ABCN", (A, B, C, N), strict=True):
        text = text.replace(f"<{letter}>", digest)
    return text


def yaml(text: str) -> str:
    return HEAD + long(text).removeprefix("\n")


ADDED = {
    "braces below a dash": (
        """
        consumers:
          - id: acme  # a
            keys:  # b
              # c
              - {digest: "<A>"}   # d
              # e
          # f
          - id: globex
        """,
        """
        consumers:
          - id: acme  # a
            keys:  # b
              # c
              - {digest: "<A>"}   # d
              - {digest: "<N>", expires: "2027-01-31"}
              # e
          # f
          - id: globex
        """,
    ),
    "a line for each member, single quotes, wide dashes": (
        """
        consumers:
        -   id: acme
            keys:
            -   digest: '<A>'

                expires: '2030-01-01'   # d

        # end
        """,
        """
        consumers:
        -   id: acme
            keys:
            -   digest: '<A>'

                expires: '2030-01-01'   # d
            -   digest: '<N>'
                expires: '2027-01-31'

        # end
        """,
    ),
    "plain digests": (
        """
        consumers:
          - keys:
            - digest: <A>
            id: acme
        """,
        """
        consumers:
          - keys:
            - digest: <A>
            - digest: <N>
              expires: "2027-01-31"
            id: acme
        """,
    ),
    "a digest as a block of text": (
        """
        consumers:
          - id: acme
            keys:
              - digest: >-
                  <A>


          - id: globex
        """,
        """
        consumers:
          - id: acme
            keys:
              - digest: >-
                  <A>
              - digest: "<N>"
                expires: "2027-01-31"


          - id: globex
        """,
    ),
    "braces over several lines": (
        """
        consumers:
          - id: acme
            keys:
              - {
                  digest: "<A>"   # d
                }  # e
        """,
        """
        consumers:
          - id: acme
            keys:
              - {
                  digest: "<A>"   # d
                }  # e
              - {digest: "<N>", expires: "2027-01-31"}
        """,
    ),
    "brackets": (
        """
        consumers:
          - {id: acme, roles: [a], keys: [{digest: "<A>"}]}  # a
        """,
        """
        consumers:
          - {id: acme, roles: [a], keys: [{digest: "<A>"}, {digest: "<N>", expires: "2027-01-31"}]}  # a
        """,
    ),
    "brackets with a comma at the end": (
        """
        consumers: [{id: acme, keys: [ {digest: '<A>'} , ]}, {id: x}]
        """,
        """
        consumers: [{id: acme, keys: [ {digest: '<A>'} , {digest: '<N>', expires: '2027-01-31'}, ]}, {id: x}]
        """,
    ),
    "brackets over several lines": (
        """
        consumers:
          - id: acme
            keys: [   # a
                {digest: "<B>"},  # b
                {digest: "<A>"}   # c
                # d
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [   # a
                {digest: "<B>"},  # b
                {digest: "<A>"},   # c
                {digest: "<N>", expires: "2027-01-31"}
                # d
            ]
        """,
    ),
    "brackets over several lines with a comma at the end": (
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"},   # c
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"},   # c
              {digest: "<N>", expires: "2027-01-31"},
            ]
        """,
    ),
    "the last one on the line of the bracket": (
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"}]
        """,
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"}, {digest: "<N>", expires: "2027-01-31"}]
        """,
    ),
    "a comma at the beginning of the line": (
        """
        consumers:
          - id: acme
            keys: [
                {digest: "<A>"}  # a
              , {digest: "<B>"}  # b
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [
                {digest: "<A>"}  # a
              , {digest: "<B>"}, {digest: "<N>", expires: "2027-01-31"}  # b
            ]
        """,
    ),
    "an empty list": (
        """
        consumers:
          - id: acme
            keys: []  # none
          - id: globex
            keys:
              - digest: '<A>'
        """,
        """
        consumers:
          - id: acme
            keys: [{digest: '<N>', expires: '2027-01-31'}]  # none
          - id: globex
            keys:
              - digest: '<A>'
        """,
    ),
    "an empty list with a comment in it": (
        """
        consumers:
          - id: acme
            keys: [ # none
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [{digest: "<N>", expires: "2027-01-31"} # none
            ]
        """,
    ),
    "no list": (
        """
        consumers:
          - id: acme
            # roles
            roles: [a]  # b

          # next
          - id: globex
        """,
        """
        consumers:
          - id: acme
            # roles
            roles: [a]  # b
            keys:
              - {digest: "<N>", expires: "2027-01-31"}

          # next
          - id: globex
        """,
    ),
    "no list, as the others write one": (
        """
        consumers:
          - id: acme
          - id: globex
            keys:
            - digest: '<A>'
        """,
        """
        consumers:
          - id: acme
            keys:
            - digest: '<N>'
              expires: '2027-01-31'
          - id: globex
            keys:
            - digest: '<A>'
        """,
    ),
    "no list, others in brackets": (
        """
        consumers:
          - id: acme
          - id: globex
            keys: [{digest: <A>}]
        """,
        """
        consumers:
          - id: acme
            keys: [{digest: <N>, expires: "2027-01-31"}]
          - id: globex
            keys: [{digest: <A>}]
        """,
    ),
    "no list in braces": (
        """
        consumers:
          - {id: acme}
        """,
        """
        consumers:
          - {id: acme, keys: [{digest: "<N>", expires: "2027-01-31"}]}
        """,
    ),
}


@pytest.mark.parametrize("style", ADDED)
@pytest.mark.parametrize("break_", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("is_ended", [True, False])
def test_a_key_is_added(style, break_, is_ended):
    before, after = ((yaml(text) if is_ended else yaml(text).rstrip("\n")).replace("\n", break_) for text in ADDED[style])
    found = document(before)
    assert proved(found, key_added(found, 0, MEMBERS)) == after


NEW = {
    "as the last one with a key": (
        """
        consumers:
          - id: "acme"
            roles: [a]
            keys:
              - digest: <A>
          - id: globex   # g
        # end
        """,
        """
        consumers:
          - id: "acme"
            roles: [a]
            keys:
              - digest: <A>
          - id: globex   # g
          - id: "new"
            keys:
              - digest: <N>
                expires: "2027-01-31"
        # end
        """,
    ),
    "in braces": (
        """
        consumers:
        - {id: 'acme', keys: [{digest: "<A>"}]}
        """,
        """
        consumers:
        - {id: 'acme', keys: [{digest: "<A>"}]}
        - {id: 'new', keys: [{digest: "<N>", expires: "2027-01-31"}]}
        """,
    ),
    "in brackets": (
        """
        consumers: [{id: acme, keys: []}]
        """,
        """
        consumers: [{id: acme, keys: []}, {id: new, keys: [{digest: "<N>", expires: "2027-01-31"}]}]
        """,
    ),
    "the first one": (
        """
        consumers: []  # nobody yet
        metadata: {name: x}
        """,
        """
        consumers: [{id: new, keys: [{digest: "<N>", expires: "2027-01-31"}]}]  # nobody yet
        metadata: {name: x}
        """,
    ),
}


@pytest.mark.parametrize("style", NEW)
def test_a_consumer_is_added(style):
    before, after = map(yaml, NEW[style])
    found = document(before)
    assert proved(found, consumer_added(found, "new", MEMBERS)) == after


BARE = ("new", "a.b@c-d_e", "sha256")
QUOTED = ("true", "NO", "y", "null", "1", "1e5", "0x1F", "0o7", "2027-01-31", "1_000")


@pytest.mark.parametrize(("name", "is_plain"), [*((name, True) for name in BARE), *((name, False) for name in QUOTED)])
def test_an_id_that_is_no_text_without_quotes_gets_them(name, is_plain):
    found = document(yaml("\nconsumers:\n  - id: acme\n"))
    after = proved(found, consumer_added(found, name, MEMBERS))
    assert f"- id: {name}\n" in after if is_plain else f'- id: "{name}"\n' in after


ENDED = {
    "braces": (
        """
        consumers:
          - id: acme
            keys:
              - {digest: "<A>"}  # a
              - {"digest": "<B>", notBefore: '2020-01-01'}
        """,
        """
        consumers:
          - id: acme
            keys:
              - {digest: "<A>", expires: "2026-06-08T12:00:00Z"}  # a
              - {"digest": "<B>", notBefore: '2020-01-01', "expires": "2026-06-08T12:00:00Z"}
              - {digest: "<N>", expires: "2027-01-31"}
        """,
    ),
    "a line for each member": (
        """
        consumers:
          - id: acme
            keys:
              - digest: '<A>'  # a
                # b
              # c
              - expires: '2030-01-01'  # d
                digest: '<B>'  # e
        """,
        """
        consumers:
          - id: acme
            keys:
              - digest: '<A>'  # a
                expires: '2026-06-08T12:00:00Z'
                # b
              # c
              - expires: '2026-06-08T12:00:00Z'  # d
                digest: '<B>'  # e
              - digest: '<N>'
                expires: '2027-01-31'
        """,
    ),
    "an end in several quotes": (
        """
        consumers:
          - id: acme
            keys: [{digest: <A>, expires: 2030-01-01}, {digest: <B>, expires: "2030-01-01", }]
        """,
        """
        consumers:
          - id: acme
            keys: [{digest: <A>, expires: "2026-06-08T12:00:00Z"}, {digest: <B>, expires: "2026-06-08T12:00:00Z", }, {digest: <N>, expires: "2027-01-31"}]
        """,
    ),
    "an end that is not there": (
        """
        consumers:
          - id: acme
            keys:
              - {digest: "<A>", expires: ~}
              - digest: "<B>"
                expires:   # never
                notBefore: null
        """,
        """
        consumers:
          - id: acme
            keys:
              - {digest: "<A>", expires: "2026-06-08T12:00:00Z"}
              - digest: "<B>"
                expires: "2026-06-08T12:00:00Z"   # never
                notBefore: null
              - digest: "<N>"
                expires: "2027-01-31"
        """,
    ),
    "braces over several lines": (
        """
        consumers:
          - id: acme
            keys: [
              {
                digest: "<A>"
              },
              {
                digest: "<B>",  # b
              }
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [
              {
                digest: "<A>",
                expires: "2026-06-08T12:00:00Z"
              },
              {
                digest: "<B>", expires: "2026-06-08T12:00:00Z",  # b
              },
              {digest: "<N>", expires: "2027-01-31"}
            ]
        """,
    ),
}


@pytest.mark.parametrize("style", ENDED)
@pytest.mark.parametrize("break_", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_older_keys_get_an_end_beside_the_new_one(style, break_):
    before, after = (yaml(text).replace("\n", break_) for text in ENDED[style])
    found = document(before)
    assert proved(found, key_replaced(found, 0, [0, 1], "2026-06-08T12:00:00Z", MEMBERS)) == after


REMOVED = {
    "the first of a list": (
        [0],
        """
        consumers:
          - id: acme
            keys:
              # first
              - {digest: "<A>"}  # gone
              # second
              - {digest: "<B>"}
        """,
        """
        consumers:
          - id: acme
            keys:
              # first
              # second
              - {digest: "<B>"}
        """,
    ),
    "the last of a list, with lines of its own": (
        [1],
        """
        consumers:
          - id: acme
            keys:
              - digest: "<A>"
              - # gone
                digest: "<B>"

                expires: "2030-01-01"  # gone
                # stays
        # end
        """,
        """
        consumers:
          - id: acme
            keys:
              - digest: "<A>"
                # stays
        # end
        """,
    ),
    "all of a list": (
        [0, 1],
        """
        consumers:
          - id: acme
            keys : # of acme
              # first
              - {digest: "<A>"}
              - digest: "<B>"
            roles: [a]
        """,
        """
        consumers:
          - id: acme
            keys : [] # of acme
              # first
            roles: [a]
        """,
    ),
    "the first in brackets": (
        [0],
        """
        consumers: [{id: acme, keys: [{digest: "<A>"}, {digest: "<B>"}]}]
        """,
        """
        consumers: [{id: acme, keys: [{digest: "<B>"}]}]
        """,
    ),
    "the last in brackets": (
        [1],
        """
        consumers: [{id: acme, keys: [{digest: "<A>"}, {digest: "<B>"}]}]
        """,
        """
        consumers: [{id: acme, keys: [{digest: "<A>"}]}]
        """,
    ),
    "the last in brackets before a comma": (
        [1],
        """
        consumers: [{id: acme, keys: [{digest: "<A>"}, {digest: "<B>"}, ]}]
        """,
        """
        consumers: [{id: acme, keys: [{digest: "<A>"}, ]}]
        """,
    ),
    "all in brackets": (
        [0, 1, 2],
        """
        consumers: [{id: acme, keys: [{digest: "<A>"}, {digest: "<B>"}, {digest: "<C>"}]}]
        """,
        """
        consumers: [{id: acme, keys: []}]
        """,
    ),
    "all in brackets over several lines": (
        [0, 1],
        """
        consumers:
          - id: acme
            keys: [  # a
              {digest: "<A>"},  # gone
              # b
              {digest: "<B>",
               expires: "2030-01-01"}  # gone
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [  # a
              # b
            ]
        """,
    ),
    "one of several lines": (
        [1],
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"},  # a
              {digest: "<B>"},  # gone
              {digest: "<C>"}  # c
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"},  # a
              {digest: "<C>"}  # c
            ]
        """,
    ),
    "the last of several lines": (
        [2],
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"},  # a
              {digest: "<B>"},  # b
              {digest: "<C>"}  # gone
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [
              {digest: "<A>"},  # a
              {digest: "<B>"}  # b
            ]
        """,
    ),
    "the last on the line of the bracket": (
        [1],
        """
        consumers:
          - id: acme
            keys: [{digest: "<A>"},  # a
                   {digest: "<B>"}]  # b
        """,
        """
        consumers:
          - id: acme
            keys: [{digest: "<A>"}  # a
                   ]  # b
        """,
    ),
    "one with the comma on the next line": (
        [0],
        """
        consumers:
          - id: acme
            keys: [
                {digest: "<A>"}  # gone
              , {digest: "<B>"}  # b
            ]
        """,
        """
        consumers:
          - id: acme
            keys: [
               {digest: "<B>"}  # b
            ]
        """,
    ),
}


@pytest.mark.parametrize("style", REMOVED)
@pytest.mark.parametrize("break_", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_keys_are_removed(style, break_):
    indexes, *texts = REMOVED[style]
    before, after = (yaml(text).replace("\n", break_) for text in texts)
    found = document(before)
    assert proved(found, keys_removed(found, 0, indexes)) == after


def test_the_last_key_of_a_file_without_a_last_line_break():
    found = document(yaml("\nconsumers:\n  - id: acme\n    keys:\n      - digest: <A>").rstrip("\n"))
    assert proved(found, keys_removed(found, 0, [0])) == yaml("\nconsumers:\n  - id: acme\n    keys: []\n")


JSON = """
{
  "apiVersion": "gwc/v1", "kind": "Consumers",
  "consumers": [
    {
      "id": "acme",
      "keys": [
        {
          "digest": "<A>"
        },
        {"digest": "<B>", "expires": "2030-01-01"}
      ]
    },
    {"id": "globex"}
  ]
}
"""


def json(text: str) -> Document:
    return document(long(text).lstrip("\n"), "consumers.json")


def test_json_stays_json():
    found = json(JSON)
    after = proved(found, key_replaced(found, 0, [0, 1], "2026-06-08", MEMBERS))
    assert after == (
        found.text.replace(f'"{A}"', f'"{A}",\n          "expires": "2026-06-08"')
        .replace("2030-01-01", "2026-06-08")
        .replace('"2026-06-08"}\n', f'"2026-06-08"}},\n        {{"digest": "{N}", "expires": "2027-01-31"}}\n')
    )
    again = document(after, "consumers.json")
    assert proved(again, keys_removed(again, 0, [2])) == after.replace(f',\n        {{"digest": "{N}", "expires": "2027-01-31"}}', "")
    assert proved(found, keys_removed(found, 0, [0, 1])).count('"keys": [\n      ]') == 1
    new = proved(found, key_added(found, 1, MEMBERS))
    assert new == found.text.replace('"globex"', f'"globex", "keys": [{{"digest": "{N}", "expires": "2027-01-31"}}]')
    more = proved(found, consumer_added(found, "new", MEMBERS))
    entry = f'{{"id": "new", "keys": [{{"digest": "{N}", "expires": "2027-01-31"}}]}}'
    assert more == found.text.replace('{"id": "globex"}', f'{{"id": "globex"}},\n    {entry}')


def test_json_on_one_line():
    found = document(f'{{"apiVersion":"gwc/v1","kind":"Consumers","consumers":[{{"id":"a","keys":[{{"digest":"{A}"}}]}}]}}', "a.json")
    after = proved(found, key_added(found, 0, MEMBERS))
    assert after == found.text.replace(f'"{A}"}}', f'"{A}"}}, {{"digest": "{N}", "expires": "2027-01-31"}}')


def test_json_that_yaml_reads_otherwise_is_refused():
    found = json(JSON.replace('"kind": "Consumers"', '"kind": "Consumers", "metadata": {"name": "a", "owner": "\\ud83d\\ude00"}'))
    with pytest.raises(Unchangeable, match="by hand"):
        key_added(found, 0, MEMBERS)


REFUSED = {
    "keys that two share": "consumers: [{id: a, keys: &k [{digest: <A>}]}, {id: b, keys: *k}]",
    "keys of another": "consumers: [{id: b, keys: &k [{digest: <A>}]}, {id: a, keys: *k}]",
    "a consumer twice": "consumers: [&a {id: a, keys: [{digest: <A>}]}, *a]",
    "a consumer of elsewhere": "consumers: [&a {id: b, keys: [{digest: <A>}]}, *a]",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_change_something_else_is_refused(case):
    found = document(HEAD + long(REFUSED[case]))
    index = 1 if case in ("keys of another", "a consumer of elsewhere") else 0
    for make in (
        lambda: key_added(found, index, MEMBERS),
        lambda: keys_removed(found, index, [0]),
        lambda: key_replaced(found, index, [0], "2026-06-08", MEMBERS),
    ):
        with pytest.raises(Unchangeable):
            proved(found, make())


def test_aliases_that_are_not_concerned_do_not_matter():
    text = yaml("""
        metadata: {name: &n x, owner: *n}
        consumers:
          - &a
            id: acme
            roles: &r [a]
            keys: &k
              - &d {digest: "<A>"}
          - id: globex
            roles: *r
    """)
    found = document(text)
    assert proved(found, key_added(found, 0, MEMBERS)) == text.replace(
        f'"{A}"}}\n', f'"{A}"}}\n      - {{digest: "{N}", expires: "2027-01-31"}}\n'
    )
    assert proved(found, key_added(found, 1, MEMBERS)).endswith(
        f'    roles: *r\n    keys:\n      - {{digest: "{N}", expires: "2027-01-31"}}\n'
    )
    with pytest.raises(Unchangeable):  # `keys: [] &k`
        proved(found, keys_removed(found, 0, [0]))


@pytest.mark.parametrize(
    "text",
    ["? consumers\n: - id: acme\n    keys:\n    - digest: <A>", "consumers:\n  - id: acme\n    ? keys\n    : - digest: <A>"],
)
def test_rare_forms_are_changed_exactly_or_refused(text):
    found = document(HEAD + long(text))
    for make in (lambda: key_added(found, 0, MEMBERS), lambda: keys_removed(found, 0, [0]), lambda: consumer_added(found, "b", MEMBERS)):
        try:
            after = proved(found, make())
        except Unchangeable:
            continue
        assert after.startswith(HEAD)


def test_a_change_that_the_schema_refuses_is_refused():
    found = document(yaml("\nconsumers:\n  - id: acme\n"))
    with pytest.raises(Unchangeable):
        proved(found, key_added(found, 0, [("digest", "sha256:12")]))


def test_other_characters_of_the_file_do_not_move_anything():
    text = yaml("""
        metadata: {name: x, owner: "Ægir 🎉 <ops>"}
        consumers:   # 🎉🎉
          - id: acme   # größe
            keys:
              - digest: "<A>"   # 𝔘
    """)
    found = document(text)
    assert proved(found, key_added(found, 0, MEMBERS)) == f'{text}      - digest: "{N}"\n        expires: "2027-01-31"\n'
