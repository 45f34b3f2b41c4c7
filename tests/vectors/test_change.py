"""Words that differ between corpora: planted changes, and a control without any."""

from itertools import combinations

import numpy as np
import pytest

from textdl.errors import ParameterError, UnknownWordError
from textdl.vectors.alignment import align_vectors
from textdl.vectors.change import measure_change
from textdl.vectors.vectors import Vectors

WORDS = [f"w{number}" for number in range(60)]
MOVED = 7


def rotation(rng):
    return np.linalg.qr(rng.standard_normal((8, 8)))[0]


@pytest.fixture(scope="module")
def runs():
    """Three runs of two corpora, each turned at random; word 7 moves to word 30."""
    rng = np.random.default_rng(0)
    meaning = rng.standard_normal((60, 8))
    meaning[31] = meaning[30] + 0.1
    other = meaning.copy()
    other[MOVED] = meaning[30] + 0.05
    return [
        [
            Vectors(WORDS, (corpus + 0.1 * rng.standard_normal((60, 8))) @ rotation(rng))
            for _ in range(3)
        ]
        for corpus in (meaning, other)
    ]


def test_measure_change_finds_moved_word(runs):
    found = measure_change(runs[0][0], runs[1][0], neighbors=2)
    assert found.common == 60
    assert len(found.words) == 20
    first = found.words[0]
    assert first.word == "w7"
    assert first.similarity < 0.5 < found.words[1].similarity
    assert set(first.gained) == {"w30", "w31"}
    assert len(first.left) == 2
    assert np.isnan(first.noise)
    assert np.isnan(first.p_value)


def test_measure_change_cosines_are_those_of_aligned_vectors(runs):
    aligned = align_vectors(runs[1][0], runs[0][0])
    found = measure_change(runs[0][0], runs[1][0], ["w7", "w1"])
    assert [it.word for it in found.words] == ["w7", "w1"]
    for change in found.words:
        a = runs[0][0][change.word].astype(float)
        b = aligned[change.word].astype(float)
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        assert change.similarity == pytest.approx(cosine, abs=1e-6)


def planted(counts=None):
    """4,000 words, the noise of whose vectors grows with rank; word 100 changes a little."""
    rng = np.random.default_rng(1)
    words = [f"w{number}" for number in range(4_000)]
    meaning = rng.standard_normal((4_000, 8))
    noise = np.linspace(0.05, 2, 4_000)[:, None]
    both = [meaning + noise * rng.standard_normal(meaning.shape) for _ in range(2)]
    both[1][100] += 2 * rng.standard_normal(8)
    return [Vectors(words, matrix, counts) for matrix in both]


@pytest.mark.parametrize("counts", [None, np.arange(4_000, 0, -1) ** 2], ids=["ranks", "counts"])
def test_measure_change_ranks_by_words_of_like_frequency(counts):
    first, second = planted(counts)
    found = measure_change(first, second, topn=4_000)
    assert found.words[0].word == "w100"
    assert found.words[0].z_score > 5
    by_cosine = sorted(found.words, key=lambda it: it.similarity)
    assert [it.word for it in by_cosine].index("w100") > 100  # rare words, which did not change
    z_scores = {it.word: it.z_score for it in found.words}
    cosines = {it.word: it.similarity for it in found.words}
    alike = np.array([cosines[f"w{row}"] for row in range(2_000 - 250, 2_000 + 250)])
    median = np.median(alike)
    scale = 1.482602218505602 * np.median(np.abs(alike - median))
    assert z_scores["w2000"] == pytest.approx((median - cosines["w2000"]) / scale)
    last = np.array([cosines[f"w{row}"] for row in range(3_500, 4_000)])
    assert z_scores["w3999"] == pytest.approx(
        (np.median(last) - cosines["w3999"])
        / (1.482602218505602 * np.median(np.abs(last - np.median(last))))
    )


def test_measure_change_min_count():
    counts = np.arange(4_000, 0, -1)
    found = measure_change(*planted(counts), topn=4_000, min_count=3_990)
    assert {it.word for it in found.words} == {f"w{row}" for row in range(11)}
    with pytest.raises(ParameterError, match=r"none of 4,000 .* min_count=4,001; raise the one"):
        measure_change(*planted(counts), min_count=4_001)
    with pytest.raises(ParameterError, match="anchors is 3, but fewer words than the"):
        measure_change(*planted(counts), anchors=3)
    with pytest.raises(ParameterError, match="min_count is 5, but a file has no counts"):
        measure_change(*planted(), min_count=5)


def test_measure_change_of_a_file_with_itself_is_none(runs):
    found = measure_change(runs[0][0], runs[0][0])
    assert max(abs(it.z_score) for it in found.words) < 1


def test_measure_change_seeds_say_what_is_noise(runs):
    found = measure_change(*runs, topn=60)
    by_word = {it.word: it for it in found.words}
    assert by_word["w7"].noise > 0.9
    assert by_word["w7"].p_value == pytest.approx(0.1)  # 2 of the 20 ways to deal out 6 runs
    assert np.mean([it.p_value for it in found.words]) > 0.3
    assert min(it.noise for it in found.words) > 0.8


def test_measure_change_p_value_is_that_of_a_double_loop(runs):
    files = [*runs[0], *runs[1]]
    aligned = [files[0], *(align_vectors(it, files[0]) for it in files[1:])]
    units = [it["w3"] / np.linalg.norm(it["w3"]) for it in aligned]

    def gap(first):
        within = [], []
        for a, b in combinations(range(6), 2):
            within[(a in first) != (b in first)].append(float(units[a] @ units[b]))
        return np.mean(within[0]) - np.mean(within[1])

    gaps = [gap(first) for first in combinations(range(6), 3)]
    expected = np.mean([it >= gap((0, 1, 2)) - 1e-7 for it in gaps])
    assert measure_change(*runs, ["w3"]).words[0].p_value == pytest.approx(expected)


def test_measure_change_restricted_to_frequent_words(runs):
    found = measure_change(runs[0][0], runs[1][0], restrict_vocab=5)
    assert {it.word for it in found.words} == set(WORDS[:5])


def test_align_vectors_by_anchors_is_alignment_of_first_rows(runs):
    first, second = runs[0][0], runs[1][0]
    head = Vectors(WORDS[:20], second.matrix[:20])
    by_anchors = align_vectors(second, first, anchors=20)
    np.testing.assert_allclose(by_anchors.matrix[:20], align_vectors(head, first).matrix, atol=1e-5)
    with pytest.raises(ParameterError, match="anchors is 0"):
        align_vectors(second, first, anchors=0)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda a: measure_change([], a), "at least one file"),
        (lambda a: measure_change(a, Vectors(["x", "y", "w1"], np.eye(3, 8))), "1 words in common"),
        (lambda a: measure_change(a, a, topn=0), "topn is 0"),
        (lambda a: measure_change(a, a, neighbors=0), "neighbors is 0"),
        (lambda a: measure_change(a, a, restrict_vocab=0), "restrict_vocab is 0"),
        (lambda a: measure_change(a, a, min_count=0), "min_count is 0"),
        (lambda a: measure_change(a, Vectors(WORDS, np.ones((60, 2)))), "dimensions"),
    ],
)
def test_measure_change_bad_input_errors(runs, ask, says):
    with pytest.raises(ParameterError) as error:
        ask(runs[0][0])
    assert says in str(error.value)


def test_measure_change_unknown_word_errors(runs):
    with pytest.raises(UnknownWordError, match="unheard"):
        measure_change(runs[0][0], runs[1][0], ["unheard"])
