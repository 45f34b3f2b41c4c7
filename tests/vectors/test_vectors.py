import subprocess
import sys

import numpy as np
import pytest

from textdl.errors import ParameterError, UnknownWordError
from textdl.vectors.vectors import Vectors


def assert_same_neighbors(ours, theirs):
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], atol=1e-5)


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("w1", None),
        (["w1"], []),
        (["w1", "w2"], ["w3"]),
        (["w1", "w1", "w2"], "w3"),
        ([], ["w4", "w5"]),
    ],
)
def test_most_similar_agrees_with_gensim(random_vectors, gensim_vectors, positive, negative):
    ours = random_vectors.most_similar(positive, negative, topn=8)
    theirs = gensim_vectors.most_similar(positive=positive, negative=negative, topn=8)
    assert_same_neighbors(ours, theirs)


def test_most_similar_of_vectors_agrees_with_gensim(random_vectors, gensim_vectors):
    vector = random_vectors["w7"] + 0.5 * random_vectors["w9"]
    for positive in (vector, [vector], [vector, "w1"], ["w1", vector]):
        ours = random_vectors.most_similar(positive, negative=["w2"])
        assert_same_neighbors(ours, gensim_vectors.most_similar(positive, negative=["w2"]))
    assert random_vectors.most_similar(random_vectors["w7"])[0][0] == "w7"


def test_similarity_and_doesnt_match_agree_with_gensim(random_vectors, gensim_vectors):
    rng = np.random.default_rng(4)
    for _ in range(30):
        words = [f"w{i}" for i in rng.choice(np.arange(20, 300), 5, replace=False)]
        assert random_vectors.similarity(*words[:2]) == pytest.approx(
            float(gensim_vectors.similarity(*words[:2])), abs=1e-6
        )
        assert random_vectors.doesnt_match(words) == gensim_vectors.doesnt_match(words)


def test_batch_is_the_same_as_one_by_one(random_vectors):
    words = ["w0", "w299", "w17", "w0"]
    batch = random_vectors.most_similar_batch(words, topn=5)
    assert batch == [random_vectors.most_similar(word, topn=5) for word in words]
    assert random_vectors.most_similar_batch([]) == []


def test_answers_are_plain_python_values(random_vectors):
    word, similarity = random_vectors.most_similar("w1", topn=1)[0]
    assert (type(word), type(similarity)) == (str, float)
    assert type(random_vectors.similarity("w1", "w2")) is float
    assert type(random_vectors.doesnt_match(["w1", "w2", "w3"])) is str


def test_similarity_of_zero_vector_is_zero(random_vectors):
    assert random_vectors.similarity("w17", "w17") == 0.0
    assert random_vectors.most_similar("w17", topn=2) == [("w0", 0.0), ("w1", 0.0)]
    assert random_vectors.most_similar(["w1"], ["w1"], topn=1) == [("w0", 0.0)]


def test_similarity_with_itself_is_one(random_vectors):
    assert random_vectors.similarity("w5", "w5") == pytest.approx(1.0, abs=1e-15)
    assert random_vectors.similarity("w5", "w5") <= 1.0


def test_vectors_are_looked_up_by_word(random_vectors):
    assert len(random_vectors) == 300
    assert random_vectors.vector_size == 20
    assert "w5" in random_vectors
    assert "W5" not in random_vectors
    assert 5 not in random_vectors
    assert random_vectors.key_to_index["w5"] == 5
    assert random_vectors.norms[5] == pytest.approx(np.linalg.norm(random_vectors["w5"]))
    assert np.array_equal(random_vectors["w5"], random_vectors.matrix[5])
    assert np.array_equal(random_vectors[["w5", "w0"]], random_vectors.matrix[[5, 0]])
    assert random_vectors[[]].shape == (0, 20)
    assert repr(random_vectors) == "Vectors(300 words, vector_size=20)"


def test_rows_are_read_only(random_vectors):
    for array in (random_vectors.matrix, random_vectors["w5"], random_vectors.norms):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_constructor_callers_array_stays_writable():
    matrix = np.ones((1, 2), np.float32)
    Vectors(["a"], matrix)
    matrix[0, 0] = 2


@pytest.mark.parametrize("ask", ["similarity", "most_similar", "doesnt_match", "batch", "item"])
def test_unknown_words_are_named_with_close_spellings(random_vectors, ask):
    calls = {
        "similarity": lambda: random_vectors.similarity("w1", "ww22"),
        "most_similar": lambda: random_vectors.most_similar("w1", negative=["ww22"]),
        "doesnt_match": lambda: random_vectors.doesnt_match(["w1", "w2", "ww22"]),
        "batch": lambda: random_vectors.most_similar_batch(["w1", "ww22"]),
        "item": lambda: random_vectors["ww22"],
    }
    with pytest.raises(UnknownWordError, match=r'"ww22" is not in .* 300 words; close.* w22'):
        calls[ask]()


@pytest.mark.parametrize("topn", [0, -1, 2.0, "3", None, True])
def test_topn_out_of_range_errors(random_vectors, topn):
    with pytest.raises(ParameterError, match="topn is"):
        random_vectors.most_similar("w1", topn=topn)


def test_topn_beyond_the_vocabulary_gives_all_others(random_vectors):
    assert len(random_vectors.most_similar("w1", topn=10_000)) == 299
    assert len(random_vectors.most_similar(["w1", "w1", "w2"], topn=np.int64(10_000))) == 298


def test_meaningless_questions_error(random_vectors):
    for call, says in [
        (lambda: random_vectors.most_similar(), "no word"),
        (lambda: random_vectors.most_similar([]), "no word"),
        (lambda: random_vectors.most_similar(np.ones(3)), r"shape \(3,\)"),
        (lambda: random_vectors.most_similar(np.full(20, np.nan)), "finite"),
        (lambda: random_vectors.most_similar_batch("w1"), "pass a list"),
        (lambda: random_vectors.doesnt_match("w1"), "pass a list"),
        (lambda: random_vectors.doesnt_match(["w1", "w2"]), "expected 3"),
        (lambda: random_vectors[5], "got 5; pass a list"),
        (lambda: random_vectors[[5]], "int"),
    ]:
        with pytest.raises(ParameterError, match=says):
            call()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((["a", "b"], [[1.0, 2.0]]), r"shape \(1, 2\) for 2 labels"),
        ((["a"], [1.0]), r"shape \(1,\)"),
        ((["a"], np.ones((1, 0))), r"shape \(1, 0\)"),
        ((["a", "a"], np.ones((2, 2))), "'a' stands in row 0 and again in row 1"),
        ((["a", "b"], [[1.0, 2.0], [np.nan, 0.0]]), "row 1 holds NaN"),
        ((["a"], [["x"]]), "numbers"),
        ((["a"], [[1.0]], [1, 2]), "counts has shape"),
    ],
)
def test_constructor_bad_arguments_error(arguments, says):
    with pytest.raises(ParameterError, match=says):
        Vectors(*arguments)


def test_vectors_of_one_word_or_none():
    one = Vectors(["only"], [[1.0, 2.0]])
    assert one.most_similar("only") == []
    assert one.most_similar(np.ones(2))[0][0] == "only"
    none = Vectors([], np.empty((0, 3)))
    assert len(none) == 0
    assert none.most_similar(np.ones(3)) == []
    with pytest.raises(UnknownWordError, match="of 0 words"):
        none["a"]


def test_neither_import_nor_lookup_loads_more_than_numpy(tmp_path):
    Vectors(["a", "b"], np.eye(2)).save(tmp_path / "v.safetensors")
    program = (
        "import sys; from textdl.vectors.vectors import Vectors;"
        f"v = Vectors.load({str(tmp_path / 'v.safetensors')!r}); v.most_similar('a');"
        "heavy = {'jax', 'scipy', 'nltk', 'sklearn', 'matplotlib'} & set(sys.modules);"
        "sys.exit(','.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
