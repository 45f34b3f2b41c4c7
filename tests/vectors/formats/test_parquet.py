import numpy as np
import pytest

from textdl.errors import FileFormatError
from textdl.vectors import formats
from textdl.vectors.vectors import Vectors

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq = pytest.importorskip("pyarrow.parquet")

NUMBERS = [[1.0, 2.0], [3.0, 4.0]]


def load(tmp_path, **columns):
    pq.write_table(pa.table(columns), tmp_path / "v.parquet")
    return Vectors.load(tmp_path / "v.parquet")


def test_pyarrow_reads_what_is_written(tmp_path):
    labels = ["a b\n", "", "é"]
    Vectors(labels, np.eye(3, 2), counts=[3, 2, 1]).save(tmp_path / "v.parquet")
    table = pq.read_table(tmp_path / "v.parquet")
    assert table.column_names == ["word", "vector", "count"]
    assert table["word"].to_pylist() == labels
    assert table["vector"].to_pylist() == [[1, 0], [0, 1], [0, 0]]
    assert table["count"].to_pylist() == [3, 2, 1]
    assert formats.detect_format(tmp_path / "v.parquet") == "parquet"
    assert Vectors.load(tmp_path / "v.parquet").labels == labels


def test_many_rows_and_limit(tmp_path):
    matrix = np.random.default_rng(0).standard_normal((3000, 7)).astype(np.float32)
    vectors = Vectors([f"w{i}" for i in range(3000)], matrix)
    vectors.save(tmp_path / "v.parquet")
    assert np.array_equal(Vectors.load(tmp_path / "v.parquet").matrix, matrix)
    assert np.array_equal(Vectors.load(tmp_path / "v.parquet", limit=700).matrix, matrix[:700])


@pytest.mark.parametrize("kind", ["list", "fixed", "double", "half"])
def test_columns_of_any_name_and_type_are_read(tmp_path, kind):
    value = {"double": pa.float64(), "half": pa.float16()}.get(kind, pa.float32())
    rows = [[np.float16(x) for x in row] for row in NUMBERS] if kind == "half" else NUMBERS
    lists = pa.array(rows, pa.list_(value, 2) if kind == "fixed" else pa.list_(value))
    vectors = load(tmp_path, n=[1, 2], token=["a", "b"], emb=lists)
    assert vectors.labels == ["a", "b"]
    assert vectors.matrix.tolist() == NUMBERS


def test_float16_is_written(tmp_path):
    Vectors(["a"], [[0.1, 2]]).save(tmp_path / "v.parquet", dtype="float16")
    assert Vectors.load(tmp_path / "v.parquet").matrix.tolist() == [[float(np.float16(0.1)), 2]]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": ["x", "y"]}, "expected one of text, and one of lists"),
        ({"a": ["x", "y"], "b": [1.0, 2.0]}, "one of lists"),
        ({"a": ["x", "y"], "b": [[1.0], [1.0, 2.0]]}, "several lengths"),
        ({"a": ["x", None], "b": NUMBERS}, "nulls"),
        ({"a": ["x", "y"], "b": [[1.0, 2.0], None]}, "nulls"),
        ({"a": ["x", "y"], "b": [[1.0, 2.0], [1.0, None]]}, "nulls"),
        ({"a": ["x", "y"], "b": [[1.0, 2.0], [1.0, float("nan")]]}, "not finite"),
        ({"a": ["x", "y"], "b": pa.array([[], []], pa.list_(pa.float32()))}, "0 numbers"),
        ({"a": ["x", "x"], "b": NUMBERS}, "'x' stands in row 0 and again"),
        (
            {"a": pa.array([], pa.string()), "b": pa.array([], pa.list_(pa.float32()))},
            "has no rows",
        ),
    ],
)
def test_table_without_labels_and_vectors_errors(tmp_path, columns, says):
    with pytest.raises(FileFormatError, match=says):
        load(tmp_path, **columns)


def test_label_that_is_not_utf8_is_shown(tmp_path):
    raw = pa.array([b"a\x97", b"b"]).view(pa.string())
    assert load(tmp_path, a=raw, b=NUMBERS).labels == [r"a\x97", "b"]


def test_truncated_file_errors(tmp_path):
    path = tmp_path / "v.parquet"
    Vectors(["a"], [[1.0]]).save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match="cannot be read as Parquet"):
        Vectors.load(path)
