"""Optimal transport: how far the words of one document have to go to become those of another.

Reference: Kusner et al. 2015, "From word embeddings to document distances".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.vectors import query
from textdl.vectors.labeled import LabeledMatrix


def word_movers_distance(
    vectors: LabeledMatrix, first: Sequence[str], second: Sequence[str], *, norm: bool = True
) -> float:
    """The cost of the cheapest transport between the words of two documents.

    Args:
        vectors: of the words.
        first: words; those without a vector are left out.
        second: the same.
        norm: compare unit vectors.

    Returns:
        `min Σ T_ij |x_i - y_j|` over transports T from the shares of one's words to the other's.

    Raises:
        ParameterError: no word of a document has a vector, or POT is not installed.
    """
    try:
        from ot import emd2  # an extra
    except ImportError:
        raise ParameterError(
            "wmdistance needs the package POT; install it: pip install 'textdl[transport]'"
        ) from None
    words, frequencies = _distribution(vectors, first)
    other_words, other_frequencies = _distribution(vectors, second)
    costs = _distances(_points(vectors, words, norm), _points(vectors, other_words, norm))
    return max(0.0, float(emd2(frequencies, other_frequencies, costs)))


def _distribution(
    vectors: LabeledMatrix, words: Sequence[str]
) -> tuple[list[str], NDArray[np.float64]]:
    """The words of a document that have a vector, and their shares of them."""
    counts = Counter(word for word in query.word_list(words) if word in vectors)
    if not counts:
        raise ParameterError(
            f"none of the {len(words)} words of a document has a vector; pass one with a word of "
            "the vocabulary"
        )
    frequencies = np.array(list(counts.values()), np.float64)
    return list(counts), frequencies / frequencies.sum()


def _points(vectors: LabeledMatrix, words: list[str], norm: bool) -> NDArray[np.float64]:
    rows = vectors[words]
    return query.normalize(rows) if norm else rows.astype(np.float64)


def _distances(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances `(n, m)` of `(n, D)` and `(m, D)`."""
    distances = [np.linalg.norm(point - y, axis=1) for point in x]
    return np.array(distances)
