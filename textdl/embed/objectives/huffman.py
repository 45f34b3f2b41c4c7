"""The Huffman tree of a vocabulary: the path from the root to every word.

A word of n tokens lies about log2(N / n) nodes deep, so that a text takes as few decisions as a
binary tree of its words can.

Inner nodes are numbered by falling count, the root being 0: no node comes before its parent, and
the nodes that most paths share come first.

References:
    Huffman 1952, "A method for the construction of minimum-redundancy codes"; built from sorted
    counts with two queues, as in van Leeuwen 1976.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.working_set import round_up


class HuffmanTree(NamedTuple):
    """The tree of V words, by its V - 1 inner nodes."""

    parent: NDArray[np.int32]  # (V,) the inner node above each word; -1 where there is none
    is_left: NDArray[np.bool_]  # (V,) which of its two sides the word is on
    node_parent: NDArray[np.int32]  # (V - 1,) the inner node above each inner node; -1 at the root
    node_is_left: NDArray[np.bool_]  # (V - 1,)


class Paths(NamedTuple):
    """The decisions that lead to each of some words: the inner nodes from some depth on."""

    nodes: NDArray[np.int32]  # (V, P), from the upper to the lower; 0 where the path has ended
    signs: NDArray[np.int8]  # (V, P), 1 to the left, -1 to the right, 0 where the path has ended


def huffman_tree(counts: NDArray[np.int64]) -> HuffmanTree:
    """The tree of words with falling counts; that of one word has no inner node.

    Args:
        counts: `(V,)` in falling order.

    Example:
        >>> tree = huffman_tree(np.array([4, 2, 1, 1]))
        >>> tree.parent.tolist(), tree.node_parent.tolist()
        ([0, 1, 2, 2], [-1, 0, 1])
    """
    words = len(counts)
    if words == 1:
        nothing = np.zeros(0, np.int32)
        return HuffmanTree(np.array([-1], np.int32), np.array([False]), nothing, nothing > 0)
    weights = [*counts[::-1].tolist(), *[0] * (words - 1)]  # leaves by rising count, inner nodes
    above = np.zeros(2 * words - 1, np.int64)
    is_left = np.zeros(2 * words - 1, bool)
    leaf = 0
    inner = words
    for new in range(words, 2 * words - 1):
        for side in (False, True):
            takes_leaf = leaf < words and (inner >= new or weights[leaf] <= weights[inner])
            lowest = leaf if takes_leaf else inner
            leaf += takes_leaf
            inner += not takes_leaf
            weights[new] += weights[lowest]
            above[lowest] = new
            is_left[lowest] = side
    node_of = 2 * words - 2 - above  # inner nodes by falling count: the last that was made is 0
    of_words = np.arange(words)[::-1]
    of_nodes = np.arange(2 * words - 2, words - 1, -1)
    node_parent = node_of[of_nodes].astype(np.int32)
    node_parent[0] = -1
    return HuffmanTree(
        node_of[of_words].astype(np.int32), is_left[of_words], node_parent, is_left[of_nodes]
    )


def paths_below(tree: HuffmanTree, top: int) -> Paths:
    """The path to each word, without its nodes among the first `top`.

    Args:
        tree: of V words.
        top: how many nodes, from the root on, are left out; 0 gives whole paths.

    Example:
        >>> paths = paths_below(huffman_tree(np.array([4, 2, 1, 1])), 0)
        >>> paths.nodes.tolist()
        [[0, 0, 0], [0, 1, 0], [0, 1, 2], [0, 1, 2]]
        >>> paths.signs.tolist()
        [[-1, 0, 0], [1, -1, 0], [1, 1, 1], [1, 1, -1]]
    """
    node = tree.parent.astype(np.int32)
    is_left = tree.is_left
    nodes: list[NDArray[np.int32]] = []  # from the lower to the upper
    signs: list[NDArray[np.int8]] = []
    while (below := node >= top).any():
        nodes.append(np.where(below, node, 0).astype(np.int32))
        signs.append(np.where(below, np.where(is_left, 1, -1), 0).astype(np.int8))
        is_left = np.where(below, tree.node_is_left[node], is_left)
        node = np.where(below, tree.node_parent[node], node)
    words = len(tree.parent)
    if not nodes:
        return Paths(np.zeros((words, 0), np.int32), np.zeros((words, 0), np.int8))
    return _from_the_upper(np.stack(nodes, axis=1), np.stack(signs, axis=1))


def _from_the_upper(nodes: NDArray[np.int32], signs: NDArray[np.int8]) -> Paths:
    """Turn each path around, its end being what is padded."""
    lengths = np.count_nonzero(signs, axis=1)
    place = lengths[:, None] - 1 - np.arange(nodes.shape[1])
    inside = place >= 0
    place = np.where(inside, place, 0)
    return Paths(
        np.where(inside, np.take_along_axis(nodes, place, axis=1), 0).astype(np.int32),
        np.where(inside, np.take_along_axis(signs, place, axis=1), 0).astype(np.int8),
    )


def decisions_above(tree: HuffmanTree, top: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """What the first `top` nodes decide on the way to each word.

    Words whose paths leave these nodes at the same place share a row.

    Args:
        tree: of V words.
        top: T, how many nodes, from the root on.

    Returns:
        `(V,)` the row of every word, and `(rows, T)` in each row 1 for the left of a node, -1 for
        its right, 0 for a node that is not on the path.

    Example:
        >>> rows, signs = decisions_above(huffman_tree(np.array([4, 2, 1, 1])), 2)
        >>> signs[rows].tolist()
        [[-1, 0], [1, -1], [1, 1], [1, 1]]
    """
    node = tree.parent.astype(np.int64)
    is_left = tree.is_left
    while (below := node >= top).any():
        is_left = np.where(below, tree.node_is_left[node], is_left)
        node = np.where(below, tree.node_parent[node], node)
    # The last of the first nodes on the path, and the side on which the path leaves it.
    exits, rows = np.unique(2 * node + is_left, return_inverse=True)
    signs = np.zeros((len(exits), top), np.int8)
    for row, code in enumerate(exits.tolist()):
        at, left = code // 2, code % 2
        while at >= 0:
            signs[row, at] = 1 if left else -1
            left = tree.node_is_left[at]
            at = int(tree.node_parent[at])
    return rows.astype(np.int32), signs


class PathPieces(NamedTuple):
    """The paths of the words of `S` steps in pieces of `n` nodes: `K` in each step."""

    nodes: NDArray[np.int32]  # (S, K, n); 0 where there is none
    signs: NDArray[np.int8]  # (S, K, n), as in `Paths`
    words: NDArray[np.int32]  # (S, K), the number of the word of each within the step


class PathCutter:
    """Cuts the paths to words into pieces, each of one word.

    Args:
        paths: from `paths_below`.
        size: n, the nodes of a piece.

    Example:
        >>> paths = paths_below(huffman_tree(np.array([4, 2, 1, 1])), 0)
        >>> pieces = PathCutter(paths, size=2)(np.array([[[0, 3]]]))
        >>> pieces.nodes[0, :3].tolist(), pieces.words[0, :3].tolist()
        ([[0, 0], [0, 1], [2, 0]], [0, 1, 1])
    """

    def __init__(self, paths: Paths, size: int) -> None:
        words, longest = paths.signs.shape
        per_word = -(-longest // size)
        padding = ((0, 0), (0, per_word * size - longest))
        nodes, signs = (np.pad(side, padding).reshape(words, per_word, size) for side in paths)
        is_piece = signs[:, :, 0] != 0
        self.size = size
        self._counts = is_piece.sum(1)
        self._starts = np.cumsum(self._counts) - self._counts
        self._nodes = nodes[is_piece]  # (pieces, n)
        self._signs = signs[is_piece]

    def __call__(self, words: NDArray[np.int32]) -> PathPieces:
        """The pieces of words, each `(S, B, W)` of S steps of B blocks.

        Every step has as many pieces as the fullest of the chunk, rounded up: shapes are compiled
        for.
        """
        steps = len(words)
        flat = words.reshape(-1)
        counts = self._counts[flat]
        of_steps = counts.reshape(steps, -1).sum(1)
        each = round_up(int(of_steps.max()))
        word = np.repeat(np.arange(len(flat)), counts)
        every = np.arange(len(word))
        piece = every + np.repeat(self._starts[flat] - (np.cumsum(counts) - counts), counts)
        shift = each * np.arange(steps) - (np.cumsum(of_steps) - of_steps)
        place = every + np.repeat(shift, of_steps)
        nodes = np.zeros((steps * each, self.size), np.int32)
        signs = np.zeros((steps * each, self.size), np.int8)
        owners = np.zeros(steps * each, np.int32)
        nodes[place] = self._nodes[piece]
        signs[place] = self._signs[piece]
        owners[place] = word % (len(flat) // steps)
        shape = (steps, each, self.size)
        return PathPieces(nodes.reshape(shape), signs.reshape(shape), owners.reshape(shape[:2]))


class PathTiles(NamedTuple):
    """The paths of the words of `S` steps, end to end in tiles of `n` nodes: `K` in each step.

    A tile is of one block. It has nodes of few words that follow each other.
    """

    nodes: NDArray[np.int32]  # (S, K, n); 0 where there is none
    #: (S, K, n) s (j + 1), with s the sign of the node and j the number of its word within its
    #: block, from 0; 0 where there is none.
    signed_words: NDArray[np.int32]
    first: NDArray[np.int32]  # (S, K), the number of its first word within the step


def words_per_tile(size: int, fewest: int) -> int:
    """Whose nodes a tile of `size` places has, at most, where a word takes `fewest` or more.

    Example:
        >>> words_per_tile(16, 3)
        6
    """
    return 2 + (size - 2) // fewest


class PathLayout:
    """Lays out the paths to words as tiles.

    Every word takes at least `fewest` places, so that a tile has nodes of few words.

    Args:
        paths: from `paths_below`.
        size: n, the nodes of a tile.
        fewest: places of a word, at least 1.

    Example:
        >>> paths = paths_below(huffman_tree(np.array([4, 2, 1, 1])), 0)
        >>> PathLayout(paths, size=4, fewest=1)(np.array([[[0, 1, 3]]])).signed_words.tolist()
        [[[-1, 2, -2, 3], [3, -3, 0, 0]]]

    Attributes:
        size: n.
        words_per_tile: whose nodes a tile has, at most.
    """

    def __init__(self, paths: Paths, size: int, fewest: int) -> None:
        is_node = paths.signs != 0
        self.size = size
        self.words_per_tile = words_per_tile(size, fewest)
        self._fewest = fewest
        self._lengths = is_node.sum(1)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._nodes = paths.nodes[is_node]
        self._signs = paths.signs[is_node].astype(np.int32)

    def __call__(self, words: NDArray[np.int32]) -> PathTiles:
        """The tiles of words, each `(S, B, W)` of S steps of B blocks.

        Every step has as many tiles as the fullest of the chunk, rounded up: shapes are compiled
        for.
        """
        steps, _, count = words.shape
        lengths = self._lengths[words]
        ends = np.maximum(lengths, self._fewest).cumsum(2)  # (S, B, W), places within the block
        of_blocks = -(-ends[..., -1] // self.size)  # (S, B), tiles
        tiles = round_up(int(of_blocks.sum(1).max()))
        before = of_blocks.cumsum(1) - of_blocks + tiles * np.arange(steps)[:, None]
        ends += (before * self.size)[..., None]  # within the chunk
        begins = ends - np.maximum(lengths, self._fewest)
        lengths, ends, begins = (it.reshape(-1) for it in (lengths, ends, begins))

        passed = lengths.cumsum() - lengths
        every = np.arange(lengths.sum())
        place = every + np.repeat(begins - passed, lengths)
        entry = every + np.repeat(self._starts[words.reshape(-1)] - passed, lengths)
        number = np.tile(np.arange(1, count + 1, dtype=np.int32), words.size // count)
        nodes, signed_words = np.zeros((2, steps * tiles * self.size), np.int32)
        nodes[place] = self._nodes[entry]
        signed_words[place] = self._signs[entry] * np.repeat(number, lengths)

        places = np.arange(0, steps * tiles * self.size, self.size)
        first = np.searchsorted(ends, places, side="right").reshape(steps, tiles)
        per_step = words.size // steps
        first -= per_step * np.arange(steps)[:, None]
        shape = (steps, tiles, self.size)
        return PathTiles(
            nodes.reshape(shape),
            signed_words.reshape(shape),
            np.minimum(first, per_step - 1).astype(np.int32),
        )
