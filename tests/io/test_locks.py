"""Locks: one holder at a time, across threads and processes, gone with the process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from textdl.io import locks
from textdl.io.locks import FileLock

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from textdl.io.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.acquire()
lock.sign()
print("held", flush=True)
time.sleep(60)
"""


def holding_process(path):
    command = [sys.executable, "-W", "error", "-c", HOLD, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


def test_lock_second_holder_is_refused(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert first.is_proven
    first.sign()
    assert not second.acquire()
    assert second.holder().startswith(f"process {os.getpid()} on ")
    second.release()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_lock_dies_with_its_process(tmp_path):
    lock = FileLock(tmp_path / "lock")
    with holding_process(tmp_path / "lock") as process:
        assert not lock.acquire()
        assert lock.holder().startswith(f"process {process.pid} on ")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert lock.acquire()
    lock.release()


def test_lock_holder_unknown(tmp_path):
    lock = FileLock(tmp_path / "lock")
    assert lock.holder() == "another process"
    for content in (b"", b"\xff\xfe", b"process 1\x1b[2J"):
        (tmp_path / "lock").write_bytes(content)
        assert lock.holder() == "another process"


def test_lock_missing_file_is_not_created(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "lock").acquire(create=False)


def test_lock_removed_between_open_and_lock_is_taken_anew(tmp_path, monkeypatch):
    """The holder releases, and so removes the file, just before the other locks it."""
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    real = locks._lock
    monkeypatch.setattr(locks, "_lock", lambda descriptor: (first.release(), real(descriptor)))
    assert second.acquire()
    assert (tmp_path / "lock").exists()
    monkeypatch.undo()
    assert not first.acquire()
    second.release()


def test_lock_file_system_without_locks_proves_nothing(tmp_path, monkeypatch):
    def unsupported(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "_lock", unsupported)
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert second.acquire()
    assert not second.is_proven
    second.release()
    assert (tmp_path / "lock").exists(), "it may be the other's"
    first.release()
