"""`CountVectorizer`: how often each term occurs in each document."""

from __future__ import annotations

from typing import Any

import numpy as np

from textdl.bow.analysis import TOKEN_PATTERN
from textdl.bow.learner import Learner


class CountVectorizer(Learner):
    """Documents to a sparse matrix of term counts, entry for entry as scikit-learn's.

    Parameters that scikit-learn has mean what they mean there. Documents may also be a `Path` (a
    file, glob or folder, compressed or not) or an iterable of `Path`: then each line is one.

    Args:
        input: ``content``: documents are texts or bytes; ``filename``: names of files; ``file``:
            open files.
        encoding: of documents that are bytes.
        decode_error: ``strict``, ``ignore`` or ``replace``.
        strip_accents: ``ascii``, ``unicode``, a function, or None.
        lowercase: lower-case the text first.
        preprocessor: a function from text to text, in place of lower-casing and accents.
        tokenizer: a function from text to tokens, or ``nltk``, ``whitespace``, ``wordpunct``,
            ``tweet``.
        stop_words: ``english``, a list of words, or None.
        token_pattern: what a token is.
        ngram_range: words (or characters) of the shortest and the longest n-gram.
        analyzer: ``word``, ``char``, ``char_wb`` (within words), or a function from document to
            terms.
        max_df: drop terms that occur in more documents than this share (or, an int, number).
        min_df: drop terms that occur in fewer.
        max_features: keep only so many terms, the most frequent.
        vocabulary: the terms, in order, or a map of terms to columns.
        binary: count a term once a document.
        dtype: of the counts.
        n_jobs: threads, or processes where a function of yours cuts the text; None and -1 are every
            core. The result does not depend on it.

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

    def __init__(
        self,
        *,
        input: str = "content",
        encoding: str = "utf-8",
        decode_error: str = "strict",
        strip_accents: Any = None,
        lowercase: bool = True,
        preprocessor: Any = None,
        tokenizer: Any = None,
        stop_words: Any = None,
        token_pattern: str | None = TOKEN_PATTERN,
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Any = "word",
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.int64,
        n_jobs: int | None = None,
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.binary = binary
        self.dtype = dtype
        self.n_jobs = n_jobs
