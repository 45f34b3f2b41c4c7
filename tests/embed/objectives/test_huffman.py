"""Huffman trees: against one that is built with a heap, and the definition of a prefix code."""

import heapq
import itertools

import numpy as np
import pytest

from textdl.embed.objectives.huffman import (
    PathCutter,
    PathLayout,
    decisions_above,
    huffman_tree,
    paths_below,
)

RANDOM = np.sort(np.random.default_rng(0).zipf(1.2, 5000).clip(max=10**9))[::-1]
COUNTS = {
    "one": [7],
    "two": [5, 3],
    "two alike": [4, 4],
    "three": [3, 2, 1],
    "all alike": [1] * 13,
    "a power of two alike": [6] * 16,
    "ties": [9, 5, 5, 5, 3, 3, 1, 1, 1, 1, 1],
    "powers of two": [2**i for i in range(20, -1, -1)],
    "fibonacci": [89, 55, 34, 21, 13, 8, 5, 3, 2, 1, 1],
    "beyond 32 bits": [2**40, 2**39, 2**39, 3, 1],
    "random": RANDOM,
}
every_count = pytest.mark.parametrize("name", COUNTS)


def counts_of(name):
    return np.array(COUNTS[name], np.int64)


def codes_of(tree):
    """The path from the root to every word: a node, and whether it goes to the left there."""
    codes = []
    for node, is_left in zip(tree.parent, tree.is_left, strict=True):
        code = []
        while node >= 0:
            code.append((int(node), bool(is_left)))
            node, is_left = tree.node_parent[node], tree.node_is_left[node]
        codes.append(code[::-1])
    return codes


def shortest_total(counts):
    """The decisions that a text takes, by Huffman's algorithm: the inner nodes' summed counts."""
    heap = counts.tolist()
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        total += both
        heapq.heappush(heap, both)
    return total


@every_count
def test_total_length_is_the_shortest(name):
    counts = counts_of(name)
    lengths = [len(code) for code in codes_of(huffman_tree(counts))]
    assert sum(int(count) * length for count, length in zip(counts, lengths, strict=True)) == (
        shortest_total(counts)
    )


@every_count
def test_no_code_begins_another(name):
    sides = [tuple(left for _, left in code) for code in codes_of(huffman_tree(counts_of(name)))]
    assert len(set(sides)) == len(sides)
    ordered = sorted(sides)
    assert not any(
        two[: len(one)] == one and len(sides) > 1 for one, two in itertools.pairwise(ordered)
    )


@every_count
def test_every_inner_node_has_two_sides(name):
    tree = huffman_tree(counts_of(name))
    inner = len(tree.node_parent)
    assert inner == len(tree.parent) - 1
    above = np.concatenate([tree.parent, tree.node_parent[1:]])
    left = np.concatenate([tree.is_left, tree.node_is_left[1:]])
    if inner:
        np.testing.assert_array_equal(np.bincount(above[left], minlength=inner), 1)
        np.testing.assert_array_equal(np.bincount(above[~left], minlength=inner), 1)
        assert tree.node_parent[0] == -1


@every_count
def test_inner_nodes_are_numbered_by_falling_count_after_their_parents(name):
    counts = counts_of(name)
    tree = huffman_tree(counts)
    passing = np.zeros(len(tree.node_parent), np.int64)
    for count, code in zip(counts, codes_of(tree), strict=True):
        for node, _ in code:
            passing[node] += count
    assert (np.diff(passing) <= 0).all()
    assert (tree.node_parent < np.arange(len(tree.node_parent))).all()


@every_count
@pytest.mark.parametrize("top", [0, 1, 2, 127])
def test_decisions_above_and_paths_below_are_the_code(name, top):
    tree = huffman_tree(counts_of(name))
    top = min(top, max(1, len(tree.node_parent)))
    paths = paths_below(tree, top)
    if top:
        rows, above = decisions_above(tree, top)
        assert len(above) <= top + 1
    for word, code in enumerate(codes_of(tree)):
        expected = {node: 1 if left else -1 for node, left in code}
        below = [(node, sign) for node, sign in expected.items() if node >= top]
        depth = len(below)
        assert paths.nodes[word, :depth].tolist() == [node for node, _ in below]
        assert paths.signs[word, :depth].tolist() == [sign for _, sign in below]
        assert not paths.nodes[word, depth:].any()
        assert not paths.signs[word, depth:].any()
        if top:
            signs = above[rows[word]]
            found = {int(node): int(signs[node]) for node in np.flatnonzero(signs)}
            assert found == {node: sign for node, sign in expected.items() if node < top}


@every_count
@pytest.mark.parametrize(("size", "fewest"), [(4, 1), (16, 3)])
def test_tiles_have_every_node_of_every_path_and_few_words(name, size, fewest):
    paths = paths_below(huffman_tree(counts_of(name)), 1)
    words = np.random.default_rng(0).integers(0, len(paths.nodes), (3, 2, 12)).astype(np.int32)
    layout = PathLayout(paths, size, fewest)
    tiles = layout(words)
    for step, nodes, signed_words, first in zip(words, *tiles, strict=True):
        block, word = np.divmod(first, 12)
        found = [
            (int(block[tile]), int(abs(code)) - 1, int(nodes[tile, place]), int(np.sign(code)))
            for (tile, place), code in np.ndenumerate(signed_words)
            if code
        ]
        expected = [
            (b, j, int(node), int(sign))
            for (b, j), w in np.ndenumerate(step)
            for node, sign in zip(paths.nodes[w], paths.signs[w], strict=True)
            if sign
        ]
        assert found == expected
        within = np.abs(signed_words) - 1 - word[:, None]
        assert ((within >= 0) & (within < layout.words_per_tile))[signed_words != 0].all()


def test_length_is_within_a_bit_of_the_entropy():
    lengths = [len(code) for code in codes_of(huffman_tree(RANDOM))]
    share = RANDOM / RANDOM.sum()
    entropy = -(share * np.log2(share)).sum()
    assert entropy <= share @ lengths < entropy + 1


@every_count
@pytest.mark.parametrize("size", [1, 4])
def test_pieces_have_every_node_of_every_path(name, size):
    paths = paths_below(huffman_tree(counts_of(name)), 1)
    words = np.random.default_rng(0).integers(0, len(paths.nodes), (3, 2, 12)).astype(np.int32)
    pieces = PathCutter(paths, size)(words)
    for step, nodes, signs, owners in zip(words.reshape(3, 24), *pieces, strict=True):
        found = [
            (int(owners[piece]), int(nodes[piece, place]), int(sign))
            for (piece, place), sign in np.ndenumerate(signs)
            if sign
        ]
        expected = [
            (j, int(node), int(sign))
            for j, w in enumerate(step)
            for node, sign in zip(paths.nodes[w], paths.signs[w], strict=True)
            if sign
        ]
        assert found == expected
