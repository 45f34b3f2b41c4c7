"""`CountVectorizer`: how often each term occurs in each document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from textdl.bow.learner import Learner


@dataclass(kw_only=True, eq=False, repr=False)
class CountVectorizer(Learner):
    """Documents to a sparse matrix of term counts, entry for entry as scikit-learn's.

    The parameters of `Vectorizer`, which mean what they do in scikit-learn, and these:

    Args:
        max_df: drop terms that occur in more documents than this share (or, an int, number).
        min_df: drop terms that occur in fewer.
        max_features: keep only so many terms, the most frequent.
        vocabulary: the terms, in order, or a map of terms to columns.
        dtype: of the counts.

    Attributes:
        vocabulary_: term to column.
        fixed_vocabulary_: whether the vocabulary was given.
        document_frequency_: `(V,)` documents that have the term of a column.
        term_frequency_: `(V,)` occurrences of the term of a column.
        n_documents_: how many documents were learnt from.
        dropped_: tokens that are in no column: too short for the pattern, stop words, and terms
            that were pruned or are not in a given vocabulary.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range or no term remains.
        CorpusError, CorpusReadError: where a document is no text or cannot be read.

    Example:
        >>> vectorizer = CountVectorizer()
        >>> vectorizer.fit_transform(["The cat sat", "The dog sat on the cat"]).toarray()
        array([[1, 0, 0, 1, 1],
               [1, 1, 1, 1, 2]])
        >>> vectorizer.get_feature_names_out()
        array(['cat', 'dog', 'on', 'sat', 'the'], dtype=object)
    """

    max_df: float = 1.0
    min_df: float = 1
    max_features: int | None = None
    vocabulary: Any = None
    dtype: Any = np.int64
