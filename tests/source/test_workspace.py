"""Nothing outside the root is read, nothing that is no regular file is opened."""

from __future__ import annotations

import os
import socket

import pytest

from gwc.diagnostics import Label, Problems, Span
from gwc.source import Workspace
from gwc.source import workspace as module

PLACE = Label(Span("policy.yaml", 3, 5))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.yaml").write_text("secret: 1")
    (tmp_path / "root-2").mkdir()
    (tmp_path / "root-2" / "a.yaml").write_text("secret: 1")
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.yaml").write_text("a: 1")
    (folder / "sub" / "b.json").write_text('{"b": 1}')
    return folder


def code_of(root, path):
    with pytest.raises(Problems) as raised:
        Workspace(root).load(path, PLACE)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.labels == (PLACE,)
    assert str(root.parent) not in diagnostic.message.replace(str(path), "")
    return diagnostic.code


def test_files_below_the_root_are_read_once(root):
    space = Workspace(root)
    assert space.load("a.yaml").value == {"a": 1}
    assert space.load("sub/../a.yaml") is space.load(str(root / "a.yaml")) is space.load("./a.yaml")
    assert space.load("sub/b.json").path == "sub/b.json"
    assert space.text("a.yaml") == "a: 1"


@pytest.mark.parametrize("path", ["../secret.yaml", "sub/../../secret.yaml", "/etc/passwd", "../root-2/a.yaml", "//etc/passwd", ".."])
def test_paths_out_of_the_root_are_refused(root, path):
    assert code_of(root, path) == "GWC008"


def test_absolute_paths_beside_the_root_are_refused(root):
    assert code_of(root, str(root.parent / "secret.yaml")) == "GWC008"
    assert code_of(root, str(root.parent / "root-2" / "a.yaml")) == "GWC008"


def test_links_out_of_the_root_are_refused_and_links_inside_are_followed(root):
    (root / "in.yaml").symlink_to("a.yaml")
    (root / "out.yaml").symlink_to("../secret.yaml")
    (root / "folder").symlink_to("..")
    (root / "loop.yaml").symlink_to("loop.yaml")
    assert Workspace(root).load("in.yaml").value == {"a": 1}
    assert code_of(root, "out.yaml") == "GWC008"
    assert code_of(root, "folder/secret.yaml") == "GWC008"
    assert code_of(root, "loop.yaml") == "GWC001"
    assert Workspace(root).text("out.yaml") is None


def test_a_root_behind_a_link_is_a_root(root):
    link = root.parent / "link"
    link.symlink_to(root)
    assert Workspace(link).load(str(link / "a.yaml")).path == "a.yaml"


@pytest.mark.parametrize("path", ["nothing.yaml", "sub", ".", "a.yaml/b", "nul\0.yaml"])
def test_what_is_no_file_is_refused(root, path):
    assert code_of(root, path) == "GWC001"


def test_fifos_sockets_and_devices_are_not_opened(root):
    os.mkfifo(root / "fifo.yaml")
    assert code_of(root, "fifo.yaml") == "GWC001"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "s.yaml"))
        assert code_of(root, "s.yaml") == "GWC001"
    assert Workspace(root.parent.parent).root  # a device can't be made without root; the links to one are refused as outside
    (root / "zero.yaml").symlink_to("/dev/zero")
    assert code_of(root, "zero.yaml") == "GWC008"


def test_a_root_that_holds_devices_reads_none():
    with pytest.raises(Problems, match="no regular file"):
        Workspace(module.Path("/dev")).load("zero", PLACE)


def test_unreadable_files_are_refused(root):
    (root / "a.yaml").chmod(0)
    if os.geteuid() != 0:
        assert code_of(root, "a.yaml") == "GWC001"


def test_large_files_are_refused(root, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 4)
    assert Workspace(root).load("a.yaml").value == {"a": 1}
    (root / "a.yaml").write_text("a: 12")
    assert code_of(root, "a.yaml") == "GWC005"


def test_the_number_of_files_is_limited(root, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 1)
    space = Workspace(root)
    space.load("a.yaml")
    with pytest.raises(Problems, match="more than 1 files"):
        space.load("sub/b.json")


def test_a_broken_file_is_read_once_and_refused_each_time(root):
    (root / "broken.yaml").write_text("a: [")
    space = Workspace(root)
    for _ in range(2):
        with pytest.raises(Problems) as raised:
            space.load("broken.yaml", PLACE)
        assert raised.value.diagnostics[0].span.path == "broken.yaml"


def test_a_missing_file_is_reported_to_everyone_who_refers_to_it(root):
    space = Workspace(root)
    for line in (1, 2):
        with pytest.raises(Problems) as raised:
            space.load("nothing.yaml", Label(Span("a.yaml", line, 1)))
        assert raised.value.diagnostics[0].span.line == line
