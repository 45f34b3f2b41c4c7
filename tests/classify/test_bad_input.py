"""What cannot be learned from is refused by an error of the family, whatever the model."""

import numpy as np
import pytest

from textdl import MLPClassifier, TextClassifier, Vectors
from textdl.errors import CorpusError, DataError, ParameterError, TextdlError

MODELS = ["auto", "linear", "mlp", "cnn", "gru"]
TEXTS = ["a good film", "a bad film"] * 4
LABELS = ["+", "-"] * 4
NAN = float("nan")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("texts", "labels", "error", "says"),
    [
        (["  ", ""] * 4, LABELS, CorpusError, "empty vocabulary: 8 documents have no terms"),
        (TEXTS, ["+"] * 8, DataError, r"one class only, \['\+'\]; expected two classes or more"),
        (TEXTS, [*LABELS, "+"], DataError, "8 texts and 9 labels; expected one label"),
        ([*TEXTS, "more"], LABELS, DataError, "9 texts and 8 labels; expected one label"),
        (TEXTS, [*LABELS[1:], None], DataError, "label 8 is None; expected a string"),
        (TEXTS, [*LABELS[1:], NAN], DataError, "label 8 is nan; expected a string"),
        ([*TEXTS[1:], NAN], LABELS, CorpusError, "nan is an invalid document.*document 7"),
        ([*TEXTS[1:], None], LABELS, CorpusError, "None is an invalid document.*document 7"),
        ([], [], DataError, "no text has a label"),
        ("a text", LABELS, ParameterError, "pass a list of texts"),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:30],
)
def test_texts_and_labels_are_refused(model, texts, labels, error, says):
    with pytest.raises(error, match=says) as caught:
        TextClassifier(model=model).fit(texts, labels)
    assert isinstance(caught.value, TextdlError)


@pytest.mark.parametrize("model", ["linear", "cnn"])
def test_one_text_in_place_of_a_list_is_refused_in_prediction(model):
    small = {"epochs": 1, "units": 2, "vector_size": 2} if model == "cnn" else {}
    fitted = TextClassifier(model=model, **small).fit(TEXTS, LABELS)
    with pytest.raises(ParameterError, match="pass a list of texts"):
        fitted.predict("a text")


@pytest.mark.parametrize("model", ["cnn", pytest.param("gru", marks=pytest.mark.full)])
def test_text_over_the_limit_is_cut_aloud(model):
    with pytest.warns(UserWarning, match="8 of 8 sequences were cut to max_length=2"):
        TextClassifier(model=model, max_length=2, epochs=1, units=2, vector_size=2).fit(
            TEXTS, LABELS
        )


@pytest.mark.parametrize("limit", [0, 5_000])
def test_limit_out_of_range_is_refused(limit):
    with pytest.raises(ParameterError, match=f"max_length={limit}; expected a whole number from 1"):
        TextClassifier(model="cnn", max_length=limit).fit(TEXTS, LABELS)


def test_vectors_that_are_not_finite_are_refused():
    matrix = np.eye(3, 4, dtype=np.float32)
    matrix[1, 2] = NAN
    with pytest.raises(ParameterError, match="row 1 holds NaN, infinity or too large a number"):
        TextClassifier(model="cnn", vectors=Vectors(["good", "bad", "film"], matrix))


@pytest.mark.parametrize("wrong", [NAN, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(wrong):
    with pytest.raises(DataError, match="Input X contains"):
        MLPClassifier((2,)).fit([[wrong], [1.0]], [0, 1])
