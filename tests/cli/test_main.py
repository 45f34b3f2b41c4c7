"""The command line as a program: how it starts, and where what it prints goes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from textdl import Vectors
from textdl.cli.main import main

FULL = "/dev/full"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    Vectors(["caf\u00e9", "the", "\u65e5\u672c"], np.eye(3)).save(path)
    return path


def textdl(*arguments, shell="", **environment):
    """Run the program, perhaps with its streams redirected as a shell does it."""
    command = [sys.executable, "-m", "textdl", *map(str, arguments)]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    environment = os.environ | environment
    return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)


def test_main_without_arguments_prints_help(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: textdl")
    assert err == ""


def test_main_as_module_runs():
    done = textdl("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"textdl ")


def test_output_unencodable_words_are_escaped(vectors):
    done = textdl("similar", vectors, "the", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"caf\\xe9" in done.stdout
    as_json = textdl("similar", vectors, "the", "--json", PYTHONIOENCODING="ascii")
    words = [it["word"] for it in json.loads(as_json.stdout)[0]["neighbors"]]
    assert words == ["caf\u00e9", "\u65e5\u672c"]


@pytest.mark.skipif(not os.path.exists(FULL), reason=f"no {FULL} here")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [["similar", "{vectors}", "the"], ["--help"], []])
def test_output_on_full_device_one_line(vectors, arguments):
    arguments = [word.format(vectors=vectors) for word in arguments]
    done = textdl(*arguments, shell=f">{FULL}")
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"textdl: cannot write (No space left on device)" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_output_closed_one_line(vectors):
    done = textdl("similar", vectors, "the", shell=">&-")
    assert done.returncode == 1
    assert done.stderr == b"textdl: standard output is closed; send it to /dev/null instead\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_errors_closed_are_not_printed_elsewhere(vectors):
    done = textdl("similar", vectors, "none", shell="2>&-")
    assert (done.returncode, done.stdout) == (1, b"")
    assert textdl("similar", vectors, "the", shell="2>&- <&-").returncode == 0


def test_errors_hostile_arguments_one_printable_line(capsys, vectors):
    hostile = "a\nb\x1b[31m\u202e" + "x" * 10_000
    for arguments in (["similar", str(vectors), hostile], ["train", hostile, "-o", "x.bin"]):
        assert main(arguments) == 1
        err = capsys.readouterr().err
        assert err.endswith("\n")
        assert err[:-1].isprintable()
        assert len(err) < 700
    with pytest.raises(SystemExit):
        main([hostile])
    err = capsys.readouterr().err
    assert err[:-1].isprintable()
    assert len(err) < 700


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trian", "x"], "'trian' is unknown; did you mean train?; see textdl --help"),
        (["frobnicate"], "'frobnicate' is unknown; expected one of train, similar"),
        (
            ["train", "x", "-o", "y", "--epochz", "3"],
            "'--epochz' is unknown; did you mean --epochs?",
        ),
        (["train", "x", "-o", "y", "--vectorsize=3"], "did you mean --vector-size?"),
        (["similar", "v", "w", "--frobnicate"], "textdl similar: '--frobnicate' is unknown; see"),
        (["odd", "v", "w", "-x"], "'-x' is unknown"),
        (["bow", "fti", "x"], "textdl bow: argument VERB: 'fti' is unknown; did you mean fit?"),
    ],
)
def test_unknown_verbs_and_options_name_what_was_meant(refused, arguments, says):
    refused(arguments, 2, says)
