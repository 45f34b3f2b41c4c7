"""Which output row a word has, and how rows are drawn as noise: words may share one.

Temporal referencing tags a word by the period of its text, `gay` becoming `gay_1900` and
`gay_2000`. What is asked for are the vectors of both, in one space; as a context of other words it
is the same word in either period. So tagged words have input rows of their own, and one output row.

Reference: Dubossarsky, Hengchen, Tahmasebi and Schlechtweg 2019, "Time-out: temporal referencing
for robust modeling of lexical semantic change".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.sampling import NoiseSampler
from textdl.text.vocabulary import Vocabulary


class OutputWords:
    """The output rows of words, and noise words.

    Args:
        vocabulary: V words; rows are drawn in proportion to their counts, which are summed over the
            words that share a row, to the power `ns_exponent`.
        config: has that, and what separates a word from its tag.
    """

    def __init__(self, vocabulary: Vocabulary, config: EmbeddingConfig) -> None:
        self._rows: NDArray[np.int32] | None = None
        counts = vocabulary.counts
        if config.context_separator is not None:
            self._rows = shared_rows(list(vocabulary.words), config.context_separator)
            self._distinct = np.unique(self._rows)
            sums = np.zeros_like(counts)
            np.add.at(sums, self._rows, counts)
            counts = sums[self._distinct]
        self._draw_noise = NoiseSampler(counts, config.ns_exponent)

    def rows(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The output rows of words."""
        return ids if self._rows is None else self._rows[ids]

    def draw_noise(self, size: int, *key: int) -> NDArray[np.int32]:
        """Draw `size` rows. `-> (size,)`."""
        drawn = self._draw_noise(size, *key)
        return drawn if self._rows is None else self._distinct[drawn]

    @property
    def noise_probability(self) -> NDArray[np.float64]:
        """Of drawing each row. `(V,)`."""
        probability = self._draw_noise.word_probability
        if self._rows is None:
            return probability
        of_rows = np.zeros(len(self._rows))
        of_rows[self._distinct] = probability
        return of_rows

    def sum_by_row(self, of_words: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the words of each row; 0 for rows that no word has. `(V,) -> (V,)`."""
        if self._rows is None:
            return of_words
        sums = np.zeros(len(of_words))
        np.add.at(sums, self._rows, of_words)
        return sums


def shared_rows(words: Sequence[str], separator: str) -> NDArray[np.int32]:
    """The row of the first word that is the same up to the last separator. `(V,)`.

    Args:
        words: V, the most frequent first.
        separator: between a word and its tag; a word without it has no tag.

    Returns:
        A row below V for each word.

    Example:
        >>> shared_rows(["party", "gay_2000", "gay_1900", "gay"], "_").tolist()
        [0, 1, 1, 1]
    """
    first: dict[str, int] = {}
    rows = [
        first.setdefault(word.rpartition(separator)[0] or word, row)
        for row, word in enumerate(words)
    ]
    return np.array(rows, dtype=np.int32)
