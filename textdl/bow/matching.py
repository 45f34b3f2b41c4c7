"""Matching: the most similar pairs of texts of two lists, and near-duplicates of one.

Texts are rows of length 1, of TF-IDF weights of character n-grams unless a vectorizer says
otherwise, and similarity is their cosine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from textdl.bow.bm25 import BM25Vectorizer
from textdl.bow.count import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.similar_pairs import PairSearch, SimilarPairs
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import ParameterError
from textdl.parameters import check_topn

AnyVectorizer: TypeAlias = CountVectorizer | TfidfVectorizer | BM25Vectorizer | HashingVectorizer

_PUNCTUATION = re.compile(r"[^\w\s]|_")


def match_texts(
    first: Sequence[str],
    second: Sequence[str] | None = None,
    topn: int = 1,
    min_similarity: float = 0.0,
    *,
    vectorizer: AnyVectorizer | None = None,
) -> SimilarPairs:
    """For each text the most similar ones of another list, as for names that are spelled variously.

    Args:
        first: texts.
        second: texts; None: the others of `first`.
        topn: at most so many for each; texts without a term in common do not match.
        min_similarity: at least so much; the more is asked for, the faster.
        vectorizer: makes the rows, and is fitted to both lists; by default TF-IDF of the runs of
            three characters within words, lower-cased and without punctuation.

    Returns:
        Pairs of positions in the lists, by position in `first` and then by falling similarity.

    Raises:
        ParameterError: a list is empty or not one of texts, `topn` is below 1, or `min_similarity`
            is not from 0 to 1.

    Example:
        >>> found = match_texts(["Acme Corp.", "Globex"], ["globex inc", "ACME corporation"])
        >>> list(zip(found.first.tolist(), found.second.tolist()))
        [(0, 1), (1, 0)]
    """
    rows = _fitted_rows(first, second, vectorizer)
    if second is None:
        return match_rows(rows, None, topn, min_similarity)
    return match_rows(rows[: len(first)], rows[len(first) :], topn, min_similarity)


def match_rows(
    first: Any, second: Any | None = None, topn: int = 1, min_similarity: float = 0.0
) -> SimilarPairs:
    """For each row of a sparse matrix the rows of another of highest cosine.

    Args:
        first: `(N, terms)` sparse.
        second: `(M, terms)` sparse, of the same columns; None: the other rows of `first`.
        topn: at most so many for each row; rows without a term in common do not match.
        min_similarity: at least so much.

    Returns:
        Pairs, by row of `first` and then by falling similarity, ties in the order of `second`.

    Raises:
        ParameterError: the columns differ, `topn` is below 1, or `min_similarity` is not from 0
            to 1.

    Example:
        >>> rows = sparse.csr_array([[1.0, 1, 0], [0, 1, 1], [2, 2, 0]])
        >>> match_rows(rows).second.tolist()
        [2, 0, 0]
    """
    topn = check_topn(topn)
    return PairSearch(first, second, min_similarity).best(topn)


def group_duplicates(
    texts: Sequence[str],
    min_similarity: float = 0.9,
    *,
    vectorizer: AnyVectorizer | None = None,
) -> NDArray[np.int64]:
    """For each text the first one of its group of near-duplicates.

    Texts are of one group if they are equal, or if a chain of pairs that are similar enough leads
    from one to the other.

    Args:
        texts: to be compared.
        min_similarity: of two texts that are near-duplicates.
        vectorizer: as in `match_texts`.

    Returns:
        `(N,)` positions; where a text is its own first one, keep it.

    Raises:
        ParameterError: the list is empty or not one of texts, or `min_similarity` is not above 0
            and at most 1.

    Example:
        >>> texts = ["the cat sat on the mat", "a dog", "the cat sat on the mat."]
        >>> group_duplicates(texts).tolist()
        [0, 1, 0]
    """
    if not min_similarity > 0:
        raise ParameterError(
            f"min_similarity is {min_similarity!r}, expected above 0: all texts are as similar as 0"
        )
    check_texts(texts)
    first_of: dict[str, int] = {}
    firsts = np.array([first_of.setdefault(text, place) for place, text in enumerate(texts)])
    distinct = list(first_of)
    search = PairSearch(_fitted_rows(distinct, None, vectorizer), None, min_similarity)
    groups = np.arange(len(distinct))
    for pairs in search.blocks():
        groups = _joined(groups, pairs)
    place_of = np.array(list(first_of.values()))  # of distinct texts
    group_of = dict(zip(place_of.tolist(), place_of[groups].tolist(), strict=True))
    return np.array([group_of[place] for place in firsts.tolist()], dtype=np.int64)


def spelling_vectorizer(
    analyzer: str = "char_wb", ngram_range: tuple[int, int] = (3, 3)
) -> TfidfVectorizer:
    """The vectorizer of `match_texts`: TF-IDF of runs of characters, in any case, no punctuation.

    Example:
        >>> rows = spelling_vectorizer().fit_transform(["ACME", "A.C.M.E."])
        >>> bool((rows[[0]] != rows[[1]]).nnz)
        False
    """
    return TfidfVectorizer(analyzer=analyzer, ngram_range=ngram_range, preprocessor=_fold_spelling)


def _fold_spelling(text: str) -> str:
    return _PUNCTUATION.sub("", text.lower())


def check_texts(texts: Sequence[str]) -> None:
    """Refuse what is not a list of texts.

    Raises:
        ParameterError: it is empty, or not a list of texts.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Sequence | np.ndarray):
        raise ParameterError(f"got a {type(texts).__name__}; pass a list of texts")
    if not len(texts):
        raise ParameterError("the list of texts is empty; pass at least one")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ParameterError(
                f"item {place:,} is a {type(text).__name__}; pass a list of texts as str"
            )


def _fitted_rows(
    first: Sequence[str], second: Sequence[str] | None, vectorizer: AnyVectorizer | None
) -> Any:
    """The rows of all texts, one list after the other."""
    for texts in (first,) if second is None else (first, second):
        check_texts(texts)
    if vectorizer is None:
        vectorizer = spelling_vectorizer()
    return vectorizer.fit_transform(list(chain(first, second or ())))


def _joined(groups: NDArray[np.int64], pairs: SimilarPairs) -> NDArray[np.int64]:
    """Groups `(N,)`, named by their first members, after pairs were joined."""
    size = len(groups)
    start = np.concatenate([pairs.first, np.arange(size)])
    end = np.concatenate([pairs.second, groups])
    edges = sparse.coo_array((np.ones(len(start), np.int8), (start, end)), shape=(size, size))
    _, component = csgraph.connected_components(edges, directed=False)
    _, first = np.unique(component, return_index=True)
    named: NDArray[np.int64] = first[component].astype(np.int64)
    return named
