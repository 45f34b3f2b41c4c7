"""`textdl train` under signals; going on with the text of a checkpoint folder, or refusing to."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.embed.conftest import zipf_text
from textdl.cli.main import main
from textdl.io.checkpoints import checkpoint_numbers

ROOT = Path(__file__).parents[2]
QUICK = ["--vector-size", "8", "--min-count", "1", "--tokenizer", "whitespace"]
RESUME = "textdl: interrupted; resume=True (--resume) goes on from the checkpoint"
# Whatever started the tests may ignore signals, and its children inherit that.
USUAL = "signal.signal(signal.SIGINT, signal.default_int_handler)"
USUAL += "; signal.signal(signal.SIGHUP, signal.SIG_DFL)"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(zipf_text(5_000, 100)))
    return path


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def start(*arguments, handlers=USUAL, temporary=None, stdin=None):
    code = f"import signal, sys; {handlers}; from textdl.cli.main import main; sys.exit(main())"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if temporary is not None:
        environment["TMPDIR"] = str(temporary)
    return subprocess.Popen(
        [sys.executable, "-c", code, "train", *map(str, arguments)],
        env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_epoch(process, number):
    for line in process.stderr:
        if line.startswith(f"epoch {number}/"):
            return
    raise AssertionError("it ended before")


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_resume_interrupted_run_same_bytes(corpus, tmp_path):
    whole, resumed = tmp_path / "whole.bin", tmp_path / "resumed.bin"
    options = [*QUICK, "--epochs", "60"]
    assert main(["train", str(corpus), "-o", str(whole), *options, "--quiet"]) == 0

    command = [corpus, "-o", resumed, *options, "--checkpoint", tmp_path / "c"]
    with start(*command) as process:
        wait_for_epoch(process, 3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == RESUME
    assert not resumed.exists()

    with start(*command) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "--resume" in err
    with start(*command, "--resume") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert resumed.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), pytest.param(signal.SIGHUP, 129, marks=pytest.mark.full)],
)
def test_signal_in_training_writes_a_checkpoint(corpus, tmp_path, number, code):
    folder = tmp_path / "run"
    options = [corpus, "-o", tmp_path / "v.bin", *QUICK, "--epochs", 100_000]
    with start(*options, "--checkpoint", folder) as process:
        wait_for_epoch(process, 2)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.splitlines()[-1] == RESUME
    assert checkpoint_numbers(folder) == [1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_without_checkpoint_leaves_nothing(corpus, tmp_path, temporary, number, code):
    options = [corpus, "-o", tmp_path / "v.bin", *QUICK, "--epochs", 100_000]
    with start(*options, temporary=temporary) as process:
        wait_for_epoch(process, 1)
        assert [path.name[:7] for path in temporary.iterdir()] == ["textdl."]
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.splitlines()[-1] == "textdl: interrupted; nothing was written"
    assert list(temporary.iterdir()) == []
    assert list(tmp_path.iterdir()) == [temporary]


@pytest.mark.parametrize("with_checkpoint", [False, True])
def test_signal_while_text_is_read(tmp_path, temporary, with_checkpoint):
    """A pipe that does not end."""
    options = ["-", "-o", tmp_path / "v.bin", *QUICK]
    folder = tmp_path / "run"
    options += ["--checkpoint", folder] if with_checkpoint else []
    with start(*options, temporary=temporary, stdin=subprocess.PIPE) as process:
        process.stdin.write("a cat sat on a mat\n" * 1000)
        process.stdin.flush()
        working = folder if with_checkpoint else temporary
        wait_until(lambda: list(working.rglob("tokens.bin")))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    advice = "there is no checkpoint yet; start again" if with_checkpoint else "nothing was written"
    assert err == f"textdl: interrupted; {advice}\n"
    assert list(temporary.iterdir()) == []
    assert not with_checkpoint or list(folder.iterdir()) == []


@pytest.mark.full
def test_train_removes_the_store_of_a_killed_run(corpus, tmp_path, temporary):
    options = [corpus, "-o", tmp_path / "v.bin", *QUICK]
    with start(*options, "--epochs", 100_000, temporary=temporary) as process:
        wait_for_epoch(process, 1)
        process.kill()
        process.communicate(timeout=60)
    assert len(list(temporary.iterdir())) == 1
    with start(*options, "--epochs", 1, temporary=temporary) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert list(temporary.iterdir()) == []


@pytest.mark.full
def test_train_ignored_hangup_stays_ignored(corpus, tmp_path):
    """As under nohup."""
    ignoring = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    options = [corpus, "-o", tmp_path / "v.bin", *QUICK, "--epochs", 60]
    with start(*options, handlers=ignoring) as process:
        wait_for_epoch(process, 1)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert (tmp_path / "v.bin").exists()


@pytest.mark.full
def test_train_checkpoint_folder_in_use_is_refused(corpus, tmp_path, refused):
    options = [corpus, "-o", tmp_path / "v.bin", *QUICK, "--epochs", 100_000]
    options += ["--checkpoint", tmp_path / "run"]
    with start(*options) as process:
        wait_for_epoch(process, 1)
        refused(["train", *map(str, options), "--resume"], 1, f"in use by process {process.pid} ")
        process.kill()
        process.communicate(timeout=60)


# Going on


@pytest.fixture(scope="module")
def finished(tmp_path_factory, corpus):
    """The folder of a finished run on a copy of the corpus, with its checkpoints."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copy(corpus, folder / "text.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textdl.io.compilation_cache.enable_compilation_cache", lambda: None)
        assert main(train(folder, folder / "text.txt")) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "f")
    (tmp_path / "f" / "v.bin").unlink()
    return tmp_path / "f"


def train(folder, *options):
    options = [*options, "-o", folder / "v.bin", *QUICK[:4], "--epochs", 2, "--quiet",
               "--checkpoint", folder / "run"]  # fmt: skip
    if not any(str(option) == "--tokenizer" for option in options):
        options += QUICK[4:]
    return ["train", *map(str, options)]


@pytest.mark.parametrize("corpus_given", ["same", "moved", "touched", "none"])
def test_resume_with_the_same_text(finished, run, corpus_given):
    text = run / "text.txt"
    if corpus_given == "touched":
        os.utime(text, (1, 1))
    if corpus_given == "none":
        text.unlink()
    given = {"moved": [text], "touched": [text], "same": [finished / "text.txt"], "none": []}
    assert main([*train(run, *given[corpus_given]), "--resume"]) == 0
    assert (run / "v.bin").read_bytes() == (finished / "v.bin").read_bytes()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["{f}/other.txt"], "other.txt' of 11 bytes"),
        (["{f}/text.txt", "{f}/other.txt"], "2 files"),
        (["-"], "not '-'"),
        (["{f}/gone.txt"], "does not exist"),
        (["{f}/gone.txt"], "leave out CORPUS"),
        (["{f}/text.txt", "{f}/gone.txt"], "leave out CORPUS"),
        (["{f}/text.txt", "--tokenizer", "nltk"], "tokenizer='whitespace', not tokenizer='nltk'"),
        (["--tokenizer", "nltk"], "tokenizer='whitespace', not tokenizer='nltk'"),
        (["{f}/text.txt", "--no-lowercase"], "lowercase=True, not lowercase=False"),
        (["--no-lowercase"], "lowercase=True, not lowercase=False"),
        (["{f}/text.txt", "--errors", "ignore"], "errors='strict', not errors='ignore'"),
        (["{f}/text.txt", "--window", "3"], "window=5, not 3"),
    ],
)
def test_resume_with_another_text_is_refused(refused, run, options, says):
    (run / "other.txt").write_text("other words")
    options = [option.format(f=run) for option in options]
    refused([*train(run, *options), "--resume"], 1, says)
    assert not (run / "v.bin").exists()


def test_resume_without_text_is_refused(refused, tmp_path):
    refused([*train(tmp_path), "--resume"], 1, "holds no text to go on with; give the corpus")
    refused(train(tmp_path), 2, "CORPUS is missing; only --resume goes on without it")


def test_resume_damaged_checkpoint_is_one_line(finished, run, capsys):
    path = run / "run" / f"{checkpoint_numbers(run / 'run')[-1]:08d}.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    # The first checkpoint of so short a run is its last: there is no other to go on from.
    assert main([*train(run), "--resume"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "no checkpoint in" in err
    assert "remove its numbered files" in err
    for name in list((run / "run").glob("0*")):
        name.unlink()
    assert main([*train(run), "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["words"] == 5_000
    assert (run / "v.bin").read_bytes() == (finished / "v.bin").read_bytes()


def test_resume_damaged_newest_checkpoint_is_one_warning(run, capsys, finished):
    (run / "run" / "00000002.safetensors").write_bytes(b"half")
    assert main([*train(run), "--resume"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("textdl: warning: checkpoint 2 in ")
    assert err.count("\n") == 1
    assert (run / "v.bin").read_bytes() == (finished / "v.bin").read_bytes()


@pytest.mark.parametrize("piece", ["store.json", "tokens.bin"])
def test_resume_damaged_store_is_read_again(run, capsys, finished, refused, piece):
    path = run / "run" / "store" / piece
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    refused([*train(run), "--resume"], 1, "is not a complete token store")
    assert main([*train(run, run / "text.txt"), "--resume"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("textdl: warning: the text in ")
    assert err.count("\n") == 1
    assert (run / "v.bin").read_bytes() == (finished / "v.bin").read_bytes()


def test_resume_interrupted_seeds_same_bytes(corpus, tmp_path):
    whole, resumed = tmp_path / "whole.bin", tmp_path / "resumed.bin"
    options = [*QUICK, "--epochs", "60", "--n-seeds", "2"]
    assert main(["train", str(corpus), "-o", str(whole), *options, "--quiet"]) == 0
    command = [corpus, "-o", resumed, *options, "--checkpoint", tmp_path / "c"]
    with start(*command) as process:
        wait_for_epoch(process, 3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == RESUME
    with start(*command, "--resume") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    for name in ("{}.bin", "{}.seed2.bin"):
        one, other = (tmp_path / name.format(it) for it in ("whole", "resumed"))
        assert one.read_bytes() == other.read_bytes()
