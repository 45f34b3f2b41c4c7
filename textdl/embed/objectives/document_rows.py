"""The table of documents: how it begins, and which of its rows the tokens of a block have.

A document has a row for each of its tags, most often one. Its tokens follow each other, so a block
is a few *segments*, each of one document: a row is read once for a segment, and its gradient is
summed over it before it is written. All tokens of a segment move the row from the same point: such
a row comes in a burst, and for update damping it counts how often it is moved in a block that has
it, not in a step on average.

References:
    Le and Mikolov 2014, "Distributed representations of sentences and documents".
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.objective import Blocks, DocumentRows, TrainingText
from textdl.embed.tables import Tables
from textdl.keyed_random import INITIAL_VALUES, uniform

DOCUMENTS = "documents"  # the table
OF_DOCUMENTS = 1  # the end of the key of its first values; those of words have none


def rows_of_documents(text: TrainingText) -> DocumentRows:
    """The rows of the documents of a text.

    Raises:
        TypeError: the text has none.
    """
    if text.documents is None:
        raise TypeError("the text has no documents; expected `TrainingText.documents`")
    return text.documents


def initial_documents(rows: int, config: EmbeddingConfig) -> Array:
    """The starting point of words: ~ U(-½, ½)/D, but other draws. `-> (rows, D)`."""
    size = config.vector_size
    drawn = uniform(rows * size, config.seed, INITIAL_VALUES, OF_DOCUMENTS)
    values = (drawn - np.float32(0.5)) / np.float32(size)
    return jnp.asarray(values.reshape(rows, size))


class DocumentSegments(NamedTuple):
    """The centers of blocks, by document: G segments a block, some of them empty."""

    rows: NDArray[np.int32]  # (S, B, G, T) the row of every tag; 0 where there is none
    has_tag: NDArray[np.int32]  # (S, B, G, T) whether there is one
    of_center: NDArray[np.int32]  # (S, B, L) the segment of every center; -1 at padding


def segments_of_blocks(blocks: Blocks, documents: DocumentRows) -> DocumentSegments:
    """Cut blocks where documents end.

    Shapes are compiled for, so G is a power of two.
    """
    of_center = blocks.documents
    assert of_center is not None
    begins = np.diff(of_center, axis=2, prepend=-1) != 0
    begins &= of_center >= 0
    segment = np.cumsum(begins, axis=2, dtype=np.int32) - 1
    size = 1 << max(0, int(segment.max(initial=0))).bit_length()
    found = np.full((*of_center.shape[:2], size), -1, np.int32)
    step, block, _ = np.nonzero(begins)
    found[step, block, segment[begins]] = of_center[begins]
    rows = documents.rows[np.maximum(found, 0)]
    has_tag = (rows >= 0) & (found >= 0)[..., None]
    segment[of_center < 0] = -1
    return DocumentSegments(np.maximum(rows, 0), has_tag.astype(np.int32), segment)


def segment_mask(of_center: Array, segments: int) -> Array:
    """Which centers are of each segment. `(B, L) -> (B, L, G)` bool.

    Example:
        >>> segment_mask(jnp.array([[0, 0, 1, -1]]), 2).astype(int).tolist()
        [[[1, 0], [1, 0], [0, 1], [0, 0]]]
    """
    return of_center[..., None] == jnp.arange(segments)


def tag_shares(documents: DocumentRows) -> NDArray[np.float64]:
    """Of each tag number, the share of the tokens whose document has it, by row. `-> (T, R)`."""
    share = documents.tokens / documents.tokens.sum()
    return np.stack([_by_row(tags, share, documents.size) for tags in documents.rows.T])


def burst_lengths(documents: DocumentRows) -> NDArray[np.float64]:
    """How many tokens of a row's documents a block has, for a token of them. `-> (R,)`."""
    tokens = documents.tokens
    in_block = np.minimum(tokens, documents.block)
    weighted = np.zeros(documents.size)
    total = np.zeros(documents.size)
    for tags in documents.rows.T:
        weighted += _by_row(tags, tokens * in_block, documents.size)
        total += _by_row(tags, tokens, documents.size)
    return np.divide(weighted, total, out=np.zeros_like(total), where=total > 0)


def document_vectors(tables: Tables, documents: DocumentRows) -> Array:
    """The vectors that are kept: of rows without tokens zeros. `-> (R, D)`."""
    has_tokens = burst_lengths(documents) > 0
    vectors: Array = jnp.where(jnp.asarray(has_tokens)[:, None], tables[DOCUMENTS], 0)
    return vectors


def _by_row(
    tags: NDArray[np.int32], values: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Add up a value of each document at its row. `(documents,), (documents,) -> (count,)`."""
    has_tag = tags >= 0
    added: NDArray[np.float64] = np.bincount(tags[has_tag], values[has_tag], count).astype(float)
    return added
