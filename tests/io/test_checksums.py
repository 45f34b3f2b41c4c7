"""Checksums and seals: every flipped bit is found."""

import math

import pytest

from textdl.io.checksums import file_checksum, seal, unseal


def test_seal_round_trip():
    content = {"a": [1, 0.1, None, True], "path": "\udcff é", "loss": math.inf, "": {}}
    assert unseal(seal(content)) == content
    assert seal({"a": 1, "b": 2}) == seal({"b": 2, "a": 1})


def test_seal_every_flipped_bit_is_found():
    data = bytearray(seal({"epoch": 12, "loss": 0.25, "name": "a\nb é"}).encode())
    for position in range(len(data)):
        for bit in range(8):
            data[position] ^= 1 << bit
            with pytest.raises(ValueError, match=r"not as it was|codec"):
                unseal(data.decode())
            data[position] ^= 1 << bit


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", "null", "[" * 100_000, '{"content":{}}'])
def test_unseal_other_text_is_refused(text):
    with pytest.raises(ValueError):
        unseal(text)


def test_file_checksum_is_of_all_bytes(tmp_path, monkeypatch):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"abc" * 10)
    two.write_bytes(b"def")
    whole = file_checksum(one, two)
    monkeypatch.setattr("textdl.io.checksums.CHUNK", 4)
    assert file_checksum(one, two) == whole
    assert file_checksum(two, one) != whole
    two.write_bytes(b"dee")
    assert file_checksum(one, two) != whole
