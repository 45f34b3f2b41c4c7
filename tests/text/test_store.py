import gzip
import json
import os
import random
import resource
import signal
from collections import Counter
from contextlib import suppress
from itertools import islice, pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textdl.errors import CorpusError, CorpusReadError, OutputError
from textdl.io.checksums import file_checksum, seal, unseal
from textdl.text import corpus as corpus_module
from textdl.text import store as store_module
from textdl.text.corpus import read_corpus
from textdl.text.encode import encode, encode_chunk
from textdl.text.files import Chunk
from textdl.text.store import TokenStore
from textdl.text.tokenizers import get_tokenizer

WORDS = st.text(st.sampled_from("abcé😀"), min_size=1, max_size=2)


def build(corpus, folder, tokenizer=str.split, workers=1, **options):
    return TokenStore.build(
        encode(read_corpus(corpus, **options), tokenizer, workers=workers), folder
    )


def decoded(store):
    """The tokens of every sentence, by a double loop."""
    words, offsets = store.vocabulary.words, store.offsets.tolist()
    return [
        [words[store.tokens[i]] for i in range(start, stop)] for start, stop in pairwise(offsets)
    ]


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@given(st.lists(st.lists(WORDS), min_size=1), st.integers(1, 30))
@example([["a"], [], ["b"]], 1)
def test_build_against_loop(tmp_path_factory, sentences, size):
    folder = tmp_path_factory.getbasetemp()
    chunking = patch.multiple(corpus_module, CHUNK_BYTES=size, CHUNK_TOKENS=size)
    with chunking, patch.object(store_module, "BLOCK", 8):
        if not any(sentences):
            with pytest.raises(CorpusError, match="the corpus is empty"):
                build(sentences, folder / "store")
            return
        store = build(sentences, folder / "store")
    counts = Counter(word for words in sentences for word in words)
    assert decoded(store) == sentences
    assert store.vocabulary.words == sorted(counts, key=lambda word: (-counts[word], word))
    assert store.vocabulary.counts.tolist() == sorted(counts.values(), reverse=True)
    assert (store.tokens.dtype, store.offsets.dtype) == (np.int32, np.int64)


def test_build_many_words_counts_grow(tmp_path):
    chunks = [Chunk([[str(i) for i in range(start)]]) for start in (10, 70_000, 150_000, 150_001)]
    store = TokenStore.build((encode_chunk(chunk, str.split) for chunk in chunks), tmp_path / "s")
    counts = Counter(word for chunk in chunks for word in chunk.documents[0])
    by_word = dict(zip(store.vocabulary.words, store.vocabulary.counts.tolist(), strict=True))
    assert by_word == counts


@pytest.mark.parametrize("name", ["tokens.bin", "offsets.bin"])
def test_file_cut_short_while_mapped_is_an_error(tmp_path, name):
    chunk = Chunk([[str(i)] for i in range(100_000)])
    store = TokenStore.build([encode_chunk(chunk, str.split)], tmp_path / "s")
    store.require_whole()
    os.truncate(tmp_path / "s" / name, 4096)
    with pytest.raises(CorpusReadError, match="now it has 4,096"):
        list(store.chunks())


def test_fingerprint_is_of_content_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.text.encode.PARALLEL_AFTER_SECONDS", -1)
    text = "the cat sat\n\non the mat\n" + "and then it sat some more " * 50 + "\nthe end"
    path = tmp_path / "text"
    path.write_text(text, "utf-8")
    whole = build(path, tmp_path / "whole")
    for size, workers in ((5, 1), (64, 2)):
        monkeypatch.setattr(corpus_module, "CHUNK_BYTES", size)
        store = build(path, tmp_path / "cut", workers=workers)
        assert store.fingerprint == whole.fingerprint
        np.testing.assert_array_equal(store.offsets, whole.offsets)
    lines = text.split("\n")
    assert build(lines, tmp_path / "lines").fingerprint == whole.fingerprint
    tokens = (line.split() for line in lines)
    assert build(tokens, tmp_path / "tokens").fingerprint == whole.fingerprint


@pytest.mark.parametrize(
    "other", [["a b", "c a"], ["a b c", "b"], ["a b", "c", "a"], ["a b", "d a"]]
)
def test_fingerprint_other_content_differs(tmp_path, other):
    one = build(["a b c", "a"], tmp_path / "one")
    assert build(other, tmp_path / "other").fingerprint != one.fingerprint


def test_build_long_line_is_one_sentence(tmp_path, monkeypatch):
    noise = random.Random(1)
    words = ["w" + str(noise.randrange(50)) for _ in range(5000)]
    path = tmp_path / "line"
    path.write_text("first line\n" + " ".join(words) + "\nlast line", "utf-8")
    monkeypatch.setattr(corpus_module, "CHUNK_BYTES", 256)
    store = build(path, tmp_path / "store")
    assert store.offsets.tolist() == [0, 2, 5002, 5004]
    assert decoded(store) == [["first", "line"], words, ["last", "line"]]


def test_build_chunks_that_end_within_document_same_store(tmp_path):
    chunks = [Chunk(["a", "b"], True), Chunk(["c"], True), Chunk(["", "d"]), Chunk(["e"], True)]
    store = TokenStore.build([encode_chunk(c, str.split) for c in chunks], tmp_path / "store")
    assert decoded(store) == [["a"], ["b", "c"], ["d"], ["e"]]


@given(st.lists(st.integers(0, 3), min_size=1).filter(any), st.data())
def test_sentences_against_loop(tmp_path_factory, lengths, data):
    folder = tmp_path_factory.getbasetemp() / "sentences"
    store = build([["a"] * length for length in lengths], folder)
    expected = [i for i, length in enumerate(lengths) for _ in range(length)]
    start = data.draw(st.integers(0, len(expected)))
    stop = data.draw(st.integers(start, len(expected)))
    sentences = store.sentences(start, stop)
    assert sentences.tolist() == expected[start:stop]
    assert sentences.dtype == np.int32


def test_open_same_as_built(tmp_path):
    built = build(["a cat", "a dog"], tmp_path / "store")
    opened = TokenStore.open(str(tmp_path / "store"))
    assert decoded(opened) == decoded(built) == [["a", "cat"], ["a", "dog"]]
    assert opened.fingerprint == built.fingerprint
    assert opened.vocabulary.key_to_index == {"a": 0, "cat": 1, "dog": 2}
    assert isinstance(opened.tokens, np.memmap)
    assert not opened.tokens.flags.writeable


def test_odd_words_round_trip(tmp_path):
    words = ["a\nb", "\t", '"', "\\", "'", "😀", "\0", "", "\u2028", "a b", "\x85"]
    store = build([words], tmp_path / "store")
    assert decoded(TokenStore.open(tmp_path / "store")) == decoded(store) == [words]


@pytest.mark.parametrize("texts", [[""], ["", " \t\u3000"], [[]], [[], []]])
def test_build_corpus_without_word_errors(tmp_path, texts):
    with pytest.raises(CorpusError, match="the corpus is empty; expected text with"):
        build(texts, tmp_path / "store")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_build_file_without_word_errors(tmp_path, data):
    path = tmp_path / "text"
    path.write_bytes(data)
    with pytest.raises(CorpusError, match="the corpus is empty; expected text with"):
        build(path, tmp_path / "store")
    assert files_in(tmp_path) == ["text"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, CorpusReadError("gone"), RuntimeError])
@pytest.mark.parametrize("workers", [1, 2])
def test_build_interrupted_keeps_existing_store(tmp_path, monkeypatch, error, workers):
    monkeypatch.setattr("textdl.text.encode.PARALLEL_AFTER_SECONDS", -1)
    build(["an old one"], tmp_path / "store")
    before = files_in(tmp_path)

    def interrupted():
        for _ in range(8):
            yield Chunk(["a cat"])
        raise error

    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        TokenStore.build(encode(interrupted(), str.split, workers=workers), tmp_path / "store")
    assert files_in(tmp_path) == before
    assert decoded(TokenStore.open(tmp_path / "store")) == [["an", "old", "one"]]


def test_build_failure_closes_chunks(tmp_path):
    closed = False

    def chunks():
        nonlocal closed
        try:
            yield encode_chunk(Chunk(["a cat"]), str.split)._replace(ids=None)
            raise AssertionError("read on")
        finally:
            closed = True

    opened = chunks()
    with pytest.raises((TypeError, ValueError)):
        TokenStore.build(opened, tmp_path / "store")
    assert closed


@pytest.mark.parametrize("room", [100_000, 450_000])
def test_build_full_disk_errors(tmp_path, room):
    """A limit on the size of files stands for it; 400 kB of tokens, then 800 kB of offsets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OutputError) as error_info:
            build(["word"] * 100_000, tmp_path / "store")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    message = str(error_info.value)
    assert f"could not write '{tmp_path}/store' (File too large); free some space" in message
    assert files_in(tmp_path) == []


def test_build_missing_parent_errors_before_reading(tmp_path):
    def unread():
        raise AssertionError("read")
        yield

    with pytest.raises(OutputError, match="does not exist"):
        TokenStore.build(unread(), tmp_path / "missing" / "store")


def test_build_replaces_existing_store(tmp_path):
    build(["an old one"], tmp_path / "store")
    build(["a new one"], tmp_path / "store")
    assert decoded(TokenStore.open(tmp_path / "store")) == [["a", "new", "one"]]
    assert files_in(tmp_path)[0] == "store"


# Damage

PIECES = ["tokens.bin", "offsets.bin", "vocabulary.json", "store.json"]


def assert_no_store(folder):
    with pytest.raises(CorpusReadError) as error_info:
        TokenStore.open(folder)
    message = str(error_info.value)
    assert "\n" not in message
    assert f"{str(folder)!r} is not a complete token store" in message
    assert message.endswith("build it again")


def test_open_missing_store_errors(tmp_path):
    assert_no_store(tmp_path)
    assert_no_store(tmp_path / "missing")


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("damage", ["gone", "empty", "half", "odd", "longer", "a folder"])
def test_open_damaged_file_errors(tmp_path, piece, damage):
    build(["a cat", "a dog and a cat"], tmp_path / "store")
    path = tmp_path / "store" / piece
    data = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        half = len(data) // 8 * 4
        damaged = {"empty": b"", "half": data[:half], "odd": data[:-1], "longer": data + data[:8]}
        path.write_bytes(damaged[damage])
    assert_no_store(tmp_path / "store")


@pytest.mark.parametrize(
    ("piece", "content"),
    [
        ("store.json", []),
        ("store.json", {"format": "textdl token store", "version": 2, "fingerprint": "0"}),
        ("store.json", {"format": "textdl token store", "version": 1}),
        ("vocabulary.json", {"words": ["a", "cat"], "counts": [1]}),
        ("vocabulary.json", {"words": ["a", "cat"], "counts": [1, 2]}),
        ("vocabulary.json", {"words": ["a", "cat"], "counts": [1, "one"]}),
        ("vocabulary.json", {"words": ["a", "cat"], "counts": 2}),
        ("vocabulary.json", {"words": ["a", 3], "counts": [1, 1]}),
        ("vocabulary.json", {"words": "ac", "counts": [1, 1]}),
        ("vocabulary.json", None),
    ],
)
def test_open_piece_of_other_content_errors(tmp_path, piece, content):
    build(["a cat"], tmp_path / "store")
    (tmp_path / "store" / piece).write_text(json.dumps(content), "utf-8")
    assert_no_store(tmp_path / "store")


def reseal(folder):
    """Give what is there the digests of a store that was written so."""
    header = unseal((folder / "store.json").read_text("utf-8"))
    header["fingerprint"] = file_checksum(*(folder / piece for piece in PIECES[:3]))
    (folder / "store.json").write_text(seal(header), "utf-8")


@pytest.mark.parametrize(
    ("piece", "content", "says"),
    [
        ("tokens.bin", np.array([0, 1, 2, 0], "<i4"), "does not count these tokens"),
        ("tokens.bin", np.array([0, 1, 2, 0, 3], "<i4"), "a token is not in its vocabulary"),
        ("tokens.bin", np.array([0, -1, 2, 0, 0], "<i4"), "a token is not in its vocabulary"),
        ("offsets.bin", np.array([0, 3, 2, 5], "<i8"), "its sentences overlap"),
        ("offsets.bin", np.array([1, 5], "<i8"), "its sentences do not span"),
        ("offsets.bin", np.array([0, 2, 4], "<i8"), "its sentences do not span"),
        ("offsets.bin", np.array([0, 2**62, 5], "<i8"), "its sentences overlap"),
        ("vocabulary.json", {"words": ["a", "cat"], "counts": [3, 2]}, "not in its vocabulary"),
        ("vocabulary.json", {"words": ["a", "b", "b"], "counts": [3, 1, 1]}, "twice"),
        ("vocabulary.json", {"words": ["a", "b", "c"], "counts": [1, 1, 3]}, "do not fall"),
        ("vocabulary.json", {"words": ["a", "b", "c"], "counts": [5, 0, 0]}, "do not fall"),
        ("vocabulary.json", {"words": ["a", "b", "c"], "counts": [2**70, 1, 1]}, "too large"),
        ("vocabulary.json", {"words": ["a", "b", "\ud800"], "counts": [3, 1, 1]}, "surrogate"),
        ("vocabulary.json", {"words": [], "counts": []}, "not a list of words"),
    ],
)
def test_store_contradictory_content_is_refused(tmp_path, piece, content, says):
    """Also where all digests are right."""
    folder = tmp_path / "store"
    build(["a cat", "a dog a"], folder)
    is_array = isinstance(content, np.ndarray)
    data = content.tobytes() if is_array else json.dumps(content).encode()
    (folder / piece).write_bytes(data)
    assert_no_store(folder)
    reseal(folder)
    with pytest.raises(CorpusReadError, match=says):
        TokenStore.open(folder)


@pytest.mark.parametrize("count", [120, pytest.param(10_000, marks=pytest.mark.full)])
def test_store_every_mutant_is_refused_or_whole(tmp_path, count):
    """With the digests of before, no change passes; with new ones, what passes can be used."""
    folder = tmp_path / "store"
    built = build(["a cat", "a dog and a cat", "", "b"], folder)
    draw = np.random.default_rng(0)
    whole = {piece: (folder / piece).read_bytes() for piece in PIECES}
    for number in range(count):
        piece = PIECES[number % 4]
        data = bytearray(whole[piece])
        for _ in range(draw.integers(1, 4)):
            data[draw.integers(len(data))] = draw.integers(256)
        start, stop = sorted(draw.integers(len(data) + 1, size=2).tolist())
        if number % 3 == 1:
            del data[start:stop]
        if number % 3 == 2:
            data[start:start] = data[start:stop]
        (folder / piece).write_bytes(data)
        if data != whole[piece]:
            assert_no_store(folder)
        if piece != "store.json":
            reseal(folder)
            with suppress(CorpusReadError):
                store = TokenStore.open(folder)
                assert len(store.sentences(0, len(store.tokens))) == len(store.tokens)
                assert all(len(words) >= 0 for words in decoded(store))
        for name in (piece, "store.json"):
            (folder / name).write_bytes(whole[name])
    assert decoded(TokenStore.open(folder)) == decoded(built)


def test_store_keeps_where_it_is_from(tmp_path):
    chunks = encode(read_corpus(["a cat"]), str.split, workers=1)
    TokenStore.build(chunks, tmp_path / "store", source={"corpus": "\udcff"})
    assert TokenStore.open(tmp_path / "store").source == {"corpus": "\udcff"}


# Real text


def test_build_benchmark_corpus_keeps_every_token(tmp_path, data_folder):
    with gzip.open(data_folder / "wiki-raw-20mb.txt.gz", "rt", encoding="utf-8", newline="\n") as f:
        lines = [line.removesuffix("\n") for line in islice(f, 3000)]
    path = tmp_path / "text"
    path.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    store = build(path, tmp_path / "store", get_tokenizer("whitespace"), workers=None)
    assert decoded(store) == [line.lower().split() for line in lines]


@pytest.mark.full
@pytest.mark.parametrize("one_line", [False, True])
def test_build_whole_benchmark_corpus_counts_every_word(tmp_path, data_folder, one_line):
    path = data_folder / "wiki17m.txt.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    if one_line:
        text = text.replace("\n", " ")
        path = tmp_path / "line"
        path.write_text(text, "utf-8")
    store = build(path, tmp_path / "store", get_tokenizer("whitespace"), workers=None)
    sentences = [line.split() for line in text.removesuffix("\n").split("\n")]
    counts = Counter(word for words in sentences for word in words)
    assert (
        dict(zip(store.vocabulary.words, store.vocabulary.counts.tolist(), strict=True)) == counts
    )
    np.testing.assert_array_equal(np.diff(store.offsets), [len(words) for words in sentences])
    ids = store.vocabulary.key_to_index
    np.testing.assert_array_equal(
        store.tokens, [ids[word] for words in sentences for word in words]
    )
