"""TF-IDF, SIF and uSIF averages, against a NumPy double loop of each formula."""

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.io.safetensors_files import change_header
from textdl import AveragedVectors, TextClassifier, Vectors
from textdl.classify import weightings as module
from textdl.classify.weightings import (
    Components,
    common_components,
    expected_a,
    remove_components,
)
from textdl.errors import DataError, FileFormatError, ParameterError

WORDS = [f"w{number}" for number in range(60)]
SIZE = 8
DRAW = np.random.default_rng(7)
COUNTS = DRAW.zipf(1.5, len(WORDS)).clip(max=5000)
FREQUENT = WORDS[np.argsort(COUNTS)[-4]]  # in some texts, not in all
MATRIX = (DRAW.normal(size=(len(WORDS), SIZE)) + 0.3).astype(np.float32)
VECTORS = Vectors(WORDS, MATRIX, counts=COUNTS)
UNCOUNTED = Vectors(WORDS, MATRIX)
TEXTS = [
    " ".join(DRAW.choice(WORDS, size, p=COUNTS / COUNTS.sum())) for size in DRAW.integers(1, 30, 70)
]
TEXTS += ["", "nothing known", "w3 nothing w3"]
PLAIN = {"tokenizer": "whitespace", "normalize": False}


def tokens_of(texts):
    return [[WORDS.index(word) for word in text.split() if word in WORDS] for text in texts]


def fitted_counts():
    return np.bincount(np.concatenate(tokens_of(TEXTS)).astype(int), minlength=len(WORDS))


def without_components(rows, count, *, piecewise):
    """One vector and one component after another, from NumPy's SVD of the rows."""
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    found = []
    for row in rows:
        left = row.copy()
        for k in range(count):
            share = values[k] ** 2 / (values[:count] ** 2).sum() if piecewise else 1
            left = left - share * (row @ directions[k]) * directions[k]
        found.append(left)
    return np.array(found)


def slow_sif(texts, counts, a, components):
    p = counts / counts.sum()
    rows = []
    for tokens in tokens_of(texts):
        total = np.zeros(SIZE)
        for token in tokens:
            total += a / (a + p[token]) * MATRIX[token].astype(float)
        rows.append(total / max(len(tokens), 1))
    return without_components(np.array(rows), components, piecewise=False)


def slow_usif(texts, counts, components, a=None):
    p = counts / counts.sum()
    vocabulary = [share for share in p if share > 0]
    if a is None:
        lengths = [len(tokens) for tokens in tokens_of(texts)]
        threshold = 1 - (1 - 1 / len(vocabulary)) ** (sum(lengths) / len(lengths))
        alpha = sum(share > threshold for share in vocabulary) / len(vocabulary)
        a = (1 - alpha) / (alpha * 0.5 * len(vocabulary))
    rows = []
    for tokens in tokens_of(texts):
        total = np.zeros(SIZE)
        for token in tokens:
            for d in range(SIZE):
                norm = math.sqrt(sum(float(MATRIX[other, d]) ** 2 for other in tokens))
                total[d] += a / (0.5 * a + p[token]) * float(MATRIX[token, d]) / norm
        rows.append(total / max(len(tokens), 1))
    return without_components(np.array(rows), components, piecewise=True)


def slow_tfidf(texts):
    reference = TfidfVectorizer(vocabulary=WORDS, tokenizer=str.split, token_pattern=None).fit(
        texts
    )
    rows = []
    for tokens in tokens_of(texts):
        total = np.zeros(SIZE)
        for token in tokens:
            total += reference.idf_[token] * MATRIX[token]
        rows.append(total / max(sum(reference.idf_[tokens]), 1e-9))
    return np.array(rows)


EXPECTED = {
    "tfidf": lambda: slow_tfidf(TEXTS),
    "sif": lambda: slow_sif(TEXTS, COUNTS, 1e-3, 1),
    "usif": lambda: slow_usif(TEXTS, COUNTS, 5),
}


def assert_close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("weighting", EXPECTED)
def test_fit_transform_same_as_loop(weighting):
    averages = AveragedVectors(VECTORS, weighting=weighting, **PLAIN)
    assert_close(averages.fit_transform(TEXTS), EXPECTED[weighting]())


def test_counts_of_the_fitted_documents_where_vectors_have_none():
    sif = AveragedVectors(UNCOUNTED, weighting="sif", a=0.01, remove_components=2, **PLAIN)
    assert_close(sif.fit_transform(TEXTS), slow_sif(TEXTS, fitted_counts(), 0.01, 2))
    usif = AveragedVectors(UNCOUNTED, weighting="usif", **PLAIN)
    assert_close(usif.fit_transform(TEXTS), slow_usif(TEXTS, fitted_counts(), 5))
    zeros = Vectors(WORDS, MATRIX, counts=np.zeros(len(WORDS), int))
    again = AveragedVectors(zeros, weighting="usif", **PLAIN).fit_transform(TEXTS)
    np.testing.assert_array_equal(again, usif.transform(TEXTS))


def test_usif_takes_a_that_is_given():
    usif = AveragedVectors(VECTORS, weighting="usif", a=0.5, remove_components=0, **PLAIN)
    assert_close(usif.fit_transform(TEXTS), slow_usif(TEXTS, COUNTS, 0, a=0.5))
    assert usif.a_ == 0.5


def test_components_are_those_of_the_fitted_documents():
    fitted = AveragedVectors(VECTORS, weighting="sif", **PLAIN).fit(TEXTS)
    u = fitted.components_[0].astype(float)
    plain = AveragedVectors(VECTORS, weighting="sif", remove_components=0, **PLAIN).fit(TEXTS)
    new = ["w1 w2 w9 w30", "w5"]
    rows = plain.transform(new).astype(float)
    assert_close(fitted.transform(new), rows - np.outer(rows @ u, u))


def test_remove_components_of_the_plain_mean():
    averages = AveragedVectors(VECTORS, remove_components=3, **PLAIN)
    rows = AveragedVectors(VECTORS, **PLAIN).fit_transform(TEXTS)
    expected = without_components(rows.astype(float), 3, piecewise=False)
    assert_close(averages.fit_transform(TEXTS), expected)


@pytest.mark.parametrize("weighting", ["mean", *EXPECTED])
def test_normalize_scales_rows_to_sqrt_d(weighting):
    plain = AveragedVectors(VECTORS, weighting=weighting, **PLAIN).fit_transform(TEXTS)
    scaled = AveragedVectors(VECTORS, "whitespace", weighting=weighting).fit_transform(TEXTS)
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    expected = plain / np.where(lengths > 0, lengths, 1) * SIZE**0.5
    np.testing.assert_allclose(scaled, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weighting", ["mean", *EXPECTED])
def test_documents_without_a_known_word_are_zeros(weighting):
    rows = AveragedVectors(VECTORS, "whitespace", weighting=weighting).fit_transform(TEXTS)
    assert not rows[-3:-1].any()
    assert rows[:-3].any(axis=1).all()
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("weighting", ["mean", *EXPECTED])
def test_rows_do_not_depend_on_other_documents_or_blocks(weighting, monkeypatch):
    averages = AveragedVectors(VECTORS, "whitespace", weighting=weighting).fit(TEXTS)
    whole = averages.transform(TEXTS)
    alone = np.concatenate([averages.transform([text]) for text in TEXTS])
    np.testing.assert_array_equal(alone, whole)
    monkeypatch.setattr(module, "_DOCUMENTS_PER_BLOCK", 7)
    np.testing.assert_array_equal(averages.transform(TEXTS), whole)
    assert_close(averages.fit_transform(TEXTS), whole)
    assert averages.transform([]).shape == (0, SIZE)


@pytest.mark.parametrize("weighting", ["mean", *EXPECTED])
def test_single_words_are_texts_of_one_word(weighting):
    averages = AveragedVectors(VECTORS, "whitespace", weighting=weighting).fit(TEXTS)
    np.testing.assert_array_equal(averages.single_words_, averages.transform(WORDS))


def test_document_within_the_components_is_zeros():
    averages = AveragedVectors(VECTORS, "whitespace", weighting="sif")
    assert not averages.fit_transform(["w3", "w3 w3"]).any()


def test_components_beyond_the_rank_are_zeros():
    averages = AveragedVectors(VECTORS, "whitespace", remove_components=3).fit(["w3"] * 4)
    assert averages.components_.any(axis=1).tolist() == [True, False, False]
    assert averages.transform(["w4"]).any()


@given(st.integers(1, 6), st.integers(6, 40), st.booleans(), st.integers(0, 2**31))
def test_common_components_same_as_svd(count, documents, piecewise, seed):
    rows = np.random.default_rng(seed).normal(size=(documents, 6)).astype(np.float32)
    found = common_components([rows[:5], rows[5:]], count, piecewise=piecewise)
    expected = without_components(rows.astype(float), count, piecewise=piecewise)
    removed = remove_components(rows.copy(), found)
    np.testing.assert_allclose(removed, expected, atol=1e-4)
    assert (np.abs(found.directions).max(1) == found.directions.max(1)).all()
    assert found.shares.sum() == pytest.approx(1 if piecewise else count)


def test_remove_components_without_any_is_noop():
    rows = MATRIX.copy()
    none = Components(np.zeros((0, SIZE), np.float32), np.zeros(0, np.float32))
    np.testing.assert_array_equal(remove_components(rows, none), MATRIX)


def test_expected_a_without_frequent_words_is_infinite():
    assert expected_a(np.full(4, 0.25), 3.0) == math.inf
    assert expected_a(np.zeros(3), 1.0) == math.inf
    averages = AveragedVectors(UNCOUNTED, weighting="usif", remove_components=0, **PLAIN)
    averages.fit(["w1 w2", "w3 w4"])
    assert averages.word_weights_.tolist() == [2.0] * len(WORDS)


# In a pipeline, and in files


def test_pipeline_learns_classes():
    labels = [FREQUENT in text.split() for text in TEXTS]
    averages = AveragedVectors(VECTORS, "whitespace", weighting="usif")
    pipeline = make_pipeline(averages, LogisticRegression()).fit(TEXTS, labels)
    assert pipeline.score(TEXTS, labels) > 0.6
    names = averages.fit(TEXTS).get_feature_names_out()
    assert names[:2].tolist() == ["averagedvectors0", "averagedvectors1"]
    assert len(names) == SIZE


@pytest.mark.parametrize("vectors", [VECTORS, UNCOUNTED], ids=["counted", "uncounted"])
@pytest.mark.parametrize("weighting", ["mean", *EXPECTED])
def test_round_trip(weighting, vectors, tmp_path):
    averages = AveragedVectors(vectors, "whitespace", weighting=weighting, n_jobs=1).fit(TEXTS)
    averages.save(tmp_path / "a")
    again = AveragedVectors.load(tmp_path / "a")
    np.testing.assert_array_equal(again.transform(TEXTS), averages.transform(TEXTS))
    assert (again.weighting, again.a_) == (weighting, averages.a_)
    again.save(tmp_path / "b")
    again.fit(TEXTS).save(tmp_path / "c")
    written = [(tmp_path / name).read_bytes() for name in "abc"]
    assert written[0] == written[1] == written[2]


def test_round_trip_infinite_a_and_parameters(tmp_path):
    parameters = {"weighting": "usif", "remove_components": 0, "normalize": False}
    averages = AveragedVectors(UNCOUNTED, "whitespace", **parameters).fit(["w1 w2", "w3 w4"])
    averages.save(tmp_path / "a")
    again = AveragedVectors.load(tmp_path / "a")
    assert again.a_ == math.inf
    found = again.get_params()
    assert {name: found[name] for name in parameters} == parameters
    assert again.describe()["a"] == "inf"


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["parameters"].update(weighting="mean"),
        lambda told: told["parameters"].update(weighting="best"),
        lambda told: told["parameters"].update(remove_components=2),
        lambda told: told["parameters"].update(a=-1),
        lambda told: told["parameters"].update(path="/etc/passwd"),
        lambda told: told["state"].update(a=None),
        lambda told: told["parts"].pop("counter"),
    ],
)
def test_load_inconsistent_file_is_refused(change, tmp_path):
    path = tmp_path / "a"
    AveragedVectors(VECTORS, "whitespace", weighting="sif").fit(TEXTS).save(path)
    change_header(path, change)
    with pytest.raises(FileFormatError) as caught:
        AveragedVectors.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("word_weights_", np.nan, "a weight or share is not from 0 to 100"),
        ("word_weights_", -1, "a weight or share is not from 0 to 100"),
        ("component_shares_", 1.5, "a weight or share is not from 0 to 1"),
        ("components_", 1e30, "an entry of a component is above 1"),
    ],
)
def test_load_values_out_of_range_are_refused(name, value, says, tmp_path):
    averages = AveragedVectors(VECTORS, "whitespace", weighting="sif").fit(TEXTS)
    setattr(averages, name, np.full_like(getattr(averages, name), value))
    averages.save(tmp_path / "a")
    with pytest.raises(FileFormatError, match=says):
        AveragedVectors.load(tmp_path / "a")


@pytest.mark.parametrize("weighting", ["sif", "usif"])
def test_text_classifier_round_trip(weighting, tmp_path):
    labels = ["ab"[FREQUENT in text.split()] for text in TEXTS]
    parameters = {"features": "vectors", "model": "linear", "tokenizer": "whitespace"}
    model = TextClassifier(**parameters, vectors=VECTORS, weighting=weighting).fit(TEXTS, labels)
    assert model.features_.word_weights_ is not None
    model.save(tmp_path / "model")
    again = TextClassifier.load(tmp_path / "model")
    assert again.weighting == weighting
    np.testing.assert_array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))
    again.fit(TEXTS, labels).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


def test_text_classifier_file_without_weighting_is_one_of_plain_means(tmp_path):
    """Files that were written before there was a choice lack the setting."""
    path = tmp_path / "model"
    labels = ["ab"[FREQUENT in text.split()] for text in TEXTS]
    parameters = {"features": "vectors", "epochs": 2, "tokenizer": "whitespace"}
    network = {"model": "mlp", "hidden_layer_sizes": (), "dropout": 0.0}
    model = TextClassifier(**parameters, **network, vectors=VECTORS).fit(TEXTS, labels)
    model.save(path)

    def as_before(told):
        """A linear model was a network without hidden layers, and nothing had class weights."""
        for names in (told["parameters"], told["state"]["settings"]):
            for name in ("hidden_layer_sizes", "dropout", "weighting", "class_weight"):
                names.pop(name)
            names["model"] = "linear"

    change_header(path, as_before)
    again = TextClassifier.load(path)
    assert again.settings_["weighting"] == "mean"
    assert again.settings_["model"] == again.model == "mlp"
    np.testing.assert_array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))


ONE_FIT = """
import hashlib
from tests.classify.test_weightings import TEXTS
import numpy as np
from textdl import AveragedVectors, Vectors
words = sorted({word for text in TEXTS for word in text.split()})
vectors = Vectors(words, np.random.default_rng(0).normal(size=(len(words), 300)))
texts = TEXTS * 20
rows = [AveragedVectors(vectors, "whitespace", weighting=it).fit_transform(texts)
        for it in ("sif", "usif")]
print(hashlib.sha256(np.concatenate(rows).tobytes()).hexdigest())
"""


def test_fit_transform_same_bits_whatever_the_number_of_threads():
    def digest(threads):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        command = [sys.executable, "-W", "ignore", "-c", ONE_FIT]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout

    of_one = digest("1")
    assert len(of_one.strip()) == len(hashlib.sha256().hexdigest())
    assert of_one == digest("2")


# Bad input


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"weighting": "best"}, r"weighting='best'; expected one of mean, tfidf, sif, usif"),
        ({"weighting": "sif", "a": 0}, r"a=0; expected a number above 0, or None"),
        ({"weighting": "usif", "a": -1.0}, r"a=-1.0; expected a number above 0"),
        ({"weighting": "sif", "a": math.nan}, r"a=nan; expected a number above 0"),
        ({"a": 0.1}, r"a=0.1 does not go with weighting='mean'; leave it out, or.* sif or usif"),
        ({"remove_components": -1}, r"remove_components=-1; expected a whole number from 0"),
        ({"remove_components": 9}, r"9 common components .* vectors of 8 dimensions; expected"),
        ({"normalize": "l2"}, r"normalize='l2'; expected True or False"),
    ],
)
def test_fit_bad_parameters_are_named(parameters, says):
    with pytest.raises(ParameterError, match=says):
        AveragedVectors(VECTORS, **parameters).fit(TEXTS)


def test_fit_fewer_documents_than_components_is_refused():
    averages = AveragedVectors(VECTORS, "whitespace", weighting="usif")
    with pytest.raises(DataError, match=r"5 common components .* from 4 documents that have a k"):
        averages.fit(["w1", "w2", "", "w3", "w4", "unknown"])
    with pytest.raises(DataError, match=r"1 common components .* from 0 documents"):
        averages.set_params(weighting="sif").fit([])


def test_fit_negative_count_is_refused():
    vectors = Vectors(["a", "b"], np.eye(2), counts=[3, -1])
    with pytest.raises(DataError, match="a count of -1; expected 0 or more"):
        AveragedVectors(vectors, weighting="sif").fit(["a b"])


@pytest.mark.parametrize("weighting", EXPECTED)
def test_fit_vector_that_is_not_finite_is_named(weighting):
    matrix = MATRIX.copy()
    matrix[3] = np.nan
    vectors = Vectors(WORDS, MATRIX)
    vectors._matrix = matrix
    with pytest.raises(DataError, match="the vector of 'w3' is not finite"):
        AveragedVectors(vectors, weighting=weighting).fit(TEXTS)


@pytest.mark.parametrize("weighting", ["mean", *EXPECTED])
@pytest.mark.parametrize("size", [1e18, 3e38])
def test_fit_transform_vectors_too_large_for_squares_are_refused(weighting, size):
    vectors = Vectors(WORDS, MATRIX)
    vectors._matrix = np.full_like(MATRIX, size)
    with pytest.raises(DataError, match=r"an entry above 1e\+17, too large for float32; scale"):
        AveragedVectors(vectors, "whitespace", weighting=weighting).fit_transform(TEXTS)


def test_save_before_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not fitted"):
        AveragedVectors(VECTORS).save(tmp_path / "a")
