import struct

import numpy as np
import pytest

from tests.vectors.formats import fasttext_files as files
from textdl.errors import FileFormatError, ParameterError
from textdl.vectors import formats
from textdl.vectors.subwords import SubwordVectors
from textdl.vectors.vectors import Vectors

WORDS = ["</s>", "cat", "sat", "größe", "日本語"]
UNSEEN = ["cats", "größer", "日本", "zzz"]
SIZES = {"minn": 2, "maxn": 4, "bucket": 30}
RNG = np.random.default_rng(0)
MATRIX = RNG.standard_normal((len(WORDS) + SIZES["bucket"], 3)).astype(np.float32)


def load(tmp_path, raw, **options):
    path = tmp_path / "model.bin"
    path.write_bytes(raw)
    return Vectors.load(path, **options)


def assert_vectors(vectors, matrix, words=WORDS, **more):
    for word in [*words, *UNSEEN]:
        expected = files.vector_of(word, words, matrix, **SIZES, **more)
        np.testing.assert_allclose(vectors[word], expected, rtol=1e-6, atol=1e-7)


def test_vectors_equal_those_of_the_program(tmp_path):
    vectors = load(tmp_path, files.model(WORDS, MATRIX, **SIZES))
    assert vectors.labels == WORDS
    assert vectors.counts.tolist() == [100, 99, 98, 97, 96]
    assert vectors.config["fasttext"]["model"] == "skipgram"
    assert vectors.config["fasttext"]["loss"] == "ns"
    assert formats.detect_format(tmp_path / "model.bin") == "fasttext"
    assert_vectors(vectors, MATRIX)


@pytest.mark.parametrize("minn", [0, 1])
def test_shortest_ngrams_equal_those_of_the_program(tmp_path, minn):
    sizes = SIZES | {"minn": minn}
    vectors = load(tmp_path, files.model(WORDS, MATRIX, **sizes))
    for word in [*WORDS, *UNSEEN]:
        expected = files.vector_of(word, WORDS, MATRIX, **sizes)
        np.testing.assert_allclose(vectors[word], expected, rtol=1e-6, atol=1e-7)


def test_model_without_ngrams_has_rows_only(tmp_path):
    raw = files.model(WORDS, MATRIX[: len(WORDS)], minn=0, maxn=0, bucket=0)
    vectors = load(tmp_path, raw)
    assert vectors.subwords is None
    assert np.array_equal(vectors.matrix, MATRIX[: len(WORDS)])
    assert vectors.matrix.flags.aligned


def test_supervised_model_gives_its_words(tmp_path):
    raw = files.model(WORDS, MATRIX, labels=["__label__a", "__label__b"], model=3, loss=3, **SIZES)
    vectors = load(tmp_path, raw)
    assert vectors.labels == WORDS
    assert vectors.config["fasttext"]["model"] == "supervised"
    assert_vectors(vectors, MATRIX)


def test_supervised_model_of_version_11_has_no_ngrams(tmp_path):
    vectors = load(tmp_path, files.model(WORDS, MATRIX, version=11, model=3, **SIZES))
    assert vectors.subwords is None
    assert np.array_equal(vectors.matrix, MATRIX[: len(WORDS)])


@pytest.mark.parametrize("with_norms", [False, True])
@pytest.mark.parametrize("dsub", [1, 2, 3])
def test_quantized_vectors_equal_those_of_the_program(tmp_path, dsub, with_norms):
    parts = -(-3 // dsub)
    codes = RNG.integers(0, 256, (len(MATRIX), parts)).astype(np.uint8)
    centroids = RNG.standard_normal((256, 3)).astype(np.float32)
    norms = None
    if with_norms:
        norms = (
            RNG.integers(0, 256, len(MATRIX)).astype(np.uint8),
            RNG.random(256).astype(np.float32),
        )
    raw = files.model(WORDS, files.quantized(codes, centroids, dsub, norms), **SIZES)
    assert_vectors(load(tmp_path, raw), files.dequantized(codes, centroids, dsub, norms))


def test_pruned_ngrams_do_not_count(tmp_path):
    kept = sorted({place for word in WORDS[:3] for place in files.buckets_of(word, 2, 4, 30)})
    rows = {place: row for row, place in enumerate(reversed(kept))}
    codes = RNG.integers(0, 256, (len(WORDS) + len(rows), 3)).astype(np.uint8)
    centroids = RNG.standard_normal((256, 3)).astype(np.float32)
    raw = files.model(
        WORDS, files.quantized(codes, centroids, 1), pruned=list(rows.items()), **SIZES
    )
    vectors = load(tmp_path, raw)
    matrix = files.dequantized(codes, centroids, 1)
    known = [word for word in UNSEEN if set(files.buckets_of(word, 2, 4, 30)) & set(rows)]
    for word in [*WORDS, *known]:
        expected = files.vector_of(word, WORDS, matrix, rows=rows, **SIZES)
        np.testing.assert_allclose(vectors[word], expected, rtol=1e-6, atol=1e-7)


def test_model_whose_ngrams_are_all_pruned(tmp_path):
    codes = RNG.integers(0, 256, (len(WORDS), 3)).astype(np.uint8)
    matrix = files.quantized(codes, RNG.standard_normal((256, 3)), 1)
    assert load(tmp_path, files.model(WORDS, matrix, pruned=[], **SIZES)).subwords is None


def test_limit_keeps_ngrams(tmp_path):
    vectors = load(tmp_path, files.model(WORDS, MATRIX, **SIZES), limit=2)
    assert vectors.labels == WORDS[:2]
    expected = files.vector_of("cats", WORDS, MATRIX, **SIZES)
    np.testing.assert_allclose(vectors["cats"], expected, rtol=1e-6)


def test_write_exact_layout(tmp_path):
    vectors = Vectors(["b", "a"], np.float32([[1, 2, 3], [4, 5, 6]]), counts=[7, 0])
    vectors.save(tmp_path / "m.bin", format="fasttext")
    sizes = (3, 5, 5, 1, 5, 1, 2, 2, 0, 0, 0, 100)
    expected = struct.pack("<ii12id", files.MAGIC, 12, *sizes, 1e-4)
    expected += struct.pack("<iiiqq", 2, 2, 0, 8, -1)
    expected += b"b\0" + struct.pack("<qb", 7, 0) + b"a\0" + struct.pack("<qb", 1, 0)
    expected += b"\0" + struct.pack("<qq6f", 2, 3, 1, 2, 3, 4, 5, 6)
    expected += b"\0" + struct.pack("<qq", 0, 3)
    assert (tmp_path / "m.bin").read_bytes() == expected


def test_round_trip_keeps_known_and_unseen_words(tmp_path):
    vectors = load(tmp_path, files.model(WORDS, MATRIX, **SIZES))
    vectors.save(tmp_path / "again.bin", format="fasttext")
    again = Vectors.load(tmp_path / "again.bin")
    assert again.labels == WORDS
    np.testing.assert_allclose(again.matrix, vectors.matrix, atol=1e-6)
    assert np.array_equal(again[UNSEEN], vectors[UNSEEN])


def test_unknown_buckets_are_written_as_zeros(tmp_path):
    buckets = np.unique(files.buckets_of("cat", 3, 3, 1000))
    subwords = SubwordVectors(buckets, np.ones((len(buckets), 2)), 3, 3, 1000)
    Vectors(["cat"], [[3.0, 4.0]], subwords=subwords).save(tmp_path / "m.bin", format="fasttext")
    again = Vectors.load(tmp_path / "m.bin")
    np.testing.assert_allclose(again["cat"], [3, 4], atol=1e-6)
    shared = len(set(files.buckets_of("cats", 3, 3, 1000)) & set(buckets.tolist()))
    np.testing.assert_allclose(again["cats"], [shared / 4] * 2, atol=1e-6)


def test_write_label_with_nul_or_empty_errors(tmp_path):
    for label in ("a\0b", ""):
        with pytest.raises(ParameterError, match=r"save as \.safetensors"):
            Vectors(["ok", label], np.eye(2)).save(tmp_path / "m.bin", format="fasttext")
    assert list(tmp_path.iterdir()) == []


RAW = files.model(WORDS, MATRIX, **SIZES)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (RAW[:3], "no known format"),
        (RAW[:5], "truncated"),
        (RAW[:70], "truncated"),
        (RAW[:100], "truncated"),
        (RAW[:-300], "truncated"),
        (RAW[:4] + struct.pack("<i", 13) + RAW[8:], "version 13, expected 12"),
        (files.model(WORDS, MATRIX, **SIZES, dim=4), r"shape \(35, 3\) for 5 words and dim=4"),
        (files.model(WORDS, MATRIX[:4], **SIZES), r"shape \(4, 3\)"),
        (files.model(WORDS, MATRIX[:20], **SIZES), "15 rows of n-grams for bucket=30"),
        (files.model(WORDS, MATRIX, **SIZES | {"bucket": 2**31 - 1}), "30 rows of n-grams for"),
        (files.model(WORDS, MATRIX, **SIZES | {"bucket": -1}), "bucket=-1"),
        (files.model(WORDS, MATRIX, **SIZES | {"maxn": 1}), "max_n=1 is below"),
        (files.model(["a", "a"], MATRIX, **SIZES), "'a' stands in row 0 and again in row 1"),
        (files.model(WORDS, np.full_like(MATRIX, np.nan), **SIZES), "'</s>' is not finite"),
        (files.model(WORDS, b"\0" + struct.pack("<qq", -1, 3), **SIZES), "matrix of -1 rows"),
        (files.model(WORDS, b"\0" + struct.pack("<qq", 2**62, 3), **SIZES), "truncated"),
        (files.model(WORDS, b"\0" + struct.pack("<qq", 5, 2**40), **SIZES), "expected 1 to"),
        (files.model(WORDS, b"\2", **SIZES), "is 2, expected 0 or 1"),
        (
            files.model(WORDS, b"\1\0" + struct.pack("<qqiB4i", 2**40, 3, 1, 0, 3, 1, 3, 3)),
            "stand for a matrix",
        ),
        (
            files.model(WORDS, b"\1\0" + struct.pack("<qqiB4i", 5, 3, 1, 0, 3, 1, 3, 3), dim=3),
            "do not fit a matrix",
        ),
    ],
)
def test_damaged_model_error_names_damage(tmp_path, raw, says):
    with pytest.raises(FileFormatError, match=says) as caught:
        load(tmp_path, raw)
    assert "\n" not in str(caught.value)


def test_labels_before_words_are_damage(tmp_path):
    raw = bytearray(files.model(["a"], MATRIX, labels=["b"], **SIZES))
    at = bytes(raw).index(b"a\0") + 10
    raw[at] = 1
    with pytest.raises(FileFormatError, match="are not its words"):
        load(tmp_path, bytes(raw))


def test_fasttext_reads_what_is_written(tmp_path):
    fasttext = pytest.importorskip("fasttext", reason="the package fasttext is not installed")
    vectors = load(tmp_path, RAW)
    vectors.save(tmp_path / "ours.bin", format="fasttext")
    for name in ("model.bin", "ours.bin"):
        theirs = fasttext.load_model(str(tmp_path / name))
        assert theirs.get_words() == WORDS
        for word in [*WORDS, *UNSEEN]:
            np.testing.assert_allclose(theirs.get_word_vector(word), vectors[word], atol=1e-5)
        found = theirs.get_nearest_neighbors("cat", 4)
        expected = [(similarity, word) for word, similarity in vectors.most_similar("cat", topn=4)]
        assert [word for _, word in found] == [word for _, word in expected]


def test_gensim_reads_what_is_written(tmp_path):
    models = pytest.importorskip("gensim.models.fasttext")
    vectors = load(tmp_path, RAW)
    vectors.save(tmp_path / "ours.bin", format="fasttext")
    theirs = models.load_facebook_vectors(str(tmp_path / "ours.bin"))
    assert theirs.index_to_key == WORDS
    for word in [*WORDS[1:], *UNSEEN]:  # it gives n-grams to the end of a sentence, too
        np.testing.assert_allclose(theirs[word], vectors[word], atol=1e-5)
