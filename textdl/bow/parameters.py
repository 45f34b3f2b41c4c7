"""The parameters of the vectorizers: name, default, range and description, each declared once.

Constructors, checks, documentation and the options of ``textdl bow fit`` are made from these
classes. They import neither SciPy nor scikit-learn, which the command line starts without; what the
parameters do stands in `textdl.bow.engine.analysis` and in the estimators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from textdl.errors import ParameterError
from textdl.parameters import parameter
from textdl.text.tokenizers import TOKENIZERS

TOKEN_PATTERN = r"(?u)\b\w\w+\b"
MAX_NGRAM = 100  # time and memory grow with each length
MAX_COLUMNS = 2**31 - 1
NORMS = ("l1", "l2")
STOP_WORD_LISTS = ("english",)

Text2Text = Callable[[str], str]
Text2Tokens = Callable[[str], Iterable[str]]


@dataclass(kw_only=True, eq=False, repr=False)
class DocumentParameters:
    """How a document is read, and what its terms are; their meaning is scikit-learn's."""

    input: Literal["content", "filename", "file"] = parameter(
        "content",
        "what documents are: texts or bytes, names of files, or open files; only content can be "
        "saved",
    )
    encoding: str = parameter("utf-8", "of documents that are bytes")
    decode_error: Literal["strict", "ignore", "replace"] = parameter(
        "strict", "what to do with bytes that are not of the encoding"
    )
    strip_accents: str | Text2Text | None = parameter(
        None,
        "drop accents; ascii drops all else that is not ASCII, too",
        choices=("ascii", "unicode"),
        allows_callable=True,
    )
    lowercase: bool = parameter(True, "lower-case the text first")
    preprocessor: Text2Text | None = parameter(
        None, "a function from text to text, in place of lower-casing and dropping accents"
    )
    tokenizer: str | Text2Tokens | None = parameter(
        None,
        "what cuts a text into tokens, in place of token_pattern",
        choices=TOKENIZERS,
        allows_callable=True,
    )
    stop_words: Any = parameter(None, "words to leave out: english, or a list of words")
    token_pattern: str | None = parameter(TOKEN_PATTERN, "the regular expression of a token")
    ngram_range: tuple[int, int] = parameter(
        (1, 1),
        f"words (or characters) of the shortest and the longest n-gram, from 1 to {MAX_NGRAM}",
    )
    analyzer: str | Callable[[Any], Iterable[Any]] = parameter(
        "word",
        "what terms are made of, char_wb being characters within words; or a function from "
        "document to terms",
        choices=("word", "char", "char_wb"),
        allows_callable=True,
    )


@dataclass(kw_only=True, eq=False, repr=False)
class MatrixParameters(DocumentParameters):
    """What every vectorizer has beside the parameters of text."""

    binary: bool = parameter(False, "count a term once per document")
    dtype: Any = parameter(np.float64, "type of the numbers in the matrix")
    n_jobs: int | None = parameter(
        None,
        "threads, or processes where Python code cuts the text (None or -1: every core); the "
        "result does not depend on it",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class VocabularyParameters(MatrixParameters):
    """Which terms become columns."""

    max_df: float = parameter(
        1.0, "drop terms that occur in more documents than this number (int) or share (float)"
    )
    min_df: float = parameter(
        1, "drop terms that occur in fewer documents than this number (int) or share (float)"
    )
    max_features: int | None = parameter(
        None, "keep only so many terms, the most frequent", minimum=1
    )
    vocabulary: Mapping[str, int] | Iterable[str] | None = parameter(
        None, "the terms, in order, or a map of terms to columns; None: they are learned"
    )


@dataclass(kw_only=True, eq=False, repr=False)
class TfidfParameters:
    """How counts become TF-IDF weights."""

    norm: str | None = parameter("l2", "norm to which each row is scaled", choices=NORMS)
    use_idf: bool = parameter(True, "weigh terms by their inverse document frequency")
    smooth_idf: bool = parameter(True, "as if one more document had every term once")
    sublinear_tf: bool = parameter(False, "1 + log(tf) in place of the count tf")


@dataclass(kw_only=True, eq=False, repr=False)
class BM25Parameters:
    """How counts become BM25 weights."""

    k1: float = parameter(
        1.2, "how soon more occurrences of a term in a document stop to matter", minimum=0
    )
    b: float = parameter(
        0.75,
        "how much long documents are held against: 0 not at all, 1 in full",
        minimum=0,
        maximum=1,
    )
    norm: str | None = parameter(None, "norm to which each row is scaled", choices=NORMS)


@dataclass(kw_only=True, eq=False, repr=False)
class HashingParameters(MatrixParameters):
    """How terms are hashed to columns."""

    n_features: int = parameter(
        2**20, "columns; different terms may share one", minimum=1, maximum=MAX_COLUMNS
    )
    norm: str | None = parameter("l2", "norm to which each row is scaled", choices=NORMS)
    alternate_sign: bool = parameter(
        True, "half of the terms count negative, so that collisions cancel out on average"
    )


def given_terms(vocabulary: Any) -> list[str]:
    """The terms of a vocabulary that a user gives, in the order of columns.

    Args:
        vocabulary: terms, in order; a set of terms, to be sorted; or a map of terms to columns.

    Raises:
        ParameterError: it is empty, names a term or a column twice, or leaves a column out.

    Example:
        >>> given_terms({"cat": 1, "sat": 0}), given_terms({"b", "a"}), given_terms("xy")
        (['sat', 'cat'], ['a', 'b'], ['x', 'y'])
    """
    terms = _by_column(vocabulary) if isinstance(vocabulary, Mapping) else _in_order(vocabulary)
    if not terms:
        raise ParameterError("empty vocabulary passed to fit; expected at least one term")
    for term in terms:
        if not isinstance(term, str):
            raise ParameterError(f"the vocabulary holds {term!r}; expected terms of type str")
    return terms


def _in_order(vocabulary: Any) -> list[str]:
    if not isinstance(vocabulary, Iterable):
        raise ParameterError(f"vocabulary={vocabulary!r}; expected terms, or a map to columns")
    terms = sorted(vocabulary) if isinstance(vocabulary, set) else list(vocabulary)
    first: dict[str, int] = {}
    for column, term in enumerate(terms):
        if first.setdefault(term, column) != column:
            raise ParameterError(
                f"duplicate term in vocabulary: {term!r} is column {first[term]} and {column}"
            )
    return terms


def _by_column(vocabulary: Mapping[str, int]) -> list[str]:
    terms = {column: term for term, column in vocabulary.items()}
    if len(terms) != len(vocabulary):
        raise ParameterError("Vocabulary contains repeated indices; number its terms from 0")
    for column in range(len(terms)):
        if column not in terms:
            raise ParameterError(
                f"the vocabulary of size {len(terms)} doesn't contain index {column}; number its "
                "terms from 0 without gaps"
            )
    return [terms[column] for column in range(len(terms))]
