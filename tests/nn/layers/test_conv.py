"""Convolutions against double loops; lengths, padding, gradients; handwritten digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.nn.layers.oracles import convolve_1d, convolve_2d
from tests.nn.layers.sequence_cases import (
    LENGTHS,
    assert_padding_changes_nothing,
    batch,
    check_layer_gradients,
    real,
)
from textdl import nn
from textdl.errors import DataError, ParameterError
from textdl.nn.data.dataset import as_features

KEY = jax.random.key(0)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 3)])
def test_conv_1d_matches_double_loop(padding, width, stride, dilation):
    layer = nn.Conv1D(3, 2, width, padding, stride, dilation)
    params = layer.init(KEY)._replace(bias=jnp.array([0.5, -1.0]))
    x = batch()
    out = jax.jit(layer.apply)(params, x)
    for b in range(len(LENGTHS)):
        expected = convolve_1d(
            real(x, b),
            np.asarray(params.kernel),
            np.asarray(params.bias),
            padding=padding,
            stride=stride,
            dilation=dilation,
        )
        assert int(out.lengths[b]) == len(expected)
        np.testing.assert_allclose(real(out, b), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("padding", "options"),
    [
        ("same", {}),
        ("valid", {"stride": 2}),
        ("same", {"dilation": 2}),
        ("valid", {"activation": "tanh"}),
        pytest.param("valid", {}, marks=pytest.mark.full),
        pytest.param("same", {"stride": 2}, marks=pytest.mark.full),
        pytest.param("valid", {"dilation": 2}, marks=pytest.mark.full),
        pytest.param("same", {"activation": "tanh"}, marks=pytest.mark.full),
    ],
)
def test_conv_1d_gradients_and_padding(padding, options):
    layer = nn.Conv1D(3, 2, 3, padding, **options)
    check_layer_gradients(layer)
    assert_padding_changes_nothing(layer)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("size", "stride", "dilation"),
    [((3, 3), (1, 1), (1, 1)), ((2, 3), (2, 1), (1, 1)), ((3, 2), (1, 2), (2, 1))],
)
def test_conv_2d_matches_double_loop(padding, size, stride, dilation):
    layer = nn.Conv2D(2, 3, size, padding, stride, dilation)
    params = layer.init(KEY)._replace(bias=jnp.array([0.5, -1.0, 0.0]))
    x = np.random.default_rng(0).normal(size=(2, 6, 5, 2)).astype(np.float32)
    out = jax.jit(layer.apply)(params, x)
    for b in range(2):
        expected = convolve_2d(
            x[b],
            np.asarray(params.kernel),
            np.asarray(params.bias),
            padding=padding,
            stride=stride,
            dilation=dilation,
        )
        np.testing.assert_allclose(out[b], expected, rtol=1e-4, atol=1e-5)
    small = x[:1, :5, :5]
    check = nn.check_gradients(lambda p, x: jnp.sin(layer.apply(p, x)), params, small)
    assert check.error < 1e-6, check


@pytest.mark.parametrize(
    ("epochs", "accuracy"), [(12, 0.95), pytest.param(40, 0.98, marks=pytest.mark.full)]
)
def test_digits_reach_98_percent(epochs, accuracy):
    """The 8 x 8 images that scikit-learn ships, the last fifth of them held out."""
    digits = load_digits()
    images = digits.images[..., None] / 16
    network = nn.sequential(
        nn.Conv2D(1, 16, (3, 3), activation="relu"),
        nn.MaxPooling2D((2, 2)),
        nn.Conv2D(16, 32, (3, 3), activation="relu"),
        nn.MaxPooling2D((2, 2)),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Dense(128, 64, "relu"),
        nn.Dropout(0.3),
        nn.Dense(64, 10),
    )
    objective = nn.Objective(network, nn.softmax_loss, (("accuracy", nn.softmax_accuracy),))
    data = nn.make_dataset(images, digits.target)
    rest, held_out = nn.split_dataset(data, 0.2, KEY)
    config = nn.TrainingConfig(epochs=epochs, batch_size=64, learning_rate=3e-3, schedule="linear")
    result = nn.fit(network.init(KEY), rest, objective, config, key=KEY)
    assert nn.evaluate(result.params, held_out, objective)["accuracy"] >= accuracy


def test_initializer_sees_the_matrix_that_multiplies_a_window():
    params = nn.Conv1D(3, 2, 3, initializer=nn.INITIALIZERS["orthogonal"]).init(KEY)
    matrix = np.asarray(params.kernel).reshape(9, 2)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(2), atol=1e-6)


def test_conv_1d_input_errors():
    layer = nn.Conv1D(2, 4, 3)
    with pytest.raises(DataError, match="vectors of 3 numbers do not fit a convolution of 2 inpu"):
        layer.apply(layer.init(KEY), batch())
    with pytest.raises(DataError, match="a convolution takes sequences of vectors"):
        layer.apply(layer.init(KEY), jnp.ones((2, 3)))


def test_conv_2d_input_errors():
    layer = nn.Conv2D(2, 4, (3, 3), "valid")
    params = layer.init(KEY)
    with pytest.raises(DataError, match="images of 3 channels do not fit a convolution of 2 inpu"):
        layer.apply(params, jnp.ones((1, 5, 5, 3)))
    with pytest.raises(DataError, match=r"takes images \(B, H, W, C\); reshape the features, whi"):
        layer.check_features(as_features(np.ones((2, 64))))
    with pytest.raises(DataError, match="takes images"):
        layer.check_features(nn.make_sequences([[1, 2]], [2]))
    with pytest.raises(DataError, match="2 x 5 are smaller than a window of 3 x 3"):
        layer.apply(params, jnp.ones((1, 2, 5, 2)))


def test_parameters_out_of_range():
    with pytest.raises(ParameterError, match="expected inputs, outputs, window, stride and dilati"):
        nn.Conv1D(3, 2, 0)
    with pytest.raises(ParameterError, match="padding='full'; expected same or valid"):
        nn.Conv2D(3, 2, (3, 3), "full")
    with pytest.raises(ParameterError, match="'swoosh' is unknown"):
        nn.Conv1D(3, 2, 3, activation="swoosh")
