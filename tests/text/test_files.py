import gzip
import random
from pathlib import Path
from unittest.mock import patch

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from tests.text.reading import ALPHABET, COMPRESS, documents, lines, one_line, small_chunks
from textdl.errors import CorpusReadError
from textdl.text import files as files_module
from textdl.text.corpus import read_corpus
from textdl.text.files import find_files

# Finding files


def test_folder_gives_sorted_files_without_hidden_ones(tmp_path):
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden", ".git/d.txt", "sub/.e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, "utf-8")
    assert documents(tmp_path) == ["a.txt", "b.txt", "sub/c.txt"]


def test_folder_below_hidden_one_is_read(tmp_path):
    folder = tmp_path / ".cache" / "texts"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("a", "utf-8")
    assert documents(folder) == ["a"]


def test_glob_gives_matching_files_in_sorted_order(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "a.txt", "c.md", "sub/d.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    assert documents(f"{tmp_path}/*.txt") == ["a.txt", "b.txt"]
    assert documents(tmp_path / "[bc].*") == ["b.txt", "c.md"]
    assert documents(f"{tmp_path}/**/*.txt") == ["a.txt", "b.txt", "sub/d.txt"]


def test_name_with_brackets_is_file_before_glob(tmp_path):
    (tmp_path / "a[1].txt").write_text("one", "utf-8")
    assert documents(tmp_path / "a[1].txt") == ["one"]


# Compression


@pytest.mark.parametrize("suffix", [*COMPRESS, ".GZ"])
def test_compressed_file_gives_lines(tmp_path, suffix):
    compress = COMPRESS[suffix.lower()]
    text = "".join(f"{number} é\n" for number in range(30000))
    path = tmp_path / f"text.txt{suffix}"
    half = len(text) // 2
    path.write_bytes(compress(text[:half].encode()) + compress(text[half:].encode()))
    for size in (1 << 13, 1 << 20):
        with small_chunks(size):
            assert documents(path) == lines(text)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_file_without_suffix_gives_lines(tmp_path, suffix):
    path = tmp_path / "text"
    path.write_bytes(COMPRESS[suffix](b"a cat\na dog"))
    assert documents(path) == ["a cat", "a dog"]


def test_zstd_skippable_and_empty_frames_are_read(tmp_path):
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    frames = [zstandard.compress(part) for part in (b"a ", b"", b"cat\n")]
    path = tmp_path / "text.zst"
    path.write_bytes(frames[0] + skippable + frames[1] + frames[2] + skippable)
    assert documents(path) == ["a cat"]


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, -1])
def test_truncated_compressed_file_errors(tmp_path, suffix, kept):
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
def test_damaged_compressed_file_errors(tmp_path, suffix):
    noise = random.Random(1)
    data = bytearray(COMPRESS[suffix](" ".join(str(noise.random()) for _ in range(9999)).encode()))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    path = tmp_path / f"text{suffix}"
    path.write_bytes(data)
    with pytest.raises(CorpusReadError) as error_info:
        documents(path, errors="replace")
    assert str(path) in one_line(error_info)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_suffix_on_plain_file_errors(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    path.write_text("this is plain text\n" * 10, "utf-8")
    with pytest.raises(CorpusReadError, match="truncated or damaged"):
        documents(path)


def test_zstd_without_package_errors(tmp_path):
    path = tmp_path / "text.zst"
    path.write_bytes(zstandard.compress(b"a cat"))
    with (
        patch.dict("sys.modules", zstandard=None),
        pytest.raises(CorpusReadError, match=r"textdl\[zstd\]"),
    ):
        documents(path)


# Characters


@given(st.lists(st.sampled_from([*ALPHABET, "\ufeff"])).map("".join), st.integers(1, 40))
@example("\ufeffa", 1)
@example("a \r\nb", 2)
@example("\n\n", 1)
def test_file_lines_same_for_every_chunk_size(tmp_path_factory, text, size):
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
def test_undecodable_bytes_same_for_every_chunk_size(tmp_path_factory, data, size, errors):
    path = tmp_path_factory.getbasetemp() / "bytes.txt"
    path.write_bytes(data)
    text = data.decode("utf-8", errors)
    expected = lines(text)
    if data and not data.endswith(b"\n") and (text.endswith("\n") or not text):
        expected.append("")  # a last line of nothing but ignored bytes
    with small_chunks(size):
        assert documents(path, errors=errors) == expected


def test_long_line_gives_several_chunks(tmp_path):
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
def test_undecodable_byte_error_names_offset(tmp_path, compress, size):
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


def test_character_cut_short_by_end_of_file_errors(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("caf\u00e9".encode()[:-1])
    with pytest.raises(CorpusReadError, match="byte 0xc3 at offset 3"):
        documents(path)


@pytest.mark.parametrize("size", [8, 1 << 20])
def test_binary_file_errors(tmp_path, size):
    path = tmp_path / "data.bin"
    path.write_bytes(b"some text\n" * 100 + b"\0\1\2")
    with small_chunks(size), pytest.raises(CorpusReadError) as error_info:
        documents(path)
    assert "binary data (a zero byte at offset 1,000)" in one_line(error_info)


def test_bytes_without_white_space_error(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"a word\n" + b"x" * 5000)
    with (
        patch.multiple(files_module, CHUNK_BYTES=100, LONGEST_WORD=1000),
        pytest.raises(CorpusReadError, match=r"no white space in the 1,0.. bytes from offset 7"),
    ):
        documents(path)
    assert documents(path) == ["a word", "x" * 5000]


def test_byte_order_mark_and_carriage_returns_are_dropped(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfa cat\r\na dog\r\n")
    assert documents(path) == ["a cat", "a dog"]


# Files that cannot be read


@pytest.mark.parametrize(
    "corpus", ["", "no/such/file.txt", "*.none", "a\0b", "some text " * 100, "two\nlines"]
)
def test_missing_file_errors(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a", "utf-8")
    with pytest.raises(CorpusReadError) as error_info:
        read_corpus(corpus)
    message = one_line(error_info)
    assert len(message) < 300
    assert "pass a text as [text]" in message


def test_folder_without_files_errors(tmp_path):
    (tmp_path / ".hidden").write_text("a", "utf-8")
    with pytest.raises(CorpusReadError, match="holds no files"):
        read_corpus(tmp_path)


def test_empty_file_gives_no_documents(tmp_path):
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
def test_encoding_of_file_is_decoded(tmp_path, encoding, size):
    texts = ["a cat", "", "the dog of 1850"]
    if encoding != "shift_jis":
        texts.append("é è ü " * 50)
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress("\n".join(texts).encode(encoding)))
    with small_chunks(size):
        assert documents(path, encoding=encoding) == texts


def test_encoding_that_does_not_fit_errors(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(CorpusReadError, match=r"pass its encoding, .*--encoding"):
        documents(path)
    with pytest.raises(CorpusReadError, match=r"is not ascii .*byte 0xe9.*name its encoding"):
        documents(path, encoding="ascii")
    assert documents(path, encoding="ascii", errors="replace") == ["\ufffd"]
    path.write_bytes("é".encode("utf-16")[:-1])
    with pytest.raises(CorpusReadError, match="is not utf-16"):
        documents(path, encoding="utf-16")
