"""What is asked of labeled vectors, as functions on a `LabeledMatrix`; `Vectors` calls them.

References:
    Levy and Goldberg 2014, "Linguistic regularities in sparse and explicit word representations"
    (3CosMul).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.parameters import check_topn
from textdl.text.tokenizers import Tokenizer, get_tokenizer
from textdl.vectors import query
from textdl.vectors.labeled import NO_ROW, LabeledMatrix
from textdl.vectors.query import Item
from textdl.vectors.searching import ExactSearch, Indexer, exact_search

WeightedItem: TypeAlias = "Item | tuple[Item, float]"  # the weight is 1, or -1 if it is negative
Items: TypeAlias = "WeightedItem | Sequence[WeightedItem] | None"
Neighbors: TypeAlias = list[tuple[str, float]]


class NeighborQuery(NamedTuple):
    """What is asked of a matrix: which rows are nearest to Q directions?"""

    directions: NDArray[np.float64]  # (Q, D), of length 1 or 0
    excluded: NDArray[np.int64]  # (Q, E), rows that may not answer, or NO_ROW
    topn: int


def sum_query(vectors: LabeledMatrix, positive: Items, negative: Items, topn: int) -> NeighborQuery:
    """What is nearest to the weighted mean of items, but for the words that were given?

    Args:
        vectors: that are asked.
        positive: items of weight 1, or with a weight of their own.
        negative: items of weight -1, or with a weight of their own.
        topn: how many words.

    Returns:
        One direction.

    Raises:
        ParameterError: nothing was given, or a weight is not a finite number.
        UnknownWordError: a word has no vector.
    """
    weighted = [*_weighted(positive, 1.0), *_weighted(negative, -1.0)]
    if not weighted:
        raise ParameterError("most_similar got no word; pass at least one, as in 'king'")
    items = [item for item, _ in weighted]
    weights = np.array([weight for _, weight in weighted])
    direction = query.combine(np.stack([vectors.direction(item) for item in items]), weights)
    given = vectors.rows_of([item for item in items if isinstance(item, str)])
    return NeighborQuery(direction[None], given[None], check_topn(topn))


def word_query(vectors: LabeledMatrix, words: Sequence[str], topn: int) -> NeighborQuery:
    """What is nearest to each word, but for itself?

    Args:
        vectors: that are asked.
        words: the queries.
        topn: how many words each.

    Returns:
        A direction for each word.

    Raises:
        UnknownWordError: a word has no vector.
    """
    rows = vectors.rows_of(words)
    units = query.normalize(vectors.take(words, rows))
    directions = query.combine(units[:, None, :], np.ones(1))
    return NeighborQuery(directions, rows[:, None], check_topn(topn))


def neighbors(
    vectors: LabeledMatrix, queries: Sequence[NeighborQuery], indexer: Indexer
) -> list[list[Neighbors]]:
    """What is nearest to the directions of several queries: all in one matrix product.

    An exact search answers to each what it would answer to it alone.

    Args:
        vectors: whose labels answer.
        queries: at least one; the largest `topn` is found for all of them.
        indexer: finds rows.

    Returns:
        For each query and each of its directions words with their cosines, the most similar first.
    """
    vectors.require_whole()
    widest = max(asked.excluded.shape[1] for asked in queries)
    deepest = max(asked.topn + asked.excluded.shape[1] for asked in queries)
    found = indexer.search(np.concatenate([asked.directions for asked in queries]), deepest)
    excluded = np.concatenate([_widened(asked.excluded, widest) for asked in queries])
    topn = np.repeat([asked.topn for asked in queries], [len(it.directions) for it in queries])
    answers = iter(
        _named(vectors, *answer)
        for answer in zip(*found, excluded.tolist(), topn.tolist(), strict=True)
    )
    return [list(islice(answers, len(asked.directions))) for asked in queries]


def _widened(excluded: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Excluded rows `(Q, E)` with `NO_ROW` in further columns. `(Q, width)`."""
    missing = width - excluded.shape[1]
    return np.pad(excluded, ((0, 0), (0, missing)), constant_values=NO_ROW)


def _named(
    vectors: LabeledMatrix,
    rows: NDArray[np.int64],
    cosines: NDArray[np.float64],
    excluded: list[int],
    topn: int,
) -> Neighbors:
    """The first `topn` rows that may answer, by their words."""
    pairs = zip(rows.tolist(), cosines.tolist(), strict=True)
    kept = [(row, cosine) for row, cosine in pairs if row not in excluded and row != NO_ROW]
    return [(vectors.labels[row], cosine) for row, cosine in kept[:topn]]


def most_similar_cosmul(
    vectors: LabeledMatrix,
    positive: Items,
    negative: Items,
    topn: int,
    among: ExactSearch,
) -> Neighbors:
    """The words of highest 3CosMul, the product of shifted cosines; the given ones are left out.

    Args:
        vectors: that are asked.
        positive: items whose cosines multiply.
        negative: items whose cosines divide.
        topn: how many words.
        among: the rows that may answer.

    Returns:
        Words with their scores, the highest first, ties in the order of rows.

    Raises:
        ParameterError: nothing is positive.
    """
    topn = check_topn(topn)
    plus = _unweighted(positive)
    minus = _unweighted(negative)
    if not plus:
        raise ParameterError("most_similar_cosmul got no positive word; pass at least one")
    given = vectors.rows_of([item for item in (*plus, *minus) if isinstance(item, str)])
    scores = query.cosmul(
        _shifted_cosines(vectors, plus, among.matrix),
        _shifted_cosines(vectors, minus, among.matrix),
    )
    rows = np.arange(len(scores)) if among.rows is None else among.rows
    may_answer = np.flatnonzero(~np.isin(rows, given))
    best = may_answer[np.argsort(-scores[may_answer], kind="stable")[:topn]]
    labels = [vectors.labels[row] for row in rows[best].tolist()]
    return list(zip(labels, scores[best].tolist(), strict=True))


def _shifted_cosines(
    vectors: LabeledMatrix, items: Sequence[Item], matrix: NDArray[np.float32]
) -> NDArray[np.float64]:
    """`(1 + cosine) / 2` of items with rows. `(n, S)`."""
    cosines = [query.cosines(matrix, query.normalize(vectors.direction(it))) for it in items]
    return (1 + np.array(cosines).reshape(len(items), len(matrix))) / 2


def distances(
    vectors: LabeledMatrix, item: Item, words: Sequence[str] | None
) -> NDArray[np.float64]:
    """`1 - cosine` of an item with words, or with every row.

    Args:
        vectors: that are asked.
        item: a word or a vector.
        words: None: all.

    Returns:
        `(n,)` or `(V,)`.
    """
    vectors.require_whole()
    others = vectors.matrix if words is None else vectors[words]
    distance: NDArray[np.float64] = 1 - query.cosines(
        others, query.normalize(vectors.direction(item))
    )
    return distance


def closer_than(vectors: LabeledMatrix, word: str, other: str) -> list[str]:
    """The words whose cosine with `word` is above that of `other`, in the order of rows.

    Args:
        vectors: that are asked.
        word: itself left out.
        other: the word that they are closer than.

    Returns:
        The words.
    """
    unit = query.normalize(vectors[word])
    cosines = query.cosines(vectors.matrix, unit)
    row = int(vectors.rows_of([other])[0])
    limit = query.cosines(vectors[[other]], unit)[0] if row == NO_ROW else cosines[row]
    closer = set(np.flatnonzero(cosines > limit).tolist()) - set(vectors.rows_of([word]).tolist())
    return [vectors.labels[row] for row in sorted(closer)]


def n_similarity(vectors: LabeledMatrix, first: Sequence[str], second: Sequence[str]) -> float:
    """The cosine of the means of two lists of words.

    Args:
        vectors: that are asked.
        first: words.
        second: words.

    Returns:
        The cosine, 0 if a mean is zero.

    Raises:
        ParameterError: a list is empty.
    """
    means = []
    for words in (first, second):
        of_words = vectors[query.word_list(words)]
        if not len(of_words):
            raise ParameterError("n_similarity got an empty list; pass at least one word in each")
        means.append(of_words.mean(axis=0, dtype=np.float64))
    return query.cosine(means[0], means[1])


def doesnt_match(vectors: LabeledMatrix, words: Sequence[str]) -> str:
    """The word least similar to the mean of the unit vectors of all words.

    Raises:
        ParameterError: fewer than three words, which cannot have an odd one out.
    """
    rows = vectors.rows_of(words)
    if len(rows) < 3:
        raise ParameterError(f"doesnt_match got {len(rows)} words, expected 3 or more; add some")
    return words[query.odd_one_out(vectors.take(words, rows))]


def known_words(
    vectors: LabeledMatrix, sentence: str | Sequence[str], tokenize: Tokenizer
) -> list[str]:
    """The words of a sentence that have a vector, as they stand or else lowercased.

    Args:
        vectors: that are asked.
        sentence: a text, or its words.
        tokenize: cuts a text.

    Returns:
        The words as the vectors know them.

    Raises:
        ParameterError: there is none.
    """
    words = tokenize(sentence) if isinstance(sentence, str) else query.word_list(sentence)
    spellings = [next((it for it in (word, word.lower()) if it in vectors), None) for word in words]
    known = [word for word in spellings if word is not None]
    if not known:
        raise ParameterError(
            f"none of the {len(words)} words of the sentence has a vector; pass one with a word "
            "of the vocabulary"
        )
    return known


def sentence_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a name, made when a text is cut: a list of words needs none."""
    return lambda text: get_tokenizer(name, lowercase=False)(text)


def most_similar_in(
    vectors: LabeledMatrix, other: LabeledMatrix, words: Sequence[str], topn: int
) -> list[Neighbors]:
    """The words of another file nearest to the vectors of words.

    Args:
        vectors: that have the words.
        other: whose labels answer.
        words: the queries.
        topn: how many words each.

    Returns:
        Words of `other` with their cosines for each query.

    Raises:
        ParameterError: the sizes differ.
    """
    if vectors.vector_size != other.vector_size:
        raise ParameterError(
            f"the vectors have {vectors.vector_size:,} dimensions, the others "
            f"{other.vector_size:,}; expected the same of both: align_vectors says how they meet"
        )
    directions = query.normalize(vectors[query.word_list(words)])
    nothing = np.empty((len(directions), 0), np.int64)
    asked = NeighborQuery(directions, nothing, check_topn(topn))
    return neighbors(other, [asked], exact_search(other))[0]


def _as_items(given: Items) -> list[WeightedItem]:
    if given is None:
        return []
    if isinstance(given, str) or (isinstance(given, np.ndarray) and given.ndim == 1):
        return [given]
    return list(given)


def _weighted(given: Items, weight: float) -> list[tuple[Item, float]]:
    """Items with their weights: their own, or else the one that is usual there."""
    return [
        (item[0], _check_weight(item)) if isinstance(item, tuple) else (item, weight)
        for item in _as_items(given)
    ]


def _unweighted(given: Items) -> list[Item]:
    """Items that go into a product, which has no weights."""
    items = []
    for item in _as_items(given):
        if isinstance(item, tuple):
            raise ParameterError(f"{item!r} has a weight, which a product does not take; leave it")
        items.append(item)
    return items


def _check_weight(item: tuple[Item, float]) -> float:
    try:
        _, given = item
        weight = float(given)
    except (TypeError, ValueError):
        weight = float("nan")
    if not np.isfinite(weight):
        raise ParameterError(f"{item!r} is not a word and its weight, such as ('king', 0.5)")
    return weight
