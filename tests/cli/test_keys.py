"""`gwc keys`: a key is shown once and is nowhere else; the file gets exactly the change; what ends is told in time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gwc.controls.api_key import epoch_seconds
from gwc.keys import key_format, save
from gwc.keys.key_format import PATTERN, written
from gwc.lowering import compile_policy

NOW = epoch_seconds("2026-06-01T12:00:00Z")
FILE = "consumers.gwc.yaml"
ACME = [
    "dc81b088d47dee432ace4a498915448892259b74b2c58b812bbdd356badfb103",
    "7c30a8d790e0013c3cb7e14f1963a7bd5dd538b9256ef07f1e7539e3c3f2774f",
]
GLOBEX = "4505b99fa0e635ac1f6b320529cf5562d367cf4d1f7afa7187fb4a0f89b3ac4f"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The time of the commands, in a list that a test may change."""
    now = [NOW]
    monkeypatch.setattr("gwc.cli.keys_edit.now_s", lambda: now[0])
    monkeypatch.setattr("gwc.cli.keys_view.now_s", lambda: now[0])
    return now


@pytest.fixture
def text(project):
    """The content of the consumers file now."""
    return (project / FILE).read_text


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def typed(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


# --- create


def test_a_new_key_is_alone_on_standard_output_and_its_digest_in_the_file(project, run, text):
    before = text()
    code, out, err = run("keys", "create", FILE, "acme")
    key = out.removesuffix("\n")
    assert code == 0
    assert PATTERN.fullmatch(key)
    new = f'      - {{digest: "sha256:{digest(key)}", expires: "2027-06-01T12:00:00Z"}}\n'
    assert text() == before.replace("  - id: globex", f"{new}  - id: globex")
    assert f"sha256:{digest(key)[:12]}" in err
    assert "until 2027-06-01T12:00:00Z" in err
    assert run("lint")[:2] == (0, "")


def test_a_key_is_nowhere_but_on_standard_output_once(project, run, text, monkeypatch):
    """The canary of issue 3, for these commands."""
    keys, said = [], ""
    for arguments in (("create", "acme"), ("create", "new", "--new"), ("rotate", "acme"), ("rotate", "new", "--overlap", "1s")):
        _, out, err = run("keys", arguments[0], FILE, *arguments[1:])
        keys.append(out.strip())
        said += err
    for arguments in (
        ("list",),
        ("list", "--format", "json"),
        ("check",),
        *(("check", "--format", f) for f in ("concise", "json", "sarif", "github")),
    ):
        said += "".join(map(str, run("keys", *arguments)))
    for key in keys:
        for more in (key, f"{key}\n", key[:-1], f"{key}x"):
            typed(monkeypatch, more.encode())
            said += "".join(map(str, run("keys", "check", "--key", "-")))
        said += "".join(map(str, run("keys", "revoke", FILE, "acme", key)))
        said += "".join(map(str, run("keys", "check", FILE, "--key", key)))
        said += "".join(map(str, run("keys", "create", key)))
    run("compile")
    said += run("explain", "GET /v1/orders")[1]
    assert len(set(keys)) == 4
    for path in (p for p in project.rglob("*") if p.is_file()):
        said += path.read_text(errors="replace")
    leaked = [i for i, key in enumerate(keys) if key in said or key[4:40] in said]
    assert not leaked
    assert all(digest(key) in text() for key in keys)


def test_the_new_key_authenticates_in_the_model(project, run):
    key = run("keys", "create", FILE, "acme")[1].strip()
    gateway = compile_policy(project / "orders.gwc.yaml").gateway
    known = {k.digest: k for k in gateway.api_keys[0].keys}
    assert known[digest(key)].consumer == "acme"
    assert known[digest(key)].expires_s == NOW + 365 * 86_400


@pytest.mark.parametrize(
    ("options", "members"),
    [
        (("--expires", "90d"), 'expires: "2026-08-30T12:00:00Z"'),
        (("--expires", "2027-01-31"), 'expires: "2027-01-31"'),
        (("--expires", "never"), None),
        (("--expires", "1s"), 'expires: "2026-06-01T12:00:01Z"'),
        (("--not-before", "2026-07-01", "--expires", "never"), 'notBefore: "2026-07-01"'),
        (("--not-before", "2027-06-01T11:59:59Z"), 'notBefore: "2027-06-01T11:59:59Z", expires: "2027-06-01T12:00:00Z"'),
    ],
)
def test_when_a_key_is_valid_stands_in_the_file(project, run, text, options, members):
    _, out, _ = run("keys", "create", FILE, "acme", *options)
    more = f", {members}" if members else ""
    assert f'{{digest: "sha256:{digest(out.strip())}"{more}}}\n' in text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", FILE, "acme", "--expires", "2026-06-01T12:00:00Z"), "not in the future"),
        (("create", FILE, "acme", "--expires", "0d"), "less than one"),
        (("create", FILE, "acme", "--expires", "soon"), "--expires: a duration"),
        (("create", FILE, "acme", "--expires", ""), "--expires"),
        (("create", FILE, "acme", "--not-before", "tomorrow"), "--not-before: a moment"),
        (("create", FILE, "acme", "--not-before", ""), "--not-before: a moment"),
        (("create", FILE, "acme", "--not-before", "2027-06-01T12:00:00Z"), "before it begins"),
        (("create", FILE, "acme", "--not-before", "2028-01-01", "--expires", "2027-01-01"), "before it begins"),
        (("create", FILE, "acmee"), "no consumer 'acmee' (did you mean 'acme'?); --new adds it"),
        (("create", FILE, "zzz"), "no consumer 'zzz'; --new"),
        (("create", FILE, "acme", "--new"), "already has a consumer 'acme'"),
        (("create", FILE, "-x", "--new"), ""),
        (("create", FILE, ".x", "--new"), "a consumer's id is"),
        (("create", FILE, "a b", "--new"), "a consumer's id is"),
        (("create", FILE, "", "--new"), "a consumer's id is"),
        (("create", FILE, "x" * 129, "--new"), "a consumer's id is"),
        (("create", FILE, 'a"]', "--new"), "a consumer's id is"),
        (("create", FILE, "ä", "--new"), "a consumer's id is"),
        (("create",), "give the file"),
        (("create", FILE, "a", "b"), "give the file"),
        (("create", "missing.gwc.yaml", "acme"), "No such file"),
        (("create", ".", "acme"), "no regular file"),
        (("create", "orders.gwc.yaml", "acme"), "kind Consumers is needed"),
        (("create", "openapi.yaml", "acme"), "kind Consumers is needed"),
        (("create", "jwks.json", "acme"), "kind Consumers is needed"),
        (("rotate", FILE, "acmee"), "did you mean 'acme'"),
        (("rotate", FILE, "acme", "--overlap", "0s"), "--overlap"),
        (("rotate", FILE, "acme", "--overlap", "never"), "--overlap"),
        (("rotate", FILE, "acme", "--overlap", "999999999d"), "9999"),
        (("rotate", FILE, "acme", "--expires", "2026-01-01"), "not in the future"),
        (("revoke", FILE, "acmee", ACME[0]), "did you mean 'acme'"),
        (("revoke", FILE, "acme", ACME[0][:7]), "at least 8 hexadecimal"),
        (("revoke", FILE, "acme", "0" * 8), "no key whose digest begins so; there are: sha256:dc81b088d47d, sha256:7c30a8d790e0"),
        (("revoke", FILE, "acme", GLOBEX), "no key whose digest"),
        (("revoke", FILE, "acme", "x" * 64), "at least 8 hexadecimal"),
        (("revoke", FILE, "acme", "dc81b088\n"), "at least 8 hexadecimal"),
        (("revoke", FILE, "acme", ACME[0] + "0"), "at least 8 hexadecimal"),
        (("revoke", FILE, "acme", ACME[0], "--all"), "give the file"),
        (("revoke", "acme"), "give the file"),
        (("check", FILE, "--key", "abc"), "never from the command line"),
        (("check", FILE, "--key", ""), "never from the command line"),
        (("list", "orders.gwc.yaml"), ""),
        (("nonsense",), "nonsense"),
        ((), "Commands"),
    ],
)
def test_what_is_refused_changes_nothing(project, run, arguments, said):
    before = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    code, out, err = run("keys", *arguments)
    assert code == 2
    assert said in err
    assert not PATTERN.search(out + err)
    assert out == "" or arguments[0] == "list"
    assert {p: p.read_bytes() for p in project.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "@"),
        ("create", FILE, "@"),
        ("create", FILE, "acme", "@"),
        ("revoke", FILE, "acme", "@"),
        ("check", "--key", "@"),
        ("check", "--key=@"),
        ("check", "@", "@", "@"),
        ("@",),
        ("list", "x@x"),
        ("create", "--expires", "@", FILE, "acme"),
        ("check", "--format", "@"),
    ],
)
def test_a_key_on_the_command_line_is_refused_without_being_repeated(project, run, arguments):
    key = written(7 << 250)
    code, out, err = run("keys", *(a.replace("@", key) for a in arguments))
    assert (code, out) == (2, "")
    assert "does not belong on a command line" in err
    assert key[4:40] not in err


def test_a_file_with_mistakes_is_shown_on_standard_error_and_not_touched(project, run, text):
    (project / FILE).write_text(text().replace("id: globex", "id: [globex]"))
    before = text()
    code, out, err = run("keys", "create", FILE, "acme")
    assert (code, out) == (2, "")
    assert f"--> {FILE}:10:" in err
    assert text() == before


def test_a_key_in_the_place_of_its_digest_is_not_repeated(project, run, text):
    key = written(5 << 240)
    (project / FILE).write_text(text().replace(f"sha256:{ACME[0]}", key))
    for arguments in (("keys", "create", FILE, "acme"), ("keys", "list", FILE), ("keys", "check", FILE), ("lint", FILE)):
        code, out, err = run(*arguments)
        assert code == 2
        assert f"{FILE}:8:" in out + err
        assert key[4:40] not in out + err


def test_a_consumer_that_is_there_twice_is_refused(project, run, text):
    (project / FILE).write_text(text().replace("id: globex", "id: acme"))
    code, out, err = run("keys", "create", FILE, "acme")
    assert (code, out) == (2, "")
    assert "twice" in err


def test_a_text_that_cannot_be_edited_is_refused_without_showing_a_key(project, run, text):
    (project / FILE).write_text(
        f'apiVersion: gwc/v1\nkind: Consumers\nconsumers: [&a {{id: acme, keys: [{{digest: "sha256:{ACME[0]}"}}]}}, *a]\n'
    )
    (project / FILE).write_text(
        text().replace(", *a]", "]\nmetadata: {name: x}").replace("keys: [", "keys: &k [").replace("}]}]", "}]}, {id: b, keys: *k}]")
    )
    before = text()
    for arguments in (("create", "acme"), ("rotate", "b"), ("revoke", "acme", "--all")):
        code, out, err = run("keys", arguments[0], FILE, *arguments[1:])
        assert (code, out) == (2, "")
        assert "was not changed" in err
        assert text() == before


def test_json_consumers_are_edited_too(project, run):
    value = {"apiVersion": "gwc/v1", "kind": "Consumers", "consumers": [{"id": "acme", "roles": ["a"]}]}
    path = project / "consumers.json"
    path.write_text(json.dumps(value, indent=2))
    key = run("keys", "create", path, "acme", "--expires", "2027-01-31")[1].strip()
    value["consumers"][0]["keys"] = [{"digest": f"sha256:{digest(key)}", "expires": "2027-01-31"}]
    assert json.loads(path.read_text()) == value
    assert run("keys", "revoke", path, "acme", digest(key)[:8])[0] == 0
    value["consumers"][0]["keys"] = []
    assert json.loads(path.read_text()) == value


# --- which file


def test_without_a_file_the_one_that_the_policies_name_is_meant(project, run, text, monkeypatch):
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    key = run("keys", "create", "acme")[1].strip()
    assert digest(key) in text()
    assert run("keys", "rotate", "acme")[0] == 0
    assert run("keys", "revoke", "acme", digest(key)[:12])[0] == 0
    assert digest(key) not in text()
    assert run("keys", "revoke", "acme", "--all")[0] == 0
    assert "acme " in run("keys", "list")[1]


def test_without_a_file_and_without_an_only_one_a_file_has_to_be_named(project, run, monkeypatch):
    policy = project / "orders.gwc.yaml"
    original = policy.read_text()
    for new, said in (("b.gwc.yaml", "name several"), (None, "name none"), ('"${x}.gwc.yaml"', "has a variable")):
        line = "  partnerKey: {type: apiKey, consumers: consumers.gwc.yaml}"
        assert line in original, "the example has changed: adapt this test"
        more = f"{line}\n  other: {{type: apiKey, consumers: {new}}}" if new else ""
        policy.write_text(original.replace(line, more))
        code, out, err = run("keys", "create", "acme")
        assert (code, out) == (2, "")
        assert "name the consumers file" in err
        assert said in err
    policy.write_text("a: [")
    assert "orders.gwc.yaml has mistakes" in run("keys", "list")[2]
    (project / "gwc.yaml").write_text("kind: [")
    assert "gwc.yaml has mistakes" in run("keys", "list")[2]
    monkeypatch.chdir(project.parent)
    assert "there is no gwc.yaml" in run("keys", "list")[2]


def test_symlinks_are_not_followed_to_other_files(project, run, text, tmp_path):
    before = text()
    (project / "link.gwc.yaml").symlink_to(FILE)
    code, _, err = run("keys", "create", "link.gwc.yaml", "acme")
    assert code == 2
    assert "is a symlink: name the file that it leads to" in err
    (tmp_path / "outside.gwc.yaml").write_text(before)
    (project / "out.gwc.yaml").symlink_to(tmp_path / "outside.gwc.yaml")
    for verb in (("create", "out.gwc.yaml", "acme"), ("list", "out.gwc.yaml")):
        assert run("keys", *verb)[0] == 2
    assert text() == (tmp_path / "outside.gwc.yaml").read_text() == before


# --- rotate


def test_rotation_ends_older_keys_after_the_overlap(project, run, text):
    before = text()
    code, out, err = run("keys", "rotate", FILE, "acme", "--expires", "90d")
    new = f'      - {{digest: "sha256:{digest(out.strip())}", expires: "2026-08-30T12:00:00Z"}}\n'
    end = ', expires: "2026-06-08T12:00:00Z"}\n'
    first, second = (next(line for line in before.splitlines(keepends=True) if d in line) for d in ACME)
    assert code == 0
    assert text() == before.replace(first, first.replace("}\n", end)).replace(second, second.replace("}\n", end) + new)
    assert "older keys that now end 2026-06-08T12:00:00Z: sha256:dc81b088d47d, sha256:7c30a8d790e0" in err


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ('{digest: "@", expires: "2026-06-08T12:00:01Z"}', '{digest: "@", expires: "2026-06-08T12:00:00Z"}'),
        ('{digest: "@", expires: "2026-06-08T12:00:00Z"}', None),
        ('{digest: "@", expires: "2026-06-01T12:00:01Z"}', None),
        ('{digest: "@", expires: "2026-06-01T12:00:00Z"}', None),
        ('{digest: "@", notBefore: "2026-06-01T12:00:01Z"}', None),
        (
            '{digest: "@", notBefore: "2026-06-01T12:00:00Z"}',
            '{digest: "@", notBefore: "2026-06-01T12:00:00Z", expires: "2026-06-08T12:00:00Z"}',
        ),
        ("{digest: '@', expires: never}", "error"),
    ],
)
def test_rotation_never_lengthens_and_leaves_keys_that_are_not_live(project, run, key, after):
    head = "apiVersion: gwc/v1\nkind: Consumers\nconsumers:\n  - id: acme\n    keys:\n"
    key, after = (x and x.replace("@", f"sha256:{ACME[0]}") for x in (key, after))
    (project / FILE).write_text(f"{head}      - {key}  # c\n")
    code, out, _ = run("keys", "rotate", FILE, "acme", "--expires", "never")
    if after == "error":
        assert (code, out) == (2, "")
        return
    assert code == 0
    quote = f'"sha256:{digest(out.strip())}"'
    assert (project / FILE).read_text() == f"{head}      - {after or key}  # c\n      - {{digest: {quote}}}\n"


def test_rotations_follow_each_other(project, run, text, clock):
    keys = []
    for _ in range(3):
        keys.append(run("keys", "rotate", FILE, "acme", "--expires", "90d")[1].strip())
        clock[0] += 30 * 86_400
    listed = json.loads(run("keys", "list", "--format", "json")[1])["consumers"][0]["keys"]
    assert [k["state"] for k in listed] == ["expired"] * 4 + ["live"]
    assert [k["expires"] for k in listed[2:]] == ["2026-07-08T12:00:00Z", "2026-08-07T12:00:00Z", "2026-10-29T12:00:00Z"]


# --- revoke


@pytest.mark.parametrize("prefix", [ACME[0][:8], ACME[0], f"sha256:{ACME[0][:12]}", ACME[0][:12].upper(), f"sha256:{ACME[0]}"])
def test_a_key_is_revoked_by_the_beginning_of_its_digest(project, run, text, prefix):
    before = text()
    code, out, err = run("keys", "revoke", FILE, "acme", prefix)
    assert (code, out) == (0, "")
    assert text() == "".join(line for line in before.splitlines(keepends=True) if ACME[0] not in line)
    assert "removed sha256:dc81b088d47d of acme, who has 1 other key" in err
    assert run("lint")[:2] == (0, "")


def test_an_ambiguous_prefix_is_refused(project, run, text):
    (project / FILE).write_text(text().replace(ACME[1], ACME[0][:10] + "0" * 54))
    before = text()
    code, _, err = run("keys", "revoke", FILE, "acme", ACME[0][:10])
    assert code == 2
    assert "several keys" in err
    assert text() == before
    assert run("keys", "revoke", FILE, "acme", ACME[0][:11])[0] == 0


def test_the_last_key_leaves_an_empty_list_that_loads(project, run, text):
    before = text()
    code, _, err = run("keys", "revoke", FILE, "globex", GLOBEX[:8])
    assert code == 0
    assert "who has no other key" in err
    assert text() == before.replace("  - id: globex\n    keys:\n", "  - id: globex\n    keys: []\n").replace(
        before.splitlines(keepends=True)[-1], ""
    )
    assert run("lint")[:2] == (0, "")
    assert run("keys", "revoke", FILE, "globex", "--all")[0] == 2
    assert run("keys", "create", FILE, "globex")[0] == 0
    assert run("keys", "check", FILE)[0] == 0


def test_all_keys_are_revoked(project, run, text):
    assert run("keys", "revoke", FILE, "acme", "--all")[0] == 0
    assert not any(d in text() for d in ACME)
    assert GLOBEX in text()


# --- list


def test_the_list_shows_beginnings_of_digests_and_states(project, run):
    run("keys", "create", FILE, "none", "--new")
    run("keys", "revoke", FILE, "none", "--all")
    run("keys", "create", FILE, "globex", "--not-before", "2026-06-01T12:00:01Z", "--expires", "2026-06-20")
    code, out, err = run("keys", "list", FILE)
    assert (code, err) == (0, "")
    rows = [re.split(r"  +", line) for line in out.splitlines()]
    assert rows[0] == ["CONSUMER", "DIGEST", "NOT BEFORE", "EXPIRES", "STATE"]
    assert rows[1] == ["acme", "sha256:dc81b088d47d", "-", "never", "live"]
    assert rows[3] == ["globex", "sha256:4505b99fa0e6", "-", "2026-01-01T00:00:00Z", "expired"]
    assert rows[4][2:] == ["2026-06-01T12:00:01Z", "2026-06-20", "not yet valid"]
    assert rows[5] == ["none", "-", "-", "-", "no key"]
    assert not re.search(r"[0-9a-f]{13}", out)


def test_the_list_as_json(project, run):
    listed = json.loads(run("keys", "list", "--format", "json")[1])
    assert listed["version"] == 1
    assert [c["id"] for c in listed["consumers"]] == ["acme", "globex"]
    assert listed["consumers"][1]["keys"] == [
        {"digest": "sha256:4505b99fa0e6", "notBefore": None, "expires": "2026-01-01T00:00:00Z", "state": "expired"}
    ]


# --- check


@pytest.mark.parametrize(
    ("now", "code", "said"),
    [
        ("2026-06-01T11:59:59Z", 0, ""),  # 30 days and a second
        ("2026-06-01T12:00:00Z", 1, "expires 2026-07-01T12:00:00Z, within 30 days"),
        ("2026-07-01T11:59:59Z", 1, "expires 2026-07-01T12:00:00Z, within 30 days"),
        ("2026-07-01T12:00:00Z", 1, "expired 2026-07-01T12:00:00Z"),
        ("2026-07-01T12:00:01Z", 1, "expired 2026-07-01T12:00:00Z"),
    ],
)
@pytest.mark.parametrize("style", ["full", "concise", "json", "sarif", "github"])
def test_keys_that_end_are_told(project, run, text, clock, now, code, said, style):
    (project / FILE).write_text(text().replace('expires: "2026-01-01T00:00:00Z"', 'expires: "2026-07-01T12:00:00Z"'))
    clock[0] = epoch_seconds(now)
    found, out, err = run("keys", "check", FILE, "--format", style)
    assert found == code
    assert said in out
    assert ("GWC210" in out) == bool(code)
    if style == "concise" and code:
        assert out.startswith(f"{FILE}:12:18: warning[GWC210] key sha256:4505b99fa0e6 of globex ")
    if not code:
        assert "no key has expired" in err


def test_the_help_says_what_to_do(project, run, clock):
    (_, out, _) = run("keys", "check")
    assert f"help: gwc keys revoke {FILE} globex sha256:4505b99fa0e6" in out
    run("keys", "revoke", "globex", "--all")
    run("keys", "create", "globex", "--expires", "20d")
    assert f"help: gwc keys rotate {FILE} globex" in run("keys", "check")[1]
    key = run("keys", "rotate", "globex")[1].strip()
    assert f"help: globex has the key sha256:{digest(key)[:12]} to move to" in run("keys", "check")[1]


def test_a_key_is_looked_up(project, run, monkeypatch, clock):
    key = run("keys", "create", FILE, "globex", "--not-before", "2026-06-01T12:00:10Z", "--expires", "2026-06-01T12:00:20Z")[1]
    for second, code, said in (
        (9, 1, "not valid before 2026-06-01T12:00:10Z"),
        (10, 0, "is valid until"),
        (19, 0, "is valid until"),
        (20, 1, "but expired"),
    ):
        clock[0] = NOW + second
        typed(monkeypatch, key.encode())
        found, out, _ = run("keys", "check", FILE, "--key", "-", "--format", "concise")
        assert (found, out.startswith(f"{FILE}:13:18:")) == (code, True)
        assert "the key belongs to globex" in out
        assert said in out


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "malformed: it is empty"),
        (b"\n", "malformed: it is empty"),
        (b"hunter2\n", "malformed: it does not begin with gwc_"),
        (written(3)[:-1].encode() + b"!", "malformed: it is not gwc_ and 49"),
        (b"\xff\xfe\x00", "malformed"),
        (written(3)[:-1].encode() + b"0", "malformed: its checksum is wrong"),
        (written(3).encode() + b"\r\n", "well-formed, but no consumer"),
        (written(3).encode() + b"\n\n", "malformed"),
        (b"a" * 4096, "malformed"),
    ],
)
def test_a_key_that_nobody_has(project, run, monkeypatch, data, said):
    typed(monkeypatch, data)
    code, out, _ = run("keys", "check", "--key", "-", "--format", "concise")
    assert code == 1
    assert said in out
    assert out.startswith(f"{FILE}:4:1: warning[GWC211] ")
    assert b"hunter2" not in out.encode()


def test_too_much_is_no_key(project, run, monkeypatch):
    typed(monkeypatch, b"a" * 4097)
    assert run("keys", "check", "--key", "-")[:2] == (2, "")


def test_a_key_that_gwc_did_not_make_is_known_all_the_same(project, run, text, monkeypatch):
    (project / FILE).write_text(text().replace(ACME[0], digest("hunter2")))
    typed(monkeypatch, b"hunter2\n")
    code, out, _ = run("keys", "check", "--key", "-", "--format", "concise")
    assert code == 0
    assert "belongs to acme and is valid without an end; gwc did not make it" in out


def test_a_key_on_a_terminal_is_not_echoed(project, run, monkeypatch):
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or written(3))
    assert "no consumer of this file" in run("keys", "check", "--key", "-")[1]
    assert asked == ["key: "]


# --- what can go wrong while a key is being shown


def lost(err: str) -> str:
    found = re.search(
        rf"the new key of acme is in {FILE}, but could not be shown: it is lost; revoke it: (gwc keys revoke {FILE} acme sha256:[0-9a-f]{{12}})\n",
        err,
    )
    assert found, err
    return found[1]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokenPipeError(), 141),
        (OSError(28, "No space left on device"), 141),
        (ValueError("I/O operation on closed file"), 141),
        (KeyboardInterrupt(), 130),
    ],
)
def test_a_key_that_could_not_be_shown_is_said_to_be_lost(project, run, text, monkeypatch, error, code):
    monkeypatch.setattr("gwc.cli.guard._broken_pipe", lambda: 141)
    tried = []

    def fail(key):
        tried.append(key)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout.write", fail)
        found, out, err = run("keys", "create", FILE, "acme")
    (key,) = tried
    assert found == code
    assert key.strip()[4:40] not in out + err
    assert digest(key.strip()) in text()
    assert run(*lost(err).split()[1:])[0] == 0
    assert digest(key.strip()) not in text()


def test_an_interrupt_after_the_file_was_replaced_says_that_the_key_is_lost(project, run, monkeypatch):
    real = save.replace

    def interrupted(*arguments):
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(save, "replace", interrupted)
    code, out, err = run("keys", "create", FILE, "acme")
    assert (code, out) == (130, "")
    lost(err)


def test_an_interrupt_before_the_file_was_replaced_says_nothing(project, run, text, monkeypatch):
    before = text()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(save, "replace", interrupted)
    assert run("keys", "create", FILE, "acme") == (130, "", "")
    assert text() == before


def test_a_failed_write_shows_no_key(project, run, text, monkeypatch):
    before = text()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(save.os, "fsync", full)
    code, out, err = run("keys", "create", FILE, "acme")
    assert (code, out) == (2, "")
    assert "can't be changed: No space left on device" in err
    assert text() == before
    assert sorted(p.name for p in project.glob(".*")) == []


def test_the_key_is_shown_after_the_file_was_replaced(project, run, monkeypatch):
    seen = []
    real = save.replace

    def watched(path, before, after):
        seen.append("replace")
        real(path, before, after)

    monkeypatch.setattr(save, "replace", watched)
    monkeypatch.setattr("gwc.cli.keys_reveal._reveal", lambda _: seen.append("show"))
    assert run("keys", "create", FILE, "acme")[0] == 0
    assert seen == ["replace", "show"]


def test_an_internal_error_tells_nothing_of_the_key_even_with_a_traceback(project, run, monkeypatch):
    made = []

    def broken(*_arguments):
        raise RuntimeError("broken")

    real = key_format.new_key
    monkeypatch.setattr(key_format, "new_key", lambda: made.append(real()) or made[-1])
    monkeypatch.setattr(save, "replace", broken)
    monkeypatch.setenv("GWC_DEBUG", "1")
    code, out, err = run("keys", "create", FILE, "acme")
    assert code == 5
    assert "Traceback" in err
    assert made[0].text[4:40] not in out + err


# --- as a process of its own


def start(*arguments: object, **how: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "gwc", "keys", *map(str, arguments)], stderr=subprocess.PIPE, **how)


def require_lost(process: subprocess.Popen[bytes], code: int, project: Path) -> None:
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert not PATTERN.search(err.decode())
    lost(err.decode())
    assert "Traceback" not in err.decode()
    assert "Exception ignored" not in err.decode()


def test_a_pipe_that_nobody_reads(project):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        require_lost(start("create", FILE, "acme", stdout=writing), 141, project)
    finally:
        os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full(project):
    with Path("/dev/full").open("wb") as full:
        require_lost(start("rotate", FILE, "acme", stdout=full), 141, project)


def test_without_a_standard_output_nothing_is_changed(project, text):
    before = text()
    script = f"exec {sys.executable} -m gwc keys create {FILE} acme >&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, cwd=project)
    assert done.returncode == 2
    assert b"standard output is closed" in done.stderr
    assert text() == before


def test_without_a_standard_output_a_change_that_shows_no_key_is_made(project, text):
    created = start("create", FILE, "acme", stdout=subprocess.PIPE).communicate(timeout=60)[0].decode().strip()
    script = f"exec {sys.executable} -m gwc keys revoke {FILE} acme --all >&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, cwd=project)
    assert (done.returncode, digest(created) in text()) == (0, False), done.stderr


def test_runs_at_the_same_time_lose_no_key(project, text):
    started = [start("create", FILE, "acme", stdout=subprocess.PIPE) for _ in range(4)]
    keys = [process.communicate(timeout=120)[0].decode().strip() for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert all(digest(key) in text() for key in keys)
    assert sorted(p.name for p in project.glob(".*")) == []


def test_only_the_key_is_on_standard_output(project):
    process = start("create", FILE, "acme", stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    assert re.fullmatch(rb"gwc_[0-9A-Za-z]{49}\n", out)


# --- the page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"


def test_the_commands_of_the_page_work(project, run, monkeypatch):
    (project / "key.txt").write_text(written(3))
    commands = re.findall(r"^ {4}gwc keys ([^#\n]*)", PAGE.read_text(), re.MULTILINE)
    assert len(commands) == 10
    for command in commands:
        arguments, _, redirected = command.partition("<")
        if redirected:
            typed(monkeypatch, (project / redirected.strip()).read_bytes())
        assert run("keys", *arguments.split())[0] == (1 if "check" in command else 0), command


def test_the_checksum_of_the_page_is_right():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = {}
    exec(code, found)
    assert found["is_key"](written(3))
    assert not found["is_key"](written(3)[:-1] + "0")
    assert f"\n    {PATTERN.pattern}\n" in PAGE.read_text()
