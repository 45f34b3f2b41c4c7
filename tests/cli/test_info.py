"""`textdl info` of vectors; that of other kinds is tested with what writes them."""

import json
from pathlib import Path

import numpy as np


def test_info_of_vectors(call, king):
    _, out, _ = call("info", king, "--json")
    facts = json.loads(out)
    assert (facts["format"], facts["vocab"], facts["vector_size"]) == ("safetensors", 6, 3)
    assert facts["config"] == {}
    lines = call("info", king)[1].splitlines()
    assert lines[0] == "format             safetensors"
    assert lines[2:] == [
        "kind               Vectors",
        "vocab              6",
        "vector_size        3",
    ]


def test_info_verify_damaged_file_is_refused(call, king, tmp_path, refused):
    code, out, err = call("info", king, "--verify", "--json")
    assert (code, err, json.loads(out)["checksums"]) == (0, "", "verified")
    _, out, _ = call("info", king, "--json")
    assert "checksums" not in json.loads(out)
    raw = bytearray(Path(king).read_bytes())
    raw[raw.index(np.float32(0.1).tobytes())] ^= 1  # in the matrix
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(raw)
    assert call("info", str(damaged))[0] == 0
    refused(["info", "--verify", str(damaged)], 1, "'vectors' does not have the checksum")
    text = tmp_path / "king.vec"
    text.write_text("a 1 2\n")
    refused(["info", "--verify", str(text)], 1, "has no checksums, so nothing to verify")
