"""Classifiers that fastText trained (`.bin`, `.ftz`), to predict with.

A text is the mean of the rows of its words, of their character n-grams and of its runs of words,
which are hashed into the rows behind those of words as fastText hashes them. What becomes of it is
a softmax, a sigmoid per label (`ova`, `ns`), or the product of decisions along the path to a label
in a Huffman tree (`hs`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, softmax

from textdl.classify.label_prediction import LabelPredictor, Predictions
from textdl.errors import FileFormatError, ParameterError
from textdl.text.char_ngrams import END_OF_SENTENCE, char_ngram_buckets, fnv_hash
from textdl.vectors.formats.fasttext_model import LOSSES, MODELS, open_model, read_matrix

LABEL = "__label__"  # what labels begin with in fastText's files
_SPACE = re.compile("[ \n\r\t\v\f\0]+")
_NGRAM_FACTOR = np.uint64(116049371)
_LARGEST_SIGMOID = 8.0
_SIGMOID_STEPS = 512
_ADDED = 1e-5  # to what fastText takes a logarithm of


class SupervisedModel(NamedTuple):
    """A classifier of texts, as its file has it."""

    words: list[bytes]
    labels: list[bytes]
    label_counts: NDArray[np.int64]
    matrix: NDArray[np.float32]  # (R, D), rows of words, then of n-grams
    output: NDArray[np.float32]  # (C, D)
    loss: str  # a value of `LOSSES`
    word_ngrams: int = 1  # words of the longest n-gram of words
    min_n: int = 1  # characters of n-grams
    max_n: int = 0  # 0: there are none
    bucket: int = 0
    pruned: NDArray[np.int32] | None = None  # (U, 2) buckets that have a row, rising, and the row
    source: Any = None  # a `MappedFile`, where rows are read from when they are touched


class _WordRows(NamedTuple):
    rows: NDArray[np.int64]  # of the word and its character n-grams
    hash: int | None  # None: it is a label, which counts for nothing


class FastTextClassifier(LabelPredictor):
    """A classifier of texts that fastText trained, mapped from its file (`.bin`, `.ftz`).

    Labels lose their `__label__`. Probabilities are what fastText answers: it adds 1e-5 to each
    before it takes its logarithm, so that they may sum to a little more than 1, and of sigmoids it
    has a table. A text is one line, of which what follows a word `</s>` does not count.

    Args:
        model: what `load` reads.

    Attributes:
        classes_: `(C,)` the labels, sorted.
        multilabel_: whether each label is decided by itself (`loss="ova"`).

    Example:
        >>> output = np.array([[2, -2], [-2, 2]], np.float32)
        >>> model = SupervisedModel(
        ...     words=[b"cheap", b"noon"],
        ...     labels=[b"__label__spam", b"__label__ham"],
        ...     label_counts=np.array([2, 1]),
        ...     matrix=np.eye(2, dtype=np.float32),
        ...     output=output,
        ...     loss="softmax",
        ... )
        >>> FastTextClassifier(model).predict(["cheap cheap pills", "at noon"]).tolist()
        ['spam', 'ham']

    References:
        Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification".
    """

    def __init__(self, model: SupervisedModel) -> None:
        self._model = model
        self._rows = {word: row for row, word in enumerate([*model.words, *model.labels])}
        names = [label.decode(errors="backslashreplace") for label in model.labels]
        labels = np.array([name.removeprefix(LABEL) for name in names])
        self._order = np.argsort(labels)
        self.classes_ = labels[self._order]
        self.multilabel_ = model.loss == "ova"

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FastTextClassifier:
        """Map the model at `path`.

        Raises:
            FileFormatError: it is missing, damaged, or no classifier of fastText.
        """
        return cls(read_supervised(Path(path)))

    def predict_details(self, X: Any) -> Predictions:
        """The probability of every class, and whether a text has anything that is known.

        A text without is given the prediction of a row of zeros; fastText gives none.

        Raises:
            ParameterError: texts are a single `str`, or hold something else than those.
        """
        model = self._model
        if model.source is not None:
            model.source.require_whole()
        texts = _as_texts(X)
        rows, counts = self._rows_of(texts)
        used, places = np.unique(rows, return_inverse=True)
        ends = np.append(0, np.cumsum(counts))
        ones = np.ones(len(rows), np.float32)
        which = sparse.csr_array((ones, places, ends), shape=(len(texts), len(used)))
        hidden = which @ model.matrix[used] / np.maximum(counts, 1)[:, None]  # (N, D)
        scores = np.asarray(hidden @ model.output.T, np.float64)  # (N, C)
        return Predictions(self._probabilities(scores)[:, self._order], counts > 0)

    def _rows_of(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows whose mean each text is, one text after the other, and how many it has."""
        known: dict[str, _WordRows] = {}
        parts: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        counts = np.zeros(len(texts), np.int64)
        for number, text in enumerate(texts):
            tokens = [*filter(None, _SPACE.split(text)), END_OF_SENTENCE]
            tokens = tokens[: tokens.index(END_OF_SENTENCE) + 1]
            for token in tokens:
                if token not in known:
                    known[token] = self._word_rows(token)
            found = [known[token] for token in tokens]
            hashes = [it.hash for it in found if it.hash is not None]
            of_text = [it.rows for it in found] + [self._word_ngrams(hashes)]
            parts += of_text
            counts[number] = sum(map(len, of_text))
        return np.concatenate(parts), counts

    def _word_rows(self, token: str) -> _WordRows:
        raw = token.encode("utf-8", "surrogatepass")
        words = len(self._model.words)
        row = self._rows.get(raw)
        if token.startswith(LABEL) if row is None else row >= words:
            return _WordRows(np.empty(0, np.int64), None)
        own = np.array([] if row is None else [row], np.int64)
        ngrams = np.empty(0, np.int64)
        if self._model.max_n and token != END_OF_SENTENCE:
            sizes = (self._model.min_n, self._model.max_n, self._model.bucket)
            ngrams = self._rows_of_buckets(char_ngram_buckets([token], *sizes).buckets)
        return _WordRows(np.append(own, ngrams), fnv_hash(raw))

    def _word_ngrams(self, hashes: list[int]) -> NDArray[np.int64]:
        """The rows of the runs of two words and more."""
        of_words = np.array(hashes, np.uint32).view(np.int32).astype(np.int64).view(np.uint64)
        runs = of_words
        rows = [np.empty(0, np.int64)]
        for length in range(2, min(self._model.word_ngrams, len(hashes)) + 1):
            runs = runs[:-1] * _NGRAM_FACTOR + of_words[length - 1 :]
            buckets = (runs % np.uint64(self._model.bucket)).astype(np.int64)
            rows.append(self._rows_of_buckets(buckets))
        return np.concatenate(rows)

    def _rows_of_buckets(self, buckets: NDArray[Any]) -> NDArray[np.int64]:
        """The rows of those buckets that have one."""
        pruned = self._model.pruned
        rows = buckets.astype(np.int64)
        if pruned is not None:
            if not len(pruned):
                return np.empty(0, np.int64)
            places = np.minimum(np.searchsorted(pruned[:, 0], buckets), len(pruned) - 1)
            rows = pruned[places, 1][pruned[places, 0] == buckets].astype(np.int64)
        return rows + len(self._model.words)

    def _probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """From the scores of labels, or of inner nodes, `(N, C)`, to probabilities."""
        if self._model.loss == "softmax":
            return np.asarray(softmax(scores, axis=1) + _ADDED)
        if self._model.loss == "hs":
            return _along_tree(scores, self._model.label_counts)
        return _stepped_sigmoid(scores) + _ADDED


def read_supervised(path: Path) -> SupervisedModel:
    """Map the classifier at `path`.

    Raises:
        FileFormatError: the file is truncated or damaged, or no model of texts and their labels.
    """
    records, arguments, _, dictionary, matrix = open_model(path)
    loss = LOSSES.get(arguments["loss"])
    if MODELS.get(arguments["model"]) != "supervised" or loss is None:
        raise FileFormatError(
            f"{str(path)!r} is a fastText model of words, expected one of texts and labels; load "
            "it as Vectors"
        )
    output = read_matrix(records)
    expected = (len(dictionary.labels), arguments["dim"])
    if output.shape != expected or not expected[0]:
        raise records.damaged(f"its output matrix is {output.shape}, expected {expected}")
    rows = len(matrix) - len(dictionary.words)  # of n-grams
    pruned = dictionary.pruned
    if pruned is not None:
        pruned = pruned[np.argsort(pruned[:, 0])]
    has_ngrams = arguments["maxn"] > 0 or arguments["wordNgrams"] > 1
    places = np.array([arguments["bucket"] - 1]) if pruned is None else pruned[:, 1]
    if has_ngrams and len(places) and not 0 <= places.min() <= places.max() < rows:
        raise records.damaged(f"a row of its n-grams is not among {rows:,}")
    if not (np.isfinite(output).all() and np.isfinite(matrix[: len(dictionary.words)]).all()):
        raise records.damaged("a number of its matrices is not finite")
    return SupervisedModel(
        words=dictionary.words,
        labels=dictionary.labels,
        label_counts=dictionary.label_counts,
        matrix=matrix,
        output=output,
        loss=loss,
        word_ngrams=arguments["wordNgrams"],
        min_n=max(arguments["minn"], 1),
        max_n=max(arguments["maxn"], 0),
        bucket=arguments["bucket"],
        pruned=pruned,
        source=records.source,
    )


def _as_texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise ParameterError(f"got the text {texts[:40]!r}; pass a list of texts")
    listed = list(texts)
    for text in listed:
        if not isinstance(text, str):
            raise ParameterError(f"{text!r} is a {type(text).__name__}; pass texts as str")
    return listed


def _stepped_sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sigmoid as a table of 512 steps from -8 to 8, which is what fastText computes."""
    step = 2 * _LARGEST_SIGMOID / _SIGMOID_STEPS
    inside = np.clip(scores, -_LARGEST_SIGMOID, _LARGEST_SIGMOID)
    found = expit(np.floor((inside + _LARGEST_SIGMOID) / step) * step - _LARGEST_SIGMOID)
    return np.where(np.abs(scores) > _LARGEST_SIGMOID, scores > 0, found)


def _along_tree(scores: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probabilities of labels, each the product of the decisions on the path to it.

    Args:
        scores: `(N, C)`, of the inner node i in column i; the last one means nothing.
        counts: `(C,)` of labels in falling order, by which the tree is built.

    Returns:
        `(N, C)`.
    """
    labels = len(counts)
    left, right = _huffman_children(counts)
    reached = np.ones((len(scores), 2 * labels - 1))
    for node in range(labels - 2, -1, -1):  # from the root, which was made last
        to_right = expit(scores[:, node])
        above = reached[:, labels + node]
        reached[:, left[node]] = above * (1 - to_right + _ADDED)
        reached[:, right[node]] = above * (to_right + _ADDED)
    return reached[:, :labels]


def _huffman_children(counts: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """What each of C - 1 inner nodes joins, the rarer first; node i has the number C + i.

    Of a label and a node that are as frequent the node is taken first, as fastText does.
    """
    labels = len(counts)
    weights = counts.tolist()
    children: tuple[list[int], list[int]] = ([], [])
    leaf = labels - 1
    inner = labels
    for _ in range(labels - 1):
        weight = 0
        for side in children:
            is_leaf = leaf >= 0 and (inner >= len(weights) or weights[leaf] < weights[inner])
            side.append(leaf if is_leaf else inner)
            weight += weights[side[-1]]
            leaf -= is_leaf
            inner += not is_leaf
        weights.append(weight)
    return children
