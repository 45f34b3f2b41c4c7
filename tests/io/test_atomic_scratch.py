"""Scratch folders: removed in the end, or by the next run; never under a live process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from textdl.io import atomic, locks
from textdl.io.atomic import (
    LOCK,
    REPLACED,
    atomic_write,
    is_scratch,
    remove_leftovers,
    scratch_folder,
)

ROOT = Path(__file__).parents[2]
WRITE = """
import sys, time
from pathlib import Path
from textdl.io.atomic import scratch_folder
with scratch_folder(Path(sys.argv[1]), "job") as folder:
    (folder / "inner").mkdir()
    (folder / "inner" / "draft").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def working_process(parent):
    command = [sys.executable, "-W", "error", "-c", WRITE, str(parent)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    assert (folder / "inner" / "draft").exists()
    return process, folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_scratch_failure_removes_it(tmp_path):
    def fail():
        with scratch_folder(tmp_path, "job") as folder:
            (folder / "draft").write_text("half")
            assert is_scratch(folder / "draft")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(tmp_path) == []
    assert not is_scratch(tmp_path)


def test_leftovers_of_killed_process_are_removed_and_of_live_one_kept(tmp_path):
    process, folder = working_process(tmp_path)
    with process:
        remove_leftovers(tmp_path)
        assert (folder / "inner" / "draft").exists()
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert folder.exists()
    with atomic_write(tmp_path / "output") as path:
        path.write_text("whole")
    assert names(tmp_path) == ["output"]


def test_leftovers_of_another_machine_are_kept(tmp_path, monkeypatch):
    other = tmp_path / ".output.0123456789abcdef.partial"
    other.mkdir()
    (other / LOCK).touch()
    remove_leftovers(tmp_path)
    assert other.exists()
    monkeypatch.setattr(atomic, "_machine", lambda: "01234567")
    remove_leftovers(tmp_path)
    assert not other.exists()


def test_leftovers_without_proof_are_kept(tmp_path, monkeypatch):
    """Where a file system grants every lock, nobody is known to be dead."""
    folder, lock = atomic._make(tmp_path, "job")

    def unsupported(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "_lock", unsupported)
    remove_leftovers(tmp_path)
    assert folder.exists()
    assert (folder / LOCK).exists()
    monkeypatch.undo()
    lock.release()


def test_leftovers_of_another_user_are_kept(tmp_path, monkeypatch):
    folder, lock = atomic._make(tmp_path, "job")
    os.close(lock._descriptor)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    remove_leftovers(tmp_path)
    assert folder.exists()
    monkeypatch.undo()
    remove_leftovers(tmp_path)
    assert not folder.exists()


def test_leftovers_other_names_and_links_are_kept(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / ".v.partial").mkdir()
    (tmp_path / f".v.{atomic._machine()}00000000.partial").write_text("a file")
    (tmp_path / f".w.{atomic._machine()}00000000.partial").symlink_to(tmp_path / "mine")
    before = names(tmp_path)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == before
    remove_leftovers(tmp_path / "missing")


def test_leftovers_killed_before_the_lock_was_made(tmp_path):
    (tmp_path / f".v.{atomic._machine()}00000000.partial").mkdir()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == []


def test_scratch_taken_for_a_leftover_is_made_anew(tmp_path, monkeypatch):
    """Another process sweeps between the folder and its lock."""
    acquire, swept = locks.FileLock.acquire, []

    def sweep_first(self, **options):
        if not swept:
            swept.append(self.path.parent)
            remove_leftovers(tmp_path)
        return acquire(self, **options)

    monkeypatch.setattr(locks.FileLock, "acquire", sweep_first)
    with scratch_folder(tmp_path, "job") as folder:
        assert folder != swept[0]
        assert names(tmp_path) == [folder.name]


def test_leftovers_give_back_what_they_replaced(tmp_path):
    """Killed after the old folder made room, before the new one took its place."""
    left = tmp_path / f".store.{atomic._machine()}00000000.partial"
    (left / REPLACED / "store").mkdir(parents=True)
    (left / REPLACED / "store" / "old").touch()
    (left / "store").mkdir()
    (left / LOCK).touch()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["store"]
    assert names(tmp_path / "store") == ["old"]
