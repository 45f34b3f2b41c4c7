"""A second run finds what the first has compiled."""

import json
import os
import subprocess
import sys

import pytest

from textdl.compilation import cache_folder

TRAIN = """
import json, sys
from textdl.cli.main import main
import textdl.compilation

textdl.compilation.keep_compiled()
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
    one, two = ((tmp_path / f"{name}.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


VERBS = {
    "train": ["train", "{corpus}", "-o", "{output}", "--tokenizer", "whitespace", "--quiet"],
    "classify": ["classify", "train", "{corpus}", "-o", "{output}", "--epochs", "1", "--quiet"],
}
COMMAND = "import sys; from textdl.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("verb", VERBS)
def test_a_program_from_the_cache_is_run_without_a_word(verb, tmp_path):
    corpus = tmp_path / "corpus.tsv"
    corpus.write_text("cat\ta cat sat on a mat\ndog\ta dog sat on a log\n" * 50)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    for name in ("JAX_ENABLE_COMPILATION_CACHE", "TF_CPP_MIN_LOG_LEVEL"):
        environment.pop(name, None)
    places = {"corpus": corpus, "output": tmp_path / "out.safetensors"}
    command = [sys.executable, "-c", COMMAND, *(word.format(**places) for word in VERBS[verb])]
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""


def test_the_cache_is_where_the_platform_wants_it(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / "textdl"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parts[-2:] == (".cache", "textdl")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder().parts[-3:] == ("Library", "Caches", "textdl")
