import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from textdl.errors import CorpusReadError, OutputError
from textdl.io.atomic import atomic_write, check_writable


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fail_with(target, error, *, folder=False):
    """Write half of a file or a folder, then fail."""
    with atomic_write(target) as path:
        if folder:
            path.mkdir()
            (path / "half").write_text("half", "utf-8")
        else:
            path.write_text("half", "utf-8")
        raise error


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_written_and_replaced(tmp_path, kind):
    for text in ("old", "new"):
        with atomic_write(kind(tmp_path / "file.txt")) as path:
            assert path.parent.parent == tmp_path
            path.write_text(text, "utf-8")
        assert (tmp_path / "file.txt").read_text("utf-8") == text
    assert names(tmp_path) == ["file.txt"]


def test_a_folder_is_written_and_replaced(tmp_path):
    for name in ("old", "new"):
        with atomic_write(tmp_path / "folder") as path:
            path.mkdir()
            (path / name).write_text(name, "utf-8")
        assert names(tmp_path / "folder") == [name]
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), CorpusReadError("no")])
@pytest.mark.parametrize("existing", [True, False])
def test_a_failure_leaves_what_was_there(tmp_path, error, folder, existing):
    target = tmp_path / "target"
    if existing:
        with atomic_write(target) as path:
            path.write_text("old", "utf-8")
    with pytest.raises(type(error)):
        fail_with(target, error, folder=folder)
    assert names(tmp_path) == (["target"] if existing else [])
    assert not existing or target.read_text("utf-8") == "old"


def test_the_target_is_untouched_until_the_end(tmp_path):
    (tmp_path / "file").write_text("old", "utf-8")
    with atomic_write(tmp_path / "file") as path:
        path.write_text("new", "utf-8")
        assert (tmp_path / "file").read_text("utf-8") == "old"


def test_a_folder_comes_back_where_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_text("old", "utf-8")
    rename, calls = Path.replace, []

    def second_fails(self, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", second_fails)
    with (
        pytest.raises(OutputError, match="Input/output error"),
        atomic_write(tmp_path / "folder") as p,
    ):
        p.mkdir()
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == ["old"]


def test_relative_paths_and_paths_without_a_parent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for target in ("file", "./sub/file", "sub/../other"):
        with atomic_write(target) as path:
            path.write_text(target, "utf-8")
    assert names(tmp_path) == ["file", "other", "sub"]
    assert names(tmp_path / "sub") == ["file"]


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "file")
    with atomic_write(tmp_path / "link") as path:
        path.write_text("text", "utf-8")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "file").read_text("utf-8") == "text"


def test_the_longest_name_a_file_may_have(tmp_path):
    with atomic_write(tmp_path / ("é" * 127)) as path:
        path.write_text("text", "utf-8")
    assert names(tmp_path) == ["é" * 127]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("missing/file", "the folder 'missing' does not exist; create it first"),
        ("a_file/file", "the folder 'a_file' does not exist; create it first"),
        ("", "cannot write '.': expected a path that ends in a name"),
        ("..", "cannot write '..': expected a path that ends in a name"),
        ("/", "cannot write '/': expected a path that ends in a name"),
    ],
)
@pytest.mark.parametrize("check", [check_writable, lambda target: atomic_write(target).__enter__()])
def test_impossible_targets(tmp_path, monkeypatch, target, message, check):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").write_text("text", "utf-8")
    with pytest.raises(OutputError) as error_info:
        check(target)
    assert message in str(error_info.value)
    assert "\n" not in str(error_info.value)


def test_a_folder_without_the_right_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="is not writable; choose another"):
        check_writable(tmp_path / "file")


def test_a_file_over_a_folder_and_the_reverse(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text", "utf-8")
    with (
        pytest.raises(OutputError, match="Is a directory"),
        atomic_write(tmp_path / "folder") as path,
    ):
        path.write_text("text", "utf-8")
    with (
        pytest.raises(OutputError, match="Not a directory"),
        atomic_write(tmp_path / "file") as path,
    ):
        path.mkdir()
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_full_disk(tmp_path, number):
    with pytest.raises(OutputError, match=r"could not write .* free some space or choose") as info:
        fail_with(tmp_path / "file", OSError(number, os.strerror(number)))
    assert os.strerror(number) in str(info.value)
    assert names(tmp_path) == []


def test_errors_about_other_files_are_not_blamed_on_the_output(tmp_path):
    with pytest.raises(FileNotFoundError, match="other"), atomic_write(tmp_path / "file"):
        (tmp_path / "other").read_text("utf-8")
    with (
        pytest.raises(OutputError, match="could not write"),
        atomic_write(tmp_path / "file") as path,
    ):
        (path / "below a file that is not there").write_text("text", "utf-8")
    with pytest.raises(ConnectionResetError), atomic_write(tmp_path / "file"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


@pytest.fixture
def calls(monkeypatch):
    """What is synced and renamed, in order."""
    calls = []

    def fsync(descriptor):
        calls.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))

    def replace(source, target):
        calls.append(("rename", Path(target).name))
        return rename(source, target)

    rename = os.replace
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    return calls


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="descriptors have names on Linux")


@on_linux
def test_file_is_synced_before_and_its_name_after_the_rename(tmp_path, calls):
    with atomic_write(tmp_path / "file") as path:
        path.write_text("text")
    assert calls == [("sync", "file"), ("rename", "file"), ("sync", tmp_path.name)]


@on_linux
def test_folder_is_synced_with_all_in_it(tmp_path, calls):
    with atomic_write(tmp_path / "folder") as path:
        (path / "inner").mkdir(parents=True)
        (path / "inner" / "file").write_text("text")
    synced = [("sync", name) for name in ("file", "inner", "folder")]
    assert calls == [*synced, ("rename", "folder"), ("sync", tmp_path.name)]


@on_linux
@pytest.mark.parametrize(("sync", "count"), [("nothing", 0), ("content", 1), ("all", 2)])
def test_sync_as_much_as_asked(tmp_path, calls, sync, count):
    with atomic_write(tmp_path / "file", sync=sync) as path:
        path.write_text("text")
    assert [kind for kind, _ in calls].count("sync") == count


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_folders_that_cannot_be_synced_are_passed_over(tmp_path, monkeypatch, number):
    def fsync(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_write(tmp_path / "file") as path:
        path.write_text("text")
    assert names(tmp_path) == ["file"]


def test_two_threads_write_one_target(tmp_path):
    ready = threading.Barrier(2)

    def write(text):
        with atomic_write(tmp_path / "file") as path:
            path.write_text(text, "utf-8")
            ready.wait(10)

    threads = [threading.Thread(target=write, args=[text * 9]) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_text("utf-8") in ("a" * 9, "b" * 9)
    assert names(tmp_path) == ["file"]


def test_two_processes_write_one_folder(tmp_path):
    program = """
import sys
from textdl.errors import OutputError
from textdl.io.atomic import atomic_write
for _ in range(30):
    try:
        with atomic_write(sys.argv[1]) as path:
            path.mkdir()
            (path / "one").write_text(sys.argv[2])
            (path / "two").write_text(sys.argv[2])
    except OutputError:
        pass  # the other one was faster between two renames
"""
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "folder")]
    root = Path(__file__).parents[2]
    processes = [subprocess.Popen([*command, text], cwd=root) for text in "ab"]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert names(tmp_path) == ["folder"]
    texts = {(tmp_path / "folder" / name).read_text("utf-8") for name in ("one", "two")}
    assert texts in ({"a"}, {"b"})
