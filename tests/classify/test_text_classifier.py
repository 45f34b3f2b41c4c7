"""TextClassifier: every kind of features and model, as an estimator, and what it refuses."""

import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline

from tests.classify.conftest import LABELS, TEXTS
from textdl import CountVectorizer, TextClassifier, Vectors
from textdl.errors import CorpusError, DataError, ParameterError, TextdlError

WORDS = sorted({word for text in TEXTS for word in re.findall(r"\w+", text)})
VECTORS = Vectors(WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 16)))
QUICK = {"epochs": 30}
HIDDEN = {**QUICK, "hidden_layer_sizes": (8,), "dropout": 0.0, "learning_rate": 0.1}
LINEAR = {"model": "linear"}
SMALL = {**QUICK, "vector_size": 8, "units": 8, "dropout": 0.0, "learning_rate": 0.05}
KINDS = {
    "linear": LINEAR,
    "tfidf": HIDDEN,
    "counts": {"features": "counts", "analyzer": "char_wb", "ngram_range": (2, 3), **LINEAR},
    "vectors": {"features": "vectors", "vectors": VECTORS, **HIDDEN},
    "bag": {**QUICK, "features": "bag", "vector_size": 8, "learning_rate": 0.3},
    "cnn": {"model": "cnn", **SMALL},
    "lstm": {"model": "lstm", **SMALL},
}
MANY = [
    ["space", "moon"], ["moon", "space"], ["space"], ["puck"], ("puck",), [], {"été"}, ["été"]
]  # fmt: skip


ALWAYS = ("linear", "tfidf", "bag")  # the others are long tests: each compiles anew


@pytest.fixture(
    scope="module",
    params=[*ALWAYS, *(pytest.param(k, marks=pytest.mark.full) for k in KINDS if k not in ALWAYS)],
)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(kind):
    return TextClassifier(**KINDS[kind]).fit(TEXTS, LABELS)


def test_fit_learns_the_training_texts(fitted):
    assert fitted.predict(TEXTS).tolist() == LABELS
    assert fitted.classes_.tolist() == ["hockey", "space", "été"]
    assert fitted.score(TEXTS, LABELS) == 1
    probabilities = fitted.predict_proba(TEXTS)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert fitted.classes_[probabilities.argmax(1)].tolist() == LABELS


@pytest.mark.filterwarnings("ignore:1 of 10 sequences were cut")  # by those that read words
def test_predict_proba_of_a_text_is_independent_of_the_others(fitted):
    together = fitted.predict_proba([*TEXTS, "", "puck " * 100_000])
    alone = np.vstack([fitted.predict_proba([text]) for text in TEXTS])
    np.testing.assert_array_equal(together[: len(TEXTS)], alone)
    assert fitted.predict_proba([]).shape == (0, 3)


def test_predict_details_says_whether_a_text_has_known_terms(fitted):
    details = fitted.predict_details(["the puck", "", "00000"])
    assert details.known.tolist() == [True, False, False]
    np.testing.assert_array_equal(details.probabilities[1], details.probabilities[2])


def test_clone_fitted_again_saves_the_same_bytes(fitted, tmp_path):
    again = clone(fitted).fit(TEXTS, LABELS)
    again.save(tmp_path / "again")
    fitted.save(tmp_path / "fitted")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "fitted").read_bytes()


@pytest.mark.parametrize(
    "kind",
    [
        "linear",
        "bag",
        *(pytest.param(k, marks=pytest.mark.full) for k in KINDS if k not in ("linear", "bag")),
    ],
)
def test_fit_lists_of_labels_is_multilabel(kind):
    model = TextClassifier(**KINDS[kind]).fit(TEXTS, MANY)
    assert model.classes_.tolist() == ["moon", "puck", "space", "été"]
    assert [set(labels) for labels in model.predict(TEXTS)[3:5]] == [{"puck"}, {"puck"}]
    assert model.score(TEXTS, MANY) >= 0.75
    report = model.evaluate(TEXTS, MANY)
    assert report.confusion is None
    assert report.classes["space"].support == 3


def test_evaluate_matches_scikit_learn():
    model = TextClassifier("bag", epochs=2, vector_size=8).fit(TEXTS, LABELS)
    texts, labels = [*TEXTS, "puck", "moon"], [*LABELS, "space", "été"]
    predicted, report = model.predict(texts), model.evaluate(texts, labels)
    assert report.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    confusion = metrics.confusion_matrix(labels, predicted, labels=model.classes_)
    np.testing.assert_array_equal(report.confusion, confusion)
    theirs = metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)
    np.testing.assert_allclose(np.transpose(list(report.classes.values())), theirs)
    assert report.macro_f1 == pytest.approx(theirs[2].mean())


@pytest.mark.full
def test_linear_model_agrees_with_logistic_regression():
    """On rows of two groups of words that overlap a little."""
    draw = np.random.default_rng(1)
    groups = np.repeat([0, 1], 150)
    words = [draw.normal(15 + 6 * group, 6, 12).round().astype(int) for group in groups]
    texts = [" ".join(f"w{word}" for word in row) for row in words]
    labels = np.array(["low", "high"])[groups]
    train, test = slice(0, None, 2), slice(1, None, 2)
    ours = TextClassifier(model="linear").fit(texts[train], labels[train])
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    theirs = LogisticRegression(C=10).fit(vectorizer.fit_transform(texts[train]), labels[train])
    agree = ours.predict(texts[test]) == theirs.predict(vectorizer.transform(texts[test]))
    assert agree.mean() > 0.9
    assert ours.score(texts[test], labels[test]) > 0.85


def test_top_features_are_terms_of_the_class():
    for options in (KINDS["bag"], KINDS["tfidf"], KINDS["linear"]):
        top = TextClassifier(**options).fit(TEXTS, LABELS).top_features(4)
        assert list(top) == ["hockey", "space", "été"]
        assert "hockey" in top["hockey"]
        assert "moon" in top["space"]
        assert "un" in top["été"]
        assert all(len(terms) == 4 for terms in top.values())
    two = TextClassifier(**KINDS["bag"]).fit(TEXTS[:6], LABELS[:6])
    assert set(two.top_features(2)["hockey"]) & {"puck", "goalie", "hockey"}
    with pytest.raises(ParameterError, match="n=0"):
        two.top_features(0)


def test_estimator_works_in_grid_search_pipeline_and_cross_validation():
    model = TextClassifier("bag", vector_size=8, epochs=30)
    search = GridSearchCV(model, {"learning_rate": [0.0, 0.3]}, cv=KFold(2), refit=False)
    search.fit(TEXTS * 2, LABELS * 2)
    assert search.best_params_ == {"learning_rate": 0.3}
    pipeline = Pipeline([("model", clone(model))])
    assert pipeline.fit(TEXTS, LABELS).predict(TEXTS[:1]).tolist() == ["space"]
    folds = cross_val_score(model, TEXTS * 2, MANY * 2, cv=KFold(2))
    assert np.isfinite(folds).all()


def test_unknown_label_counts_as_wrong_in_score_and_is_refused_in_evaluate():
    model = TextClassifier(**KINDS["bag"]).fit(TEXTS[:6], LABELS[:6])
    assert model.score(TEXTS, LABELS) == 0.75
    with pytest.raises(DataError, match=r"label 'été' of text 7 is not among the 2 classes"):
        model.evaluate(TEXTS, LABELS)


def test_fit_one_text_of_a_class_is_learned():
    model = TextClassifier("bag").fit(["one", "two", "two"], ["a", "b", "b"])
    assert model.predict(["one", "two"]).tolist() == ["a", "b"]


@pytest.mark.full
def test_predict_proba_contradictory_labels_are_one_half():
    contradiction = TextClassifier("bag").fit(["same"] * 4, ["a", "b"] * 2)
    np.testing.assert_allclose(contradiction.predict_proba(["same"]), 0.5, atol=0.02)


def test_predict_labels_that_are_numbers_stay_numbers():
    model = TextClassifier(**KINDS["bag"]).fit(TEXTS, [3] * 3 + [1] * 3 + [2] * 2)
    assert model.predict(TEXTS[:1]).tolist() == [3]


def test_resolve_settings_depend_on_the_number_of_texts():
    mlp = TextClassifier(model="mlp")
    settings = mlp.resolve_settings(100)
    assert (settings["epochs"], settings["min_df"]) == (100, 1)
    settings = mlp.resolve_settings(11_314)
    assert (settings["epochs"], settings["min_df"], settings["max_df"]) == (6, 2, 1.0)
    assert TextClassifier(epochs=2, min_df=3).resolve_settings(100)["epochs"] == 2
    assert mlp.resolve_settings(20_000)["min_df"] == 3
    linear = TextClassifier(model="linear")
    assert [linear.resolve_settings(n)["min_df"] for n in (10, 19_999, 20_000)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("options", "power"),
    [({}, 2), ({"idf_power": 1}, 1), pytest.param({"idf_power": 0.5}, 0.5, marks=pytest.mark.full)],
)
def test_idf_power_is_two_by_default(options, power):
    model = TextClassifier(model="linear", ngram_range=(1, 1), **options).fit(TEXTS, LABELS)
    assert model.settings_["idf_power"] == model.describe()["config"]["idf_power"] == power
    counts = CountVectorizer(token_pattern=model.settings_["token_pattern"])
    tf = np.log(np.maximum(counts.fit_transform(TEXTS).toarray(), 1 / np.e)) + 1
    idf = np.log((1 + 8) / (1 + counts.document_frequency_)) + 1
    rows = tf * idf**power
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert model.n_terms_ == rows.shape[1]
    np.testing.assert_allclose(model.features_.transform(TEXTS).toarray(), rows, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"features": "words"}, "features='words'; expected one of tfidf"),
        (
            {"model": "forest"},
            "model='forest'; expected one of auto, mlp, linear, cnn, rnn, gru, lstm, or None",
        ),
        ({"features": "bag", "model": "mlp"}, "model='mlp' does not go with features='bag'"),
        (
            {"features": "tfidf", "vector_size": 5},
            "vector_size=5 does not go with features='tfidf'",
        ),
        ({"features": "tfidf", "vectors": VECTORS}, "does not go with features='tfidf'"),
        ({"dropout": 0.1, "vector_size": 5}, "does not go with features='tfidf'"),
        ({"model": "linear", "dropout": 0.1}, "dropout=0.1 does not go with"),
        ({"features": "vectors", "ngram_range": (1, 2)}, "ngram_range=(1, 2) does not go with"),
        ({"features": "vectors"}, "there are no vectors to average"),
        ({"tokenizer": "nltk", "token_pattern": "x"}, "both say what a word is"),
        ({"analyzer": "char", "stop_words": "english"}, "is about words"),
        ({"tokenizer": "german"}, "tokenizer='german'; expected one of"),
        ({"epochs": 0}, "epochs=0; expected a whole number from 1 up"),
        ({"features": "bag", "epochs": 0}, "epochs=0; expected a whole number from 1 up"),
        ({"batch_size": 0}, "batch_size=0; expected a whole number from 1 up"),
        ({"dropout": -1.0}, "dropout=-1.0; expected a number from 0 to 1"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes=(0,)"),
        ({"idf_power": -1}, "idf_power=-1; expected a number from 0 to 10, or None"),
        ({"features": "counts", "idf_power": 2}, "idf_power=2 does not go with features='counts'"),
        ({"seed": -1}, "seed=-1; expected a whole number from 0 up"),
        ({"min_df": 9}, "max_df=1.0 corresponds to < documents than min_df=9"),
    ],
)
def test_fit_invalid_parameters_are_refused(options, says):
    with pytest.raises(ParameterError) as caught:
        TextClassifier(**options).fit(TEXTS, LABELS)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "labels", "error", "says"),
    [
        ("a text", ["a"], TextdlError, "expected"),
        (TEXTS, "labels", ParameterError, "labels are 'labels'"),
        (
            [*TEXTS[:7], None],
            LABELS,
            CorpusError,
            "string. Drop or replace document 7",
        ),
        (TEXTS, LABELS[:-1], DataError, "8 texts and 7 labels"),
        (TEXTS, ["a"] * 8, DataError, "one class only, ['a']"),
        (TEXTS, [*LABELS[:7], None], DataError, "label 8 is None"),
        (["", " ", ""], ["a", "b", "a"], TextdlError, "empty vocabulary"),
    ],
)
def test_fit_invalid_texts_or_labels_are_refused(texts, labels, error, says):
    with pytest.raises(error) as caught:
        TextClassifier().fit(texts, labels)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_import_textdl_loads_neither_jax_nor_scikit_learn():
    check = "import sys, textdl; sys.exit(bool({'jax', 'sklearn', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
