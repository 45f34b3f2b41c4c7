"""Explanations: occlusion against the weights of linear models; every model; text and page."""

import html
import json
import re

import numpy as np
import pytest

from tests.fuzzing.kinds import classifier_of_fasttext
from textdl import FastTextClassifier, TextClassifier, Vectors
from textdl.classify import explanation as explanation_module
from textdl.classify.explanation import Explanation, WordInfluence
from textdl.errors import DataError, ParameterError

TEXTS = ["win a free prize", "free prize now", "see you at noon", "lunch at noon ok"] * 10
LABELS = ["spam", "spam", "ham", "ham"] * 10
THREE = [*["buy gold now"] * 10, *TEXTS], [*["ad"] * 10, *LABELS]
SEVERAL = [["a", "b"], ["a"], ["b"], []] * 10


def linear(texts=TEXTS, labels=LABELS):
    return TextClassifier(features="counts", model="linear", min_df=1).fit(texts, labels)


def weights_of(model, word):
    """The row of a word, `(O,)`."""
    return np.asarray(model.classifier_.params_.weights)[model.features_.vocabulary_[word]]


def test_two_classes_occlusion_is_the_weight_of_the_word():
    model = linear()
    explanation = model.explain("free lunch and a prize! lunch")
    assert explanation.label == model.predict([explanation.text])[0]
    sign = 1 if explanation.label == model.classes_[1] else -1
    for it in explanation.words:
        known = it.word in model.features_.vocabulary_
        expected = sign * weights_of(model, it.word)[0] if known else 0
        assert it.influence == pytest.approx(expected, abs=1e-5)
        assert explanation.text[it.start : it.end] == it.word
    words = ["free", "lunch", "and", "a", "prize", "!", "lunch"]
    assert [it.word for it in explanation.words] == words


def test_three_classes_occlusion_is_the_weight_above_the_mean_of_the_others():
    model = linear(*THREE)
    explanation = model.explain("buy a free prize", "ad")
    for it in explanation.words:
        own, *others = weights_of(model, it.word)
        assert it.influence == pytest.approx(own - np.mean(others), abs=1e-5)
    log_p = model.predict_log_proba(["buy a free prize", "a free prize"])
    scores = log_p[:, 0] - log_p[:, 1:].mean(1)
    assert explanation.words[0].influence == pytest.approx(scores[0] - scores[1])
    assert explanation.probability == pytest.approx(np.exp(log_p[0, 0]))


def test_several_labels_occlusion_is_of_the_log_odds_of_one():
    texts = ["red blue", "red", "blue", "green"] * 10
    model = TextClassifier(features="counts", model="linear", min_df=1).fit(texts, SEVERAL)
    explanation = model.explain("red blue", "b")
    p = model.predict_proba(["red blue", "blue", "red"])[:, 1]
    odds = np.log(p / (1 - p))
    found = [it.influence for it in explanation.words]
    np.testing.assert_allclose(found, odds[0] - odds[1:], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        {"model": "mlp"},
        {"features": "bag", "epochs": 20, "learning_rate": 0.3},
        {"features": "vectors", "vectors": Vectors(["free", "noon"], np.eye(2)), "model": "linear"},
        {"model": "cnn", "vector_size": 8, "units": 8},
        {"model": "gru", "vector_size": 8, "units": 8, "epochs": 10, "learning_rate": 0.02},
        {"features": "tfidf", "model": "linear", "ngram_range": (1, 2)},
    ],
    ids=str,
)
def test_every_model_is_moved_by_the_words_that_tell(parameters):
    model = TextClassifier(**parameters).fit(TEXTS, LABELS)
    explanation = model.explain("so free at last", "spam")
    influences = {it.word: it.influence for it in explanation.words}
    assert explanation.top(1)[0].word in {"free", "at"}
    assert influences["free"] > 0
    opposite = {it.word: it.influence for it in model.explain("so free at last", "ham").words}
    assert opposite["free"] == pytest.approx(-influences["free"], rel=1e-5)
    assert np.isfinite(list(influences.values())).all()


def test_classifier_of_fasttext_is_explained(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(classifier_of_fasttext())
    explanation = FastTextClassifier.load(path).explain("the cat sat")
    assert [it.word for it in explanation.words] == ["the", "cat", "sat"]
    assert any(it.influence for it in explanation.words)


def test_certain_predictions_are_finite():
    model = linear(TEXTS * 20, LABELS * 20)
    explanation = model.explain(" ".join(["free prize"] * 500))
    assert np.isfinite([it.influence for it in explanation.words]).all()


def test_text_without_words_has_no_influences():
    for text in ("", "  \n", "\u3000"):
        explanation = linear().explain(text)
        assert explanation.words == []
        assert explanation.as_text().count("\n") == 0
        assert text in explanation.as_html()


def test_unicode_and_apostrophes_are_words():
    words = [it.word for it in linear().explain("don't 日本 ☘ l’été a_b").words]
    assert words == ["don't", "日本", "☘", "l’été", "a_b"]


def test_long_text_is_explained_at_its_beginning(monkeypatch):
    monkeypatch.setattr(explanation_module, "MOST_WORDS", 3)
    with pytest.warns(UserWarning, match="4 words, of which the first 3"):
        assert len(linear().explain("a b c d").words) == 3


def test_texts_that_a_network_cuts_are_explained_without_more_warnings():
    model = TextClassifier(model="cnn", vector_size=4, units=4, max_length=4).fit(TEXTS, LABELS)
    with pytest.warns(UserWarning, match="were cut to max_length=4") as seen:
        explanation = model.explain("free at noon you see the end prize prize")
    assert len(seen) == 1
    assert explanation.words[-1].influence == 0


SHOWN = Explanation(
    "a <b> & c", "x & y", 0.75, [WordInfluence("a", 0, 1, -1.0), WordInfluence("b", 3, 4, 2.0)]
)


def test_page_holds_the_text_and_nothing_of_it_is_markup():
    page = SHOWN.as_html()
    body = page.partition("pre-wrap")[2]
    text = html.unescape(re.sub(r"<[^>]+>", "", body.partition(">")[2]))
    assert text.strip() == SHOWN.text
    assert "<b> &" not in page.partition("<p style")[2]
    assert "x &amp; y 0.7500" in page
    assert 'rgba(198, 40, 40, 0.50)" title="-1.0000">a<' in page
    assert 'rgba(46, 125, 50, 1.00)" title="+2.0000">b<' in page


def test_text_shows_the_strongest_first():
    assert SHOWN.as_text() == "x & y 0.7500\nb  +2.0000  " + "+" * 20 + "\na  -1.0000  " + "-" * 10
    assert SHOWN.as_text(1).count("\n") == 1
    assert json.loads(json.dumps(SHOWN.as_json()))["words"][1]["influence"] == 2.0


def test_bad_input_is_refused():
    model = linear()
    with pytest.raises(DataError, match="label 'eggs' is not among the 2 classes: ham, spam"):
        model.explain("free", "eggs")
    with pytest.raises(ParameterError, match="the text to explain is 7"):
        model.explain(7)
    with pytest.raises(ParameterError, match="n=0"):
        model.explain("free").top(0)
    with pytest.raises(ValueError, match="not fitted"):
        TextClassifier().explain("free")
