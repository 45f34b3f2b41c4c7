"""Texts as means of word vectors, against a loop."""

import numpy as np
import pytest

from tests.classify.conftest import LABELS
from tests.classify.conftest import TEXTS as TEXTS_OF_CLASSES
from tests.classify.test_text_classifier import KINDS, QUICK
from textdl import TextClassifier, Vectors
from textdl.classify.averages import AveragedVectors
from textdl.errors import DataError, FileFormatError, ParameterError
from textdl.text.tokenizers import get_tokenizer

WORDS = ["up", "down", "north", "straße", ",", "日本"]
VECTORS = Vectors(WORDS, np.random.default_rng(0).normal(size=(6, 4)))
TEXTS = ["Up, up and down", "NORTH straße", "", "nothing known", "日本 up " * 5000]


def slow_average(text, tokenize):
    known = [VECTORS[word].astype(float) for word in tokenize(text) if word in VECTORS]
    mean = np.mean(known, axis=0) if known else np.zeros(4)
    length = np.linalg.norm(mean)
    return mean / length * 2 if length else mean


@pytest.mark.parametrize("tokenizer", ["nltk", "whitespace", "wordpunct"])
def test_transform_matches_loop(tokenizer):
    averages = AveragedVectors(VECTORS, tokenizer)
    tokenize = get_tokenizer(tokenizer)
    expected = [slow_average(text, tokenize) for text in TEXTS]
    np.testing.assert_allclose(averages.fit_transform(TEXTS), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(averages.transform(TEXTS), averages.fit_transform(TEXTS))


def test_lowercase_none_keeps_capitals_only_where_vectors_have_them():
    averages = AveragedVectors(Vectors(["Up", "up"], np.eye(2)))
    assert averages.fit_transform(["Up up", "Up"]).round(3).tolist() == [
        [1.0, 1.0], [pytest.approx(2**0.5, abs=1e-3), 0.0]
    ]  # fmt: skip
    lowered = AveragedVectors(Vectors(["up"], [[1.0]]))
    assert lowered.fit_transform(["UP"]).tolist() == [[1.0]]


def test_fit_path_of_vectors_equals_vectors(tmp_path):
    VECTORS.save(tmp_path / "v.txt")
    averages = AveragedVectors(tmp_path / "v.txt").fit_transform(TEXTS)
    np.testing.assert_allclose(averages, AveragedVectors(VECTORS).fit_transform(TEXTS), rtol=1e-4)


def test_fit_anything_but_vectors_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"no vectors to average.*--vectors"):
        AveragedVectors().fit(TEXTS)
    with pytest.raises(ParameterError, match="vectors is a ndarray"):
        AveragedVectors(np.eye(3)).fit(TEXTS)
    with pytest.raises(FileFormatError, match="missing"):
        AveragedVectors(tmp_path / "missing").fit(TEXTS)
    TextClassifier(**QUICK | KINDS["bag"]).fit(TEXTS_OF_CLASSES, LABELS).save(tmp_path / "model")
    with pytest.raises(FileFormatError, match="expected Vectors"):
        AveragedVectors(tmp_path / "model").fit(TEXTS)


def test_fit_vector_that_is_not_finite_is_named(tmp_path):
    VECTORS.save(tmp_path / "v.safetensors")
    raw = bytearray((tmp_path / "v.safetensors").read_bytes())
    place = raw.index(VECTORS.matrix[3].tobytes())
    raw[place : place + 4] = np.float32(np.nan).tobytes()
    (tmp_path / "v.safetensors").write_bytes(raw)
    with pytest.raises(DataError, match="the vector of 'straße' is not finite"):
        AveragedVectors(tmp_path / "v.safetensors").fit(TEXTS)


def test_fit_unknown_tokenizer_is_refused():
    with pytest.raises(ParameterError, match="tokenizer='german'; expected one of whitespace"):
        AveragedVectors(VECTORS, "german").fit(TEXTS)
