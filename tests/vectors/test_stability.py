"""How far files agree on neighbors, against sets of neighbors counted one by one."""

from itertools import combinations

import numpy as np
import pytest

from textdl import Vectors
from textdl.errors import ParameterError, UnknownWordError
from textdl.vectors.stability import measure_stability, trusted_neighbors
from textdl.vectors.subwords import SubwordVectors

WORDS = [f"w{number}" for number in range(150)]


def runs(count, noise=0.4, words=WORDS):
    """Files that share directions, each with noise of its own; the rarer a word, the more."""
    draw = np.random.default_rng(5)
    shared = draw.standard_normal((len(words), 8))
    amount = noise * np.linspace(0.1, 3, len(words))[:, None]
    return [
        Vectors(words, shared + amount * draw.standard_normal(shared.shape)) for _ in range(count)
    ]


def neighbor_sets(vectors, word, topn):
    return {neighbor for neighbor, _ in vectors.most_similar(word, topn=topn)}


def test_overlap_is_the_share_of_common_neighbors_over_all_pairs():
    files = runs(3)
    found = measure_stability(files, topn=5)
    assert found.common == 150
    assert [word for word, _ in found.words] == WORDS
    for word, overlap in found.words:
        sets = [neighbor_sets(vectors, word, 5) for vectors in files]
        shares = [len(one & other) / 5 for one, other in combinations(sets, 2)]
        assert overlap == pytest.approx(np.mean(shares))
    assert [(band.first, band.last, band.words) for band in found.bands] == [
        (1, 100, 100),
        (101, 150, 50),
    ]
    assert found.bands[0].overlap > found.bands[1].overlap
    assert found.overlap == pytest.approx(np.mean([overlap for _, overlap in found.words]))


def test_a_file_agrees_with_itself():
    (vectors,) = runs(1)
    assert measure_stability([vectors, vectors]).overlap == 1


def test_words_that_not_all_files_have_are_left_out():
    first, second = runs(2, noise=0)
    fewer = Vectors(WORDS[10:][::-1], second.matrix[10:][::-1])
    found = measure_stability([first, fewer])
    assert (found.common, found.overlap) == (140, 1)
    assert [word for word, _ in found.words] == WORDS[10:]  # in the order of the first


def test_words_of_a_band_are_the_same_ones_every_time():
    files = runs(2)
    some = measure_stability(files, words_per_band=7)
    assert [band.words for band in some.bands] == [7, 7]
    assert measure_stability(files, words_per_band=7) == some
    everything = dict(measure_stability(files).words)
    assert all(everything[word] == overlap for word, overlap in some.words)


def test_trusted_neighbors_have_their_share_and_their_spread():
    files = runs(4)
    found = trusted_neighbors(files, "w140", topn=5)
    sets = [neighbor_sets(vectors, "w140", 5) for vectors in files]
    assert len(found) == 5
    assert [it.similarity for it in found] == sorted((it.similarity for it in found), reverse=True)
    for neighbor in found:
        cosines = [vectors.similarity("w140", neighbor.word) for vectors in files]
        assert neighbor.share == sum(neighbor.word in some for some in sets) / 4
        assert neighbor.similarity == pytest.approx(np.mean(cosines))
        assert neighbor.spread == pytest.approx(np.std(cosines))
    assert {it.share for it in trusted_neighbors([files[0]] * 2, "w3")} == {1}


def test_more_neighbors_than_words_are_all_of_them():
    files = runs(2, words=WORDS[:4])
    assert measure_stability(files, topn=10).overlap == 1
    assert len(trusted_neighbors(files, "w0", topn=10)) == 3


@pytest.mark.parametrize(
    ("files", "options", "says"),
    [
        (runs(1), {}, "1 file of vectors"),
        ([], {}, "0 file of vectors"),
        (runs(2), {"topn": 0}, "topn is 0"),
        (runs(2), {"words_per_band": 0}, "words_per_band is 0"),
        ([runs(1)[0], Vectors(["w1", "x"], np.ones((2, 8)))], {}, "have 1 words in common"),
    ],
)
def test_what_says_nothing_of_stability_error(files, options, says):
    with pytest.raises(ParameterError, match=says):
        measure_stability(files, **options)


def test_trusted_neighbors_of_a_word_that_a_file_lacks_error():
    files = [*runs(1), Vectors(["w1", "w2"], np.ones((2, 8)))]
    with pytest.raises(UnknownWordError, match="w7"):
        trusted_neighbors(files, "w7")


def test_trusted_neighbors_of_a_word_that_only_ngrams_give_a_vector_error():
    buckets = np.arange(20, dtype=np.int32)
    ngrams = SubwordVectors(buckets, np.ones((20, 8), np.float32), 1, 3, 20)
    files = [Vectors(vectors.labels, vectors.matrix, subwords=ngrams) for vectors in runs(2)]
    assert "unseen" in files[0]
    with pytest.raises(UnknownWordError, match='"unseen" is not in the vocabulary of every file'):
        trusted_neighbors(files, "unseen")
