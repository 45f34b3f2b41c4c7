import bz2
import gzip
import itertools
import lzma
import os
import random
import re
import threading
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from textdl.errors import CorpusError, CorpusReadError, ParameterError, TextdlError
from textdl.text import corpus as corpus_module
from textdl.text import lines as lines_module
from textdl.text.corpus import find_files, read_corpus

COMPRESS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
PRINT_DOCUMENTS = """
import sys
from textdl.text.corpus import read_corpus
for chunk in read_corpus(sys.argv[1]):
    for document in chunk.documents:
        print(document)
"""


def documents(corpus, **options):
    """Whole documents: pieces are joined again."""
    whole, goes_on = [], False
    for chunk in read_corpus(corpus, **options):
        assert chunk.documents
        pieces = list(chunk.documents)
        if goes_on:
            whole[-1] += pieces.pop(0)
        whole += pieces
        goes_on = chunk.continues
    assert not goes_on
    return whole


def lines(text):
    """The oracle: a line is a document; what follows the last newline, only if it is something."""
    found, line = [], ""
    for character in text.removeprefix("\ufeff"):
        if character == "\n":
            found.append(line.removesuffix("\r"))
            line = ""
        else:
            line += character
    return [*found, line] if line or text == "\ufeff" else found


def one_line(error_info):
    message = str(error_info.value)
    assert "\n" not in message
    assert isinstance(error_info.value, TextdlError)
    return message


def small_chunks(size):
    stack = ExitStack()
    stack.enter_context(patch.multiple(corpus_module, CHUNK_BYTES=size, CHUNK_TOKENS=size))
    stack.enter_context(patch.object(lines_module, "CHUNK_BYTES", size))
    return stack


# Kinds of corpora


def test_a_file_gives_its_lines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a cat\n\na dog\n", "utf-8")
    assert documents(path) == documents(str(path)) == ["a cat", "", "a dog"]


def test_a_folder_gives_its_files_in_sorted_order_without_hidden_ones(tmp_path):
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden", ".git/d.txt", "sub/.e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, "utf-8")
    assert documents(tmp_path) == ["a.txt", "b.txt", "sub/c.txt"]


def test_a_folder_below_a_hidden_one_is_read(tmp_path):
    folder = tmp_path / ".cache" / "texts"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("a", "utf-8")
    assert documents(folder) == ["a"]


def test_globs(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "a.txt", "c.md", "sub/d.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    assert documents(f"{tmp_path}/*.txt") == ["a.txt", "b.txt"]
    assert documents(tmp_path / "[bc].*") == ["b.txt", "c.md"]
    assert documents(f"{tmp_path}/**/*.txt") == ["a.txt", "b.txt", "sub/d.txt"]


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(tmp_path):
    (tmp_path / "a[1].txt").write_text("one", "utf-8")
    assert documents(tmp_path / "a[1].txt") == ["one"]


def test_a_list_of_paths_is_files_in_the_order_given(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name, "utf-8")
    assert documents([tmp_path / "b", tmp_path / "a"]) == ["b", "a"]


def test_files_are_documents_of_their_own_without_a_final_newline(tmp_path):
    (tmp_path / "a").write_text("one two", "utf-8")
    (tmp_path / "b").write_text("three", "utf-8")
    for size in (1, 3, 1 << 20):
        with small_chunks(size):
            assert documents(tmp_path) == ["one two", "three"]


def test_a_long_line_that_ends_in_white_space_is_closed_before_the_next_file(tmp_path):
    (tmp_path / "a").write_text("one two ", "utf-8")
    (tmp_path / "b").write_text("three", "utf-8")
    with small_chunks(4):
        assert documents(tmp_path) == ["one two ", "three"]


@pytest.mark.parametrize(
    "make",
    [list, tuple, iter, lambda items: (item for item in items)],
    ids=["list", "tuple", "iterator", "generator"],
)
@pytest.mark.parametrize(
    "items", [["a cat", "", "a dog"], [["a", "cat"], [], ["a", "dog"]], [("a",), ("b", "c")]]
)
def test_iterables(items, make):
    assert documents(make(items)) == items


def test_a_generator_is_read_no_further_than_the_first_chunk():
    def endless():
        for number in itertools.count():
            assert number < 100
            yield "word " * 10

    with small_chunks(100):
        assert len(next(read_corpus(endless())).documents) == 2


def test_pipes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for data in (b"a cat\na dog\n", gzip.compress(b"a cat\na dog\n")):
        writer = threading.Thread(target=pipe.write_bytes, args=[data])
        writer.start()
        assert documents(pipe) == ["a cat", "a dog"]
        writer.join()


@pytest.mark.parametrize("compress", [bytes, *COMPRESS.values()])
def test_standard_input(run_python, compress):
    text = "a cat\nan ocelot é\n"
    assert run_python(PRINT_DOCUMENTS, "-", data=compress(text.encode())) == text


def test_process_substitution(run_python):
    reader, writer = os.pipe()
    os.write(writer, b"a cat\na dog\n")
    os.close(writer)
    printed = run_python(PRINT_DOCUMENTS, f"/dev/fd/{reader}", pass_fds=[reader])
    os.close(reader)
    assert printed == "a cat\na dog\n"


def test_a_file_named_dash_is_not_standard_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-").write_text("a dash", "utf-8")
    assert documents("./-") == documents(".") == documents("*") == ["a dash"]


# Compression


@pytest.mark.parametrize("suffix", [*COMPRESS, ".GZ"])
def test_compressed_files(tmp_path, suffix):
    compress = COMPRESS[suffix.lower()]
    text = "".join(f"{number} é\n" for number in range(30000))
    path = tmp_path / f"text.txt{suffix}"
    half = len(text) // 2
    path.write_bytes(compress(text[:half].encode()) + compress(text[half:].encode()))
    for size in (1 << 13, 1 << 20):
        with small_chunks(size):
            assert documents(path) == lines(text)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compression_is_seen_without_a_suffix(tmp_path, suffix):
    path = tmp_path / "text"
    path.write_bytes(COMPRESS[suffix](b"a cat\na dog"))
    assert documents(path) == ["a cat", "a dog"]


def test_zstd_takes_skippable_frames_and_empty_ones(tmp_path):
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    frames = [zstandard.compress(part) for part in (b"a ", b"", b"cat\n")]
    path = tmp_path / "text.zst"
    path.write_bytes(frames[0] + skippable + frames[1] + frames[2] + skippable)
    assert documents(path) == ["a cat"]


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, -1])
def test_truncated_files(tmp_path, suffix, kept):
    noise = random.Random(1)
    text = " ".join(str(noise.random()) for _ in range(20000))
    data = COMPRESS[suffix](text.encode())
    path = tmp_path / f"text{suffix}"
    path.write_bytes(data[: kept if kept < 0 else int(len(data) * kept)])
    with pytest.raises(CorpusReadError) as error_info:
        documents(path)
    message = one_line(error_info)
    assert str(path) in message
    assert "truncated or damaged" in message


@pytest.mark.parametrize("suffix", COMPRESS)
def test_damaged_files(tmp_path, suffix):
    noise = random.Random(1)
    data = bytearray(COMPRESS[suffix](" ".join(str(noise.random()) for _ in range(9999)).encode()))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    path = tmp_path / f"text{suffix}"
    path.write_bytes(data)
    with pytest.raises(CorpusReadError) as error_info:
        documents(path, errors="replace")
    assert str(path) in one_line(error_info)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_name_on_something_else(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    path.write_text("this is plain text\n" * 10, "utf-8")
    with pytest.raises(CorpusReadError, match="truncated or damaged"):
        documents(path)


def test_zstd_without_its_package(tmp_path):
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(b"a cat"))
    with (
        patch.dict("sys.modules", zstandard=None),
        pytest.raises(CorpusReadError, match=r"textdl\[zstd\]"),
    ):
        documents(path)


# Characters

ALPHABET = ["a", "é", "😀", " ", "\t", "\n", "\r", "\u3000", "\x85", "\x1c", "\xa0", "\u2028", "\0"]


@given(st.lists(st.sampled_from([*ALPHABET, "\ufeff"])).map("".join), st.integers(1, 40))
@example("\ufeffa", 1)
@example("a \r\nb", 2)
@example("\n\n", 1)
def test_files_do_not_depend_on_the_size_of_chunks(tmp_path_factory, text, size):
    path = tmp_path_factory.getbasetemp() / "text.txt"
    path.write_bytes(text.encode())
    with small_chunks(size):
        assert documents(path, errors="replace") == lines(text)


@given(
    st.lists(
        st.sampled_from([b" ", b"\n", b"\r", b"a", b"\xff", b"\xe3", b"\x80", b"\xf0\x9f", b"\xc3"])
    ).map(b"".join),
    st.integers(1, 20),
    st.sampled_from(["replace", "ignore"]),
)
def test_undecodable_bytes_do_not_depend_on_the_size_of_chunks(
    tmp_path_factory, data, size, errors
):
    path = tmp_path_factory.getbasetemp() / "bytes.txt"
    path.write_bytes(data)
    text = data.decode("utf-8", errors)
    expected = lines(text)
    if data and not data.endswith(b"\n") and (text.endswith("\n") or not text):
        expected.append("")  # a last line of nothing but ignored bytes
    with small_chunks(size):
        assert documents(path, errors=errors) == expected


@given(
    st.lists(st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join), min_size=1),
    st.integers(1, 20),
)
def test_texts_in_memory_do_not_depend_on_the_size_of_chunks(texts, size):
    with small_chunks(size):
        assert documents(texts) == texts


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=30), min_size=1), st.integers(1, 20))
def test_tokens_in_memory_do_not_depend_on_the_size_of_chunks(token_lists, size):
    with small_chunks(size):
        assert documents(token_lists) == token_lists


@given(
    st.lists(st.sampled_from(ALPHABET), min_size=1).map("".join),
    st.integers(1, 20),
    st.booleans(),
)
def test_a_document_is_cut_between_words_only(tmp_path_factory, text, size, in_memory):
    path = tmp_path_factory.getbasetemp() / "words.txt"
    path.write_bytes(text.encode())
    with small_chunks(size):
        chunks = list(read_corpus([text] if in_memory else path, errors="replace"))
    pieces = [piece for chunk in chunks for piece in chunk.documents]
    assert [word for piece in pieces for word in piece.split()] == text.split()


def test_long_documents_are_cut(tmp_path):
    text = "word " * 1000
    path = tmp_path / "text.txt"
    path.write_text(text, "utf-8")
    with small_chunks(100):
        for corpus in (path, [text], [text.split()]):
            chunks = list(read_corpus(corpus))
            assert len(chunks) > 9
            assert max(len(chunk.documents[0]) for chunk in chunks) < 210


@pytest.mark.parametrize("compress", [bytes, *COMPRESS.values()])
@pytest.mark.parametrize("size", [64, 1 << 20])
def test_the_offset_of_an_undecodable_byte(tmp_path, compress, size):
    path = tmp_path / "text"
    before = "é ü\n".encode() * 100 + "a long line ü ".encode() * 30
    path.write_bytes(compress(before + b"caf\xe9 au lait\n"))
    with small_chunks(size), pytest.raises(CorpusReadError) as error_info:
        documents(path)
    message = one_line(error_info)
    assert f"byte 0xe9 at offset {len(before) + 3:,}" in message
    assert str(path) in message
    assert "--errors replace" in message
    assert documents(path, errors="replace")[-1].endswith("caf\ufffd au lait")
    assert documents(path, errors="ignore")[-1].endswith("caf au lait")


def test_a_character_cut_short_by_the_end_of_the_file(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("caf\u00e9".encode()[:-1])
    with pytest.raises(CorpusReadError, match="byte 0xc3 at offset 3"):
        documents(path)


@pytest.mark.parametrize("size", [8, 1 << 20])
def test_binary_files(tmp_path, size):
    path = tmp_path / "data.bin"
    path.write_bytes(b"some text\n" * 100 + b"\0\1\2")
    with small_chunks(size), pytest.raises(CorpusReadError) as error_info:
        documents(path)
    assert "binary data (a zero byte at offset 1,000)" in one_line(error_info)


def test_bytes_without_white_space(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"a word\n" + b"x" * 5000)
    with (
        patch.multiple(lines_module, CHUNK_BYTES=100, LONGEST_WORD=1000),
        pytest.raises(CorpusReadError, match=r"no white space in the 1,0.. bytes from offset 7"),
    ):
        documents(path)
    assert documents(path) == ["a word", "x" * 5000]


def test_byte_order_mark_and_carriage_returns(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfa cat\r\na dog\r\n")
    assert documents(path) == ["a cat", "a dog"]


# Bad input


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ([None], "item 0 of the corpus is None (NoneType); expected a text, a list of tokens or"),
        ([b"text"], "item 0 of the corpus is b'text' (bytes); expected a text, a list"),
        ([1, 2], "item 0 of the corpus is 1 (int); expected a text"),
        (["a", "b", None], "item 2 of the corpus is None (NoneType); expected a text, like item 0"),
        (["a", b"b"], "item 1 of the corpus is b'b' (bytes); expected a text, like item 0"),
        (["a", ["b"]], "item 1 of the corpus is ['b'] (list); expected a text, like item 0"),
        ([["a"], "b"], "item 1 of the corpus is 'b' (str); expected a list of tokens, like item 0"),
        ([Path("/dev/null"), "b"], "item 1 of the corpus is 'b' (str); expected a path"),
        (b"text", "a corpus cannot be b'text' (bytes)"),
        (3, "a corpus cannot be 3 (int)"),
        (None, "a corpus cannot be None (NoneType)"),
    ],
)
def test_items_of_an_unknown_kind(corpus, message):
    with pytest.raises(ParameterError, match=re.escape(message)) as error_info:
        documents(corpus)
    one_line(error_info)


@pytest.mark.parametrize("corpus", [[], (), iter([])])
def test_no_items(corpus):
    with pytest.raises(CorpusError, match="the corpus is empty"):
        read_corpus(corpus)


@pytest.mark.parametrize("errors", ["replce", None])
def test_unknown_errors(errors):
    with pytest.raises(ParameterError, match="expected strict, replace or ignore"):
        read_corpus(["a"], errors=errors)


@pytest.mark.parametrize(
    "corpus", ["", "no/such/file.txt", "*.none", "a\0b", "some text " * 100, "two\nlines"]
)
def test_missing_files(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a", "utf-8")
    with pytest.raises(CorpusReadError) as error_info:
        read_corpus(corpus)
    message = one_line(error_info)
    assert len(message) < 300
    assert "pass a text as [text]" in message


def test_a_folder_without_files(tmp_path):
    (tmp_path / ".hidden").write_text("a", "utf-8")
    with pytest.raises(CorpusReadError, match="holds no files"):
        read_corpus(tmp_path)


def test_a_missing_file_or_a_folder_in_a_list_of_paths(tmp_path):
    with pytest.raises(CorpusReadError, match=r"missing.txt' \(No such file"):
        documents([tmp_path / "missing.txt"])
    with pytest.raises(CorpusReadError, match="Is a directory"):
        documents([tmp_path])


def test_empty_files_hold_no_documents(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b").write_bytes(gzip.compress(b""))
    assert documents(tmp_path) == []


def test_find_files_lists_what_is_read(tmp_path):
    for name in "ba":
        (tmp_path / name).write_text(name, "utf-8")
    assert find_files(tmp_path) == find_files(f"{tmp_path}/*") == [tmp_path / "a", tmp_path / "b"]
    assert find_files("-") == find_files(Path("-")) == [Path("-")]


# Encodings


@pytest.mark.parametrize(
    "encoding", ["latin-1", "utf-16", "utf-16-le", "cp1252", "shift_jis", "utf8"]
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_encoding_is_that_of_the_file(tmp_path, encoding, size):
    texts = ["a cat", "", "the dog of 1850"]
    if encoding != "shift_jis":
        texts.append("é è ü " * 50)
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress("\n".join(texts).encode(encoding)))
    with small_chunks(size):
        assert documents(path, encoding=encoding) == texts


def test_encoding_that_does_not_fit(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(CorpusReadError, match=r"name its encoding \(--encoding\)"):
        documents(path)
    with pytest.raises(CorpusReadError, match=r"is not ascii .*byte 0xe9.*name its encoding"):
        documents(path, encoding="ascii")
    assert documents(path, encoding="ascii", errors="replace") == ["\ufffd"]
    path.write_bytes("é".encode("utf-16")[:-1])
    with pytest.raises(CorpusReadError, match="is not utf-16"):
        documents(path, encoding="utf-16")


@pytest.mark.parametrize("encoding", ["utf-9", "gzip", "rot13", "", None, 8])
def test_encoding_that_is_none(encoding):
    with pytest.raises(ParameterError, match=r"encoding=.* is unknown; expected one such as"):
        read_corpus(["a cat"], encoding=encoding)
