"""What a model of auto becomes: the candidates, their race, and what is said of it."""

import numpy as np
import pytest

from textdl import TextClassifier, Vectors
from textdl.classify import selection
from textdl.classify.config import TextClassifierParameters
from textdl.classify.models import AUTO
from textdl.classify.selection import Scores, candidates, first_of_the_best, sample, score
from textdl.errors import ParameterError

MANY = 5_000
VECTORS = Vectors(["a", "b"], [[1.0, 0.0], [0.0, 1.0]])


def found(examples=MANY, **given):
    parameters = vars(TextClassifierParameters(**given))
    return [
        (it["features"], it["model"], it["idf_power"]) for it in candidates(parameters, examples)
    ]


def labeled_texts(n=1_200, seed=0, order_matters=False):
    """Texts whose class is told by some words, or only by the order of two."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, n)
    texts = []
    for label in labels:
        noise = " ".join(f"w{k}" for k in draw.integers(0, 300, 12))
        told = ("good", "bad")[label] if draw.random() < 0.8 else "so"
        texts.append(f"{noise} {told}")
    return texts, np.array(["neg", "pos"])[labels]


def test_candidates_of_the_default_are_those_without_vectors():
    assert found() == [
        ("tfidf", "linear", None), ("tfidf", "linear", 1), ("bag", "linear", None),
        ("tfidf", "mlp", None),
    ]  # fmt: skip
    assert len(found(vectors=VECTORS)) == len(AUTO)
    assert found(model=None) == found()


def test_candidates_of_few_texts_are_one():
    assert found(999) == [("tfidf", "linear", None)]
    assert found(999, epochs=3) == [("tfidf", "mlp", None)]
    assert found(999, vector_size=3) == [("bag", "linear", None)]
    assert found(999, vectors=VECTORS) == [("vectors", "mlp", None)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"epochs": 3}, [("bag", "linear", None), ("tfidf", "mlp", None)]),
        ({"dropout": 0.1}, [("tfidf", "mlp", None)]),
        ({"C": 2.0}, [("tfidf", "linear", None), ("tfidf", "linear", 1)]),
        ({"C": 2.0, "idf_power": 1}, [("tfidf", "linear", 1)]),
        ({"features": "tfidf", "epochs": 2}, [("tfidf", "mlp", None)]),
        ({"features": "bag"}, [("bag", None, None)]),
        ({"features": "counts"}, [("counts", None, None)]),
        ({"features": "vectors", "vectors": VECTORS}, [("vectors", None, None)]),
        ({"model": "mlp"}, [(None, "mlp", None)]),
        ({"model": "linear"}, [(None, "linear", None)]),
        ({"model": "cnn"}, [(None, "cnn", None)]),
    ],
)
def test_candidates_have_what_was_given(given, expected):
    assert found(**given) == expected


def test_fit_compares_and_says_what_it_chose(capsys, tmp_path):
    texts, labels = labeled_texts()
    model = TextClassifier(model="auto", verbose=True).fit(texts, labels)
    rows = model.comparison_
    assert [(row["features"], row["model"]) for row in rows] == [
        ("tfidf", "linear"), ("tfidf", "linear"), ("bag", "linear"), ("tfidf", "mlp"),
    ]  # fmt: skip
    assert sum(row["chosen"] for row in rows) == 1
    chosen = next(row for row in rows if row["chosen"])
    assert chosen["texts"] == len(texts)
    assert (model.settings_["features"], model.settings_["model"]) == (
        chosen["features"],
        chosen["model"],
    )
    said = capsys.readouterr().err
    assert "textdl: tfidf linear: accuracy 0." in said
    assert f"textdl: chosen: {chosen['features']} {chosen['model']}" in said
    model.save(tmp_path / "a")
    again = TextClassifier.load(tmp_path / "a")
    assert again.comparison_ == rows == again.describe()["comparison"]
    assert again.model == "auto"
    other = again.fit(texts, labels)
    other.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fit_chosen_network_is_calibrated():
    texts, labels = labeled_texts()
    model = TextClassifier(features="tfidf", epochs=3).fit(texts, labels)
    assert model.comparison_ == []  # one candidate
    bag_or_network = TextClassifier(epochs=8, hidden_layer_sizes=None).fit(texts, labels)
    assert len(bag_or_network.comparison_) == 2
    log_p = np.log(bag_or_network.predict_proba(texts).max(axis=1))
    assert np.isfinite(log_p).all()


def test_fit_several_labels_compares():
    texts, labels = labeled_texts()
    lists = [
        [name] if "w1 " in text else [name, "both"]
        for text, name in zip(texts, labels, strict=True)
    ]
    model = TextClassifier(C=1.0).fit(texts, lists)
    assert len(model.comparison_) == 2
    assert model.multilabel_
    assert model.score(texts, lists) > 0.8


def test_select_does_not_depend_on_other_random_draws():
    texts, labels = labeled_texts()
    fits = []
    for state in (1, 2):
        np.random.seed(state)  # noqa: NPY002
        fits.append(TextClassifier(C=1.0).fit(texts, labels))
    assert fits[0].comparison_ == fits[1].comparison_
    assert TextClassifier(C=1.0, seed=2).fit(texts, labels).comparison_ != fits[0].comparison_


def test_race_drops_what_a_cheaper_candidate_matches(monkeypatch):
    calls = []

    def scored(parameters, texts, values, fold, part):
        calls.append((parameters["name"], part))
        right = {"cheap": 8, "same": 8, "better": 9, "broken": None}[parameters["name"]]
        if right is None:
            return None
        return Scores(np.where(np.arange(10) < right, 1.0, -1.0)[:, None], np.ones((10, 1), int))

    monkeypatch.setattr(selection, "score", scored)
    kind = {"features": "tfidf", "model": "linear"}
    names = [{"name": name, **kind} for name in ("cheap", "same", "broken", "better")]
    with selection.progress_bar("part", show=False) as bar:
        found = selection.race(names, ["x"] * 30, np.arange(30) % 2, 1, bar)
    assert [None if it is None else len(it.z) for it in found] == [30, 10, None, 30]
    assert calls.count(("same", 1)) == calls.count(("broken", 1)) == 0
    assert first_of_the_best(found) == 3


@pytest.mark.parametrize(("gained", "stays"), [(3, False), (9, True)])
def test_race_asks_two_standard_errors_of_another_kind_of_model(monkeypatch, gained, stays):
    """Three of 100 texts more, none less: 1.75 standard errors; nine: 3.1."""

    def scored(parameters, texts, values, fold, part):
        right = 50 if parameters["model"] == "linear" else 50 + gained
        return Scores(np.where(np.arange(100) < right, 1.0, -1.0)[:, None], np.ones((100, 1), int))

    monkeypatch.setattr(selection, "score", scored)
    kinds = [{"features": "tfidf", "model": model} for model in ("linear", "mlp")]
    with selection.progress_bar("part", show=False) as bar:
        found = selection.race(kinds, ["x"] * 30, np.arange(30) % 2, 1, bar)
    assert [len(it.z) for it in found] == [300, 300 if stays else 100]


def test_first_of_the_best_prefers_the_cheaper_within_one_standard_error():
    draw = np.random.default_rng(0)
    base = np.where(draw.random(1_000) < 0.8, 1.0, -1.0)[:, None]
    truth = np.ones((1_000, 1), int)
    a_little = base.copy()
    a_little[np.flatnonzero(base < 0)[:20]] = 1
    a_little[np.flatnonzero(base > 0)[:18]] = -1
    assert first_of_the_best([Scores(base, truth), Scores(a_little, truth)]) == 0
    better = base.copy()
    better[np.flatnonzero(base < 0)[:20]] = 1
    assert first_of_the_best([Scores(base, truth), Scores(better, truth)]) == 1
    assert first_of_the_best([None, None]) == 0
    assert first_of_the_best([None, Scores(base, truth)]) == 1


def test_score_agrees_with_fitting_by_hand():
    texts, labels = labeled_texts(300)
    fold = np.arange(300) % 3
    parameters = vars(TextClassifierParameters("tfidf", "linear"))
    scores = score(parameters, texts, labels, fold, 1)
    rest = fold != 1
    model = TextClassifier(model="linear").fit(
        [t for t, it in zip(texts, rest, strict=True) if it], labels[rest]
    )
    held_out = [t for t, it in zip(texts, rest, strict=True) if not it]
    assert scores.accuracy == pytest.approx(model.score(held_out, labels[~rest]))
    none = score({**parameters, "min_df": 250}, texts, labels, fold, 1)
    assert none is None


def test_sample_keeps_the_shares_of_classes():
    values = np.repeat(["a", "b"], [9_000, 1_000])
    rows = sample(values, 1_000, 1)
    assert (np.bincount((values[rows] == "b").astype(int)) == [900, 100]).all()
    assert len(sample(values, 20_000, 1)) == 10_000


def test_invalid_parameters_are_refused_before_anything_is_compared():
    texts, labels = labeled_texts()
    with pytest.raises(ParameterError, match="tokenizer='german'"):
        TextClassifier(tokenizer="german").fit(texts, labels)
    with pytest.raises(ParameterError, match="min_df=5000"):
        TextClassifier(min_df=5_000).fit(texts, labels)
