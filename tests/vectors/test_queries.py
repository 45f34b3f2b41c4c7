"""Queries on labeled vectors, against gensim's `KeyedVectors` and double loops."""

import numpy as np
import pytest

from textdl.errors import ParameterError, UnknownWordError
from textdl.vectors.vectors import Vectors

# gensim calls its own deprecated `init_sims` in `most_similar_cosmul`.
ignores_init_sims = pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`")


def assert_same_neighbors(ours, theirs, atol=1e-5):
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], rtol=atol, atol=atol)


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ([("w1", 2.0), "w2"], ["w3"]),
        ([("w1", 0.3), ("w2", -0.5)], None),
        (["w1"], [("w2", -0.25), ("w3", 0.5)]),
        ([("w1", 0.0), "w2"], None),
    ],
)
def test_most_similar_weights_agree_with_gensim(random_vectors, gensim_vectors, positive, negative):
    ours = random_vectors.most_similar(positive, negative, topn=8)
    theirs = gensim_vectors.most_similar(positive=positive, negative=negative, topn=8)
    assert_same_neighbors(ours, theirs)


def test_most_similar_weighted_vector_agrees_with_gensim(random_vectors, gensim_vectors):
    vector = random_vectors["w7"] * 3
    ours = random_vectors.most_similar([(vector, 0.5), ("w1", 2.0)])
    assert_same_neighbors(ours, gensim_vectors.most_similar([(vector, 0.5), ("w1", 2.0)]))


def test_most_similar_restrict_vocab_agrees_with_gensim(random_vectors, gensim_vectors):
    for count in (5, 15, 300, 1000):
        ours = random_vectors.most_similar("w200", topn=8, restrict_vocab=count)
        # Row 17 is not in gensim's matrix, so that its first rows are ours for these counts alone.
        theirs = gensim_vectors.most_similar("w200", topn=8, restrict_vocab=min(count, 299))
        assert_same_neighbors(ours, theirs)
    assert len(random_vectors.most_similar("w1", restrict_vocab=4)) == 3


def test_most_similar_candidates_is_filtered_ranking(random_vectors):
    candidates = ["w250", "w3", "w17", "w44", "w8", "w120"]
    everything = random_vectors.most_similar("w3", topn=300)
    expected = [pair for pair in everything if pair[0] in candidates]
    assert random_vectors.most_similar("w3", candidates=candidates) == expected
    batch = random_vectors.most_similar_batch(["w3", "w9"], 2, candidates=candidates)
    assert batch[0] == expected[:2]
    assert batch[1] == random_vectors.most_similar("w9", topn=2, candidates=candidates)


@ignores_init_sims
@pytest.mark.parametrize(
    ("positive", "negative"),
    [("w1", None), (["w1", "w2"], ["w3"]), (["w1", "w2"], ["w3", "w4"]), ("w5", "w6")],
)
def test_most_similar_cosmul_agrees_with_gensim(random_vectors, gensim_vectors, positive, negative):
    ours = random_vectors.most_similar_cosmul(positive, negative, topn=8)
    theirs = gensim_vectors.most_similar_cosmul(positive, negative, topn=8)
    assert_same_neighbors(ours, theirs, atol=1e-4)


@ignores_init_sims
def test_most_similar_cosmul_of_vectors_and_restrictions_agree_with_gensim(
    random_vectors, gensim_vectors
):
    unit = random_vectors["w7"] / np.linalg.norm(random_vectors["w7"])
    ours = random_vectors.most_similar_cosmul([unit, "w1"], ["w2"], topn=299)
    theirs = gensim_vectors.most_similar_cosmul([unit, "w1"], ["w2"], topn=299)
    assert_same_neighbors([it for it in ours if it[0] != "w17"], theirs, atol=1e-4)
    some = random_vectors.most_similar_cosmul([unit, "w1"], ["w2"], candidates=["w9", "w8", "w2"])
    assert some == [it for it in ours if it[0] in ("w8", "w9")]
    first = random_vectors.most_similar_cosmul([unit, "w1"], ["w2"], restrict_vocab=9)
    assert {word for word, _ in first} == {f"w{i}" for i in range(9)} - {"w1", "w2"}


def test_distances_agree_with_gensim(random_vectors, gensim_vectors):
    words = ["w4", "w299", "w1"]
    for item in ("w1", random_vectors["w1"] * 2):
        np.testing.assert_allclose(
            random_vectors.distances(item, words), gensim_vectors.distances(item, words), atol=1e-6
        )
    everything = np.delete(random_vectors.distances("w1"), 17)
    np.testing.assert_allclose(everything, gensim_vectors.distances("w1"), atol=1e-6)
    assert random_vectors.distances("w1")[17] == 1.0
    assert random_vectors.distances("w1", []).shape == (0,)


def test_rank_and_closer_than_agree_with_gensim(random_vectors, gensim_vectors):
    for word, other in (("w1", "w2"), ("w30", "w200"), ("w5", "w5")):
        theirs = gensim_vectors.closer_than(word, other)
        ours = [it for it in random_vectors.closer_than(word, other) if it != "w17"]
        assert ours == theirs
    nearest = [word for word, _ in random_vectors.most_similar("w8", topn=4)]
    assert [random_vectors.rank("w8", word) for word in nearest] == [1, 2, 3, 4]


def test_rank_equal_rows_share_their_rank():
    rows = np.random.default_rng(0).standard_normal((5000, 7))
    rows[4097] = rows[11]
    rows[3] = rows[11]
    vectors = Vectors([str(number) for number in range(5000)], rows)
    assert len({vectors.rank("100", word) for word in ("3", "11", "4097")}) == 1


def test_n_similarity_agrees_with_gensim(random_vectors, gensim_vectors):
    pairs = [(["w1", "w2"], ["w3"]), (["w1"], ["w1", "w1", "w5"])]
    for first, second in pairs:
        ours = random_vectors.n_similarity(first, second)
        assert ours == pytest.approx(float(gensim_vectors.n_similarity(first, second)), abs=1e-6)
    assert random_vectors.n_similarity(["w17"], ["w1"]) == 0.0


def test_most_similar_to_sentence_is_that_of_known_words(random_vectors, gensim_vectors):
    mean = gensim_vectors.get_mean_vector(["w1", "w2", "w2", "unheard"])
    expected = gensim_vectors.most_similar([mean], topn=6)
    for sentence in ("w1 W2, w2 unheard!", ["w1", "w2", "w2", "unheard"]):
        assert_same_neighbors(random_vectors.most_similar_to_sentence(sentence, topn=6), expected)


def test_most_similar_to_sentence_uses_tokenizer_of_vectors():
    pytest.importorskip("tokenizers")
    from textdl.vectors.tokenizer_file import word_tokenizer

    words = ["cat", "car", "sea"]
    vectors = Vectors(words, np.eye(3), tokenizer=word_tokenizer(words, lowercase=True))
    found = vectors.most_similar_to_sentence("Cat")
    assert found[0] == ("cat", pytest.approx(1.0))


def test_most_similar_in_other_file_is_matrix_product(random_vectors):
    rng = np.random.default_rng(1)
    other = Vectors(["w1", "x", "y"], rng.standard_normal((3, 20)))
    found = random_vectors.most_similar_in(other, ["w1", "w2"], topn=3)
    for word, answers in zip(["w1", "w2"], found, strict=True):
        cosines = {
            label: float(
                random_vectors[word] @ other[label]
                / np.linalg.norm(random_vectors[word]) / np.linalg.norm(other[label])
            )
            for label in other.labels
        }  # fmt: skip
        assert_same_neighbors(answers, sorted(cosines.items(), key=lambda it: -it[1]))


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda v: v.most_similar([("w1", float("nan"))]), "not a word and its weight"),
        (lambda v: v.most_similar([("w1", "much")]), "not a word and its weight"),
        (lambda v: v.most_similar([("w1", 1.0, 2)]), "not a word and its weight"),
        (lambda v: v.most_similar([object()]), "neither a word nor a vector"),
        (lambda v: v.most_similar("w1", restrict_vocab=0), "restrict_vocab is 0"),
        (lambda v: v.most_similar("w1", candidates=[]), "candidates is empty"),
        (lambda v: v.most_similar("w1", candidates=["w1", "w2", "w1"]), '"w1" twice'),
        (lambda v: v.most_similar("w1", candidates=["w1"], restrict_vocab=3), "choose one"),
        (lambda v: v.most_similar_cosmul(None, "w1"), "no positive word"),
        (lambda v: v.most_similar_cosmul([("w1", 2.0)]), "has a weight"),
        (lambda v: v.most_similar_cosmul("w1", topn=0), "topn is 0"),
        (lambda v: v.n_similarity([], ["w1"]), "an empty list"),
        (lambda v: v.n_similarity("w1", ["w1"]), "pass a list of words"),
        (lambda v: v.most_similar_to_sentence([]), "none of the 0 words"),
        (lambda v: v.most_similar_to_sentence("un heard of"), "none of the 3 words"),
        (lambda v: v.most_similar_in(Vectors(["a"], [[1]]), ["w1"]), "1; expected the same"),
        (lambda v: v.distances(np.ones(3)), "shape (3,)"),
    ],
)
def test_query_bad_input_errors(random_vectors, ask, says):
    with pytest.raises(ParameterError) as error:
        ask(random_vectors)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda v: v.most_similar("w1", candidates=["unheard"]),
        lambda v: v.most_similar_cosmul("unheard"),
        lambda v: v.distances("unheard"),
        lambda v: v.distances("w1", ["unheard"]),
        lambda v: v.rank("w1", "unheard"),
        lambda v: v.closer_than("unheard", "w1"),
        lambda v: v.n_similarity(["w1", "unheard"], ["w1"]),
        lambda v: v.most_similar_in(v, ["unheard"]),
    ],
)
def test_query_unknown_word_errors(random_vectors, ask):
    with pytest.raises(UnknownWordError, match="unheard"):
        ask(random_vectors)
