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
