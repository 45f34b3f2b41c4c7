"""Answers as JSON values: the classifier, the tokenizer, and what is missing."""

import numpy as np
import pytest

from textdl import TextClassifier, Vectors
from textdl.errors import FileFormatError, ParameterError
from textdl.serve.answers import Answers
from textdl.serve.endpoints import make_endpoints
from textdl.serve.limits import ServiceLimits

VECTORS = Vectors(["cheap", "pills", "noon"], np.eye(3))


@pytest.fixture(scope="module")
def answers():
    texts = ["cheap pills", "see you at noon", "pills, cheap!", "lunch at noon?"]
    classifier = TextClassifier(epochs=2).fit(texts, ["spam", "ham", "spam", "ham"])
    return Answers(VECTORS, classifier=classifier)


def test_classify_answers_the_most_probable_classes(answers):
    (known, unknown) = answers.classify(["cheap pills", "zzz"], topn=5)
    expected = answers.classifier.predict_proba(["cheap pills"])[0]
    found = {it["class"]: it["probability"] for it in known["classes"]}
    np.testing.assert_allclose([found["ham"], found["spam"]], expected, rtol=1e-6)
    assert (known["known"], unknown["known"]) == (True, False)
    endpoint = make_endpoints(answers, ServiceLimits())["/classify"]
    (best,) = endpoint.answer(texts=["cheap pills"], topn=1)
    assert len(best["classes"]) == 1


def test_classify_without_classifier_is_refused():
    with pytest.raises(ParameterError, match="start with --classifier MODEL"):
        Answers(VECTORS).classify(["a"])
    assert "/classify" not in make_endpoints(Answers(VECTORS), ServiceLimits())


def test_load_names_the_model_after_the_file(tmp_path):
    VECTORS.save(tmp_path / "spam.vec.gz")
    assert Answers.load(str(tmp_path / "spam.vec.gz")).name == "spam"
    with pytest.raises(FileFormatError, match="none"):
        Answers.load(str(tmp_path / "none"))
