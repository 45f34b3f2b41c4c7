import struct
import subprocess
import sys

import numpy as np
import pytest

from textdl.errors import FileFormatError, OutputError
from textdl.vectors import formats
from textdl.vectors.formats import arrow
from textdl.vectors.vectors import Vectors

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
feather = pytest.importorskip("pyarrow.feather")

NUMBERS = [[1.0, 2.0], [3.0, 4.0]]


def write(path, table, *, stream=False, rows=1000, **options):
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(str(path), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
        file.write_table(table, max_chunksize=rows)
    return path


def load(tmp_path, **columns):
    return Vectors.load(write(tmp_path / "v.arrow", pa.table(columns)))


@pytest.mark.parametrize("name", ["v.arrow", "v.feather"])
def test_pyarrow_reads_what_is_written(tmp_path, name):
    labels = ["a b\n", "", "é"]
    Vectors(labels, np.eye(3, 2), counts=[3, 2, 1]).save(tmp_path / name)
    table = feather.read_table(tmp_path / name)
    assert table.column_names == ["word", "vector", "count"]
    assert table["word"].to_pylist() == labels
    assert table["vector"].to_pylist() == [[1, 0], [0, 1], [0, 0]]
    assert table["count"].to_pylist() == [3, 2, 1]
    assert formats.detect_format(tmp_path / name) == "arrow"
    again = Vectors.load(tmp_path / name)
    assert again.labels == labels
    assert again.counts.tolist() == [3, 2, 1]
    assert Vectors.load(tmp_path / name, limit=2).counts.tolist() == [3, 2]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_many_batches_and_limit(tmp_path, stream, compression):
    matrix = np.random.default_rng(0).standard_normal((3000, 7)).astype(np.float32)
    words = [f"w{i}" for i in range(3000)]
    lists = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), 7)
    table = pa.table({"word": words, "vector": lists})
    path = write(tmp_path / "v", table, stream=stream, rows=400, compression=compression)
    assert formats.detect_format(path) == "arrow"
    assert Vectors.load(path).labels == words
    assert np.array_equal(Vectors.load(path).matrix, matrix)
    assert np.array_equal(Vectors.load(path, limit=700).matrix, matrix[:700])


def test_same_content_gives_same_bytes(tmp_path):
    vectors = Vectors(["a", "b"], NUMBERS)
    for name in ("a.arrow", "b.arrow"):
        vectors.save(tmp_path / name)
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


LISTS = {
    "list": (pa.list_(pa.float32()), pa.string()),
    "fixed": (pa.list_(pa.float32(), 2), pa.large_string()),
    "large": (pa.large_list(pa.float64()), pa.string_view()),
    "half": (pa.list_(pa.float16()), pa.string()),
}


@pytest.mark.parametrize("kind", LISTS)
def test_columns_of_any_name_and_type_are_read(tmp_path, kind):
    lists, text = LISTS[kind]
    rows = [[np.float16(x) for x in row] for row in NUMBERS] if kind == "half" else NUMBERS
    category = pa.array(["x", "y"]).dictionary_encode()
    words = pa.array(["a", "a word that is no prefix"], text)
    vectors = load(tmp_path, n=[1, 2], c=category, token=words, emb=pa.array(rows, lists))
    assert vectors.labels == ["a", "a word that is no prefix"]
    assert vectors.matrix.tolist() == NUMBERS


def test_float16_is_written(tmp_path):
    Vectors(["a"], [[0.1, 2]]).save(tmp_path / "v.arrow", dtype="float16")
    assert Vectors.load(tmp_path / "v.arrow").matrix.tolist() == [[float(np.float16(0.1)), 2]]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": ["x", "y"]}, "expected one of text, and one of lists"),
        ({"a": ["x", "y"], "b": [[1.0], [1.0, 2.0]]}, "several lengths"),
        ({"a": ["x", None], "b": NUMBERS}, "nulls"),
        ({"a": ["x", "y"], "b": [[1.0, 2.0], None]}, "nulls"),
        ({"a": ["x", "y"], "b": [[1.0, 2.0], [1.0, None]]}, "nulls"),
        ({"a": ["x", "y"], "b": [[1.0, 2.0], [1.0, float("nan")]]}, "not finite"),
        ({"a": ["x", "x"], "b": NUMBERS}, "'x' stands in row 0 and again"),
        ({"a": ["x", "y"], "b": NUMBERS, "count": [1, -2]}, "counts from -2 to 1"),
        ({"a": pa.array([], pa.string()), "b": pa.array([], pa.list_(pa.float32()))}, "no rows"),
    ],
)
def test_table_without_labels_and_vectors_errors(tmp_path, columns, says):
    with pytest.raises(FileFormatError, match=says):
        load(tmp_path, **columns)


def test_label_that_is_not_utf8_is_shown(tmp_path):
    raw = pa.array([b"a\x97", b"b"]).view(pa.string())
    assert load(tmp_path, a=raw, b=NUMBERS).labels == [r"a\x97", "b"]


@pytest.mark.parametrize("stream", [False, True])
def test_truncation_at_every_byte_is_noticed(tmp_path, stream):
    table = pa.table({"a": ["x", "y"], "b": NUMBERS})
    path = write(tmp_path / "v", table, stream=stream, rows=1)
    content = path.read_bytes()
    for length in range(8, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FileFormatError) as caught:
            Vectors.load(path)
        assert "\n" not in str(caught.value)


def test_batch_that_expands_to_far_more_is_not_read(tmp_path):
    table = pa.table({"a": [f"w{i}" for i in range(3000)], "b": [[0.0] * 10_000] * 3000})
    path = write(tmp_path / "v.arrow", table, rows=3000, compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(FileFormatError, match="claims to expand to 240,"):
        Vectors.load(path)


def test_buffer_that_promises_much_is_not_allocated(tmp_path):
    table = pa.table({"a": ["x", "y"], "b": [[1.0] * 1000, [2.0] * 1000]})
    content = write(tmp_path / "v.arrow", table, compression="zstd").read_bytes()
    promise = struct.pack("<q", 16_000)
    assert content.count(promise) >= 1
    (tmp_path / "v.arrow").write_bytes(content.replace(promise, struct.pack("<q", 1 << 40)))
    with pytest.raises(FileFormatError, match=r"claims to expand to 1,099,511"):
        Vectors.load(tmp_path / "v.arrow")


def test_missing_package_is_named(tmp_path, monkeypatch):
    vectors = Vectors(["a"], [[1.0]])
    vectors.save(tmp_path / "v.arrow")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FileFormatError, match=r"textdl\[parquet\]"):
        Vectors.load(tmp_path / "v.arrow")
    with pytest.raises(OutputError, match=r"textdl\[parquet\]"):
        vectors.save(tmp_path / "w.arrow")


def test_convert_to_arrow_and_back(tmp_path):
    (tmp_path / "v.txt").write_text("1 2\na 1 2\n")
    for source, target in (("v.txt", "v.feather"), ("v.feather", "again.txt")):
        command = [sys.executable, "-m", "textdl", "convert", tmp_path / source, tmp_path / target]
        subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "again.txt").read_text() == "1 2\na 1 2\n"


def test_marks_are_those_of_the_specification():
    assert arrow.matches(b"ARROW1\0\0")
    assert arrow.matches(b"\xff\xff\xff\xff\xe0\0\0\0")
    assert not arrow.matches(b"\xff" * 20)
    assert not arrow.matches(b"ARROW2\0\0")
