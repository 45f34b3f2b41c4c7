"""How much each word counts in an averaged document, and which common components are removed.

`WEIGHTINGS` is the truth: choices, help and checks come from it. Let p(w) be the share of a word
among all occurrences of words, and |s| the number of known words of a document s.

- ``mean``: the plain mean.
- ``tfidf``: the mean weighted by tf · idf, the idf being that of `textdl.TfidfVectorizer`.
- ``sif`` (Arora et al. 2017): sum of a / (a + p(w)) v_w, over |s|; then every document loses its
  projection onto the first singular vector of the documents that were fitted, which is not
  centered.
- ``usif`` (Ethayarajh 2018): the words of a document are first divided, in each dimension, by
  their norm (the root of the sum of squares over its words); then the sum of a / (a/2 + p(w)) v_w,
  over |s|, where a = (1 - α) / (α |V| / 2), and α is the share of words with p(w) above
  1 - (1 - 1/|V|)^n, n being the expected number of words of a document. Of its projection onto each
  of the first five singular vectors, a document loses the share that the square of this singular
  value has in the sum of their squares.

The numerics of uSIF are those of its author's program. Nothing here needs SciPy or scikit-learn
before it is called, so that the command line can show its help at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError, ParameterError
from textdl.parameters import parameter

SIF_A = 1e-3  # Arora et al. 2017 find 1e-4 to 1e-3 best on their tasks
# Of what is left of a row without its common components, below this share of it is rounding.
ROUNDING = 1e-6
_DOCUMENTS_PER_BLOCK = 1024
_LARGEST = 1e17  # entry of an average, so that sums of squares are finite


class WordStatistics(NamedTuple):
    """What is known of the words that have a vector."""

    counts: NDArray[np.int64]  # (V,) occurrences, where the vectors were trained if that is known
    document_frequency: NDArray[np.int64]  # (V,) fitted documents that have the word
    documents: int  # that were fitted
    mean_length: float  # known words per fitted document


class WordWeights(NamedTuple):
    """The weight of every word."""

    values: NDArray[np.float32] | None  # (V,); None: 1 each
    a: float | None = None  # the parameter of SIF and uSIF


class Components(NamedTuple):
    """Common components of documents, and how much of each is removed."""

    directions: NDArray[np.float32]  # (K, D) orthonormal, by falling singular value
    shares: NDArray[np.float32]  # (K,) from 0 to 1


class Weighting(NamedTuple):
    """One way to average the words of a document."""

    description: str
    word_weights: Callable[[WordStatistics, float | None], WordWeights]  # of statistics and `a`
    takes_a: bool = False
    divides_by_weights: bool = False  # by their sum over the words, not by the number of words
    normalizes_dimensions: bool = False  # of the words of each document
    remove_components: int = 0  # by default
    is_piecewise: bool = False  # a component is removed by its share, not in full


def _plain(statistics: WordStatistics, a: float | None) -> WordWeights:
    return WordWeights(None)


def _tfidf(statistics: WordStatistics, a: float | None) -> WordWeights:
    from textdl.bow.tfidf import smooth_idf  # SciPy and scikit-learn

    return WordWeights(
        smooth_idf(
            statistics.document_frequency, statistics.documents, smooth=True, dtype=np.float32
        )
    )


def _sif(statistics: WordStatistics, a: float | None) -> WordWeights:
    a = SIF_A if a is None else float(a)
    weights = 1 / (1 + _probabilities(statistics) / a)
    return WordWeights(weights.astype(np.float32), a)


def _usif(statistics: WordStatistics, a: float | None) -> WordWeights:
    p = _probabilities(statistics)
    a = expected_a(p, statistics.mean_length) if a is None else float(a)
    weights = 1 / (0.5 + p / a)  # that is 2 if a is infinite
    return WordWeights(weights.astype(np.float32), a)


def expected_a(p: NDArray[np.float64], mean_length: float) -> float:
    """The parameter of uSIF: (1 - α) / (α Z), with Z = |V| / 2.

    Args:
        p: `(V,)` the probability of each word; one of 0 is not of the vocabulary.
        mean_length: n, expected words of a document.

    Returns:
        a; infinite where no word is so frequent that α is above 0, or there is none.

    Example:
        >>> p = np.array([0.5, 0.3, 0.1, 0.1])  # 1 - (1 - 1/4)^2 = 0.4375
        >>> expected_a(p, 2.0)  # (1 - 1/4) / (1/4 · 2)
        1.5
    """
    size = int(np.count_nonzero(p))
    if size == 0:
        return math.inf
    threshold = 1 - (1 - 1 / size) ** mean_length
    frequent = int(np.count_nonzero(p > threshold))
    return (size - frequent) / (frequent * size / 2) if frequent else math.inf


def _probabilities(statistics: WordStatistics) -> NDArray[np.float64]:
    """`(V,)` p(w).

    Raises:
        DataError: a count is negative.
    """
    counts = statistics.counts
    if counts.min(initial=0) < 0:
        raise DataError(
            f"a word of the vectors has a count of {counts.min():,}; expected 0 or more: drop the "
            "counts, or count again"
        )
    probabilities: NDArray[np.float64] = counts / max(int(counts.sum()), 1)
    return probabilities


WEIGHTINGS: Mapping[str, Weighting] = {
    "mean": Weighting("plain mean", _plain),
    "tfidf": Weighting("by TF-IDF", _tfidf, divides_by_weights=True),
    "sif": Weighting(
        "smooth inverse frequency a / (a + p), without the first common component",
        _sif,
        takes_a=True,
        remove_components=1,
    ),
    "usif": Weighting(
        "unsupervised SIF, without shares of the first five common components",
        _usif,
        takes_a=True,
        normalizes_dimensions=True,
        remove_components=5,
        is_piecewise=True,
    ),
}
_DESCRIPTIONS = "; ".join(f"{name}: {it.description}" for name, it in WEIGHTINGS.items())


@dataclass(kw_only=True, eq=False, repr=False)
class WeightingParameters:
    """How the words of a document are averaged."""

    weighting: str = parameter(
        "mean", f"how much each word counts ({_DESCRIPTIONS})", choices=WEIGHTINGS
    )
    a: float | None = parameter(
        None,
        f"the parameter of SIF and uSIF: the smaller, the less frequent words count; None: {SIF_A} "
        "for sif, and what the counts and the length of documents give for usif",
        above=0,
    )
    remove_components: int | None = parameter(
        None,
        "how many common components of the fitted documents are removed; None: "
        + ", ".join(f"{it.remove_components} for {name}" for name, it in WEIGHTINGS.items()),
        minimum=0,
    )
    normalize: bool = parameter(
        True, "scale every row to the length sqrt(D), so that an entry is about 1 in size"
    )


def resolve_weighting(parameters: Any, vector_size: int) -> tuple[Weighting, int]:
    """The weighting, and how many common components are removed.

    Args:
        parameters: a `WeightingParameters` that was checked.
        vector_size: D.

    Returns:
        Both.

    Raises:
        ParameterError: `a` does not go with the weighting, or there are too many components.
    """
    weighting = WEIGHTINGS[parameters.weighting]
    if parameters.a is not None and not weighting.takes_a:
        users = " or ".join(name for name, it in WEIGHTINGS.items() if it.takes_a)
        raise ParameterError(
            f"a={parameters.a!r} does not go with weighting={parameters.weighting!r}; leave it "
            f"out, or take weighting {users}"
        )
    removed = parameters.remove_components
    removed = weighting.remove_components if removed is None else removed
    if removed > vector_size:
        raise ParameterError(
            f"{removed:,} common components cannot be removed from vectors of {vector_size:,} "
            f"dimensions; expected remove_components from 0 to {vector_size:,}"
        )
    return weighting, removed


def weighted_means(
    counts: Any,
    matrix: NDArray[np.float32],
    weights: NDArray[np.float32] | None,
    weighting: Weighting,
) -> Iterator[NDArray[np.float32]]:
    """The weighted means of documents, block by block, before components are removed.

    Args:
        counts: `(N, V)` sparse.
        matrix: `(V, D)` the vectors.
        weights: `(V,)` of words; None: 1 each.
        weighting: how they are used.

    Yields:
        `(M, D)` means, at most `_DOCUMENTS_PER_BLOCK` at a time; zeros where no word is known.

    Raises:
        DataError: they are too large for their squares.
    """
    from scipy import sparse  # these two are loaded by now, but the command line starts without
    from sklearn.preprocessing import normalize

    for begin in range(0, counts.shape[0], _DOCUMENTS_PER_BLOCK):
        block = sparse.csr_array(counts[begin : begin + _DOCUMENTS_PER_BLOCK])
        shares = block
        if weights is not None and weighting.divides_by_weights:
            shares = _weighted(shares, weights)
        shares = normalize(shares, norm="l1")
        if weights is not None and not weighting.divides_by_weights:
            shares = _weighted(shares, weights)
        means = shares @ matrix
        _check_size(means)
        if weighting.normalizes_dimensions:
            norms = _dimension_norms(block, matrix)
            _check_size(norms)
            np.divide(means, norms, out=means, where=norms > 0)
        yield means


def _weighted(block: Any, weights: NDArray[np.float32]) -> Any:
    return type(block)(
        (block.data * weights[block.indices], block.indices, block.indptr), block.shape
    )


def _dimension_norms(block: Any, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """`(M, D)` in each dimension, the norm of all words of a document.

    Only rows of words that occur are squared, so that no copy of all vectors is made.
    """
    words, places = np.unique(block.indices, return_inverse=True)
    shape = (block.shape[0], len(words))
    with np.errstate(over="ignore"):  # found out by `_check_size`
        squares = matrix[words] ** 2
    norms: NDArray[np.float32] = np.sqrt(
        type(block)((block.data, places, block.indptr), shape) @ squares
    )
    return norms


def _check_size(rows: NDArray[np.float32]) -> None:
    if not np.abs(rows).max(initial=0) <= _LARGEST:
        raise DataError(
            f"an average of vectors has an entry above {_LARGEST:g}, too large for float32; scale "
            "the vectors, whose entries are commonly below 10"
        )


def common_components(
    blocks: Iterable[NDArray[np.float32]], count: int, *, piecewise: bool
) -> Components:
    """The first right singular vectors of averaged documents, which are not centered.

    They are eigenvectors of the sum of outer products, which is added up in float64, block by
    block, on one thread: the order of a sum would depend on the number of threads.

    Args:
        blocks: `(M, D)` documents; those of zeros do not count.
        count: K of them, at most D.
        piecewise: remove of each the share that its squared singular value has, not all.

    Returns:
        The components, in the direction in which their largest entry is positive. One whose
        singular value is 0 is a row of zeros.

    Raises:
        DataError: there are fewer documents than components.
    """
    from threadpoolctl import threadpool_limits  # comes with scikit-learn, which is not yet loaded

    gram: Any = 0.0
    known = 0
    with threadpool_limits(1, user_api="blas"):
        for block in blocks:
            wide = block.astype(np.float64)
            gram = gram + wide.T @ wide  # (D, D)
            known += int(np.count_nonzero(block.any(axis=1)))
        if known < count:
            raise DataError(
                f"{count:,} common components cannot be learned from {known:,} documents that have "
                "a known word; pass more documents, or a lower remove_components"
            )
        eigenvalues, eigenvectors = np.linalg.eigh(gram)
    squares = eigenvalues[::-1][:count].clip(0)  # of singular values
    directions = eigenvectors.T[::-1][:count]  # (K, D)
    largest = np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], axis=1)
    is_null = squares <= squares[0] * len(directions[0]) * np.finfo(np.float64).eps
    directions = np.where(is_null[:, None], 0, directions * np.sign(largest))
    shares = squares / max(squares.sum(), np.finfo(np.float64).tiny)
    shares = shares if piecewise else np.ones(count)
    # In one layout, which a file has, too: `einsum` adds in another order in another layout.
    return Components(directions.astype(np.float32, order="C"), shares.astype(np.float32))


def remove_components(rows: NDArray[np.float32], components: Components) -> NDArray[np.float32]:
    """Documents without their projections onto common components, or without shares of them.

    A row does not depend on the others, nor on the number of threads: its products are those of
    `einsum`, not of BLAS. One that lies in the components but for rounding becomes zeros.

    Args:
        rows: `(M, D)` averaged documents, which are changed.
        components: to be removed.

    Returns:
        `(M, D)` the same array.
    """
    before = np.einsum("md,md->m", rows, rows)
    projections = np.einsum("md,kd->mk", rows, components.directions) * components.shares
    for projection, direction in zip(projections.T, components.directions, strict=True):
        rows -= projection[:, None] * direction
    after = np.einsum("md,md->m", rows, rows)
    rows[after <= ROUNDING**2 * before] = 0
    return rows
