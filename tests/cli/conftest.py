"""What every verb owes a user who asks for something impossible."""

import numpy as np
import pytest

from textdl import Vectors
from textdl.cli.main import main


@pytest.fixture(autouse=True)
def leave_no_cache(monkeypatch):
    """Tests leave nothing in the user's cache folder."""
    monkeypatch.setattr("textdl.io.compilation_cache.enable_compilation_cache", lambda: None)
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "0")


@pytest.fixture
def refused(capsys):
    """Run a command line that must fail: the exit code, one line on stderr, nothing on stdout."""

    def check(arguments, code, says):
        try:
            got = main(arguments)
        except SystemExit as exit_:  # argparse leaves this way
            got = exit_.code
        out, err = capsys.readouterr()
        assert (got, out) == (code, "")
        assert says in err
        assert err.count("\n") == 1

    return check


@pytest.fixture
def call(capsys):
    """Run a command line: the exit code, and what it printed on stdout and stderr."""

    def check(*arguments):
        code = main(list(map(str, arguments)))
        return code, *capsys.readouterr()

    return check


@pytest.fixture(scope="module")
def king(tmp_path_factory):
    """A file of six words with plain geometry."""
    words = ["king", "man", "queen", "woman", "tree", "Éire ☘"]
    matrix = [[1, 1, 0], [1, 0, 0], [-1, 1, 0], [-1, 0, 0], [0, 0, 1], [0, 0.1, 1]]
    path = tmp_path_factory.mktemp("vectors") / "king.safetensors"
    Vectors(words, matrix, np.arange(6)[::-1]).save(path)
    return str(path)
