"""Archives: one header for every kind of object, and one error for each kind of damage."""

import math
import subprocess
import sys

import numpy as np
import pytest

from tests.io.safetensors_files import change_header
from textdl.errors import FileFormatError, ParameterError
from textdl.io.archive import (
    ArchiveContent,
    ArchiveKind,
    ArraySpec,
    check_offsets,
    open_archive,
    write_archive,
)
from textdl.io.safetensors import write_safetensors

TABLE = ArchiveKind(
    "Table",
    {
        "rows": ArraySpec(("F32", "F64"), ("V", "D")),
        "offsets": ArraySpec(("I64",), ("V + 1",), required=False),
    },
)
MODEL = ArchiveKind("Model", version=3)
PARAMETERS = {
    "none": None,
    "number": -7,
    "real": 0.1,
    "infinite": -math.inf,
    "text": "é",
    "pair": (1, (2.5, "x")),
    "list": [1, [True, ()]],
    "by name": {"a": {"b": 1}},
    "by number": {0: 1.5, 1: 2.5},
    "disguised": {"tuple": [1], "float": "nan", "map": []},
}


def table(**changes):
    arrays = {"rows": np.ones((3, 2), np.float32), "offsets": np.arange(4)}
    return ArchiveContent(TABLE, arrays={**arrays, **changes})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "archive.safetensors"


def test_round_trip(path):
    content = ArchiveContent(
        MODEL,
        parameters=PARAMETERS,
        state={"epochs": 3},
        arrays={"a": np.arange(3), "b": None},
        parts={"inner": table()._replace(parts={"deep": ArchiveContent(MODEL, {"x": 1})})},
    )
    write_archive(path, content)
    archive = open_archive(path, expected="a model")
    assert archive.require(TABLE, MODEL) == MODEL
    assert archive.parameters == PARAMETERS
    assert archive.state == {"epochs": 3}
    assert archive.array_names == ["a"]
    assert archive.arrays["a"].tolist() == [0, 1, 2]
    assert set(archive.versions) == {"numpy", "textdl"}
    inner = archive.part("inner")
    assert inner.require(TABLE) == TABLE
    assert inner.arrays["rows"].shape == (3, 2)
    assert inner.part("deep").parameters == {"x": 1}


def test_types_of_parameters_come_back(path):
    write_archive(path, ArchiveContent(MODEL, {"numbers": (np.int32(1), np.float32(2), math.nan)}))
    one, two, three = open_archive(path, expected="a model").parameters["numbers"]
    assert (type(one), type(two)) == (int, float)
    assert math.isnan(three)


def test_equal_content_gives_equal_bytes(path, tmp_path):
    for name, order in (("a", 1), ("b", -1)):
        parameters = dict(list(PARAMETERS.items())[::order])
        write_archive(tmp_path / name, table()._replace(parameters=parameters))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_arrays_are_saved_in_declared_types_and_aligned(path):
    write_archive(path, table(rows=np.ones((3, 2), np.int16)))
    rows = open_archive(path, expected="a table").arrays["rows"]
    assert rows.dtype == np.float32
    assert rows.flags.aligned
    assert not rows.flags.writeable


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", np.ones(2), len, 2**70, "\ud800"])
def test_parameter_that_no_file_can_hold(path, value):
    with pytest.raises(ParameterError, match="cannot be"):
        write_archive(path, ArchiveContent(MODEL, {"alpha": [value]}))
    assert not path.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rows": np.ones(3, np.float32)}, r"'rows' is F32 \(3,\), expected F32 or F64 \(V, D\)"),
        ({"rows": None}, "lacks the array 'rows', unlike any Table"),
        ({"offsets": np.arange(3)}, "'rows' has 3 entries where 2 are due"),
        ({"offsets": np.zeros(0, np.int64)}, "'rows' has 3 entries where -1 are due"),
    ],
)
def test_arrays_that_are_not_declared_so(path, changes, says):
    write_archive(path, table(**changes))
    with pytest.raises(FileFormatError, match=says):
        open_archive(path, expected="a table").require(TABLE)


def test_array_of_another_name(path):
    arrays = {"rows": np.ones((1, 1), np.float32), "more": np.ones(1)}
    write_archive(path, ArchiveContent(TABLE._replace(arrays=None), arrays=arrays))
    with pytest.raises(FileFormatError, match="has an array 'more', unlike any Table"):
        open_archive(path, expected="a table").require(TABLE)


def test_array_of_no_part(path):
    arrays = {"rows": np.ones((1, 1), np.float32), "other/rows": np.ones(1)}
    write_archive(path, ArchiveContent(MODEL, arrays=arrays))
    with pytest.raises(FileFormatError, match="has an array 'other/rows' of no part"):
        open_archive(path, expected="a model")


def test_other_kind_is_named(path):
    write_archive(path, table())
    archive = open_archive(path, expected="a model")
    with pytest.raises(
        FileFormatError, match="is a file of Table, expected Model; load it as what"
    ):
        archive.require(MODEL)


@pytest.mark.parametrize(("version", "remedy"), [(4, "upgrade textdl"), (2, "save it again")])
def test_other_version_is_named(path, version, remedy):
    write_archive(path, ArchiveContent(MODEL._replace(version=version)))
    with pytest.raises(FileFormatError, match=f"format version {version} of a Model.*{remedy}"):
        open_archive(path, expected="a model").require(MODEL)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("kind"),
        lambda header: header.pop("versions"),
        lambda header: header.update(format_version="1"),
        lambda header: header.update(state=[]),
        lambda header: header.update(parameters={"tuple": 3}),
        lambda header: header.update(parameters={"a": {"float": "much"}}),
        lambda header: header.update(parameters={"a": {"map": [[{"tuple": []}]]}}),
        lambda header: header.update(surplus=1),
        lambda header: header.update(parts=None),
        lambda header: header["parts"].update(inner=[]),
    ],
)
def test_damaged_header(path, change):
    write_archive(path, ArchiveContent(MODEL, parts={"inner": table()}))
    change_header(path, change)
    with pytest.raises(FileFormatError, match=r"is damaged: its (header|parameters)"):
        open_archive(path, expected="a model").part("inner")


def test_missing_part(path):
    write_archive(path, table())
    with pytest.raises(FileFormatError, match="lacks its part 'inner'"):
        open_archive(path, expected="a table").part("inner")


def test_file_of_another_program(path):
    with path.open("wb") as file:
        write_safetensors(file, {"weight": np.ones(2)}, {"by": "others"})
    with pytest.raises(FileFormatError, match=r"no header of textdl \(it holds weight\); expected"):
        open_archive(path, expected="a model")


def test_missing_file(path):
    with pytest.raises(FileFormatError, match=r"cannot read .*No such file.* a file of models"):
        open_archive(path, expected="models")


def test_checksums_are_compared_except_of_large_arrays(path):
    write_archive(path, table(rows=np.zeros((3, 2), np.float32)))
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1  # of the rows, whose elements are the narrowest
    path.write_bytes(raw)
    open_archive(path, expected="a table", unverified=["rows"]).require(TABLE)
    with pytest.raises(FileFormatError, match="'rows' does not have the checksum"):
        open_archive(path, expected="a table")


def test_decoding_makes_one_error(path):
    write_archive(path, table())
    archive = open_archive(path, expected="a table")
    for wrong in (KeyError("x"), ValueError("x"), TypeError("x"), RecursionError("x")):
        with (
            pytest.raises(FileFormatError, match="its parts do not fit together"),
            archive.decoding(),
        ):
            raise wrong
    with pytest.raises(FileFormatError, match=r"^mine$"), archive.decoding():
        raise FileFormatError("mine")


@pytest.mark.parametrize(
    ("offsets", "says"),
    [([], "do not span"), ([1, 3], "do not span"), ([0, 2], "do not span"), ([0, 2, 1, 3], "at 1")],
)
def test_offsets_that_do_not_rise(offsets, says):
    with pytest.raises(ValueError, match=f"the offsets of the words .*{says}"):
        check_offsets(np.array(offsets, np.int64), 3, "words")
    check_offsets(np.array([0, 2, 2, 3]), 3, "words")


def test_archives_are_opened_without_jax_and_scikit_learn(path):
    write_archive(path, table())
    program = (
        "import sys; from textdl.io.archive import open_archive;"
        f"open_archive({str(path)!r}, expected='a table');"
        "sys.exit(any(name in sys.modules for name in ('jax', 'sklearn', 'nltk')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_part_is_opened_in_place_of_the_archive_and_alone_verified(path):
    inner = table(rows=np.ones((4, 2)), offsets=np.arange(5))
    content = ArchiveContent(MODEL, arrays={"weights": np.zeros(9, np.uint8)}, parts={"t": inner})
    write_archive(path, content)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1  # of the weights
    path.write_bytes(raw)
    found = open_archive(path, expected="a table", part="t")
    assert found.require(TABLE) is TABLE
    assert found.arrays["rows"].shape == (4, 2)
    with pytest.raises(FileFormatError, match="'weights' does not have the checksum"):
        open_archive(path, expected="a table", part="other")
