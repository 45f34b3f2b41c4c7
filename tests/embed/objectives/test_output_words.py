"""Words that share an output row: which, how often they are drawn, and what a batch says."""

import numpy as np
import pytest

from tests.embed.objectives.reference import random_chunk
from textdl import Word2Vec
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.objective import TrainingText, make_objective
from textdl.embed.objectives.output_words import OutputWords, shared_rows
from textdl.embed.objectives.word_tables import CENTERS, INPUT, OUTPUT, TOKENS
from textdl.errors import ParameterError
from textdl.text.vocabulary import Vocabulary

WORDS = ["the", "x_1", "y", "x_2", "x", "z_1"]
COUNTS = np.array([90, 40, 30, 20, 10, 5])
ROWS = [0, 1, 2, 1, 1, 5]


def config(**options):
    return EmbeddingConfig(vector_size=4, context_separator="_", **options)


def test_shared_rows_are_those_of_the_first_word():
    assert shared_rows(WORDS, "_").tolist() == ROWS
    words = ["_", "a_b_1", "a_b_2", "a_1", "_1", "_2"]
    assert shared_rows(words, "_").tolist() == [0, 1, 1, 3, 4, 5]
    assert shared_rows(["a", "b"], "@@").tolist() == [0, 1]


def test_noise_has_the_probability_of_summed_counts():
    words = OutputWords(Vocabulary(WORDS, COUNTS), config())
    powers = np.array([90, 70, 30, 0, 0, 5]) ** 0.75
    np.testing.assert_allclose(words.noise_probability, powers / powers.sum())
    drawn = words.draw_noise(100_000, 1, 2)
    assert set(drawn.tolist()) == {0, 1, 2, 5}
    shares = np.bincount(drawn, minlength=6) / len(drawn)
    np.testing.assert_allclose(shares, words.noise_probability, atol=0.01)
    np.testing.assert_allclose(words.sum_by_row(COUNTS / 1.0), [90, 70, 30, 0, 0, 5])


def test_targets_keep_their_rows_and_contexts_share_them():
    text = TrainingText(Vocabulary(WORDS, COUNTS), COUNTS / COUNTS.sum())
    shared = make_objective(text, config(window=3))
    chunk, tokens = random_chunk(shared, config(window=3), words=6)
    np.testing.assert_array_equal(chunk.rows[INPUT][CENTERS][0], tokens[:, 3:-3])
    np.testing.assert_array_equal(chunk.rows[OUTPUT][TOKENS][0], np.array(ROWS)[tokens])
    assert shared.expected_updates[OUTPUT][[3, 4]].tolist() == [0, 0]
    assert (shared.expected_updates[INPUT] > 0).all()
    alone = make_objective(text, EmbeddingConfig(vector_size=4, window=3))
    total = shared.expected_updates[OUTPUT].sum()
    assert total == pytest.approx(alone.expected_updates[OUTPUT].sum())


def test_vectors_of_periods_tell_what_changed():
    """x keeps its neighbors and y changes them; x and y stand in the contexts of all others."""
    rng = np.random.default_rng(0)
    sides = [[f"a{number}" for number in range(8)], [f"b{number}" for number in range(8)]]
    texts = []
    for _ in range(1_500):
        for period, (of_x, of_y) in {"1": (0, 0), "2": (0, 1)}.items():
            for word, side in (("x", of_x), ("y", of_y)):
                near = rng.choice(sides[side], 4).tolist()
                texts.append([*near[:2], f"{word}_{period}", *near[2:]])
    model = Word2Vec(
        vector_size=16, min_count=1, sample=0, tokenizer="whitespace", context_separator="_"
    )
    vectors = model.fit(texts).vectors_
    assert vectors.similarity("x_1", "x_2") > 0.9
    assert vectors.similarity("y_1", "y_2") < 0.7
    assert {"x_1", "x_2", "y_1", "y_2"} <= set(vectors.labels)


@pytest.mark.parametrize(
    "options",
    [
        {"arch": "cbow"},
        {"loss": "hs"},
        {"max_n": 6},
        {"context_share": 0.1},
        {"members": ({"window": 2},)},
    ],
)
def test_shared_contexts_elsewhere_are_refused(options):
    with pytest.raises(ParameterError, match=r"context_separator='_' is of use with arch"):
        config(**options)


def test_empty_separator_is_refused():
    with pytest.raises(ParameterError, match="context_separator is empty"):
        Word2Vec(context_separator="").fit([["a", "b"]])
