"""Trees of arrays by name: there and back, and every difference said."""

import numpy as np
import pytest

from textdl.errors import ParameterError
from textdl.nn.layers.dense import DenseParams
from textdl.nn.pytree import difference, fill, named_arrays

TREE = (DenseParams(np.ones((2, 3)), np.zeros(3)), (), {"a/b": np.arange(2), "c": [np.ones(1)]})
NAMES = ["0.weights", "0.bias", "2.a%2Fb", "2.c.0"]


def test_names_are_paths_without_the_separator_of_archives():
    assert list(named_arrays(TREE)) == NAMES
    assert list(named_arrays(TREE, "best")) == [f"best.{name}" for name in NAMES]
    assert list(named_arrays(np.ones(1), "best")) == ["best"]


@pytest.mark.parametrize("prefix", ["", "state"])
def test_round_trip(prefix):
    arrays = named_arrays(TREE, prefix)
    assert difference(TREE, arrays, prefix) is None
    again = fill(TREE, arrays, prefix)
    assert type(again[0]) is DenseParams
    assert again[1] == ()
    np.testing.assert_array_equal(again[2]["a/b"], TREE[2]["a/b"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda arrays: arrays.pop("0.bias"), "lacks 0.bias"),
        (lambda arrays: arrays.update({"1.x": np.ones(1)}), "has 1.x"),
        (
            lambda arrays: arrays.update({"0.bias": np.ones(4)}),
            "has 0.bias of shape (4,), not (3,)",
        ),
    ],
)
def test_every_difference_is_said(change, says):
    arrays = named_arrays(TREE)
    change(arrays)
    assert difference(TREE, arrays) == says


def test_two_leaves_of_one_name_are_refused():
    with pytest.raises(ParameterError, match=r"two arrays are named 'a\.b'"):
        named_arrays({"a.b": np.ones(1), "a": {"b": np.ones(1)}})
