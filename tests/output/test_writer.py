"""The output folder is replaced whole or not at all, and nothing that gwc did not write is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gwc.output import tree, writer
from gwc.output.drift import Drift, drift
from gwc.output.errors import OutputError
from gwc.output.exchange import ExchangeUnsupported
from gwc.output.lock import held
from gwc.output.manifest import NAME, Compiled, files_of
from gwc.output.names import Names
from gwc.output.writer import publish


def bundle(text: str = "one", **more: str) -> dict[str, bytes]:
    """Files as a compile would make them, manifest included."""
    from gwc.backends.base import LedgerRow, Output  # noqa: PLC0415

    files = {"nginx.conf": text.encode(), "js/policy.js": b"x", **{k: v.encode() for k, v in more.items()}}
    ledger = (LedgerRow(control="routing", subject="a.b", file="nginx.conf", line=1),)
    return files_of([Compiled(name="orders", prefix="", inputs={"p": "0" * 64}, outputs={"nginx": Output(files=files, ledger=ledger)})])


def content(folder: Path) -> dict[str, bytes | None]:
    return {path: tree.read(entry) for path, entry in tree.entries(folder)}


def no_exchange(*_: object) -> None:
    raise ExchangeUnsupported


@pytest.fixture(params=["exchange", "symlink"])
def out(request, tmp_path, monkeypatch) -> Path:
    """An output path on a file system that can swap names, and on one that can't."""
    if request.param == "symlink":
        monkeypatch.setattr(writer, "exchange", no_exchange)
        monkeypatch.setattr(writer, "rename_new", no_exchange)
    return tmp_path / "out"


def test_writes_replaces_and_leaves_nothing_beside(out):
    assert publish(out, bundle("one", extra="1"))
    assert content(out) == bundle("one", extra="1")
    for text in ("two", "three", "four"):
        assert publish(out, bundle(text))
        assert content(out) == bundle(text)
        assert {e.name for e in out.parent.iterdir()} <= {"out", str(out.readlink()) if out.is_symlink() else "out"}


def test_an_equal_output_is_not_touched(out):
    publish(out, bundle())
    before = (out / NAME).stat().st_ino
    assert not publish(out, bundle())
    assert (out / NAME).stat().st_ino == before


def test_a_file_that_gwc_did_not_write_stops_it(out):
    publish(out, bundle("one"))
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes.txt \(not written by gwc\)"):
        publish(out, bundle("two"))
    assert content(out) == {**bundle("one"), "notes.txt": b"mine"}
    (out / "notes.txt").unlink()
    assert publish(out, bundle("two"))


def test_a_file_that_was_edited_stops_it(out):
    publish(out, bundle("one"))
    (out / "nginx/nginx.conf").write_text("by hand")
    with pytest.raises(OutputError, match=r"nginx/nginx.conf \(changed since\)"):
        publish(out, bundle("two"))
    assert (out / "nginx/nginx.conf").read_text() == "by hand"
    assert publish(out, bundle("two"), force=True)
    assert content(out) == bundle("two")


@pytest.mark.parametrize("manifest", ["", "{", "[]", '{"files": 3}', '{"files": {"nginx/nginx.conf": 1}}', "[" * 100000])
def test_a_broken_manifest_vouches_for_nothing(out, manifest):
    publish(out, bundle("one"))
    (out / NAME).write_text(manifest)
    with pytest.raises(OutputError, match="not written by gwc"):
        publish(out, bundle("two"))


def test_a_folder_without_manifest_is_foreign(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for n in range(50):
        (out / f"{n}.txt").write_text("")
    with pytest.raises(OutputError, match="and more") as refused:
        publish(out, bundle())
    assert str(refused.value).count("not written") <= 8
    assert len(list(out.iterdir())) == 50


def test_an_empty_folder_is_taken(out):
    out.mkdir()
    assert publish(out, bundle())
    assert content(out) == bundle()


def test_a_symlink_is_never_written_through(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "out").symlink_to(real)
    with pytest.raises(OutputError, match="is a symlink"):
        publish(tmp_path / "out", bundle(), force=True)
    assert list(real.iterdir()) == []
    assert publish(real, bundle())


def test_a_symlink_inside_counts_as_foreign_and_its_target_survives(tmp_path):
    out, outside = tmp_path / "out", tmp_path / "outside"
    publish(out, bundle("one"))
    outside.write_bytes((out / "nginx/nginx.conf").read_bytes())
    (out / "nginx/nginx.conf").unlink()
    (out / "nginx/nginx.conf").symlink_to(outside)
    with pytest.raises(OutputError, match="nginx"):
        publish(out, bundle("two"))
    assert publish(out, bundle("two"), force=True)
    assert outside.read_text() == "one"
    assert not (out / "nginx/nginx.conf").is_symlink()


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "out").write_text("precious")
    with pytest.raises(OutputError, match="is not a folder"):
        publish(tmp_path / "out", bundle(), force=True)
    with pytest.raises(OutputError, match="can't be written"):
        publish(tmp_path / "out" / "deeper", bundle(), force=True)
    assert (tmp_path / "out").read_text() == "precious"


def test_the_root_is_no_output_folder():
    with pytest.raises(OutputError, match="folder of its own"):
        publish(Path("/"), bundle(), force=True)


def test_a_place_that_can_not_be_written_is_an_error():
    with pytest.raises(OutputError, match="can't be written"):  # even root makes no folder there
        publish(Path("/proc/self/fdinfo/out"), bundle())


def test_a_backend_can_not_write_outside(tmp_path):
    for path in ("../evil", "/evil", "a/../../evil"):
        with pytest.raises(ValueError, match="outside its folder"):
            publish(tmp_path / "out", {path: b""})
    assert list(tmp_path.iterdir()) == []


def test_only_one_writes_at_a_time(tmp_path):
    out = tmp_path / "out"
    publish(out, bundle("one"))
    with held(Names(out).lock, 1), pytest.raises(OutputError, match="another gwc is writing"):
        publish(out, bundle("two"), lock_wait_s=0.1)
    assert content(out) == bundle("one")
    assert publish(out, bundle("two"), lock_wait_s=0.1)


def test_the_lock_of_a_dead_process_does_not_count(tmp_path):
    names = Names(tmp_path / "out")
    names.lock.write_text("")
    assert publish(tmp_path / "out", bundle(), lock_wait_s=0.1)
    assert not names.lock.exists()


def test_a_failing_disk_changes_nothing(out, monkeypatch):
    publish(out, bundle("one"))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        publish(out, bundle("two"))
    monkeypatch.undo()
    assert content(out) == bundle("one")
    assert not [e for e in out.parent.iterdir() if e.name not in {"out", str(out.readlink()) if out.is_symlink() else ""}]


# Kills itself with SIGKILL at the n-th thing that touches the file system below the folder: audit events come before the call.
_KILLED = """
import os, signal, sys
from pathlib import Path
from gwc.output import writer
from gwc.output.exchange import ExchangeUnsupported
sys.path.insert(0, sys.argv[4])
from tests.output.test_writer import bundle, no_exchange
out, fatal, mode = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if mode == "symlink":
    writer.exchange = writer.rename_new = no_exchange
files, seen = bundle("two", extra="2"), 0
TOUCHES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.scandir", "ctypes.dlsym", "fcntl.flock"}
def hook(event, arguments):
    global seen
    if event in TOUCHES:
        seen += 1
        if seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
writer.publish(out, files)
print(seen)
"""


def run_killed_at(out: Path, moment: int, mode: str) -> subprocess.CompletedProcess[str]:
    here = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", _KILLED, str(out), str(moment), mode, here]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=here, timeout=60)


@pytest.mark.parametrize("mode", ["exchange", "symlink"])
def test_kill_9_at_any_moment_leaves_a_whole_output(tmp_path, mode, monkeypatch):
    if mode == "symlink":
        monkeypatch.setattr(writer, "exchange", no_exchange)
        monkeypatch.setattr(writer, "rename_new", no_exchange)
    finished = run_killed_at(tmp_path / "whole" / "out", 10**6, mode)
    assert finished.returncode == 0, finished.stderr
    states = set()
    # Every third moment: the steps are many, and each run starts a Python.
    for moment in range(1, int(finished.stdout) + 60, 3):
        out = tmp_path / str(moment) / "out"
        publish(out, bundle("one"))
        died = run_killed_at(out, moment, mode)
        if died.returncode == 0:
            break
        assert died.returncode == -signal.SIGKILL, died.stderr
        found = content(out)
        assert found in (bundle("one"), bundle("two", extra="2"))
        states.add(len(found))
        publish(out, bundle("three"))  # and the next run is not disturbed by what the dead one left
        assert content(out) == bundle("three")
        assert len(list(out.parent.iterdir())) == (2 if out.is_symlink() else 1)
    assert states == {len(bundle("one")), len(bundle("two", extra="2"))}, "killed before and after the swap"


def test_the_moment_without_output_of_the_symlink_fallback_is_mended(tmp_path, monkeypatch):
    out = tmp_path / "out"
    publish(out, bundle("one"))
    out.rename(Names(out).away())  # as a run that was killed between its two renames leaves it
    monkeypatch.setattr(writer, "exchange", no_exchange)
    with pytest.raises(OutputError, match="mine"):
        (next(tmp_path.iterdir()) / "mine").write_text("")
        publish(out, bundle("two"))
    (out / "mine").unlink()
    assert content(out) == bundle("one")
    assert publish(out, bundle("two"))
    assert content(out) == bundle("two")


def test_drift_lists_what_a_compile_would_do(out):
    publish(out, bundle("one", gone="1"))
    assert drift(out, bundle("one", gone="1")) == ()
    (out / "nginx/js/policy.js").unlink()
    (out / "nginx/mine").write_text("")
    changes = drift(out, bundle("two"))
    assert changes == (
        Drift(NAME, "changed"),
        Drift("nginx/gone", "removed"),
        Drift("nginx/js/policy.js", "added"),
        Drift("nginx/mine", "removed"),
        Drift("nginx/nginx.conf", "changed"),
    )


def test_drift_without_output_is_all_added_and_writes_nothing(tmp_path):
    assert {d.change for d in drift(tmp_path / "out", bundle())} == {"added"}
    assert list(tmp_path.iterdir()) == []


def test_writers_at_the_same_time_take_turns(tmp_path):
    out = tmp_path / "out"
    here = str(Path(__file__).resolve().parents[2])
    code = (
        "import sys; from pathlib import Path; from gwc.output.writer import publish; from tests.output.test_writer import bundle\n"
        "for n in range(20): publish(Path(sys.argv[1]), bundle(f'{sys.argv[2]} {n}'))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(out), str(n)], cwd=here, stderr=subprocess.PIPE) for n in range(3)]
    assert [w.communicate(timeout=60)[1] for w in writers] == [b"", b"", b""]
    assert [w.returncode for w in writers] == [0, 0, 0]
    assert content(out) in [bundle(f"{n} 19") for n in range(3)]
    assert list(tmp_path.iterdir()) == [out]
