"""`CountVectorizer`: how often each term occurs in each document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from textdl.bow.persistence import VOCABULARY_ARRAYS
from textdl.bow.vocabulary_vectorizer import VocabularyVectorizer
from textdl.io.archive import ArchiveKind
from textdl.parameters import document_parameters, parameter


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class CountVectorizer(VocabularyVectorizer):
    """Documents to a sparse matrix of term counts, entry for entry as scikit-learn's.

    Documents are an iterable of texts; or a `Path` (a file, glob or folder, compressed or not) or
    an iterable of `Path`, whose lines are the documents.

    Args:
        {parameters}

    Attributes:
        vocabulary_: term to column.
        fixed_vocabulary_: whether the vocabulary was given.
        document_frequency_: `(V,)` documents that have the term of a column.
        term_frequency_: `(V,)` occurrences of the term of a column.
        n_documents_: how many documents were learned from.
        dropped_: tokens that are in no column: too short for the pattern, stop words, and terms
            that were pruned or are not in a given vocabulary.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range or no term remains.
        CorpusError, CorpusReadError: where a document is not text or cannot be read.

    Example:
        >>> vectorizer = CountVectorizer()
        >>> vectorizer.fit_transform(["The cat sat", "The dog sat on the cat"]).toarray()
        array([[1, 0, 0, 1, 1],
               [1, 1, 1, 1, 2]])
        >>> vectorizer.get_feature_names_out()
        array(['cat', 'dog', 'on', 'sat', 'the'], dtype=object)
    """

    dtype: Any = parameter(np.int64, "type of the counts in the matrix")

    _KIND: ClassVar = ArchiveKind("CountVectorizer", VOCABULARY_ARRAYS)
