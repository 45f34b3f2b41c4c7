"""`FastText`: words from subwords, unseen words, and runs that end in the same bits."""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from textdl import FastText, Vectors, Word2Vec
from textdl.cli.main import main
from textdl.embed import model
from textdl.embed.config import EmbeddingConfig
from textdl.embed.model_parameters import FastTextParameters
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.embed.objectives.subwords import SUBWORDS
from textdl.embed.trainer import train_corpus
from textdl.errors import ParameterError, UnknownWordError
from textdl.io.safetensors import open_mapped
from textdl.parameters import parameters_of
from textdl.text.char_ngrams import char_ngram_buckets
from textdl.text.source import CorpusConfig

QUICK = {"vector_size": 8, "min_count": 1, "epochs": 1, "tokenizer": "whitespace", "bucket": 1000}


def spelled_text(words=4_000, seed=0):
    """Random words of three syllables, so that they share n-grams."""
    draw = np.random.default_rng(seed)
    syllables = ["ka", "lo", "mi", "ne", "ru", "ß", "é"]
    names = ["".join(it) for it in itertools.product(syllables, repeat=2)]
    share = 1 / np.arange(1, len(names) + 1)
    drawn = draw.choice(names, words, p=share / share.sum())
    return [" ".join(drawn[begin : begin + 20]) for begin in range(0, words, 20)]


def test_estimator_stores_and_clones():
    model = FastText(max_n=5, tokenizer=str.split)
    assert clone(model).get_params() == model.get_params()
    assert repr(FastText(max_n=5)) == "FastText(max_n=5)"
    assert (FastText().min_n, FastText().max_n, FastText().bucket) == (3, 6, 2_000_000)
    for name in parameters_of(FastTextParameters):
        assert f"\n        {name}: " in FastText.__doc__


def test_words_are_means_of_their_own_and_their_ngrams():
    """As gensim's `adjust_vectors` has it, by a loop over the tables."""
    config = EmbeddingConfig(vector_size=8, min_count=1, epochs=1, max_n=5, bucket=1000)
    result = train_corpus(CorpusConfig(spelled_text(), "whitespace"), config)
    vectors = result.vectors
    table = np.asarray(result.tables[SUBWORDS])
    row_of = {bucket: row for row, bucket in enumerate(vectors.subwords.buckets.tolist())}
    np.testing.assert_array_equal(table[len(vectors) :], vectors.subwords.matrix)
    for row, word in enumerate(vectors.labels):
        ngrams = char_ngram_buckets([word], 3, 5, 1000).buckets.tolist()
        parts = [table[row], *(vectors.subwords.matrix[row_of[it]] for it in ngrams)]
        np.testing.assert_allclose(vectors[word], np.mean(parts, axis=0), rtol=1e-4, atol=1e-6)


OPTIONS_OF_MODELS = [
    *({"arch": arch} for arch in ARCHITECTURES),
    {"arch": "cbow", "cbow": "sum", "learning_rate": 0.02},
    {"arch": "cbow", "position_weights": True},
]
MODELS = [  # every option with one of the losses, in turn; with all of them in the full tests
    pytest.param(loss, options, marks=[] if number % 2 == turn else [pytest.mark.full])
    for number, options in enumerate(OPTIONS_OF_MODELS)
    for turn, loss in enumerate(LOSSES)
]


@pytest.mark.parametrize(("loss", "options"), MODELS)
def test_every_model_learns_and_repeats(loss, options):
    parameters = QUICK | {"epochs": 4, "loss": loss} | options
    first, again = (FastText(**parameters).fit(spelled_text()) for _ in range(2))
    np.testing.assert_array_equal(first.vectors_.matrix, again.vectors_.matrix)
    np.testing.assert_array_equal(first.vectors_.subwords.matrix, again.vectors_.subwords.matrix)
    assert first.loss_curve_[-1] < first.loss_curve_[0]
    assert np.isfinite(first.vectors_.matrix).all()


def test_unseen_word_is_near_words_that_it_shares_ngrams_with():
    """Two languages that never meet: a new word of one is nearest to words of that one."""
    draw = np.random.default_rng(0)
    groups = [
        [f"{stem}{end}" for end in ("a", "o", "e", "i", "u", "y")] for stem in ("karlin", "womeb")
    ]
    text = [" ".join(draw.choice(groups[n % 2], 12)) for n in range(800)]
    model = FastText(vector_size=16, epochs=20, tokenizer="whitespace", bucket=5_000).fit(text)
    vectors = model.vectors_
    for group in groups:
        new = group[0][:-1] + "ks"
        assert new not in vectors.key_to_index
        near = [word for word, _ in vectors.most_similar(new, topn=6)]
        assert set(near) == set(group)
        assert vectors.similarity(new, group[0]) > vectors.similarity(new, groups[0][1]) or (
            group is groups[0]
        )


def test_without_ngrams_is_word2vec():
    ours = FastText(**QUICK, max_n=0).fit(spelled_text()).vectors_
    theirs = Word2Vec(**{k: v for k, v in QUICK.items() if k != "bucket"}).fit(spelled_text())
    np.testing.assert_array_equal(ours.matrix, theirs.vectors_.matrix)
    assert ours.subwords is None
    with pytest.raises(UnknownWordError, match="close spellings"):
        ours["kaka" + "lo"]


@pytest.mark.parametrize(
    "text", [["a b"], ["a a a a"], ["ü ☃ 漢字 e\u0301 \U0001f600"] * 3, ["a b c"]]
)
@pytest.mark.parametrize("min_n", [1, 3, 50])
def test_smallest_texts_train(text, min_n):
    model = FastText(**QUICK, min_n=min_n, max_n=50).fit(text)
    vectors = model.vectors_
    assert set(vectors.labels) == set(text[0].split())
    assert np.isfinite(vectors.matrix).all()
    assert "" not in vectors
    assert ("ab" in vectors) == (min_n == 1 and "a" in text[0])


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"max_n": 2}, "max_n=2 is below min_n=3"),
        ({"min_n": 0}, "min_n=0; expected a whole number from 1 to 100"),
        ({"max_n": 101}, "max_n=101; expected a whole number from 0 to 100"),
        ({"bucket": 0}, r"bucket=0; expected a whole number from 1 to 2,147,483,647"),
        ({"bucket": 2**31}, "bucket=2147483648; expected"),
        ({"bucket": 1e6}, r"bucket=1000000\.0; expected a whole number"),
    ],
)
def test_contradictory_parameters_are_refused(parameters, says):
    with pytest.raises(ParameterError, match=says):
        FastText(**QUICK | parameters).fit(["a b"])


def test_resumed_run_ends_in_the_same_bytes(tmp_path):
    text = spelled_text()
    options = QUICK | {"epochs": 2}
    FastText(**options).fit(text).vectors_.save(tmp_path / "straight.safetensors")
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": "1steps"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textdl.embed.local_sgd.Workers.round", stopping(3))
        with pytest.raises(KeyboardInterrupt):
            FastText(**options, **kept).fit(text)
    FastText(**options, **kept, resume=True).fit(text).vectors_.save(tmp_path / "v.safetensors")
    assert (tmp_path / "v.safetensors").read_bytes() == (
        tmp_path / "straight.safetensors"
    ).read_bytes()


def stopping(after):
    """A round that is interrupted after so many."""
    from textdl.embed.local_sgd import Workers

    train_round = Workers.round
    rounds = itertools.count()

    def round(self, *arguments):
        if next(rounds) == after:
            raise KeyboardInterrupt
        return train_round(self, *arguments)

    return round


# The command line


@pytest.mark.parametrize("layout", ["of now", "of before"])
def test_saved_model_holds_ngrams_once_and_loads_in_both_layouts(tmp_path, monkeypatch, layout):
    fitted = FastText(vector_size=6, min_count=1, epochs=1, tokenizer="whitespace")
    fitted.fit(spelled_text(500))
    if layout == "of before":
        monkeypatch.setattr(model, "_table_of_ngrams", lambda tables, vectors: None)
    path = tmp_path / "m.safetensors"
    fitted.save(path)
    entries = open_mapped(path).entries
    (rows, _) = entries["table.subwords"].shape
    words = len(fitted.vectors_)
    expected = 0 if layout == "of now" else len(fitted.vectors_.subwords)
    assert rows == words + expected
    again = FastText.load(path)
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    more = spelled_text(300, seed=1)
    fitted.partial_fit(more)
    again.partial_fit(more)
    assert np.array_equal(again.vectors_.matrix, fitted.vectors_.matrix)
    assert np.array_equal(again.vectors_.subwords.matrix, fitted.vectors_.subwords.matrix)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n".join(spelled_text()))
    return path


@pytest.fixture(autouse=True)
def leave_no_cache(monkeypatch):
    """Tests leave nothing in the user's cache folder."""
    monkeypatch.setattr("textdl.io.compilation_cache.enable_compilation_cache", lambda: None)


OPTIONS = [
    "--model", "fasttext", "--vector-size", "8", "--min-count", "1", "--tokenizer", "whitespace",
    "--bucket", "1000", "--max-n", "5", "--epochs", "1", "--quiet",
]  # fmt: skip


def test_command_line_trains_asks_describes_and_converts(corpus, tmp_path, capsys):
    saved = tmp_path / "v.safetensors"
    assert main(["train", str(corpus), "-o", str(saved), *OPTIONS]) == 0
    assert "subwords" not in capsys.readouterr().out
    assert main(["similar", str(saved), "kalomine", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert len(answer["neighbors"]) == 10
    assert main(["info", str(saved)]) == 0
    told = capsys.readouterr().out
    assert "subwords known     " in told
    assert "subwords max_n     5" in told
    assert main(["convert", str(saved), str(tmp_path / "v.vec")]) == 0
    assert capsys.readouterr().out.endswith(
        "; without subwords, which only .safetensors and --format fasttext keep\n"
    )
    assert main(["convert", str(saved), str(tmp_path / "w.safetensors")]) == 0
    assert "without" not in capsys.readouterr().out
    assert "kalomine" in Vectors.load(tmp_path / "w.safetensors")
    assert main(["similar", str(tmp_path / "v.vec"), "kalomine"]) == 1
    assert 'textdl: "kalomine" is not in the vocabulary' in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--max-n", "5"], ["--min-n", "2"], ["--bucket", "100"]])
def test_command_line_refuses_subwords_of_other_models(corpus, tmp_path, capsys, option):
    assert main(["train", str(corpus), "-o", str(tmp_path / "v.bin"), *option]) == 2
    assert f"{option[0]} is no option of --model word2vec; it is of use with --model fasttext" in (
        capsys.readouterr().err
    )


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot pin a process here")
def test_same_bytes_on_one_core_and_on_all(corpus, tmp_path):
    files = []
    for cores in ({min(os.sched_getaffinity(0))}, os.sched_getaffinity(0)):
        out = tmp_path / f"{len(cores)}.safetensors"
        code = (
            f"import os, sys; os.sched_setaffinity(0, {cores})\n"
            "from textdl.cli.main import main; sys.exit(main())"
        )
        command = [sys.executable, "-c", code, "train", str(corpus), "-o", str(out), *OPTIONS]
        environment = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "0"}
        subprocess.run(command, check=True, env=environment)
        files.append(out.read_bytes())
    assert files[0] == files[-1]
