"""The command line as a program: how it starts, and where what it prints goes."""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import textdl.cli
from textdl import Vectors
from textdl.cli.main import VERBS, Verb, build_parser, loaded_verbs, main

FULL = "/dev/full"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "v.safetensors"
    Vectors(["caf\u00e9", "the", "\u65e5\u672c"], np.eye(3)).save(path)
    return path


def textdl_program(*arguments, shell="", **environment):
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
    done = textdl_program("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"textdl ")


def test_output_unencodable_words_are_escaped(vectors):
    done = textdl_program("similar", vectors, "the", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"caf\\xe9" in done.stdout
    as_json = textdl_program("similar", vectors, "the", "--json", PYTHONIOENCODING="ascii")
    words = [it["word"] for it in json.loads(as_json.stdout)[0]["neighbors"]]
    assert words == ["caf\u00e9", "\u65e5\u672c"]


@pytest.mark.skipif(not os.path.exists(FULL), reason=f"no {FULL} here")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [["similar", "{vectors}", "the"], ["--help"], []])
def test_output_on_full_device_one_line(vectors, arguments):
    arguments = [word.format(vectors=vectors) for word in arguments]
    done = textdl_program(*arguments, shell=f">{FULL}")
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"textdl: cannot write (No space left on device)" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_output_closed_one_line(vectors):
    done = textdl_program("similar", vectors, "the", shell=">&-")
    assert done.returncode == 1
    assert done.stderr == b"textdl: standard output is closed; send it to /dev/null instead\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_errors_closed_are_not_printed_elsewhere(vectors):
    done = textdl_program("similar", vectors, "none", shell="2>&-")
    assert (done.returncode, done.stdout) == (1, b"")
    assert textdl_program("similar", vectors, "the", shell="2>&- <&-").returncode == 0


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


# The registry of verbs


def parsers(parser):
    """Every parser of the command line by its verb, such as `bow` and `bow fit`."""
    for verb in parser.load().values():
        yield verb.prog.partition(" ")[2], verb
        yield from parsers(verb)


LEAVES = dict(loaded_verbs(build_parser()))
ALL = dict(parsers(build_parser()))


def test_loaded_verbs_are_those_without_verbs_below():
    assert set(ALL) - set(LEAVES) == {"bow", "classify", "lm", "phrases", "plot", "tag"}
    assert list(LEAVES)[:3] == ["train", "similar", "analogy"]
    assert {"bow fit", "classify predict", "plot loss"} <= set(LEAVES)


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["bow", "--help"], set()),
        (["similar", "--help"], {"query"}),
        (["bow", "fit", "--help"], {"bow"}),
        (["info", "--help"], {"info"}),
    ],
    ids=" ".join,
)
def test_verb_modules_are_imported_for_their_verb_alone(arguments, imported):
    code = (
        "import sys; from textdl.cli.main import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: print(*(name for name in sys.modules if 'textdl.cli.' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    names = {name.removeprefix("textdl.cli.") for name in done.stdout.splitlines()[-1].split()}
    assert names - {"main", "output", "options", "streams"} == imported


@pytest.mark.parametrize(
    "verb", ["train", "similar", "info", "infer", "evaluate", "stability", "plot loss"]
)
def test_help_of_verb_does_not_load_numpy(verb):
    code = (
        "import sys; from textdl.cli.main import main\n"
        f"try: main({[*verb.split(), '--help']!r})\n"
        "except SystemExit: print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.endswith("False\n")


def test_added_verb_is_one_file_and_one_line(capsys, monkeypatch, tmp_path):
    (tmp_path / "hello_verb.py").write_text(
        "def add_hello(parser):\n"
        "    parser.add_argument('name')\n"
        "    parser.set_defaults(run=lambda options: print('hello', options.name))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(VERBS, "hello", Verb("say hello", "hello_verb:add_hello"))
    assert main(["hello", "you"]) == 0
    assert capsys.readouterr().out == "hello you\n"


@pytest.mark.parametrize("arguments", [[], ["bow"], ["classify"], ["plot"]], ids=" ".join)
def test_help_lists_the_verbs_of_the_registry(capsys, arguments):
    verbs = VERBS[arguments[0]].source if arguments else VERBS
    with pytest.raises(SystemExit):
        main([*arguments, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "VERB --help explains a verb" in shown
    for name, verb in verbs.items():
        assert f" {name} {verb.summary} " in shown


@pytest.mark.parametrize("name", LEAVES)
def test_help_of_verb_has_description_and_example(capsys, name):
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    parser = LEAVES[name]
    assert parser.description.endswith(".")
    assert len(parser.description) > 60
    assert " ".join(parser.description.split()) in " ".join(shown.split())
    assert shown.rstrip().endswith(parser.epilog)  # as it is, line for line
    head, *lines = parser.epilog.splitlines()
    assert head == "example:"
    commands = [line.removeprefix("  $ ") for line in lines if line.startswith("  $ ")]
    assert commands
    assert len(lines) > len(commands)  # what it prints
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "textdl"
        assert arguments[: len(name.split())] == name.split()
        assert callable(build_parser().parse_args(arguments).run)


@pytest.mark.parametrize("name", LEAVES)
def test_help_of_verb_explains_every_argument_with_its_default(name):
    parser = LEAVES[name]
    for action in parser._actions:
        assert action.help, action.dest
        has_default = action.default not in (None, argparse.SUPPRESS, [])
        if has_default and not isinstance(action.default, bool):
            default = action.default
            shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
            assert f"(default {shown})" in parser._get_formatter()._expand_help(action)


def test_defaults_in_help_are_never_typed():
    for path in Path(textdl.cli.__file__).parent.glob("*.py"):
        if path.name != "classify_options.py":
            assert not re.findall(r"\(default:? [^{%].*", path.read_text()), path


@pytest.mark.parametrize("name", ALL)
def test_abbreviated_options_are_refused_with_what_was_meant(refused, name):
    # Of an option of one letter, such as --C, no abbreviation is left.
    options = ALL[name]._option_string_actions
    known = [it for it in options if it.startswith("--") and len(it) > 3]
    for option in known:
        refused([*name.split(), option[:-1]], 2, f"{option[:-1]!r} is unknown; did you mean")
        refused([*name.split(), f"{option[:-1]}=x"], 2, option)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sim"], "'sim' is unknown; did you mean similar or similarity?"),
        (["bow", "fi"], "textdl bow: argument VERB: 'fi' is unknown; did you mean fit?"),
        (["classify", "tra"], "did you mean train?"),
        (["plot", "los"], "did you mean loss?"),
        (["train", "x", "--out", "y"], "'--out' is unknown; did you mean --output?"),
        (["train", "--vec=3"], "did you mean --vector-size?"),
        (["train", "--min"], "did you mean --min-count or --min-learning-rate or --min-n?"),
        (["--vers"], "textdl: '--vers' is unknown; did you mean --version?"),
        (["--json", "similar", "v", "w"], "textdl: '--json' is unknown; "),
        (["bow", "--quite", "fit"], "textdl bow: '--quite' is unknown; see"),
        (["train", "x", "-o", "y", "--arch", "cb"], "'cb' is unknown; did you mean cbow?"),
    ],
)
def test_abbreviations_name_what_was_meant(refused, arguments, says):
    refused(arguments, 2, says)


def test_words_that_look_like_options_are_words_after_two_dashes(capsys, vectors):
    assert main(["similar", str(vectors), "--", "the"]) == 0
    capsys.readouterr()
    assert main(["similar", str(vectors), "--", "--the"]) == 1
    assert '"--the" is not in the vocabulary' in capsys.readouterr().err


def test_help_beside_an_unknown_option_is_shown(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "--epochz", "3", "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: textdl train")


# Completion


@pytest.fixture(scope="module")
def completion():
    """The script for bash."""
    pytest.importorskip("shtab")
    done = textdl_program("--print-completion", "bash")
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def test_completion_is_valid_bash_with_verbs_and_options(completion, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(completion)
    if shutil.which("bash"):
        done = subprocess.run(["bash", "-n", script], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    for name, parser in LEAVES.items():
        known = f"_shtab_textdl_{name.replace(' ', '_')}_option_strings="
        (line,) = (line for line in completion.splitlines() if line.startswith(known))
        assert set(parser._option_string_actions) == set(re.findall(r"-[A-Za-z0-9-]+", line))


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("si", "similar similarity"),
        ("bow f", "fit"),
        ("bow fit --ngr", "--ngrams"),
        ("train x --arch s", "skipgram"),
        ("plot loss --out", "--output"),
        ("similar ./th", "./the.txt"),
    ],
)
def test_completion_in_bash(completion, tmp_path, words, expected):
    (tmp_path / "the.txt").touch()
    (tmp_path / "script").write_text(
        f"{completion}\nCOMP_WORDS=(textdl {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        '_shtab_textdl textdl "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo "${COMPREPLY[*]}"\n'
    )
    done = subprocess.run(["bash", "script"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode().split() == expected.split()


@pytest.mark.parametrize(("shell", "knows"), [("zsh", "--vector-size"), ("tcsh", "similarity")])
def test_completion_of_other_shells(capsys, shell, knows):
    pytest.importorskip("shtab")
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", shell])
    assert ended.value.code == 0
    assert knows in capsys.readouterr().out


def test_completion_without_shtab_names_the_extra(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    refused(["--print-completion", "bash"], 1, "pip install 'textdl[completion]'")
    refused(["--print-completion", "fish"], 2, "'fish' is unknown; expected one of bash, zsh, tcsh")
