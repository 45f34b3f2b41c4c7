"""Layers one after another against NumPy: keys, equality, summaries, parameters by name."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl import nn
from textdl.errors import ParameterError
from textdl.nn.layers.dense import DenseParams
from textdl.nn.layers.sequential import difference, fill, named_arrays

KEY = jax.random.key(0)


def test_init_draws_each_layer_from_its_own_key():
    first, _, second = nn.mlp((3, 3, 3)).init(KEY)
    assert (first.weights != second.weights).all()


def test_networks_of_equal_settings_are_equal():
    """So that equal ones are compiled once."""
    assert nn.mlp((3, 4, 2), "tanh", 0.5) == nn.mlp((3, 4, 2), "tanh", 0.5)
    assert hash(nn.mlp((3, 4, 2), "tanh", 0.5)) == hash(nn.mlp((3, 4, 2), "tanh", 0.5))
    assert nn.mlp((3, 4, 2), "tanh", 0.5) != nn.mlp((3, 4, 2), "tanh", 0.4)


@dataclass(frozen=True)
class Twice(nn.Layer):
    has_parameters = False

    def apply(self, params, x, *, key=None):
        return 2 * x


@dataclass(frozen=True)
class Negative(nn.Layer):
    has_parameters = False

    def apply(self, params, x, *, key=None):
        return -x


def test_layers_of_two_classes_are_never_equal():
    """Or JAX would take the compiled program of one for the other."""
    first = nn.sequential(Twice())
    second = nn.sequential(Negative())
    assert first != second
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(nn.predict(first, ((),), x), 2 * x)
    np.testing.assert_array_equal(nn.predict(second, ((),), x), -x)


def test_layer_without_draws_changes_no_other_draw():
    plain = nn.sequential(nn.Dense(3, 8), nn.Dropout(0.5), nn.Dense(8, 2), nn.Dropout(0.5))
    longer = nn.sequential(
        nn.Dense(3, 8), Twice(), nn.Dropout(0.5), nn.Dense(8, 2), Negative(), nn.Dropout(0.5)
    )
    params = plain.init(KEY)
    more = longer.init(KEY)
    x = jnp.ones((4, 3))
    np.testing.assert_array_equal(params[0].weights, more[0].weights)
    np.testing.assert_array_equal(params[2].weights, more[3].weights)
    drawn = longer.apply(more, x, key=KEY)
    np.testing.assert_allclose(-2 * plain.apply(params, x, key=KEY), drawn, rtol=1e-6)


def test_nested_networks_are_layers():
    inner = nn.mlp((3, 4, 2))
    outer = nn.sequential(inner, nn.Dense(2, 1))
    params = outer.init(KEY)
    x = jnp.ones((5, 3))
    expected = nn.affine(params[1], inner.apply(params[0], x))
    np.testing.assert_array_equal(outer.apply(params, x), expected)


def test_sequential_of_other_objects_is_refused():
    with pytest.raises(ParameterError, match=r"is not a layer; expected one of nn\.Dense"):
        nn.sequential(nn.Dense(3, 2), jnp.tanh)
    with pytest.raises(ParameterError, match="is not a layer"):
        nn.Objective(lambda params, x, key: x, nn.squared_error)
    with pytest.raises(ParameterError, match="no layers"):
        nn.sequential()
    with pytest.raises(ParameterError, match="expected at least inputs and outputs"):
        nn.mlp((3,))


def test_init_with_an_integer_key_names_the_remedy():
    with pytest.raises(ParameterError, match=r"key=0 is an int, not a key; pass jax.random.key"):
        nn.mlp((3, 2)).init(0)


def test_summarize_aligns_and_sums_up():
    network = nn.mlp((1000, 20, 3), "tanh")
    params = network.init(jax.random.key(0))
    lines = nn.summarize(network, params, "softmax").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines] == ["parameters", "20,020", "63", "20,083"]
    assert "1,000 x 20" in lines[1]


def test_summarize_omits_layers_without_effect():
    network = nn.sequential(
        nn.Embedding(10, 4), nn.Dropout(0.5), nn.MeanPooling(), nn.mlp((4, 3, 2), "tanh")
    )
    shapes = jax.eval_shape(network.init, jax.random.key(0))
    rows = [line.split("  ")[0] for line in nn.summarize(network, shapes).splitlines()]
    assert rows == [
        "layer", "embedding 1", "dropout 1", "mean pooling 1", "dense 1", "dense 2", "total",
    ]  # fmt: skip
    assert nn.summarize(network, shapes).splitlines()[-1].split() == ["total", str(40 + 15 + 8)]


TREE = (DenseParams(np.ones((2, 3)), np.zeros(3)), (), {"a/b": np.arange(2), "c": [np.ones(1)]})
NAMES = ["0.weights", "0.bias", "2.a%2Fb", "2.c.0"]


def test_named_arrays_escape_the_archive_separator():
    assert list(named_arrays(TREE)) == NAMES
    assert list(named_arrays(TREE, "best")) == [f"best.{name}" for name in NAMES]
    assert list(named_arrays(np.ones(1), "best")) == ["best"]


@pytest.mark.parametrize("prefix", ["", "state"])
def test_named_arrays_round_trip(prefix):
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
def test_difference_names_every_fault(change, says):
    arrays = named_arrays(TREE)
    change(arrays)
    assert difference(TREE, arrays) == says


def test_named_arrays_refuse_equal_names():
    with pytest.raises(ParameterError, match=r"two arrays are named 'a\.b'"):
        named_arrays({"a.b": np.ones(1), "a": {"b": np.ones(1)}})
