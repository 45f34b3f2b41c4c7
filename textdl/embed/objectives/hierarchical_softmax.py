"""Hierarchical softmax: a word is predicted by the decisions on its path through a Huffman tree.

With C the vectors that predict and N those of the inner nodes of the tree, a word costs

    loss = -Σ_p log σ(s_p N_p · C),  s_p = 1 to the left of node p, -1 to its right,

the sum being over the nodes from the root to the word. It is the logarithm of a probability: over
all words they add up to 1.

Few nodes are on most paths. The first `T` of them, by count, are scored for all vectors of a block
in one dense product; for what is below, the nodes of each predicted word are looked up. Where the
words around each center are predicted, one of the first nodes meets a center once for all of them:
with n⁺ and n⁻ the decisions to its left and right, the loss is -n⁺ log σ(S) - n⁻ log σ(-S).

References:
    Morin and Bengio 2005, "Hierarchical probabilistic neural network language model".
    Mikolov et al. 2013, "Distributed representations of words and phrases" (the Huffman tree).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.bands import strips_of
from textdl.embed.objectives.huffman import (
    PathCutter,
    PathLayout,
    Paths,
    decisions_above,
    huffman_tree,
    paths_below,
    words_per_tile,
)
from textdl.embed.objectives.negative_sampling import sigmoid, sum_softplus
from textdl.embed.objectives.objective import (
    Blocks,
    Draws,
    Hidden,
    InputSide,
    OutputLoss,
    OutputSide,
    Predicted,
    TrainingText,
)
from textdl.embed.objectives.word_tables import LEFT, RIGHT
from textdl.embed.tables import Batches, OuterGradients, ProductGradients, Tables

NODES = "nodes"  # the table
UPPER = "upper"  # rows, (S, T): the first nodes, of which all vectors are scored
PATHS = "paths"  # rows, (S, K, n): the nodes below, path by path, in K tiles or pieces of n
SIGNED_WORDS = "signed_words"  # values, (S, K, n): the words at their ends, as in `PathTiles`
FIRST_WORD = "first_word"  # values, (S, K): of each tile
SIGNS = "signs"  # values, (S, K, n): as in `PathPieces`
WORDS = "words"  # values, (S, K): of each piece
EXITS = "exits"  # values, (S, B, W): the row of each word among what the first nodes decide


class Below(NamedTuple):
    """The nodes below, of the words of some blocks."""

    paths: NDArray[np.int32]
    values: Mapping[str, NDArray[Any]]


#: The nodes below, of the words of S steps, `(S, B, W)`.
LayOut: TypeAlias = Callable[[NDArray[np.int32]], Below]

# As measured. T: more make the dense product larger, fewer leave more to be looked up.
CENTER_UPPER = 7
CONTEXT_UPPER = 31
PIECE = 4  # n, where a center is predicted
TILE = 16  # n, where the words around it are
FEWEST = 3  # places of a word in tiles: more make them narrower, fewer leave fewer places empty


def output_side(text: TrainingText, config: EmbeddingConfig, inputs: InputSide) -> OutputSide:
    """One row per inner node of the tree.

    Args:
        text: its counts make the tree.
        config: of no concern.
        inputs: what predicts.

    Returns:
        The side; its rows start at 0.
    """
    tree = huffman_tree(text.vocabulary.counts)
    nodes = max(1, len(tree.node_parent))  # a tree of one word has none, and nothing to predict
    predicts_context = inputs.predicts == "context"
    upper = min(CONTEXT_UPPER if predicts_context else CENTER_UPPER, nodes)
    exit_of, decisions = decisions_above(tree, upper)
    paths = paths_below(tree, upper)
    lay_out = _in_tiles(paths) if predicts_context else _in_pieces(paths)
    every = np.arange(upper, dtype=np.int32)

    def draw(blocks: Blocks) -> Draws:
        words = blocks.tokens if predicts_context else blocks.centers
        below = lay_out(words)
        rows = {UPPER: np.broadcast_to(every, (len(words), upper)), PATHS: below.paths}
        return Draws({NODES: rows}, {**below.values, EXITS: exit_of[words]})

    on_upper = np.abs(decisions).astype(np.float64)
    updates = np.zeros(nodes)
    updates[:upper] = np.bincount(exit_of, text.kept_share, len(decisions)) @ on_upper
    shares = np.broadcast_to(text.kept_share[:, None], paths.signs.shape)
    is_on_path = paths.signs != 0
    updates += np.bincount(paths.nodes[is_on_path], shares[is_on_path], nodes)
    lengths = on_upper.sum(1)[exit_of] + is_on_path.sum(1)
    losses: dict[Predicted, Callable[..., OutputLoss]] = {
        "center": _center_loss,
        "context": partial(_context_loss, words_per_tile=words_per_tile(TILE, FEWEST)),
        "segment": _segment_loss,
    }
    return OutputSide(
        init=lambda: {NODES: jnp.zeros((nodes, inputs.hidden_size), jnp.float32)},
        draw=draw,
        loss=partial(losses[inputs.predicts], decisions=decisions),
        scores=float(updates.sum()),
        updates={NODES: updates},
        # A decision costs log 2 at first; on the longest path, for a text may have any words.
        initial_loss=float(lengths.max()) * math.log(2),
    )


def _in_tiles(paths: Paths) -> LayOut:
    layout = PathLayout(paths, TILE, FEWEST)

    def lay_out(words: NDArray[np.int32]) -> Below:
        tiles = layout(words)
        return Below(tiles.nodes, {SIGNED_WORDS: tiles.signed_words, FIRST_WORD: tiles.first})

    return lay_out


def _in_pieces(paths: Paths) -> LayOut:
    cutter = PathCutter(paths, PIECE)

    def lay_out(words: NDArray[np.int32]) -> Below:
        pieces = cutter(words)
        return Below(pieces.nodes, {SIGNS: pieces.signs, WORDS: pieces.words})

    return lay_out


def _center_loss(
    tables: Tables, hidden: Hidden, batch: Batches, *, decisions: NDArray[np.int8]
) -> OutputLoss:
    """The loss where each center is predicted.

    Args:
        tables: has `nodes`.
        hidden: has the centers that are predicted.
        batch: without its axis `S`.
        decisions: `(rows, T)` of the first nodes.

    Returns:
        The loss of each block, and its derivatives.
    """
    H, counts, _ = hidden  # (B, L, D), (B, L)
    decided = jnp.asarray(decisions, jnp.float32)[batch.values[EXITS]] * counts[..., None]
    of_upper = _upper_loss(
        tables, H, jnp.maximum(decided, 0), jnp.maximum(-decided, 0), batch.rows[NODES][UPPER]
    )
    below = _center_loss_below(tables, H, counts, batch)
    return OutputLoss(
        of_upper.loss + below.loss,
        of_upper.hidden_gradient + below.hidden_gradient,
        {NODES: [*of_upper.gradients[NODES], *below.gradients[NODES]]},
    )


def _segment_loss(
    tables: Tables, hidden: Hidden, batch: Batches, *, decisions: NDArray[np.int8]
) -> OutputLoss:
    """The loss where the centers of each segment are predicted, as if each had its own vector.

    Args:
        tables: has `nodes`.
        hidden: has which centers each segment predicts.
        batch: without its axis `S`.
        decisions: `(rows, T)` of the first nodes.

    Returns:
        The loss of each block, and its derivatives.
    """
    assert hidden.band is not None
    predicts = hidden.band.astype(hidden.vectors.dtype)  # (B, L, G)
    of_centers = Hidden(predicts @ hidden.vectors, predicts.sum(2), None)
    found = _center_loss(tables, of_centers, batch, decisions=decisions)
    by_segment = jnp.einsum("blg,bld->bgd", predicts, found.hidden_gradient)
    return found._replace(hidden_gradient=by_segment)


def _center_loss_below(tables: Tables, H: Array, counts: Array, batch: Batches) -> OutputLoss:
    """What the nodes below decide: the pieces of each path against the center at its end.

    Args:
        tables: has `nodes`.
        H: `(B, L, D)` what predicts.
        counts: `(B, L)`.
        batch: without its axis `S`.

    Returns:
        The loss of each block, and its derivatives.
    """
    blocks, length, size = H.shape
    paths = batch.rows[NODES][PATHS]  # (K, n)
    center = batch.values[WORDS]  # (K,)
    signs = batch.values[SIGNS].astype(H.dtype) * counts.reshape(-1)[center][:, None]  # (K, n)
    N = tables[NODES][paths]  # (K, n, D)
    C = H.reshape(-1, size)[center]  # (K, D)
    # As a product: XLA adds up a row on a CPU one number after the other, and a product in lanes.
    scores = signs * ((N * C[:, None]) @ jnp.ones(size, H.dtype))
    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    losses = sum_softplus(-scores, exp_neg_abs, signs != 0)  # (K,)
    gradient = -signs * sigmoid(-scores, exp_neg_abs)  # (K, n), by the scores without signs
    by_piece = (gradient[..., None] * N).sum(1)  # (K, D)
    by_center = jnp.zeros((blocks * length, size), H.dtype).at[center].add(by_piece)
    return OutputLoss(
        jnp.zeros(blocks, H.dtype).at[center // length].add(losses),
        by_center.reshape(H.shape),
        {NODES: [OuterGradients(paths, gradient, C)]},
    )


def _context_loss(
    tables: Tables,
    hidden: Hidden,
    batch: Batches,
    *,
    decisions: NDArray[np.int8],
    words_per_tile: int,
) -> OutputLoss:
    """The loss where the words around each center are predicted.

    Args:
        tables: has `nodes`.
        hidden: has a band, M.
        batch: without its axis `S`.
        decisions: `(rows, T)` of the first nodes.
        words_per_tile: whose nodes a tile has, at most.

    Returns:
        The loss of each block, and its derivatives.
    """
    C, _, band = hidden  # (B, L, D), (B, L / R, R + 2w, R)
    assert band is not None
    halo = (band.shape[2] - band.shape[3]) // 2
    exits = strips_of(batch.values[EXITS], halo, band.shape[3])  # (B, L / R, R + 2w)
    table = jnp.asarray(decisions, jnp.float32)
    M = jnp.swapaxes(band, 2, 3).astype(jnp.float32)
    to_left, to_right = (
        jnp.einsum("bsrm,bsmt->bsrt", M, jnp.maximum(sign * table, 0)[exits]) for sign in (1, -1)
    )  # n⁺, n⁻
    shape = (*C.shape[:2], -1)
    of_upper = _upper_loss(
        tables, C, to_left.reshape(shape), to_right.reshape(shape), batch.rows[NODES][UPPER]
    )
    below = _context_loss_below(tables, C, batch, halo, words_per_tile)
    return OutputLoss(
        of_upper.loss + below.loss,
        of_upper.hidden_gradient + below.hidden_gradient,
        {NODES: [*of_upper.gradients[NODES], *below.gradients[NODES]]},
    )


def _upper_loss(
    tables: Tables, vectors: Array, to_left: Array, to_right: Array, nodes: Array
) -> OutputLoss:
    """What the first nodes decide, for all vectors of a block at once.

    Args:
        tables: has `nodes`.
        vectors: `(B, L, D)`.
        to_left: `(B, L, T)` n⁺, how many words each vector predicts on the left of each node.
        to_right: `(B, L, T)` n⁻.
        nodes: `(T,)` the rows.

    Returns:
        The loss of each block, and its derivatives.
    """
    N = tables[NODES][nodes]  # (T, D)
    scores = jnp.einsum("bld,td->blt", vectors, N)
    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    decided = to_left + to_right
    losses = (
        to_left * jnp.maximum(-scores, 0)
        + to_right * jnp.maximum(scores, 0)
        + decided * jnp.log1p(exp_neg_abs)
    )
    gradient = decided * sigmoid(scores, exp_neg_abs) - to_left  # (B, L, T), by the scores
    flat = gradient.reshape(-1, gradient.shape[2]).T  # (T, B L)
    by_node = ProductGradients(nodes, flat, vectors.reshape(-1, vectors.shape[2]))
    return OutputLoss(
        losses.sum((1, 2)), jnp.einsum("blt,td->bld", gradient, N), {NODES: [by_node]}
    )


def _context_loss_below(
    tables: Tables, C: Array, batch: Batches, halo: int, words_per_tile: int
) -> OutputLoss:
    """What the nodes below decide: tiles of nodes against the centers around their words.

    Args:
        tables: has `nodes`.
        C: `(B, L, D)` the vectors of the centers.
        batch: without its axis `S`.
        halo: w.
        words_per_tile: whose nodes a tile has, at most.

    Returns:
        The loss of each block, and its derivatives.
    """
    blocks, length, size = C.shape
    paths = batch.rows[NODES][PATHS]  # (K, n)
    signed_words = batch.values[SIGNED_WORDS]  # (K, n)
    block, word = jnp.divmod(batch.values[FIRST_WORD], length + 2 * halo)  # (K,)
    columns = words_per_tile + 2 * halo
    # Word j of a block may be predicted by the centers j - 2w to j.
    around = [(0, 0), (2 * halo, columns - 1), (0, 0)]
    padded = length + 2 * halo + columns - 1
    span = (block * padded + word)[:, None] + jnp.arange(columns)  # (K, c)
    centers = jnp.pad(C, around).reshape(-1, size)[span]  # (K, c, D)
    place = jnp.abs(signed_words) - 1 - word[:, None]  # (K, n), of each word within the tile
    offset = place[:, :, None] + halo - jnp.arange(columns)  # (K, n, c)
    left, right = (
        jnp.pad(batch.values[side], around[:2]).reshape(-1)[span][:, None] for side in (LEFT, RIGHT)
    )  # (K, 1, c)
    predicts = (offset != 0) & (offset >= -left) & (offset <= right)
    signs = jnp.sign(signed_words).astype(C.dtype)[:, :, None]
    N = tables[NODES][paths]  # (K, n, D)
    decided = jnp.where(predicts, signs, 0)  # (K, n, c)
    scores = decided * jnp.einsum("knd,kcd->knc", N, centers)
    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    losses = sum_softplus(-scores, exp_neg_abs, decided != 0)  # (K, c)
    gradient = -decided * sigmoid(-scores, exp_neg_abs)  # (K, n, c)
    # Transposed here, and not within the product, whose kernels for that are half as fast.
    transposed = lax.optimization_barrier(jnp.swapaxes(gradient, 1, 2))  # type: ignore[no-untyped-call]
    by_center = jnp.einsum("kcn,knd->kcd", transposed, N)
    hidden_gradient = jnp.zeros((blocks * padded, size), C.dtype).at[span].add(by_center)
    hidden_gradient = hidden_gradient.reshape(blocks, padded, size)
    return OutputLoss(
        jnp.zeros(blocks, C.dtype).at[block].add(losses.sum(1)),
        hidden_gradient[:, 2 * halo : 2 * halo + length],
        {NODES: [ProductGradients(paths, gradient, centers)]},
    )
