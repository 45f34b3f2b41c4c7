"""`textdl train` that goes on: with a saved model, from given vectors, measured on the way."""

import json
import shutil

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from textdl import Vectors, Word2Vec
from textdl.cli.main import main
from textdl.io.locks import FileLock

QUICK = ["--vector-size", "8", "--min-count", "1", "--tokenizer", "whitespace", "--epochs", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two texts, and a model of the first with its vectors."""
    folder = tmp_path_factory.mktemp("going_on")
    (folder / "a.txt").write_text("\n".join(zipf_text(3_000, 100)))
    (folder / "b.txt").write_text("\n".join(zipf_text(3_000, 130, seed=1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textdl.io.compilation_cache.enable_compilation_cache", lambda: None)
        arguments = [folder / "a.txt", "-o", folder / "v.safetensors", *QUICK, "--quiet"]
        arguments += ["--save-model", folder / "m.safetensors"]
        assert main(["train", *map(str, arguments)]) == 0
    return folder


def train(*arguments):
    return ["train", *map(str, arguments), "--quiet"]


def test_train_save_model_also_writes_the_model_of_the_estimator(folder, tmp_path):
    model = Word2Vec(vector_size=8, min_count=1, tokenizer="whitespace", epochs=2)
    model.fit(folder / "a.txt").save(tmp_path / "m.safetensors")
    expected = (tmp_path / "m.safetensors").read_bytes()
    assert (folder / "m.safetensors").read_bytes() == expected
    size = (folder / "v.safetensors").stat().st_size
    assert size < (folder / "m.safetensors").stat().st_size


def test_train_continue_equals_partial_fit(capsys, folder, tmp_path):
    out = tmp_path / "v.safetensors"
    options = ["--continue", folder / "m.safetensors", "--epochs", 3, "--json"]
    options += ["--save-model", tmp_path / "m.safetensors", "--validation-fraction", 0.2]
    assert main(train(folder / "b.txt", "-o", out, *options)) == 0
    report = json.loads(capsys.readouterr().out)
    model = Word2Vec.load(folder / "m.safetensors")
    model.set_params(epochs=3, validation_fraction=0.2).partial_fit(folder / "b.txt")
    np.testing.assert_array_equal(Vectors.load(out).matrix, model.vectors_.matrix)
    assert report["epochs"] == len(report["loss"]) == len(report["val_loss"]) == 3
    assert report["loss"] == model.loss_curve_[2:]
    assert report["model"] == str(tmp_path / "m.safetensors")
    assert Word2Vec.load(tmp_path / "m.safetensors").n_iter_ == 5


def test_train_continue_killed_and_resumed_same_bytes(folder, tmp_path):
    options = ["--continue", folder / "m.safetensors"]
    kept = [*options, "--checkpoint", tmp_path / "run", "--resume"]
    for name, given in (("a", options), ("b", kept), ("c", kept)):
        assert main(train(folder / "b.txt", "-o", tmp_path / f"{name}.bin", *given)) == 0
    files = [(tmp_path / f"{name}.bin").read_bytes() for name in "abc"]
    assert files[0] == files[1] == files[2]


def test_train_init_vectors_and_freeze(folder, tmp_path):
    out = tmp_path / "v.safetensors"
    given = Vectors.load(folder / "v.safetensors")
    options = [folder / "b.txt", "-o", out, *QUICK, "--init-vectors", folder / "v.safetensors"]
    assert main(train(*options, "--freeze", "all")) == 0
    for word in given.labels:
        np.testing.assert_array_equal(Vectors.load(out)[word], given[word])
    (tmp_path / "words.txt").write_text("w1\nw2\n\n")
    assert main(train(*options, "--freeze", tmp_path / "words.txt")) == 0
    found = Vectors.load(out)
    assert [np.array_equal(found[it], given[it]) for it in ("w1", "w2", "w3")] == [1, 1, 0]


def test_train_log_and_evaluation(capsys, folder, tmp_path):
    (tmp_path / "pairs.txt").write_text("w1 w2 3\nw1 w3 1\nw4 w9 2\n")
    (tmp_path / "more.txt").write_text("w1 w2 3\nw1 w3 1\nw4 w9 2\n")
    options = [folder / "a.txt", "-o", tmp_path / "v.bin", *QUICK, "--log", tmp_path / "log"]
    options += ["--evaluation", tmp_path / "pairs.txt", "--evaluation", tmp_path / "more.txt"]
    options += ["--early-stopping", "--patience", 1, "--json"]
    assert main(["train", *map(str, options)]) == 0
    printed, err = capsys.readouterr()
    report = json.loads(printed)
    assert len(report["pairs"]) == len(report["more"]) == len(report["val_loss"])
    assert ", val_loss " in err
    assert ", pairs " in err
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["pairs"] for line in lines] == report["pairs"]


def test_info_and_similar_take_a_model(capsys, folder):
    path = str(folder / "m.safetensors")
    assert main(["info", path, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "Word2Vec"
    assert facts["epochs"] == 2
    assert facts["vocab"] == facts["tables"]["input"][0] == facts["tables"]["output"][0]
    assert facts["config"]["min_count"] == 1
    assert main(["info", path, "--verify"]) == 0
    assert "verified" in capsys.readouterr().out
    answers = []
    for name in ("m", "v"):
        assert main(["similar", str(folder / f"{name}.safetensors"), "w1"]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--continue", "v.safetensors"], 1, "holds vectors alone, without the context vectors"),
        (["--continue", "a.txt"], 1, "a.txt"),
        (["--continue", "m.safetensors", "--vector-size", "9"], 2, "has 8 dimensions in its"),
        (["--continue", "m.safetensors", "--loss", "hs"], 2, "max_vocab_size=100"),
        (
            ["--continue", "m.safetensors", "--loss", "hs", "--max-vocab-size", "100"],
            2,
            "no table 'nodes'",
        ),
        (["--continue", "m.safetensors", "--vector-size", "0"], 2, "vector_size=0; "),
        (["--save-model", "n.bin"], 2, "expected a name that ends in .safetensors"),
        (["--save-model", "none/m.safetensors"], 1, "does not exist"),
        (["--init-vectors", "v.safetensors"], 2, "vectors of 8 dimensions, vector_size=100"),
        (["--init-vectors", "none.bin"], 1, "none.bin"),
        (["--freeze", "all"], 2, "freeze has no vectors to keep"),
        (["--freeze", "none.txt"], 1, "cannot read 'none.txt'"),
        (["--validation-fraction", "1"], 2, "validation_fraction=1.0; "),
        (["--patience", "0"], 2, "patience=0; "),
        (["--evaluation", "none.txt"], 1, "'none.txt' cannot be read"),
        (["--log", "a.txt"], 1, "is no log of a training"),
        (["--callbacks", "print"], 2, "'--callbacks' is unknown"),
    ],
)
def test_train_going_on_errors(refused, monkeypatch, tmp_path, folder, options, code, says):
    shutil.copytree(folder, tmp_path / "f")
    monkeypatch.chdir(tmp_path / "f")
    refused(["train", "b.txt", "-o", "new.bin", "--quiet", *options], code, says)
    assert not (tmp_path / "f" / "new.bin").exists()
    assert (tmp_path / "f" / "a.txt").read_bytes() == (folder / "a.txt").read_bytes()


def test_train_two_outputs_of_one_name_are_refused(refused, folder, tmp_path):
    out = str(tmp_path / "v.safetensors")
    refused(train(folder / "a.txt", "-o", out, "--save-model", out), 2, "both name")
    refused(train("-o", out, "--continue", folder / "m.safetensors"), 2, "does not hold its text")


def test_train_resume_names_every_difference_with_both_values(capsys, refused, folder, tmp_path):
    options = ["-o", tmp_path / "v.bin", "--checkpoint", tmp_path / "run"]
    assert main(train(folder / "a.txt", *options, *QUICK)) == 0
    capsys.readouterr()
    changed = [*QUICK, "--seed", 7, "--window", 3, "--early-stopping", "--resume"]
    says = "written with window=5, not 3, and seed=1, not 7, and validation_fraction=None, not 0.1"
    refused(train(tmp_path / "unread.txt", *options, *changed), 1, says)
    refused(train(*options, *changed), 1, says)


def test_train_checkpoint_folder_that_is_held_is_refused(refused, folder, tmp_path):
    (tmp_path / "run").mkdir()
    lock = FileLock(tmp_path / "run" / ".lock")
    assert lock.acquire()
    lock.sign()
    options = [folder / "a.txt", "-o", tmp_path / "v.bin", "--checkpoint", tmp_path / "run"]
    refused(train(*options, "--resume"), 1, "is in use by process ")
    lock.release()
    assert main(train(*options, *QUICK)) == 0
