import io
import pickle
import zipfile

import numpy as np
import pytest

from textdl.errors import FileFormatError, ParameterError
from textdl.vectors import formats
from textdl.vectors.vectors import Vectors


def load(tmp_path, save=np.savez, **arrays):
    path = tmp_path / "v.npz"
    save(path, **arrays)
    return Vectors.load(path)


def test_numpy_reads_what_is_written(tmp_path):
    Vectors(["a", "é b\n", ""], np.eye(3), counts=[3, 2, 1]).save(tmp_path / "v.npz")
    with np.load(tmp_path / "v.npz", allow_pickle=False) as arrays:
        assert arrays["labels"].tolist() == ["a", "é b\n", ""]
        assert arrays["vectors"].dtype == np.float32
        assert np.array_equal(arrays["vectors"], np.eye(3))
        assert arrays["counts"].tolist() == [3, 2, 1]
    again = Vectors.load(tmp_path / "v.npz")
    assert formats.detect_format(tmp_path / "v.npz") == "npz"
    assert again.labels == ["a", "é b\n", ""]
    assert again.counts.tolist() == [3, 2, 1]
    assert Vectors.load(tmp_path / "v.npz", limit=2).counts.tolist() == [3, 2]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, ">f4"])
@pytest.mark.parametrize("labels", [["a", "b"], [b"a", b"b"]])
def test_arrays_of_any_name_and_type_are_read(tmp_path, save, dtype, labels):
    matrix = np.asfortranarray([[1, 2, 3], [4, 5, 6]]).astype(dtype)
    vectors = load(tmp_path, save, emb=matrix, words=np.array(labels), n=np.int64(3))
    assert vectors.labels == ["a", "b"]
    assert vectors.matrix.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_float16_is_written(tmp_path):
    Vectors(["a"], [[0.1, 2]]).save(tmp_path / "v.npz", dtype="float16")
    assert Vectors.load(tmp_path / "v.npz").matrix.tolist() == [[float(np.float16(0.1)), 2]]


def test_write_label_that_ends_in_nul_errors(tmp_path):
    with pytest.raises(ParameterError, match=r"do not end in a NUL.* \.safetensors"):
        Vectors(["a\0", "b"], np.eye(2)).save(tmp_path / "v.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"a": np.eye(2)}, "holds a float64"),
        ({"a": np.array(["x", "y"])}, "expected one array of strings"),
        ({"a": np.array(["x"]), "b": np.array(["y"]), "c": np.eye(1)}, "one array of strings"),
        ({"a": np.array(["x"]), "b": np.eye(2)}, "1 labels for a matrix"),
        ({"a": np.array(["x", "x"]), "b": np.eye(2)}, "'x' stands in row 0 and again"),
        ({"a": np.array(["x", "y"]), "b": np.eye(2) * np.nan}, "vector of 'x' is not finite"),
        ({"a": np.array(["x", "y"]), "b": np.ones((2, 0))}, r"shape \(2, 0\)"),
        ({"a": np.array(["x", "\ud800"]), "b": np.eye(2)}, "surrogate"),
        ({"a": np.array(["x"], object), "b": np.eye(1)}, "expected numbers or strings"),
    ],
)
def test_archive_without_labels_and_vectors_errors(tmp_path, arrays, says):
    with pytest.raises(FileFormatError, match=says):
        load(tmp_path, **arrays)


@pytest.mark.parametrize("order", "<>")
def test_label_beyond_unicode_errors(tmp_path, order):
    labels = np.array([97, 0x110000], f"{order}u4").view(f"{order}U1")
    with pytest.raises(FileFormatError, match="beyond Unicode"):
        load(tmp_path, a=labels, b=np.eye(2))
    labels = np.array(["é", "b"]).astype(f"{order}U3")
    assert load(tmp_path, a=labels, b=np.eye(2)).labels == ["é", "b"]


def npy(dtype="<f4", shape="(1, 1)", data=b"\0\0\0\0"):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.parametrize(
    ("member", "says"),
    [
        (npy(shape="(99999999999, 9)"), "does not fit its bytes"),
        (npy(shape="(-1, -1)"), "shape"),
        (npy(shape="(2, 1)"), "does not fit"),
        (npy(dtype="<U999999999"), "damaged"),
        (npy(dtype="|O"), "expected numbers or strings"),
        (npy(dtype="no"), "damaged"),
        (npy()[:40], "damaged"),
        (b"", "damaged"),
    ],
)
def test_forged_array_errors(tmp_path, member, says):
    with zipfile.ZipFile(tmp_path / "v.npz", "w") as archive:
        archive.writestr("a.npy", member)
    with pytest.raises(FileFormatError, match=says):
        Vectors.load(tmp_path / "v.npz")


def test_archive_that_expands_too_much_errors(tmp_path):
    with pytest.raises(FileFormatError, match="expands to more than 50 times its size"):
        load(tmp_path, np.savez_compressed, a=np.array(["x"]), b=np.zeros((1, 30_000_000)))


def test_pytorch_file_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    (tmp_path / "v").write_bytes(file.getvalue())
    with pytest.raises(FileFormatError, match=r"PyTorch file.*never loaded"):
        Vectors.load(tmp_path / "v")
