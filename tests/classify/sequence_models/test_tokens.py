"""TokenSequences: ids in the order of the text, unknown words, given vectors, truncation."""

import numpy as np
import pytest

from textdl import CountVectorizer, Vectors
from textdl.classify.sequence_models.tokens import TokenSequences
from textdl.errors import CorpusError, ParameterError

TEXTS = ["the cat sees the dog", "", "a dog: a bird"]
VECTORS = Vectors(["dog", "fish", "the"], [[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0]])


def tokens(**options):
    return TokenSequences(vectorizer=CountVectorizer(token_pattern=r"\w+"), **options)


def test_ids_are_one_plus_the_column_in_the_order_of_the_text():
    fitted = tokens()
    sequences = fitted.fit_transform(TEXTS)
    assert fitted.counter_.get_feature_names_out().tolist() == [
        "a", "bird", "cat", "dog", "sees", "the",
    ]  # fmt: skip
    assert sequences.lengths.tolist() == [5, 0, 4]
    assert sequences.ids.tolist() == [6, 3, 5, 6, 4, 1, 4, 1, 2]


def test_unknown_words_keep_their_places():
    assert tokens().fit(TEXTS).transform(["the snake sees"]).ids.tolist() == [6, 0, 5]


def test_text_of_unknown_words_only_is_empty():
    assert tokens().fit(TEXTS).transform(["a snake", "so what"]).lengths.tolist() == [2, 0]


def test_rare_words_are_unknown_in_training():
    fitted = TokenSequences(vectorizer=CountVectorizer(min_df=2))
    assert fitted.fit_transform(TEXTS).ids.tolist() == [0, 0, 0, 0, 1, 1, 0]


def test_words_with_a_vector_follow_those_of_the_texts():
    fitted = tokens(vectors=VECTORS).fit(TEXTS)
    assert fitted.n_learned_ == 6
    assert fitted.counter_.get_feature_names_out()[6:].tolist() == ["fish"]
    assert fitted.transform(["fish the"]).ids.tolist() == [7, 6]


def test_rare_words_of_the_texts_that_have_a_vector_are_learned():
    fitted = TokenSequences(vectorizer=CountVectorizer(max_features=1), vectors=VECTORS).fit(TEXTS)
    words = fitted.counter_.get_feature_names_out().tolist()
    assert words == ["dog", "the", "fish"]
    assert fitted.n_learned_ == 2


def test_vectors_of_no_other_word_add_nothing():
    fitted = tokens(vectors=Vectors(["dog"], [[1.0, 2.0]])).fit(TEXTS)
    assert len(fitted.counter_.vocabulary_) == fitted.n_learned_ == 6


def test_initial_vectors_are_scaled_to_those_that_are_drawn():
    table = tokens(vectors=VECTORS).fit(TEXTS).initial_vectors_
    assert table.shape == (8, 2)
    assert table.dtype == np.float32
    scale = table[7, 1] / 2
    np.testing.assert_allclose(table[[4, 7, 6]], VECTORS.matrix * scale, rtol=1e-6)
    rms = np.sqrt(np.mean(table[[4, 7, 6]] ** 2))
    assert rms == pytest.approx(0.25 / np.sqrt(3), rel=1e-5)
    assert (np.abs(table[[0, 1, 2, 3, 5]]) <= 0.25).all()
    assert len(np.unique(table[[0, 1, 2, 3, 5]])) == 10


def test_initial_vectors_take_a_scale_and_those_that_are_drawn_do_not():
    plain, larger = (
        tokens(vectors=VECTORS, vector_scale=scale).fit(TEXTS).initial_vectors_
        for scale in (1.0, 2.0)
    )
    np.testing.assert_array_equal(larger[[4, 7, 6]], 2 * plain[[4, 7, 6]])
    np.testing.assert_array_equal(larger[[0, 1, 2, 3, 5]], plain[[0, 1, 2, 3, 5]])


def test_single_words_are_texts_of_one_word_each():
    fitted = tokens().fit(TEXTS)
    single = fitted.single_words_
    words = fitted.counter_.get_feature_names_out().tolist()
    np.testing.assert_array_equal(single.ids, fitted.transform(words).ids)


def test_texts_are_cut_aloud():
    with pytest.warns(UserWarning, match="2 of 3 sequences were cut to max_length=3"):
        assert tokens(max_length=3).fit(TEXTS).n_learned_ == 6


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match="max_length=0"):
        tokens(max_length=0).fit(TEXTS)
    with pytest.raises(CorpusError):
        tokens().fit(["the cat", None])
    with pytest.raises(ParameterError, match="vector_scale=0"):
        tokens(vector_scale=0.0).fit(TEXTS)
    with pytest.raises(ParameterError, match="vectors is a list"):
        tokens(vectors=[1.0]).fit(TEXTS)
