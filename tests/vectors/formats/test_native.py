import pickle
import random

import numpy as np
import pytest

from tests.io.safetensors_files import put_together, rewrite, take_apart, without_checksums
from textdl.errors import FileFormatError, OutputError, ParameterError
from textdl.io import safetensors
from textdl.io.archive import ArchiveContent, write_archive
from textdl.io.safetensors import write_safetensors
from textdl.vectors.formats import native
from textdl.vectors.vectors import Vectors


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.safetensors"
    Vectors(["up", "down", "é"], [[1, 0], [0, 1], [2, 2]], [3, 2, 1], config={"seed": 1}).save(path)
    return path


def rewrite_header(path, **changes):
    """Change header entries (or remove them, by None), in a file of somebody who forges."""

    def change_header(header):
        for name, change in changes.items():
            if change is None:
                del header[name]
            else:
                header[name] = {**header[name], **change} if isinstance(change, dict) else change

    rewrite(path, change_header)


def test_safetensors_package_reads_it(small):
    reader = pytest.importorskip("safetensors.numpy")
    safe_open = pytest.importorskip("safetensors").safe_open
    arrays = reader.load_file(small)
    assert {name: (str(a.dtype), a.shape) for name, a in arrays.items()} == {
        "vectors": ("float32", (3, 2)),
        "norms": ("float32", (3,)),
        "counts": ("int64", (3,)),
        "label_offsets": ("int64", (4,)),
        "labels": ("uint8", (8,)),
        "label_order": ("int32", (3,)),
    }
    assert arrays["labels"].tobytes() == "updowné".encode()
    assert arrays["label_offsets"].tolist() == [0, 2, 6, 8]
    assert arrays["label_order"].tolist() == [1, 0, 2]
    with safe_open(small, framework="numpy") as file:
        assert set(file.metadata()) == {"textdl", "digests", "header_digest"}


def test_file_of_safetensors_package_is_read(tmp_path, small):
    package = pytest.importorskip("safetensors.numpy")
    header, _ = take_apart(small.read_bytes())
    metadata = {"textdl": header["__metadata__"]["textdl"]}
    path = tmp_path / "theirs.safetensors"
    package.save_file(package.load_file(small), path, metadata=metadata)
    theirs = Vectors.load(path)
    assert theirs.labels == ["up", "down", "é"]
    assert theirs.config == {"seed": 1}
    assert theirs.most_similar("up", topn=1)[0][0] == "é"


def test_equal_content_gives_equal_bytes(tmp_path):
    files = []
    for name in ("a", "b"):
        keys = [f"key{i}" for i in range(20)]
        random.Random(name).shuffle(keys)
        path = tmp_path / f"{name}.safetensors"
        Vectors(["a"], [[1.0]], config=dict.fromkeys(keys, 1)).save(path)
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_load_arrays_are_mapped_and_aligned(small):
    vectors = Vectors.load(small)
    for array in (vectors.matrix, vectors.norms, vectors.counts, vectors.labels.offsets):
        assert array.flags.aligned
        assert not array.flags.owndata
        assert not array.flags.writeable


def test_save_strided_and_foreign_arrays_round_trip(tmp_path):
    path = tmp_path / "v.safetensors"
    matrix = np.arange(12, dtype=">f8").reshape(3, 4).T
    Vectors(list("abcd"), matrix[:, ::-1]).save(path)
    assert np.array_equal(Vectors.load(path).matrix, matrix[:, ::-1])


def test_truncation_at_every_byte_is_noticed(small):
    raw = small.read_bytes()
    for length in range(len(raw)):
        small.write_bytes(raw[:length])
        with pytest.raises(FileFormatError) as caught:
            Vectors.load(small)
        assert "\n" not in str(caught.value)
    small.write_bytes(raw + b"\0")
    with pytest.raises(FileFormatError, match="promises"):
        Vectors.load(small)


def test_no_flipped_header_byte_crashes(small):
    raw = bytearray(small.read_bytes())
    end = 8 + int.from_bytes(raw[:8], "little")
    for place in range(end):
        for flip in (0x01, 0x10, 0x80):
            damaged = bytearray(raw)
            damaged[place] ^= flip
            small.write_bytes(damaged)
            try:
                Vectors.load(small)  # some bytes do not matter: a name in the config
            except FileFormatError as error:
                assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("length", [10**8 + 1, 10**12, 2**63, 2**64 - 1])
def test_huge_header_errors(tmp_path, length):
    for rest in (b"{" + b" " * 50, b"\xff" * 50):
        path = tmp_path / "v.safetensors"
        path.write_bytes(length.to_bytes(8, "little") + rest)
        with pytest.raises(FileFormatError, match=rf"claims a header of {length:,} bytes"):
            Vectors.load(path)


@pytest.mark.parametrize("text", [b"[" * 5000, b'{"a":' * 5000, b"[1]", b"{", b"\xff\xfe", b"{}"])
def test_header_not_json_errors(tmp_path, text):
    path = tmp_path / "v.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(FileFormatError):
        Vectors.load(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"vectors": None}, "begins at"),
        ({"labels": None}, "promises"),
        ({"vectors": {"dtype": "F16"}}, "does not fit"),
        ({"vectors": {"dtype": "XX"}}, "is XX"),
        ({"vectors": {"shape": [2, 3]}}, "has 2 entries where 3 are due"),
        ({"vectors": {"shape": [6]}}, r"expected F32 or F16 or BF16 or I8 \(V, D\)"),
        ({"vectors": {"shape": [-3, -2]}}, "shape"),
        ({"vectors": {"shape": [True, 6]}}, "shape"),
        ({"vectors": {"shape": [10**30, 10**30]}}, "not a whole number of 64 bits"),
        ({"vectors": {"shape": [2**40, 2**40]}}, "does not fit"),
        ({"vectors": {"shape": [2**40, 2**40, 0]}}, "does not fit"),
        ({"vectors": {"shape": [1] * 9}}, "9 axes"),
        ({"vectors": {"data_offsets": [-24, 0]}}, "begins at"),
        ({"vectors": {"data_offsets": [0, 24]}}, "begins at"),
        ({"vectors": {"data_offsets": [10**18, 10**18 + 24]}}, "begins at"),
        ({"vectors": {"data_offsets": ["a", "b"]}}, "lacks"),
        ({"counts": {"shape": [1, 3]}}, "expected I64"),
        ({"vectors": 3}, "lacks"),
        ({"__metadata__": [1]}, "metadata"),
        ({"__metadata__": {"textdl": "[]"}}, "its header says"),
        ({"__metadata__": {"textdl": "{"}}, "its header says"),
        ({"__metadata__": {"textdl": '{"format_version":9,"config":{}}'}}, "its header says"),
    ],
)
def test_contradictory_header_errors(small, changes, says):
    rewrite_header(small, **changes)
    with pytest.raises(FileFormatError, match=says):
        Vectors.load(small)


def test_load_other_content_error_names_it(tmp_path):
    path = tmp_path / "v.safetensors"
    with path.open("wb") as file:
        write_safetensors(file, {"weight": np.ones(2), "bias": np.ones(1)}, {"by": "others"})
    says = r"has no header of textdl \(it holds bias, weight\); expected word vectors"
    with pytest.raises(FileFormatError, match=says):
        Vectors.load(path)


@pytest.mark.parametrize(
    ("offsets", "says"),
    [
        ([0, 6, 2, 8], "fall at 1"),
        ([0, 2, 6, 7], "span"),
        ([1, 2, 6, 8], "span"),
        ([0, 8], "are due"),
    ],
)
def test_label_offsets_are_checked(tmp_path, offsets, says):
    path = tmp_path / "v.safetensors"
    arrays = {
        "label_offsets": np.array(offsets),
        "vectors": np.ones((3, 2), np.float32),
        "labels": np.frombuffer(b"updownxx", np.uint8),
    }
    write_archive(path, ArchiveContent(native.KIND, arrays=arrays))
    with pytest.raises(FileFormatError, match=says):
        _ = Vectors.load(path).labels


def test_mapped_vector_not_finite_errors_when_asked(tmp_path):
    path = tmp_path / "v.safetensors"
    matrix = np.ones((3, 2), np.float32)
    matrix[1, 1] = np.nan
    arrays = {
        "label_offsets": np.arange(4),
        "vectors": matrix,
        "norms": np.ones(3, np.float32),
        "labels": np.frombuffer(b"abc", np.uint8),
    }
    write_archive(path, ArchiveContent(native.KIND, arrays=arrays))
    with pytest.raises(FileFormatError, match="row 1 of the vectors is not finite"):
        Vectors.load(path).most_similar("a")


@pytest.mark.parametrize("value", [object(), {1}, b"bytes", np.ones(2)])
def test_config_not_json_errors(tmp_path, value):
    with pytest.raises(ParameterError, match=r"a=.* cannot be written to a file"):
        Vectors(["a"], [[1.0]], config={"a": value}).save(tmp_path / "v.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_config_round_trip(tmp_path):
    config = {"a": float("inf"), "b": (1, [2, None]), 3: {"tuple": {4: True}}}
    Vectors(["a"], [[1.0]], config=config).save(tmp_path / "v.safetensors")
    assert Vectors.load(tmp_path / "v.safetensors").config == config


def test_save_missing_folder_errors(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        Vectors(["a"], [[1.0]]).save(tmp_path / "no" / "v.safetensors")


def flip(path, place, bit=1):
    raw = bytearray(path.read_bytes())
    raw[place] ^= bit
    path.write_bytes(raw)


def place_of(path, name):
    """Where an array begins in the file."""
    raw = path.read_bytes()
    header, body = take_apart(raw)
    return len(raw) - len(body) + header[name]["data_offsets"][0]


def most_similar(vectors):
    return vectors.most_similar("up")


@pytest.mark.parametrize("name", native.COLUMNS)
@pytest.mark.parametrize(
    "use",
    [
        lambda vectors: vectors.labels,
        lambda vectors: vectors.counts,
        lambda vectors: vectors.norms,
        lambda vectors: vectors["nowhere"],
        most_similar,
        pickle.dumps,
        lambda vectors: vectors.save("/nowhere/again.safetensors"),
    ],
)
def test_flipped_bit_beside_matrix_is_noticed_when_all_of_it_is_used(small, name, use):
    flip(small, place_of(small, name))
    vectors = Vectors.load(small)
    for _ in range(2):  # not the first time alone
        with pytest.raises(FileFormatError, match=rf"'{name}' does not have the checksum"):
            use(vectors)
    with pytest.raises(FileFormatError, match="does not have the checksum"):
        Vectors.load(small, verify=True)
    with pytest.raises(FileFormatError, match=rf"'{name}' does not have the checksum"):
        Vectors.load(small, limit=2)


def test_words_are_found_without_reading_the_others(small):
    sound = Vectors.load(small)
    flip(small, place_of(small, "norms"))
    vectors = Vectors.load(small)
    np.testing.assert_array_equal(vectors["up"], sound["up"])
    assert vectors.similarity("up", "é") == sound.similarity("up", "é")
    assert "down" in vectors
    assert len(vectors) == 3


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [0, 0, 0], [-1, 7, 2**31 - 1]])
def test_words_are_found_whatever_the_order_says(tmp_path, order):
    path = tmp_path / "v.safetensors"
    arrays = {
        "label_offsets": np.array([0, 2, 6, 8]),
        "vectors": np.ones((3, 2), np.float32),
        "labels": np.frombuffer(b"updownxx", np.uint8),
        "label_order": np.array(order, np.int32),
    }
    write_archive(path, ArchiveContent(native.KIND, arrays=arrays))
    vectors = Vectors.load(path)
    assert [vectors.labels.find(word) for word in ("up", "down", "xx", "x")] == [0, 1, 2, None]
    assert "xx" in vectors
    assert "upd" not in vectors


def test_flipped_bit_of_matrix_is_noticed_on_request(small):
    flip(small, place_of(small, "vectors"))
    assert Vectors.load(small).matrix[0, 0] != 1
    with pytest.raises(FileFormatError, match="'vectors' does not have the checksum"):
        Vectors.load(small, verify=True)


def test_verify_sound_file_passes(small):
    assert Vectors.load(small, verify=True).labels == ["up", "down", "é"]


@pytest.mark.parametrize("limit", [None, 2])
def test_verify_reads_every_array_once(small, monkeypatch, limit):
    hashed = []
    hash_all = safetensors.array_checksums

    def count(arrays):
        hashed.extend(array.nbytes for array in arrays)
        return hash_all(arrays)

    monkeypatch.setattr(safetensors, "array_checksums", count)
    vectors = Vectors.load(small, verify=True, limit=limit)
    vectors.most_similar("up")
    entries = safetensors.open_mapped(small).entries.values()
    assert sorted(hashed) == sorted(entry.end - entry.begin for entry in entries)


def test_file_without_checksums_is_read_but_not_verified(small):
    header, body = take_apart(small.read_bytes())
    header["__metadata__"] = without_checksums(header["__metadata__"])
    small.write_bytes(put_together(header, body))
    assert Vectors.load(small).config == {"seed": 1}
    with pytest.raises(FileFormatError, match="has no checksums, so nothing to verify"):
        Vectors.load(small, verify=True)


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_verify_format_without_checksums_errors(tmp_path, name):
    Vectors(["a"], [[1.0]]).save(tmp_path / name)
    with pytest.raises(FileFormatError, match="has no checksums"):
        Vectors.load(tmp_path / name, verify=True)


def test_removed_header_checksum_is_noticed(small):
    rewrite(small, lambda header: header["__metadata__"].pop("header_digest"), sealed=False)
    with pytest.raises(FileFormatError, match="header does not have the checksum"):
        Vectors.load(small)


def write_two_rows(folder, matrix):
    """A file of two words with vectors that `Vectors` itself would not take, and no norms."""
    path = folder / "v.safetensors"
    arrays = {
        "label_offsets": np.arange(3),
        "vectors": matrix,
        "labels": np.frombuffer(b"ab", np.uint8),
    }
    write_archive(path, ArchiveContent(native.KIND, arrays=arrays))
    return path


def test_no_dimensions_errors(tmp_path):
    path = write_two_rows(tmp_path, np.ones((2, 0), np.float32))
    with pytest.raises(FileFormatError, match="no dimensions"):
        Vectors.load(path)


def test_negative_count_errors(tmp_path):
    path = tmp_path / "v.safetensors"
    Vectors(["a", "b"], [[1.0], [2.0]], [3, -1]).save(path)
    with pytest.raises(FileFormatError, match="row 1 has a negative count"):
        _ = Vectors.load(path).counts


def test_row_not_finite_without_norms_errors(tmp_path):
    path = write_two_rows(tmp_path, np.array([[1], [np.inf]], np.float32))
    with pytest.raises(FileFormatError, match="row 1 holds NaN"):
        Vectors.load(path)
