"""Subwords: the vector of a word is the mean of its own and of those of its character n-grams.

The input side and the output side stay what they are. The table of words is tied to a larger one,
which has a row for every word and, after these, one for every bucket that an n-gram of the
vocabulary falls into. Buckets that none falls into have no row: nothing would be learned there.

As in fastText, the gradient of a word goes to each of its parts whole, though the word is their
mean: a step moves the word as far as it would move one without subwords.

References:
    Bojanowski et al. 2017, "Enriching word vectors with subword information".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.objective import EmbeddingObjective
from textdl.embed.objectives.word_tables import INPUT
from textdl.embed.tables import Tables
from textdl.embed.tied_rows import Tie, tied_means
from textdl.keyed_random import INITIAL_VALUES, uniform
from textdl.text.char_ngrams import char_ngram_buckets
from textdl.text.vocabulary import Vocabulary
from textdl.vectors.subwords import SubwordVectors

SUBWORDS = "subwords"  # a table: V words, then the buckets that are used
FIRST_BUCKET = 1 << 32  # what bucket 0 is called, beyond the rows of words


class SubwordRows(NamedTuple):
    """The rows of the table of subwords."""

    tie: Tie
    buckets: NDArray[np.int32]  # (used,) of the rows after those of the words, in ascending order


def subword_rows(vocabulary: Vocabulary, config: EmbeddingConfig) -> SubwordRows:
    """Number the words and the buckets of their n-grams.

    Args:
        vocabulary: V words.
        config: has `min_n`, `max_n` and `bucket`.

    Returns:
        Which rows make up each word, and which buckets have rows.
    """
    words = len(vocabulary)
    ngrams = char_ngram_buckets(vocabulary.words, config.min_n, config.max_n, config.bucket)
    buckets, rows = np.unique(ngrams.buckets, return_inverse=True)
    parts = np.insert(rows.astype(np.int32) + words, ngrams.offsets[:-1], np.arange(words))
    offsets = ngrams.offsets + np.arange(words + 1)
    return SubwordRows(Tie(SUBWORDS, offsets, parts.astype(np.int32)), buckets.astype(np.int32))


def tie_to_subwords(
    objective: EmbeddingObjective, vocabulary: Vocabulary, config: EmbeddingConfig
) -> EmbeddingObjective:
    """The objective whose words are means of subwords.

    Args:
        objective: has a table `input` with a row per word.
        vocabulary: the words.
        config: has `min_n`, `max_n`, `bucket`, the seed and D.

    Returns:
        The objective, which has a table of subwords in place of that of words.
    """
    tie, buckets = subword_rows(vocabulary, config)
    rows = len(vocabulary) + len(buckets)

    def init() -> Tables:
        tables = objective.init()
        del tables[INPUT]
        return {**tables, SUBWORDS: initial_subwords(rows, config)}

    def export(tables: Tables) -> NDArray[np.float32]:
        return tied_means(np.asarray(tables[SUBWORDS]), tie)

    def export_subwords(tables: Tables) -> SubwordVectors:
        of_ngrams = np.asarray(tables[SUBWORDS])[len(vocabulary) :]
        return SubwordVectors(buckets, of_ngrams, config.min_n, config.max_n, config.bucket)

    ids = np.concatenate([np.arange(len(vocabulary)), FIRST_BUCKET + buckets.astype(np.int64)])
    return objective._replace(
        init=init,
        export=export,
        ties={INPUT: tie},
        row_ids={SUBWORDS: ids},
        export_subwords=export_subwords,
    )


def initial_subwords(rows: int, config: EmbeddingConfig) -> NDArray[np.float32]:
    """The starting point of fastText: ~ U(-1, 1)/D. `-> (rows, D)`."""
    size = config.vector_size
    drawn = uniform(rows * size, config.seed, INITIAL_VALUES)
    values: NDArray[np.float32] = (2 * drawn - np.float32(1)) / np.float32(size)
    return values.reshape(rows, size)
