"""The estimator: scikit-learn's conventions, gensim's names, and vectors that mean something."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from tests.embed.conftest import zipf_text
from textdl import Word2Vec
from textdl.embed.objectives import ARCHITECTURES, LEARNING_RATES, LOSSES
from textdl.errors import CheckpointError, CorpusError, ParameterError
from textdl.text.source import CorpusConfig

QUICK = {"vector_size": 8, "min_count": 1, "epochs": 1, "tokenizer": "whitespace"}


def test_constructor_stores_and_clone_copies():
    model = Word2Vec(vector_size=7, tokenizer=str.split)
    assert clone(model).get_params() == model.get_params()
    assert not [name for name in vars(model) if name.endswith("_")]


def test_set_params_changes_and_refuses():
    model = Word2Vec().set_params(vector_size=7, arch="cbow")
    assert (model.vector_size, model.arch) == (7, "cbow")
    assert repr(model) == "Word2Vec(arch='cbow', vector_size=7)"
    with pytest.raises(
        ParameterError, match="no parameter 'alpha'; in place of gensim's alpha: le"
    ):
        model.set_params(alpha=1)


def test_estimator_works_in_scikit_learns_tools():
    """Without being one of its classes."""

    class Scored(Word2Vec):
        def score(self, corpus, y=None):
            return -self.loss_curve_[-1]

    text = zipf_text(600, 20)
    pipeline = make_pipeline(FunctionTransformer(), Word2Vec(**QUICK))
    pipeline.set_params(word2vec__vector_size=6).fit(text)
    check_is_fitted(pipeline[-1])
    assert pipeline[-1].vectors_.vector_size == 6
    assert "vector_size=6" in estimator_html_repr(pipeline)
    search = GridSearchCV(
        Scored(**QUICK), {"learning_rate": [1e-4, 0.5]}, cv=2, error_score="raise"
    )
    assert search.fit(text).best_estimator_.vectors_.vector_size == 8
    with pytest.raises(NotFittedError):
        check_is_fitted(Word2Vec())


def test_import_is_light():
    code = "import sys; from textdl import Word2Vec; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sklearn", "scipy", "matplotlib", "nltk"}.intersection(done.stdout.split())


def test_fit_returns_itself_and_learns():
    model = Word2Vec(**QUICK)
    assert model.fit(zipf_text(500, 20)) is model
    assert model.vectors_.matrix.shape == (len(model.vectors_), 8)
    assert len(model.loss_curve_) == 1
    assert model.corpus_words_ == 500
    assert model.fit_seconds_ > 0


def test_parameters_are_checked_when_fitting():
    model = Word2Vec(vector_size=-3)
    with pytest.raises(ParameterError, match="vector_size=-3"):
        model.fit(["a b"])
    with pytest.raises(ParameterError, match=r"window=2\.5"):
        Word2Vec(window=2.5).fit(["a b"])
    with pytest.raises(ParameterError, match="epochs=True"):
        Word2Vec(epochs=True).fit(["a b"])


def test_parameters_of_reading_and_of_the_run_are_checked_when_fitting(tmp_path):
    for parameters, says in (
        ({"arch": "glove"}, "arch='glove'; expected one of skipgram, cbow"),
        ({"tokenizer": "spaces"}, "tokenizer='spaces'; expected one of .* or a function"),
        ({"errors": "hide"}, "errors='hide'; expected one of strict, replace, ignore"),
        ({"lowercase": "yes"}, "lowercase='yes'; expected True or False"),
        ({"resume": True}, r"resume=True \(--resume\) needs checkpoint=DIR"),
        ({"checkpoint": tmp_path, "checkpoint_every": "soon"}, "'soon' is unknown"),
    ):
        with pytest.raises(ParameterError, match=says):
            Word2Vec(**QUICK | parameters).fit(["a b"])


def test_learning_rate_default_is_that_of_the_objective():
    rates = {}
    for (arch, loss), rate in LEARNING_RATES.items():
        model = Word2Vec(**QUICK, arch=arch, loss=loss).fit(zipf_text(500, 20))
        rates[arch, loss] = model.vectors_.config["learning_rate"]
        assert rates[arch, loss] == rate
        assert f"{rate} for {arch} with {loss}" in " ".join(Word2Vec.__doc__.split())
    assert rates["skipgram", "ns"] == 0.03


def test_documentation_describes_every_parameter():
    for name in Word2Vec().get_params():
        assert f"\n        {name}: " in Word2Vec.__doc__


def test_fit_dataframe_errors():
    class DataFrame(list):
        columns = ("label", "text")

    with pytest.raises(ParameterError, match=r"DataFrame.*\(label, text\).*pass one column"):
        Word2Vec(**QUICK).fit(DataFrame(["label", "text"]))


def test_token_store_and_corpus_config_are_corpora(store):
    ours = Word2Vec(**QUICK).fit(store).vectors_
    theirs = Word2Vec(**QUICK | {"tokenizer": "nltk"}).fit(
        CorpusConfig(zipf_text(20_000, 500), "whitespace")
    )
    np.testing.assert_array_equal(ours.matrix, theirs.vectors_.matrix)


def test_fit_any_kind_of_corpus_same_vectors(tmp_path):
    lines = zipf_text(2_000, 50)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines))
    corpora = [
        str(path), path, [path], lines, (line for line in lines), [line.split() for line in lines],
    ]  # fmt: skip
    matrices = [Word2Vec(**QUICK).fit(corpus).vectors_.matrix for corpus in corpora]
    for matrix in matrices[1:]:
        np.testing.assert_array_equal(matrix, matrices[0])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("text", [["a"], ["a b"], ["a a a a"], ["ü ☃ 漢字 e\u0301"] * 3])
def test_smallest_texts_train(text, loss):
    if text == ["a"]:
        with pytest.raises(CorpusError, match="single word"):
            Word2Vec(**QUICK, loss=loss).fit(text)
        return
    vectors = Word2Vec(**QUICK, loss=loss).fit(text).vectors_
    assert set(vectors.labels) == set(text[0].split())
    assert np.isfinite(vectors.matrix).all()


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_neighbors_share_their_contexts(arch, loss):
    """Words of one topic never meet words of the other: each finds its own."""
    draw = np.random.default_rng(0)
    topics = [[f"{topic}{i}" for i in range(10)] for topic in "xy"]
    text = [" ".join(draw.choice(topics[n % 2], 12)) for n in range(600)]
    model = Word2Vec(vector_size=16, epochs=20, tokenizer="whitespace", arch=arch, loss=loss)
    vectors = model.fit(text).vectors_
    for topic in topics:
        for word in topic:
            near = [other for other, _ in vectors.most_similar(word, topn=9)]
            assert set(near) == set(topic) - {word}


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("abcdefghijklmnopqrstuvwxyz", "ns"),
        ("ab", "ns"),
        pytest.param("aaaaaaaab", "ns", marks=pytest.mark.full),
        ("aaaaaaaab", "hs"),
    ],
)
def test_tiny_vocabularies_do_not_diverge(text, loss):
    """Letters as words: every row is hit in every step."""
    draw = np.random.default_rng(0)
    letters = [list(draw.choice(list(text), 400)) for _ in range(100)]
    for sample in (0.0, 1e-3):
        model = Word2Vec(vector_size=50, epochs=3, sample=sample, loss=loss).fit(letters)
        assert np.abs(model.vectors_.matrix).max() < 20


def test_fit_none_goes_on_with_the_stored_text(tmp_path):
    kept = {"checkpoint": tmp_path / "run", **QUICK}
    texts = zipf_text(500, 20)
    first = Word2Vec(**kept).fit(iter(texts))
    again = Word2Vec(**kept, resume=True).fit(None)
    np.testing.assert_array_equal(again.vectors_.matrix, first.vectors_.matrix)
    assert again.vectors_.config == first.vectors_.config
    # Another tokenizer would not matter: nothing is tokenized.
    other = kept | {"tokenizer": "nltk", "resume": True}
    np.testing.assert_array_equal(
        Word2Vec(**other).fit(None).vectors_.matrix, first.vectors_.matrix
    )
    with pytest.raises(CheckpointError, match="tokenizer='whitespace', not tokenizer='nltk'"):
        Word2Vec(**other).fit(texts)
    with pytest.raises(CheckpointError, match=r"an iterable .* not 25 texts in memory"):
        Word2Vec(**kept, resume=True).fit(texts)


def test_fit_none_needs_a_folder_to_go_on_from(tmp_path):
    with pytest.raises(ParameterError, match="a corpus is needed"):
        Word2Vec(**QUICK).fit(None)
    with pytest.raises(CheckpointError, match="holds no text to go on with"):
        Word2Vec(**QUICK, checkpoint=tmp_path / "run").fit(None)


def test_fit_in_another_thread(tmp_path):
    """Where no signal handler can be set."""
    texts = zipf_text(500, 20)
    model = Word2Vec(**QUICK, checkpoint=tmp_path / "run")
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(model.fit, texts).result() is model
    np.testing.assert_array_equal(
        model.vectors_.matrix, Word2Vec(**QUICK).fit(texts).vectors_.matrix
    )
