"""The file is replaced in one step, for one writer at a time, and by nobody who meant another file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gwc.keys import save
from gwc.keys.save import alone, replace
from gwc.output.errors import OutputError


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "consumers.gwc.yaml").write_bytes(b"old\r\n")
    return tmp_path / "consumers.gwc.yaml"


def names(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def test_the_content_is_replaced_and_nothing_else_is_left(path):
    with alone(path):
        replace(path, b"old\r\n", b"new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert names(path) == [path.name]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_mode_stays(path, mode):
    path.chmod(mode)
    replace(path, b"old\r\n", b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(path):
    os.chown(path, 12345, 23456)
    path.chmod(0o600)
    replace(path, b"old\r\n", b"new")
    assert (path.stat().st_uid, path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (12345, 23456, 0o600)


def test_readers_find_a_whole_file_whose_bytes_are_on_the_disk(path, monkeypatch):
    order = []
    real_fsync, real_replace = os.fsync, Path.replace
    monkeypatch.setattr(save.os, "fsync", lambda fd: order.append(("fsync", stat.S_ISDIR(os.fstat(fd).st_mode))) or real_fsync(fd))
    monkeypatch.setattr(Path, "replace", lambda self, to: order.append(("rename", to.name)) or real_replace(self, to))
    replace(path, b"old\r\n", b"new")
    assert order == [("fsync", False), ("rename", path.name), ("fsync", True)]


def test_a_change_by_somebody_else_is_not_overwritten(path):
    path.write_bytes(b"edited")
    with pytest.raises(OutputError, match="changed by somebody else"):
        replace(path, b"old\r\n", b"new")
    assert (path.read_bytes(), names(path)) == (b"edited", [path.name])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_changes_nothing_and_leaves_nothing(path, monkeypatch, error):
    def fail(_descriptor):
        raise error

    monkeypatch.setattr(save.os, "fsync", fail)
    with pytest.raises(OutputError if isinstance(error, OSError) else KeyboardInterrupt):
        replace(path, b"old\r\n", b"new")
    assert (path.read_bytes(), names(path)) == (b"old\r\n", [path.name])


def test_a_write_protected_file_is_respected(path, monkeypatch):
    monkeypatch.setattr(save.os, "access", lambda *_: False)  # root may always write
    with pytest.raises(OutputError, match="write-protected"):
        replace(path, b"old\r\n", b"new")


def test_a_symlink_is_refused_before_and_at_the_end(path):
    link = path.with_name("link.gwc.yaml")
    link.symlink_to(path.name)
    with pytest.raises(OutputError, match="is a symlink"), alone(link):
        pytest.fail("not refused")
    with pytest.raises(OutputError, match="is a symlink"):
        replace(link, b"old\r\n", b"new")
    assert path.read_bytes() == b"old\r\n"
    assert names(path) == [path.name, link.name]


def test_what_is_no_file_is_refused(path):
    os.mkfifo(path.with_name("fifo"))
    for name, why in (("fifo", "no regular file"), (".", "no regular file"), ("missing", "No such file")):
        with pytest.raises(OutputError, match=why), alone(path.with_name(name) if name != "." else path.parent):
            pytest.fail("not refused")


def test_only_one_at_a_time(path):
    with alone(path), pytest.raises(OutputError, match="another gwc"), alone(path, wait_s=0.2):
        pytest.fail("two at once")
    with alone(path, wait_s=0.2):
        pass
    assert names(path) == [path.name]


def test_mistakes_of_the_block_are_not_taken_for_mistakes_with_the_file(path):
    with pytest.raises(BrokenPipeError), alone(path):
        raise BrokenPipeError
