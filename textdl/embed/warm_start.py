"""What a run begins with in place of what is drawn, and which of it stays as it is.

Rows begin with those of a model that is trained on; else with the given vector of their word; else
with what the objective draws. Frozen are vectors of words: their rows take no step.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from textdl.embed.batches import BatchSampler
from textdl.embed.growth import grow_tables
from textdl.embed.model import ModelState
from textdl.embed.objectives.word_tables import INPUT
from textdl.embed.tables import Tables
from textdl.embed.tied_rows import tied_means
from textdl.errors import ParameterError
from textdl.io.checksums import array_checksums, checksum
from textdl.vectors.vectors import Vectors

ALL = "all"  # of the words that began with given vectors
MAX_ROW_LENGTH = 1_000  # on text, and on all that was tried as such, no row was longer than 40
SHOWN = 3  # words in a message


class WarmStart(NamedTuple):
    """What a run begins with: each may be missing."""

    model: ModelState | None = None
    vectors: Vectors | None = None
    freeze: str | tuple[str, ...] | None = None  # `ALL`, or words

    def identity(self) -> dict[str, Any]:
        """What the bits of a run depend on beside its corpus and config; nothing by default."""
        found: dict[str, Any] = {}
        if self.model is not None:
            found["continues"] = self.model.fingerprint()
        if self.vectors is not None:
            digests = array_checksums([self.vectors.labels.blob, self.vectors.matrix])
            found["init_vectors"] = checksum(" ".join(digests).encode())
        if self.freeze is not None:
            found["freeze"] = self.freeze
        return found


class StartingPoint(NamedTuple):
    """The tables at the start of a run."""

    tables: Tables
    frozen: Mapping[str, NDArray[np.intp]] = {}  # rows that stay as they are, by table
    is_warm: bool = False  # some rows were not drawn


def read_warm_start(
    model: ModelState | None, init_vectors: Any, freeze: Any, vector_size: int
) -> WarmStart:
    """Read what parameters say of how a run begins.

    Args:
        model: that is trained on, if one is.
        init_vectors: a path of a file of vectors, or `Vectors`; None: none.
        freeze: words, or `ALL`; None: none.
        vector_size: D of the run.

    Returns:
        What the run begins with.

    Raises:
        ParameterError: the parameters are of another kind, have other dimensions, or contradict
            each other.
        FileFormatError: the file of vectors cannot be read.
    """
    vectors = init_vectors
    if isinstance(init_vectors, str | os.PathLike):
        vectors = Vectors.load(init_vectors)
    if vectors is not None:
        if not isinstance(vectors, Vectors):
            raise ParameterError(
                f"init_vectors={vectors!r}; expected the path of a file of vectors, or Vectors"
            )
        _check_vectors(vectors, init_vectors, vector_size)
    if freeze is None:
        return WarmStart(model, vectors)
    if isinstance(freeze, str) and freeze != ALL:
        raise ParameterError(f"freeze={freeze!r}; expected {ALL!r}, or a list of words")
    words = freeze if freeze == ALL else _as_words(freeze)
    if model is None and vectors is None:
        raise ParameterError(
            "freeze has no vectors to keep: those of a new model are drawn at random; pass "
            "init_vectors (--init-vectors), or train a model on"
        )
    return WarmStart(model, vectors, words)


def starting_point(sampler: BatchSampler, warm: WarmStart) -> StartingPoint:
    """The tables that a run begins with.

    Args:
        sampler: of its batches; it has the vocabulary and the objective.
        warm: what the run is to begin with.

    Returns:
        The tables, and which of their rows stay as they are.

    Raises:
        ParameterError: the model does not fit the parameters of the run, no word has a vector, or
            words are to be frozen that have none.
    """
    objective = sampler.objective
    tables = objective.init()
    if warm == WarmStart():
        return StartingPoint(tables)
    words = len(sampler.vocabulary)
    is_given = np.zeros(words, bool)
    if warm.model is not None:
        grown = grow_tables(warm.model, tables, objective.row_ids, words)
        tables = {name: _of_kind(table, tables[name]) for name, table in grown.items()}
        is_given[: len(warm.model.vocabulary)] = True
    if warm.vectors is not None:
        place = warm.vectors.key_to_index
        found = [
            (row, place[word])
            for row, word in enumerate(sampler.vocabulary.words)
            if word in place and not is_given[row]
        ]
        if not found and warm.model is None:
            raise ParameterError(
                f"init_vectors has none of the {words:,} words of the vocabulary, such as "
                f"{_some(sampler.vocabulary.words)}; pass vectors of the same spelling and language"
            )
        rows, of_vectors = np.array(found, np.intp).reshape(-1, 2).T
        tables = _with_vectors(tables, rows, warm.vectors.matrix[of_vectors], sampler)
        is_given[rows] = True
    if warm.freeze is None:
        return StartingPoint(tables, is_warm=True)
    return _frozen(tables, is_given, warm.freeze, sampler)


def _with_vectors(
    tables: Tables, rows: NDArray[np.intp], matrix: NDArray[np.float32], sampler: BatchSampler
) -> Tables:
    """Put vectors of words into the table that they are from.

    Where words are means of subwords, their own rows take what the others lack.
    """
    tie = sampler.objective.ties.get(INPUT)
    name = tie.source if tie else INPUT
    if name not in tables:
        raise ParameterError(
            "this model has no vectors of words that could begin with init_vectors or be frozen; "
            "leave them out"
        )
    table = np.array(tables[name])
    if tie:
        counts = np.diff(tie.offsets)[rows, None]
        own = tie.parts[tie.offsets[rows]]
        table[own] += counts * (matrix - tied_means(table, tie)[rows])
    else:
        table[rows] = matrix
    return {**tables, name: _of_kind(table, tables[name])}


def _frozen(
    tables: Tables,
    is_given: NDArray[np.bool_],
    freeze: str | tuple[str, ...],
    sampler: BatchSampler,
) -> StartingPoint:
    """Leave out the steps of the rows of some words."""
    vocabulary = sampler.vocabulary
    tie = sampler.objective.ties.get(INPUT)
    if freeze == ALL:
        rows = np.flatnonzero(is_given)
    else:
        place = vocabulary.key_to_index
        unknown = [word for word in freeze if word not in place or not is_given[place[word]]]
        if unknown:
            raise ParameterError(
                f"freeze has {len(unknown):,} of {len(freeze):,} words that begin without a vector "
                f"(not in the vocabulary, or not given), such as {_some(unknown)}; leave them out"
            )
        rows = np.array(sorted({place[word] for word in freeze}), np.intp)
    if tie and len(rows) < len(vocabulary):
        raise ParameterError(
            f"freeze keeps {len(rows):,} of {len(vocabulary):,} words, but they share subwords "
            "with the others; freeze all of them, or train without subwords (max_n=0)"
        )
    name = tie.source if tie else INPUT
    if name not in tables:
        raise ParameterError("freeze: this model has no vectors of words; leave it out")
    # -0.0 would become 0.0 at its first step.
    table = _of_kind(np.array(tables[name]) + np.float32(0), tables[name])
    return StartingPoint({**tables, name: table}, {INPUT: rows}, is_warm=True)


def _of_kind(table: NDArray[np.float32], like: Any) -> Any:
    """A table of NumPy where it was one, else of JAX."""
    return table if isinstance(like, np.ndarray) else jnp.asarray(table)


def _check_vectors(vectors: Vectors, given: Any, vector_size: int) -> None:
    if vectors.vector_size != vector_size:
        name = "init_vectors" if isinstance(given, Vectors) else f"init_vectors={str(given)!r}"
        raise ParameterError(
            f"{name} has vectors of {vectors.vector_size} dimensions, vector_size={vector_size}; "
            f"pass vector_size={vectors.vector_size} (--vector-size {vectors.vector_size}), or "
            "other vectors"
        )
    longest = float(vectors.norms.max(initial=0.0))
    if not longest <= MAX_ROW_LENGTH:
        raise ParameterError(
            f"init_vectors has a vector of length {longest:,.4g}, expected at most "
            f"{MAX_ROW_LENGTH:,}; scale them down"
        )


def _as_words(freeze: Any) -> tuple[str, ...]:
    words = tuple(freeze) if isinstance(freeze, Iterable) else ()
    if not words or not all(isinstance(word, str) for word in words):
        raise ParameterError(f"freeze={freeze!r}; expected {ALL!r}, or a list of words")
    return words


def _some(words: Iterable[str]) -> str:
    return ", ".join(repr(word) for word, _ in zip(words, range(SHOWN), strict=False))
