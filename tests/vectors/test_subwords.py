"""Words without rows: their vectors against loops and gensim, the questions asked, and files."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.io.safetensors_files import rewrite
from textdl import Vectors
from textdl.errors import FileFormatError, ParameterError, UnknownWordError
from textdl.io.archive import ArchiveContent, write_archive
from textdl.text.char_ngrams import char_ngram_buckets
from textdl.vectors import subwords as module
from textdl.vectors.formats import native
from textdl.vectors.subwords import SubwordVectors

WORDS = ["running", "runner", "swimming", "über", "naïve", "東京", "a"]
BUCKET = 5_000


def make_vectors(min_n=3, max_n=5, bucket=BUCKET, size=6):
    """As after training: a row for every bucket of a word of the vocabulary."""
    draw = np.random.default_rng(0)
    buckets = np.unique(char_ngram_buckets(WORDS, min_n, max_n, bucket).buckets)
    subwords = SubwordVectors(buckets, draw.normal(size=(len(buckets), size)), min_n, max_n, bucket)
    return Vectors(WORDS, draw.normal(size=(len(WORDS), size)), [9] * 7, subwords=subwords)


def mean_of_known(subwords, word):
    """A loop over the n-grams of a word; None where none is known."""
    row_of = {bucket: row for row, bucket in enumerate(subwords.buckets.tolist())}
    sizes = (subwords.min_n, subwords.max_n, subwords.bucket)
    ngrams = char_ngram_buckets([word], *sizes).buckets.tolist()
    rows = [subwords.matrix[row_of[it]].astype(float) for it in ngrams if it in row_of]
    return np.mean(rows, axis=0) if rows and word else None


UNSEEN = ["runs", "überall", "京都", "b", "", "x" * 300, "\ud800run", "ning ning", "</s>", "swim"]


@pytest.mark.parametrize("sizes", [(3, 5), (1, 2), (2, 2), (6, 9)])
@pytest.mark.parametrize("per_block", [1, 3, 4096])
def test_unseen_word_is_the_mean_of_its_known_ngrams(sizes, per_block, monkeypatch):
    monkeypatch.setattr(module, "_WORDS_PER_BLOCK", per_block)
    vectors = make_vectors(*sizes, bucket=200)
    found = vectors.subwords.compose(UNSEEN)
    for word, vector, is_known in zip(UNSEEN, found.vectors, found.are_known, strict=True):
        expected = mean_of_known(vectors.subwords, word)
        assert is_known == (expected is not None) == (word in vectors)
        if is_known:
            np.testing.assert_allclose(vector, expected, rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(vectors[word], vector)
        else:
            assert not vector.any()


def test_unseen_words_agree_with_gensim():
    """With a row for every bucket, as there, an unseen word is what gensim says it is."""
    models = pytest.importorskip("gensim.models.fasttext")
    keyed = models.FastTextKeyedVectors(vector_size=8, min_n=3, max_n=6, bucket=100)
    draw = np.random.default_rng(1)
    matrix = draw.normal(size=(len(WORDS), 8)).astype(np.float32)
    keyed.add_vectors(WORDS, matrix)
    keyed.vectors_ngrams = draw.normal(size=(100, 8)).astype(np.float32)
    subwords = SubwordVectors(np.arange(100), keyed.vectors_ngrams, 3, 6, 100)
    ours = Vectors(WORDS, matrix, subwords=subwords)
    for word in ("runs", "überall", "京都府", "swims", "b"):
        assert word in keyed
        assert word in ours
        np.testing.assert_allclose(ours[word], keyed[word], rtol=1e-5, atol=1e-6)
        assert ours.similarity(word, "a") == pytest.approx(keyed.similarity(word, "a"), abs=1e-5)
        theirs = keyed.most_similar(word, topn=4)
        for (mine, cosine), (other, score) in zip(
            ours.most_similar(word, topn=4), theirs, strict=True
        ):
            assert mine == other
            assert cosine == pytest.approx(score, abs=1e-5)
    some = ["runs", "swims", "running", "naïve"]
    assert ours.doesnt_match(some) == keyed.doesnt_match(some)


def test_vocabulary_is_that_of_the_rows():
    vectors = make_vectors()
    assert "runs" in vectors
    assert "runs" not in vectors.key_to_index
    assert len(vectors) == len(WORDS)
    assert 7 not in vectors
    assert "zzz" not in vectors
    np.testing.assert_array_equal(vectors["über"], vectors.matrix[3])
    np.testing.assert_array_equal(
        vectors[["runs", "über"]], np.stack([vectors["runs"], vectors["über"]])
    )


def test_batch_of_seen_and_unseen_words_is_answered_one_by_one():
    vectors = make_vectors()
    words = ["runs", "running", "swims", "a", "überall"]
    answers = vectors.most_similar_batch(words, topn=20)
    for word, answer in zip(words, answers, strict=True):
        assert answer == vectors.most_similar(word, topn=20)
        assert len(answer) == len(WORDS) - (word in vectors.key_to_index)
    assert vectors.most_similar_batch([], topn=1) == []
    mixed = vectors.most_similar(["runs", "a"], ["swims"], topn=20)
    assert "a" not in [word for word, _ in mixed]
    assert len(mixed) == len(WORDS) - 1


def test_word_without_known_ngrams_is_unknown():
    vectors = make_vectors()
    says = r'"zzz" is not in the vocabulary of 7 words, none of its n-grams of 3 to 5 characters is'
    for ask in (
        lambda: vectors["zzz"],
        lambda: vectors[["runs", "zzz"]],
        lambda: vectors.similarity("zzz", "runs"),
        lambda: vectors.most_similar("zzz"),
        lambda: vectors.most_similar_batch(["runs", "zzz"]),
        lambda: vectors.doesnt_match(["runs", "a", "zzz"]),
    ):
        with pytest.raises(UnknownWordError, match=says):
            ask()
    with pytest.raises(UnknownWordError, match='"" is not in the vocabulary'):
        vectors[""]
    with pytest.raises(ParameterError, match="7 is a int; pass words as str"):
        vectors[["runs", 7]]


def test_no_known_ngrams_at_all():
    nothing = SubwordVectors(np.empty(0, np.int32), np.empty((0, 2)), 3, 6, 100)
    vectors = Vectors(["up"], [[1.0, 2.0]], subwords=nothing)
    assert "upper" not in vectors
    with pytest.raises(UnknownWordError, match="none of its n-grams"):
        vectors["upper"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"buckets": [1, 1, 2]}, "do not rise"),
        ({"buckets": [-1, 1, 2]}, "do not rise"),
        ({"buckets": [1, 2, 10]}, "do not rise from 0 to below 10"),
        ({"buckets": [1, 2]}, "expected one row per bucket"),
        ({"matrix": np.ones(3)}, "expected one row per bucket"),
        ({"min_n": 0}, "min_n=0; expected a whole number from 1"),
        ({"max_n": 2}, "max_n=2 is below min_n=3"),
        ({"bucket": 0}, "bucket=0; expected"),
        ({"bucket": 2**31}, "bucket=2147483648; expected"),
        ({"min_n": True}, "min_n=True; expected"),
    ],
)
def test_contradictory_subwords_are_refused(changed, says):
    sound = {"buckets": [1, 2, 3], "matrix": np.ones((3, 2)), "min_n": 3, "max_n": 6, "bucket": 10}
    with pytest.raises(ParameterError, match=says):
        SubwordVectors(**sound | changed)


def test_subwords_of_other_dimensions_are_refused():
    subwords = SubwordVectors([1], np.ones((1, 3)), 3, 6, 10)
    with pytest.raises(ParameterError, match="have 3 dimensions, those of words 2"):
        Vectors(["up"], [[1.0, 2.0]], subwords=subwords)


# Files


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "v.safetensors"
    make_vectors().save(path)
    return path


def test_file_is_mapped_and_answers_alike(saved):
    before, after = make_vectors(), Vectors.load(saved, verify=True)
    for array in (after.subwords.matrix, after.subwords.buckets):
        assert not array.flags.owndata
        assert not array.flags.writeable
    np.testing.assert_array_equal(after["runs"], before["runs"])
    assert after.most_similar("runs") == before.most_similar("runs")
    again = saved.with_name("again.safetensors")
    after.save(again)
    assert again.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("name", ["v.bin", "v.txt", "v.vec"])
def test_formats_of_others_keep_the_words(tmp_path, name):
    vectors = make_vectors()
    vectors.save(tmp_path / name)
    loaded = Vectors.load(tmp_path / name)
    np.testing.assert_array_equal(loaded.matrix, vectors.matrix)
    assert loaded.subwords is None
    assert "runs" not in loaded


def test_file_without_subwords_says_nothing_of_them(tmp_path):
    Vectors(["up"], [[1.0]]).save(tmp_path / "v.safetensors")
    assert b"subword" not in (tmp_path / "v.safetensors").read_bytes()


STATE = {"subwords": {"min_n": 3, "max_n": 5, "bucket": 100}}


@pytest.mark.parametrize(
    ("arrays", "state", "says"),
    [
        ({"subword_buckets": None}, STATE, "only has subword_vectors, subwords"),
        ({"subword_vectors": None}, STATE, "only has subword_buckets, subwords"),
        ({}, {}, "only has subword_buckets, subword_vectors"),
        ({"subword_buckets": np.array([5, 4], np.int32)}, STATE, "do not rise"),
        ({"subword_buckets": np.array([5, 100], np.int32)}, STATE, "do not rise"),
        ({"subword_buckets": np.array([5], np.int32)}, STATE, "where"),
        ({"subword_vectors": np.ones((2, 3), np.float32)}, STATE, "are due"),
        ({}, {"subwords": {"min_n": 3, "max_n": 5}}, "bucket"),
        ({}, {"subwords": {"min_n": 9, "max_n": 5, "bucket": 100}}, "max_n=5 is below"),
        ({}, {"subwords": {"min_n": "3", "max_n": 5, "bucket": 100}}, "min_n='3'"),
        ({}, {"subwords": [3, 5, 100]}, "do not fit together"),
        ({}, {"subwords": {**STATE["subwords"], "more": 1}}, "more"),
    ],
)
def test_file_that_contradicts_itself_is_refused(tmp_path, arrays, state, says):
    sound = {
        "label_offsets": np.arange(3),
        "vectors": np.ones((2, 2), np.float32),
        "labels": np.frombuffer(b"ab", np.uint8),
        "subword_vectors": np.ones((2, 2), np.float32),
        "subword_buckets": np.array([4, 5], np.int32),
    }
    path = tmp_path / "v.safetensors"
    write_archive(path, ArchiveContent(native.KIND, state=state, arrays=sound | arrays))
    with pytest.raises(FileFormatError, match=says) as caught:
        Vectors.load(path)
    assert "\n" not in str(caught.value)


def test_array_of_another_type_is_refused(saved):
    rewrite(saved, lambda header: header["subword_buckets"].update(dtype="U32"))
    with pytest.raises(FileFormatError, match=r"expected I32 \(U\)"):
        Vectors.load(saved)


@pytest.mark.parametrize(("name", "is_read"), [("subword_buckets", True), ("subword_vectors", 0)])
def test_flipped_bit_is_noticed(saved, name, is_read):
    raw = bytearray(saved.read_bytes())
    array = getattr(make_vectors().subwords, "buckets" if is_read else "matrix")
    raw[raw.index(array.tobytes())] ^= 1
    saved.write_bytes(raw)
    with pytest.raises(FileFormatError, match=f"'{name}' does not have the checksum"):
        Vectors.load(saved, verify=not is_read)
    if not is_read:
        assert "runs" in Vectors.load(saved)


def test_mapped_ngram_that_is_not_finite_errors_when_asked(tmp_path):
    vectors = make_vectors()
    vectors.subwords.matrix[:] = np.nan
    vectors.save(tmp_path / "v.safetensors")
    loaded = Vectors.load(tmp_path / "v.safetensors")
    assert loaded.most_similar("running")
    with pytest.raises(FileFormatError, match="a vector is not finite"):
        loaded.most_similar("runs")


def test_command_line_answers_for_unseen_words_with_numpy_alone(saved):
    code = (
        "import sys; from textdl.cli.main import main\n"
        f"assert main(['similar', {str(saved)!r}, 'runs', 'a', '-n', '2', '--json']) == 0\n"
        "heavy = {'jax', 'scipy', 'sklearn', 'nltk'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    answers = json.loads(done.stdout)
    assert [answer["query"] for answer in answers] == ["runs", "a"]
    expected = make_vectors().most_similar("runs", topn=2)
    assert [it["word"] for it in answers[0]["neighbors"]] == [word for word, _ in expected]
