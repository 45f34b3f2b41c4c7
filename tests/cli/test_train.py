"""`textdl train`: from text to a file, interrupted, resumed, piped, refused."""

import gzip
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from textdl import Vectors, Word2Vec
from textdl.cli.main import main
from textdl.embed.model_parameters import QUALITIES, Word2VecParameters
from textdl.parameters import parameters_of

QUICK = ["--vector-size", "8", "--min-count", "1", "--tokenizer", "whitespace"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(zipf_text(5_000, 100)))
    return path


def textdl(*arguments, **options):
    command = [sys.executable, "-m", "textdl.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_train_reports_and_saves(capsys, corpus, tmp_path):
    out = tmp_path / "v.safetensors"
    assert main(["train", str(corpus), "-o", str(out), *QUICK, "--epochs", "2", "--json"]) == 0
    printed, err = capsys.readouterr()
    report = json.loads(printed.splitlines()[-1])
    vectors = Vectors.load(out)
    assert report["words"] == 5_000
    assert report["vocab"] == len(vectors) <= 100
    assert report["epochs"] == len(report["loss"]) == 2
    assert report["output"] == str(out)
    assert "epoch 2/2" in err
    assert vectors.config["vector_size"] == 8
    assert vectors.config["words"] == 5_000
    assert list(vectors.counts) == sorted(vectors.counts, reverse=True)


def test_train_files_pipes_and_compression_same_vectors(corpus, tmp_path):
    half = corpus.read_text().splitlines()
    first, second = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    first.write_text("\n".join(half[:100]))
    second.write_bytes(gzip.compress("\n".join(half[100:]).encode()))
    out = [tmp_path / f"{i}.bin" for i in range(3)]
    options = [*QUICK, "--epochs", "1", "--quiet"]
    assert main(["train", str(corpus), "-o", str(out[0]), *options]) == 0
    assert main(["train", str(first), str(second), "-o", str(out[1]), *options]) == 0
    with corpus.open() as stream:
        done = textdl("train", "-", "-o", out[2], *options, stdin=stream)
    assert done.returncode == 0, done.stderr
    assert out[0].read_bytes() == out[1].read_bytes() == out[2].read_bytes()


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        (["--loss", "hs"], {"loss": "hs", "negative": None}),
        (
            ["--arch", "cbow", "--cbow", "sum", "--context-gradient", "divided"],
            {"arch": "cbow", "cbow": "sum", "context_gradient": "divided"},
        ),
        (["--no-shrink-windows", "--window-side", "left"],
         {"shrink_windows": False, "window_side": "left"}),
        (["--shrink-windows", "--ns-exponent", "-0.5"],
         {"shrink_windows": True, "ns_exponent": -0.5}),
        (["--arch", "cbow", "--loss", "hs", "--position-weights"],
         {"arch": "cbow", "loss": "hs", "position_weights": True}),
    ],
)  # fmt: skip
def test_train_options_of_the_model_give_the_vectors_of_its_parameters(
    capsys, corpus, tmp_path, options, parameters
):
    out = tmp_path / "v.safetensors"
    quick = [*QUICK, "--epochs", "1", "--quiet"]
    assert main(["train", str(corpus), "-o", str(out), *quick, *options]) == 0
    capsys.readouterr()
    found = Vectors.load(out)
    assert {name: found.config[name] for name in parameters} == parameters
    model = Word2Vec(
        vector_size=8, min_count=1, tokenizer="whitespace", epochs=1, **parameters
    ).fit(corpus)
    np.testing.assert_array_equal(found.matrix, model.vectors_.matrix)


def test_train_help_says_both_flags_of_a_boolean_and_its_default(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--shrink-windows, --no-shrink-windows draw the window" in shown
    assert "near words count more (default yes)" in shown
    assert "--loss NAME how a prediction is scored" in shown
    assert "hierarchical softmax): ns, hs (default ns)" in shown


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot pin a process here")
@pytest.mark.parametrize(
    ("arch", "loss"),
    [
        ("skipgram", "ns"),
        ("cbow", "hs"),
        pytest.param("skipgram", "hs", marks=pytest.mark.full),
        pytest.param("cbow", "ns", marks=pytest.mark.full),
    ],
)
def test_train_one_core_and_many_same_bytes(corpus, tmp_path, arch, loss):
    files = []
    for cores in ({min(os.sched_getaffinity(0))}, os.sched_getaffinity(0)):
        files.append(tmp_path / f"{len(cores)}-{len(files)}.bin")
        arguments = ["train", str(corpus), "-o", str(files[-1]), *QUICK, "--quiet"]
        arguments += ["--arch", arch, "--loss", loss, "--epochs", "2"]
        code = (
            f"import os, sys; os.sched_setaffinity(0, {cores})\n"
            f"from textdl.cli.main import main; sys.exit(main({arguments}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--vector-size", "0"], 2, "vector_size=0;"),
        (["--epochs", "-1"], 2, "epochs=-1;"),
        (["--window", "0"], 2, "window=0;"),
        (["--negative", "0"], 2, "negative=0;"),
        (["--sample", "2"], 2, "sample=2.0;"),
        (["--sample", "nan"], 2, "sample=nan;"),
        (["--seed", "-1"], 2, "seed=-1;"),
        (["--vector-size", "ten"], 2, "ten"),
        (["--update", "newton"], 2, "'--update' is unknown"),
        (["--tokenizer", "spaces"], 2, "spaces"),
        (["--arch", "glove"], 2, "glove"),
        (["--loss", "full"], 2, "full"),
        (["--loss", "hs", "--negative", "5"], 2, "negative=5 with loss='hs'; "),
        (["--cbow", "sum"], 2, "cbow='sum' with arch='skipgram'; "),
        (["--position-weights"], 2, "position_weights=True with arch='skipgram'; "),
        (["--window-side", "up"], 2, "up"),
        (["--shrink-windows", "no"], 2, "no"),
        (["--errors", "hide"], 2, "hide"),
        (["--checkpoint-every", "soon", "--checkpoint", "c"], 2, "soon"),
        (["--resume"], 2, "--checkpoint DIR"),
        (["--min-count", "100000"], 1, "min_count=100000"),
        (["--learning-rate", "900", "--epochs", "3"], 1, "learning_rate=900"),
    ],
)
def test_train_bad_options_get_one_line_and_no_file(
    refused, monkeypatch, corpus, tmp_path, options, code, says
):
    monkeypatch.chdir(tmp_path)
    refused(["train", str(corpus), "-o", "v.bin", "--quiet", *QUICK, *options], code, says)
    assert not (tmp_path / "v.bin").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x00\x01\x02" * 100, "binary"),
        (b"caf\xe9 au lait", "offset 3"),
        (None, "does not exist"),
    ],
)
def test_train_bad_corpora_get_one_line_and_no_file(refused, tmp_path, content, says):
    corpus, out = tmp_path / "text.txt", tmp_path / "v.bin"
    if content is not None:
        corpus.write_bytes(content)
    refused(["train", str(corpus), "-o", str(out), "--quiet", *QUICK], 1, says)
    assert not out.exists()


def test_train_unwritable_output_is_refused_before_training(capsys, corpus, tmp_path):
    assert main(["train", str(corpus), "-o", str(tmp_path / "none" / "v.bin"), *QUICK]) == 1
    assert "does not exist" in capsys.readouterr().err
    assert main(["train", str(corpus), "-o", str(tmp_path / "v.docx"), *QUICK]) == 2
    assert ".docx" in capsys.readouterr().err


def test_train_undecodable_bytes_are_replaced(tmp_path):
    corpus, out = tmp_path / "text.txt", tmp_path / "v.bin"
    corpus.write_bytes(b"caf\xe9 au lait " * 30)
    assert (
        main(["train", str(corpus), "-o", str(out), "--quiet", "--errors", "replace", *QUICK]) == 0
    )
    assert "caf\ufffd" in Vectors.load(out)
    assert np.isfinite(Vectors.load(out).matrix).all()


def test_train_cbow_equals_the_estimator(corpus, tmp_path):
    out = tmp_path / "v.safetensors"
    assert main(["train", str(corpus), "-o", str(out), *QUICK, "--arch", "cbow", "--quiet"]) == 0
    model = Word2Vec(arch="cbow", vector_size=8, min_count=1, tokenizer="whitespace").fit(corpus)
    saved = Vectors.load(out)
    np.testing.assert_array_equal(saved.matrix, model.vectors_.matrix)
    assert saved.config["arch"] == "cbow"


def test_train_quality_best_counts_all_models(capsys, corpus, tmp_path):
    out = tmp_path / "v.safetensors"
    options = [*QUICK, "--quality", "best", "--epochs", "2"]
    assert main(["train", str(corpus), "-o", str(out), *options, "--json"]) == 0
    printed, err = capsys.readouterr()
    report = json.loads(printed.splitlines()[-1])
    models = len(QUALITIES["best"].members)
    assert report["epochs"] == len(report["loss"]) == 2
    assert f"epoch {2 * models}/{2 * models}" in err
    rate = report["words"] * 2 * models / report["seconds"]
    assert report["words_per_second"] == pytest.approx(rate, rel=0.01)
    model = Word2Vec(
        quality="best", vector_size=8, min_count=1, tokenizer="whitespace", epochs=2
    ).fit(corpus)
    np.testing.assert_array_equal(Vectors.load(out).matrix, model.vectors_.matrix)
    model_file = str(tmp_path / "m.safetensors")
    assert main(["train", str(corpus), "-o", str(out), *options, "--save-model", model_file]) == 2
    assert "--save-model with --quality best" in capsys.readouterr().err
    assert main(["train", str(corpus), "-o", str(out), *options, "--quiet"]) == 0
    assert f"{models} times 2 epochs of 5,000 words" in capsys.readouterr().out


def test_train_quality_best_killed_and_resumed_same_bytes(corpus, tmp_path):
    options = [*QUICK, "--quality", "best", "--epochs", "2", "--quiet"]
    out = [tmp_path / f"{number}.safetensors" for number in range(2)]
    assert main(["train", str(corpus), "-o", str(out[0]), *options]) == 0
    run = ["--checkpoint", str(tmp_path / "run"), "--checkpoint-every", "1steps", "--resume"]
    started = subprocess.Popen(
        [sys.executable, "-m", "textdl.cli.main", "train", corpus, "-o", out[1], *options, *run]
    )
    while started.poll() is None and not list(tmp_path.glob("run/member-2/0*.safetensors")):
        time.sleep(0.01)
    started.kill()
    started.wait()
    assert main(["train", str(corpus), "-o", str(out[1]), *options, *run]) == 0
    assert out[1].read_bytes() == out[0].read_bytes()


def test_train_help_shows_every_parameter_with_its_default(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, known in parameters_of(Word2VecParameters).items():
        if name not in ("verbose", "callbacks"):
            assert "--" + name.replace("_", "-") in shown
            assert known.description.split(";")[0] in shown
    assert "(default 100)" in shown
    assert "skipgram, cbow, dbow, dm (default skipgram)" in shown
    assert "--no-lowercase" in shown


def test_train_several_seeds_writes_what_runs_alone_write(call, corpus, tmp_path):
    out = tmp_path / "v.safetensors"
    options = [*QUICK, "--epochs", "1", "--quiet"]
    code, printed, _ = call("train", corpus, "-o", out, *options, "--n-seeds", "3", "--json")
    report = json.loads(printed)
    files = [out, tmp_path / "v.seed2.safetensors", tmp_path / "v.seed3.safetensors"]
    assert (code, report["output"], report["outputs"]) == (0, str(out), list(map(str, files)))
    for seed, path in enumerate(files, start=1):
        alone = tmp_path / "alone.safetensors"
        assert call("train", corpus, "-o", alone, *options, "--seed", seed)[0] == 0
        assert alone.read_bytes() == path.read_bytes()
    code, printed, _ = call("similar", out, "w0", "--trust", *files[1:], "--json")
    assert {it["share"] for it in json.loads(printed)[0]["neighbors"]} <= {1 / 3, 2 / 3, 1.0}
    assert call("stability", *files)[0] == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--save-model", "m.safetensors"], "--save-model with --n-seeds 2"),
        (["--log", "log"], "n_seeds=2 with log"),
        (["--model", "doc2vec"], "--n-seeds is no option of --model doc2vec"),
    ],
)
def test_train_several_seeds_refuses_what_is_about_one(refused, corpus, tmp_path, options, says):
    out = tmp_path / "v.safetensors"
    command = ["train", str(corpus), "-o", str(out), "--n-seeds", "2", *QUICK, "--quiet"]
    refused([*command, *options], 2, says)
    assert not list(tmp_path.iterdir())


def test_train_several_seeds_refuses_an_output_before_training(refused, corpus, tmp_path):
    (tmp_path / "v.seed2.safetensors").symlink_to(tmp_path / "none" / "v")
    command = ["train", str(corpus), "-o", str(tmp_path / "v.safetensors"), "--n-seeds", "2"]
    refused([*command, "--quiet"], 1, "none' does not exist; create it first")
