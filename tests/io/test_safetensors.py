"""The container: what it writes is what the safetensors package reads, and it trusts no less."""

import io
import json
import random
import time

import numpy as np
import pytest

from tests.fuzzing.mutations import damage_bytes, damage_container
from tests.fuzzing.worker import damaged
from tests.io.safetensors_files import put_together, rewrite, take_apart
from textdl.errors import FileFormatError, ParameterError
from textdl.io.safetensors import (
    LONGEST_HEADER,
    open_mapped,
    open_verified,
    write_safetensors,
)

safetensors = pytest.importorskip("safetensors")

ARRAYS = {
    "wide": np.arange(6, dtype=np.float64).reshape(2, 3),
    "bytes": np.frombuffer(b"abc", np.uint8),
    "empty": np.zeros((0, 4), np.float32),
    "one": np.array(7, np.int64),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as file:
        write_safetensors(file, ARRAYS, {"by": "tests", "ü": "é"})
    return path


def refused_by_package(raw):
    try:
        safetensors.deserialize(raw)
    except safetensors.SafetensorError:
        return True
    return False


def refused_here(path, raw):
    path.write_bytes(raw)
    try:
        open_mapped(path)
    except FileFormatError:
        return True
    return False


def test_round_trip(path):
    opened = open_verified(path)
    assert opened.metadata == {"by": "tests", "ü": "é"}
    for name, array in ARRAYS.items():
        assert np.array_equal(opened.array(name), array)
        assert opened.array(name).dtype == array.dtype
    assert not refused_by_package(path.read_bytes())


# Files of somebody who does not know of checksums, so that the header is what is refused.


NEW = (
    *("-0", "0.0", "1e0", "01", "+1", "1E2", "true", "null", "NaN", "Infinity", '"bytes"', ""),
    *("18446744073709551615", "18446744073709551616", "[]", "\\ud800", "\\u0000", "\t", "\x00"),
    *("[" * 200, '{"a":' * 130, '"x":1,', "\ufeff", "/* */", "'", "F_64", '"BF16"', '"F4"'),
)


def damage_header(raw, draw):
    """A change of the header, of its text or of its structure."""
    header, body = take_apart(raw)
    kind = draw.randrange(3)
    if kind == 0:
        return damage_container(raw, draw)
    if kind == 1:
        text = damage_bytes(json.dumps(header).encode(), draw)
        return put_together(text, body)
    text = json.dumps(header)
    old = draw.choice(["0", "1", "3", '"F64"', "[", "{", "}", "]", ",", ":", '"wide"', '"', "24"])
    new = draw.choice(NEW)
    places = [at for at in range(len(text)) if text.startswith(old, at)]
    at = draw.choice(places or [0])
    return put_together((text[:at] + new + text[at + len(old) :]).encode(), body)


def assert_all_refused(tmp_path, count):
    file = io.BytesIO()
    write_safetensors(file, ARRAYS, {"by": "tests"})
    header, body = take_apart(file.getvalue())
    header["__metadata__"] = {"by": "tests"}
    whole = put_together(header, body)
    draw = random.Random(0)
    refused = 0
    for _ in range(count):
        raw = damaged(whole, damage_header, draw)
        if refused_by_package(raw):
            refused += 1
            assert refused_here(tmp_path / "file", raw), raw
    assert count / 3 < refused < count


def test_what_package_refuses_is_refused(tmp_path):
    assert_all_refused(tmp_path, 1_000)


@pytest.mark.full
def test_what_package_refuses_is_refused_often(tmp_path):
    assert_all_refused(tmp_path, 20_000)


ENTRY = '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}%s}'


@pytest.mark.parametrize(
    "header",
    [
        ENTRY % ',"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}',
        ENTRY % ',"__metadata__":{"a":"b","a":"c"}',
        ENTRY % ',"__metadata__":{"a":"\\ud800"}',
        ENTRY % ',"__metadata__":{"a":NaN}',
        " " + ENTRY % "",
        "\ufeff" + ENTRY % "",
        ENTRY.replace("[0,3]", "[-0,3]") % "",
        ENTRY.replace("[0,3]", "[false,3]") % "",
        ENTRY.replace("[0,3]", "[3,0]") % "",
        ENTRY.replace("[3]", "[3.0]") % "",
        ENTRY.replace("[3]", f"[{2**40},{2**40},0]") % "",
        ENTRY.replace("U8", "U7") % "",
        ENTRY.replace('"U8"', '"U8","other":{}') % "",
    ],
)
def test_header_that_says_too_much(tmp_path, header):
    assert refused_here(tmp_path / "file", put_together(header.encode(), b"abc"))


def test_header_in_another_encoding(tmp_path):
    header = (ENTRY % "").encode("utf-16-le")
    assert refused_here(tmp_path / "file", put_together(header, b"abc"))


@pytest.mark.parametrize(
    "shape",
    [f"[{','.join(['9223372036854775807'] * 200_000)}]", f"[{'9' * 4_000_000}]", "[" * 4_000_000],
)
def test_header_of_four_megabytes_takes_no_time(tmp_path, shape):
    header = (ENTRY.replace("[3]", shape) % "").encode()
    began = time.process_time()
    assert refused_here(tmp_path / "file", put_together(header, b"abc"))
    assert time.process_time() - began < 5


def test_flipped_bit_of_every_byte_is_noticed(path):
    raw = path.read_bytes()
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(FileFormatError):
            open_verified(path)


def test_arrays_of_many_chunks(tmp_path, monkeypatch):
    path = tmp_path / "file"
    monkeypatch.setattr("textdl.io.checksums.CHUNK", 1000)
    arrays = {"a": np.arange(5000), "b": np.zeros(0), "c": np.ones(125)}
    with path.open("wb") as file:
        write_safetensors(file, arrays, {})
    open_verified(path)
    raw = bytearray(path.read_bytes())
    raw[-1001] ^= 1
    path.write_bytes(raw)
    with pytest.raises(FileFormatError, match="'a' does not have the checksum"):
        open_verified(path)
    open_mapped(path).verify(["b", "c"])


def test_checksum_of_missing_array_is_noticed(path):
    rewrite(path, lambda header: header.pop("empty"), sealed=False)
    with pytest.raises(FileFormatError, match="header does not have the checksum"):
        open_mapped(path)


def test_half_a_character_is_not_written():
    with pytest.raises(ParameterError, match="a lone surrogate"):
        write_safetensors(io.BytesIO(), {}, {"a": "\ud800"})


def test_header_that_would_be_refused_is_not_written():
    with pytest.raises(ParameterError, match="a file can hold"):
        write_safetensors(io.BytesIO(), {}, {"a": "x" * (LONGEST_HEADER + 1)})
