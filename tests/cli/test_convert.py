"""`textdl convert`."""

import numpy as np
import pytest

from textdl import Vectors


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".vec"])
def test_convert_round_trip(call, king, tmp_path, suffix):
    file = tmp_path / f"other{suffix}"
    simple = tmp_path / "simple.safetensors"
    vectors = Vectors.load(king)
    Vectors(list(vectors.labels)[:5], vectors.matrix[:5]).save(simple)
    assert call("convert", str(simple), str(file))[0] == 0
    back = Vectors.load(file)
    assert list(back.labels) == list(vectors.labels)[:5]
    np.testing.assert_array_equal(back.matrix, vectors.matrix[:5])
