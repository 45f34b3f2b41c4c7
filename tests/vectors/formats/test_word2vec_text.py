import numpy as np
import pytest

from textdl.errors import FileFormatError, OutputError, ParameterError
from textdl.vectors.vectors import Vectors


def load(tmp_path, content, **options):
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    return Vectors.load(path, **options)


@pytest.mark.parametrize("header", [b"", b"3 2\n", b"3 2 \r\n", b"3\t2\n"])
@pytest.mark.parametrize("end", [b"\n", b" \n", b"\r\n", b"\n\n"])
def test_read_with_and_without_header_same_rows(tmp_path, header, end):
    vectors = load(tmp_path, header + end.join([b"a 1 -2", b"b .5 2e-3", "é 0 7".encode()]))
    assert vectors.labels == ["a", "b", "é"]
    assert vectors.matrix.tolist() == np.float32([[1, -2], [0.5, 0.002], [0, 7]]).tolist()


def test_words_with_spaces_or_numbers_are_read(tmp_path):
    vectors = load(tmp_path, b"at name@domain 1 2\n. . . 3 4\n1984 5 6\nx\t7\t8\n")
    assert vectors.labels == ["at name@domain", ". . .", "1984", "x"]
    assert vectors.matrix.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_lines_end_at_newlines_only(tmp_path):
    vectors = load(tmp_path, "2 1\na\u2028\x85b 1\nc\xa0d 2\n".encode())
    assert vectors.labels == ["a\u2028\x85b", "c\xa0d"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"2 2\na 1 2\nb 1\n", "line 3: 1 numbers after b'b', expected 2"),
        (b"2 2\na 1 2\nb 1 2 3\n", "line 3: 3 numbers after b'b', expected 2"),
        (b"a 1 2\n\nb\n", "line 3: 0 numbers after b'b', expected 2"),
        (b"2 2\na 1 2\nb 1 oops\n", "line 3: 'oops' is not a finite number"),
        (b"2 2\na 1 oops\nb 1 2\n", "line 2: 'oops'"),
        (b"2 2\na x1 2\nb 1 2\n", "line 2: 'x1'"),
        (b"a 1 2\nb nan 2\n", "line 2: 'nan' is not a finite number"),
        (b"a 1 2\nb 1e39 2\n", "line 2: '1e39' is not a finite number"),
        (b"a 1 2\nb 1 inf\n", "line 2: 'inf'"),
        (b"3 2\na 1 2\nb 1 2\n", "claims 3 words .* holds 2"),
        (b"1 2\na 1 2\nb 1 2\n", "claims 1 words .* holds 2"),
        (b"2 2", "claims 2 words .* holds 0"),
        (b"999999999999999 2\na 1 2\n", "claims 999,999,999,999,999 words"),
        (b"1 99999999999\na 1 2\n", "vectors of 99,999,999,999 numbers"),
        (b"1 0\na\n", "vectors of 0 numbers"),
        (b"2 1\na 1\na 2\n", "'a' stands in row 0 and again in row 1"),
    ],
)
def test_damaged_file_error_names_damage(tmp_path, content, says):
    with pytest.raises(FileFormatError, match=says) as caught:
        load(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert "v.txt" in str(caught.value)


def test_line_numbers_beyond_the_first_block(tmp_path):
    lines = [f"w{i} {'0.125 ' * 100}" for i in range(5000)]
    lines[4321] = "w4321 " + "0.125 " * 99 + "x"
    with pytest.raises(FileFormatError, match="line 4,323"):
        load(tmp_path, ("5000 100\n" + "\n".join(lines)).encode())


def test_words_not_utf8_are_escaped_or_refused(tmp_path):
    content = b"2 1\na 1\nb\x97c 2\n"
    assert load(tmp_path, content).labels == ["a", r"b\x97c"]
    with pytest.raises(FileFormatError, match=r"row 1 is not UTF-8 \(byte 0x97 at its position 1"):
        load(tmp_path, content, errors="strict")


@pytest.mark.parametrize("label", ["a b", "", "a\tb", "a\n", "\r", "x\v", "\f"])
@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_write_label_with_whitespace_errors(tmp_path, label, name):
    with pytest.raises(ParameterError, match=r"save as \.safetensors"):
        Vectors(["ok", label], np.eye(2)).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_write_exact_layout(tmp_path):
    Vectors(["a", "é"], np.float32([[0.1, -1], [1e-20, 3]])).save(tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_bytes() == (
        "2 2\na 0.100000001 -1\né 9.99999968e-21 3\n".encode()
    )


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.txt.gz", "v.txt.bz2", "v.txt.xz"])
def test_gensim_reads_what_is_written_and_writes_what_is_read(tmp_path, name):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    matrix = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    words = [f"wört{i}" for i in range(50)]
    Vectors(words, matrix).save(tmp_path / name)
    theirs = models.KeyedVectors.load_word2vec_format(str(tmp_path / name))
    assert theirs.index_to_key == words
    assert np.array_equal(theirs.vectors, matrix)
    theirs.save_word2vec_format(str(tmp_path / f"theirs_{name}"))
    ours = Vectors.load(tmp_path / f"theirs_{name}")
    assert ours.labels == words
    np.testing.assert_allclose(ours.matrix, matrix, rtol=1e-6)


def test_save_full_disk_keeps_old_file(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "v.txt"
    path.write_text("old")
    big = Vectors([f"w{i}" for i in range(1000)], np.ones((1000, 50), np.float32))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name in ("v.txt", "v.bin", "v.safetensors"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        try:
            with pytest.raises(OutputError, match="could not write"):
                big.save(tmp_path / name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [file.name for file in tmp_path.iterdir()] == ["v.txt"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("start", [b"2 3\na 1 2 3\n", b"a 1 2 3\n"])
def test_line_without_end_errors(tmp_path, start):
    with pytest.raises(FileFormatError, match="line of more than 2,097,152 bytes"):
        load(tmp_path, start + b"b" + b" 1" * (2 << 20))


def test_rows_across_blocks_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.vectors.formats.text_rows._BYTES_PER_BLOCK", 7)
    vectors = load(tmp_path, b"3 2\nabc 1 2\n\nd 3 4\nefghijklmnop 5 6")
    assert vectors.labels == ["abc", "d", "efghijklmnop"]
    assert vectors.matrix.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_header_that_promises_much_is_not_allocated(tmp_path):
    for header in (b"999999999999999999 2\n", b"2 999999999999999999\n", b"1 100001\n"):
        with pytest.raises(FileFormatError, match="claims"):
            load(tmp_path, header + b"a 1 2\n")
