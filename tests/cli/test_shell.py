"""`textdl shell`: questions through a pipe and at a terminal."""

import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from textdl import Vectors
from textdl.cli.main import main
from textdl.cli.shell import complete_word

needs_prompt_toolkit = pytest.mark.skipif(
    find_spec("prompt_toolkit") is None, reason="prompt_toolkit is not installed"
)


class Pipe:
    """Standard input that is no terminal."""

    def __init__(self, content):
        self.buffer = io.BytesIO(content)

    def isatty(self):
        return False


class Terminal:
    """Standard input that is one."""

    def isatty(self):
        return True


@pytest.fixture
def asked(monkeypatch, capsys, king):
    """Send questions through a pipe."""

    def ask(questions, *options):
        monkeypatch.setattr(sys, "stdin", Pipe(questions))
        code = main(["shell", king, *options])
        return code, *capsys.readouterr()

    return ask


def test_shell_piped_questions_are_answered_in_turn(asked):
    code, out, err = asked(b"king - man + woman\n\ncat\nking ~ man", "-n", "1")
    assert code == 1
    assert out.splitlines() == ["queen  0.9597", "0.7071"]
    first, last = err.splitlines()
    assert '"cat" is not in the vocabulary' in first
    assert last == "textdl: 1 of the questions have no answer; correct them, as said above"


def test_shell_json_one_document_per_line(asked):
    code, out, err = asked(b"king - man + woman\nodd: king man tree\n", "-n", "1", "--json")
    assert (code, err) == (0, "")
    nearest, odd = map(json.loads, out.splitlines())
    assert nearest["query"].strip() == "king - man + woman"
    assert [it["word"] for it in nearest["neighbors"]] == ["queen"]
    assert odd == {"odd": "tree"}


def test_shell_bytes_that_are_not_utf8_are_an_unknown_word(asked):
    code, out, err = asked(b"\xff\x00\n")
    assert (code, out) == (1, "")
    assert all(line.isprintable() for line in err.splitlines())


def test_shell_missing_file_one_line(refused, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe(b""))
    refused(["shell", "none.safetensors"], 1, "none.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_shell_closed_pipe_ends_quietly(king):
    command = f"yes king | head -2000 | {sys.executable} -m textdl shell {king} | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.stdout.startswith(b"queen") or done.stdout.startswith(b"man")
    assert done.stderr.count(b"Traceback") == 0


@pytest.mark.parametrize(
    ("text", "begun", "words"),
    [
        ("qu", "qu", ["queen", "quern"]),
        ("king - qu", "qu", ["queen", "quern"]),
        ("king - ", "", []),
        ("new", "new", ['"new york"']),
        ('king + "new y', '"new y', ['"new york"']),
        ("zz", "zz", []),
    ],
)
def test_complete_word(text, begun, words):
    vectors = Vectors(["queen", "quern", "new york"], [[1.0]] * 3)
    assert complete_word(text, vectors) == (begun, words)


@needs_prompt_toolkit
def test_shell_terminal_keeps_history_and_goes_on_after_errors(king, tmp_path, capsys, monkeypatch):
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    history = tmp_path / "deep" / "history"
    monkeypatch.setattr(sys, "stdin", Terminal())
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("king - man + woman\rnothing\r\x04")
        code = main(["shell", king, "-n", "1", "--history", str(history)])
    out, err = capsys.readouterr()
    assert (code, out) == (0, "queen  0.9597\n")
    assert '"nothing" is not in the vocabulary' in err
    assert "+king - man + woman" in history.read_text()


@needs_prompt_toolkit
def test_completer_replaces_the_word_before_the_cursor():
    from prompt_toolkit.document import Document

    from textdl.cli.shell import _make_completer

    completer = _make_completer(Vectors(["queen", "quern"], [[1.0]] * 2)).completer
    found = completer.get_completions(Document("king - qu"), None)
    assert [(it.text, it.start_position) for it in found] == [("queen", -2), ("quern", -2)]
