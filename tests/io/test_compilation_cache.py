"""A second run finds what the first has compiled."""

import json
import os
import subprocess
import sys

import pytest

from textdl.io import compilation_cache
from textdl.io.compilation_cache import (
    ENTRY,
    VARIABLE,
    cache_folder,
    enable_compilation_cache,
    is_private,
    remove_doubtful,
    write_digests,
)

TRAIN = """
import json, sys
from textdl.cli.main import main
import textdl.io.compilation_cache

textdl.io.compilation_cache.enable_compilation_cache()
import jax

events = []
jax.monitoring.register_event_listener(lambda name, **_: events.append(name))
code = main(["train", sys.argv[1], "-o", sys.argv[2], "--tokenizer", "whitespace", "--quiet"])
hits = sum(name.endswith("cache_hits") for name in events)
misses = sum(name.endswith("cache_misses") for name in events)
print(json.dumps([code, hits, misses]))
"""


@pytest.mark.full
def test_a_second_run_compiles_nothing(tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a cat sat on a mat\na dog sat on a log\n" * 50)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    environment.pop(VARIABLE, None)
    environment.pop("JAX_ENABLE_COMPILATION_CACHE", None)

    def train(name):
        command = [sys.executable, "-c", TRAIN, str(corpus), str(tmp_path / name)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert not done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    code, hits, misses = train("one.safetensors")
    assert (code, hits) == (0, 0)
    assert misses > 0
    assert train("two.safetensors") == [0, misses, 0]
    for entry in tmp_path.rglob(f"*{ENTRY}"):
        data = bytearray(entry.read_bytes())
        data[len(data) // 2] ^= 1
        entry.write_bytes(data)
    assert train("three.safetensors") == [0, 0, misses]  # damaged entries are not run
    outputs = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("one", "two", "three")]
    assert outputs[0] == outputs[1] == outputs[2]


VERBS = {
    "train": ["train", "{corpus}", "-o", "{output}", "--tokenizer", "whitespace", "--quiet"],
    "classify": ["classify", "train", "{corpus}", "-o", "{output}", "--epochs", "1", "--quiet"],
}
COMMAND = "import sys; from textdl.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("verb", [pytest.param("train", marks=pytest.mark.full), "classify"])
def test_a_program_from_the_cache_is_run_without_a_word(verb, tmp_path):
    corpus = tmp_path / "corpus.tsv"
    rows = "cat\ta cat sat on a mat\ndog\ta dog sat on a log\n" * 50
    corpus.write_text("label\ttext\n" + rows)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    environment.pop(VARIABLE, None)
    for name in ("JAX_ENABLE_COMPILATION_CACHE", "TF_CPP_MIN_LOG_LEVEL"):
        environment.pop(name, None)
    places = {"corpus": corpus, "output": tmp_path / "out.safetensors"}
    command = [sys.executable, "-c", COMMAND, *(word.format(**places) for word in VERBS[verb])]
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms have other variables")
def test_the_cache_is_where_the_platform_wants_it(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "textdl"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "textdl"


@pytest.mark.parametrize("value", ["", "0", "off", "OFF"])
def test_cache_folder_variable_turns_it_off(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    assert cache_folder() is None
    assert compilation_cache._private_folder() is None


def test_cache_folder_variable_is_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "new" / "cache"))
    assert cache_folder() == tmp_path / "new" / "cache"
    folder = compilation_cache._private_folder()
    assert folder.parent == (tmp_path / "new" / "cache").resolve()
    assert folder.stat().st_mode & 0o077 == 0


POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners and modes of files")


@POSIX
@pytest.mark.parametrize(
    ("mode", "private"), [(0o700, True), (0o755, True), (0o775, False), (0o777, False)]
)
@pytest.mark.parametrize("level", ["folder", "parent"])
def test_is_private_writable_by_others(tmp_path, mode, private, level):
    folder = tmp_path.resolve() / "parent" / "folder"
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    folder.parent.chmod(0o700)
    (folder if level == "folder" else folder.parent).chmod(mode)
    assert is_private(folder) == private


@POSIX
def test_is_private_below_a_sticky_folder(tmp_path):
    folder = tmp_path.resolve() / "parent" / "folder"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o1777)
    assert is_private(folder)


@POSIX
def test_is_private_of_another_user(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert not is_private(tmp_path.resolve())


@POSIX
def test_keep_compiled_unsafe_folder_changes_nothing(monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    import jax

    before = dict(jax.config.values)
    enable_compilation_cache()
    assert dict(jax.config.values) == before


def entries_of(folder):
    return sorted(path.name for path in folder.iterdir())


def test_remove_doubtful_keeps_what_has_its_digest(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}{ENTRY}").write_bytes(name.encode() * 100)
    write_digests(tmp_path)
    damaged = bytearray((tmp_path / f"a{ENTRY}").read_bytes())
    damaged[50] ^= 1
    (tmp_path / f"a{ENTRY}").write_bytes(damaged)
    (tmp_path / f"b{ENTRY}").write_bytes(b"")
    (tmp_path / f"c{ENTRY}").unlink()
    (tmp_path / f"e{ENTRY}").write_bytes(b"of a process that was killed")
    (tmp_path / "other").write_text("not ours")
    remove_doubtful(tmp_path)
    assert entries_of(tmp_path) == [f"d{ENTRY}", f"d{ENTRY}{compilation_cache.DIGEST}", "other"]


@pytest.mark.parametrize(("name", "limit"), [("MOST_ENTRIES", 2), ("LARGEST_CACHE", 250)])
def test_remove_doubtful_keeps_the_newest(monkeypatch, tmp_path, name, limit):
    for number, entry in enumerate("abcd"):
        path = tmp_path / f"{entry}{ENTRY}"
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    write_digests(tmp_path)
    monkeypatch.setattr(compilation_cache, name, limit)
    remove_doubtful(tmp_path)
    assert entries_of(tmp_path)[::2] == [f"c{ENTRY}", f"d{ENTRY}"]


def test_write_digests_leaves_older_ones(tmp_path):
    """What was damaged while a process ran gets no new digest."""
    (tmp_path / f"a{ENTRY}").write_bytes(b"one")
    write_digests(tmp_path)
    (tmp_path / f"a{ENTRY}").write_bytes(b"two")
    write_digests(tmp_path)
    remove_doubtful(tmp_path)
    assert entries_of(tmp_path) == []
