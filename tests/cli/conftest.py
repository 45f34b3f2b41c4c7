"""What every verb owes a user who asks for something impossible."""

import pytest

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
