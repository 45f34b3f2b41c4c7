"""Strategies, data, and a network in NumPy float64 that the tests of nn measure against."""

import jax
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.sparse import csr_array

from textdl import nn
from textdl.nn.layers.dense import DenseParams
from textdl.nn.training.objective import Objective


@st.composite
def arrays(draw, *shape, offset=1 / 32, size=5):
    """Floats of about size 1, of this shape; on a grid that keeps clear of the kinks at 0 and 1."""
    steps = st.integers(-16 * size, 16 * size)
    entries = draw(st.lists(steps, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return (np.array(entries, float) / 16 + offset).reshape(shape)


def arrays_bk(offset=1 / 32, **options):
    """A batch of B rows of K numbers, B and K from 1 to 3."""
    shapes = st.tuples(st.integers(1, 3), st.integers(1, 3))
    return shapes.flatmap(lambda shape: arrays(*shape, offset=offset, **options))


@st.composite
def csr_nf(draw, most=12):
    """Any CSR matrix: empty rows, no row filled, indices out of order, entries given twice."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    counts = draw(st.lists(st.integers(0, most // rows), min_size=rows, max_size=rows))
    indptr = np.append(0, np.cumsum(counts))
    indices = draw(
        st.lists(st.integers(0, columns - 1), min_size=int(indptr[-1]), max_size=int(indptr[-1]))
    )
    data = np.arange(1, len(indices) + 1, dtype=np.float32) / 4
    return csr_array((data, np.array(indices, np.int32), indptr), shape=(rows, columns))


def mean_squared(outputs, targets):
    """The loss of the tests of training, `(B,)`."""
    return nn.squared_error(outputs, targets).mean(-1)


def mean_absolute(outputs, targets):
    return nn.absolute_error(outputs, targets).mean(-1)


SIZES = (6, 4, 2)


def network(activation="tanh", dropout=0.0):
    """That of the tests of training."""
    return nn.mlp(SIZES, activation, dropout)


OBJECTIVE = Objective(network(), mean_squared)


class Case:
    """Ten examples of six features, a third of them 0, two targets, and uneven weights."""

    def __init__(self, seed=0):
        draw = np.random.default_rng(seed)
        self.x = (draw.normal(size=(10, 6)) * (draw.random((10, 6)) < 0.7)).astype(np.float32)
        self.x[4] = 0  # an empty row
        self.y = draw.normal(size=(10, 2)).astype(np.float32)
        self.weights = draw.uniform(0.2, 2, 10).astype(np.float32)

    def data(self, *, sparse=False, weights=None):
        return nn.make_dataset(csr_array(self.x) if sparse else self.x, self.y, weights)


@pytest.fixture(scope="session")
def case():
    return Case()


@pytest.fixture(scope="session")
def start():
    return network().init(jax.random.key(3))


def as_numpy(params):
    """Dense layers as pairs of float64 arrays, to be changed in place."""
    return [[np.array(a, np.float64) for a in layer] for layer in params if layer]


def as_layers(pairs):
    return tuple(DenseParams(*(np.asarray(a, np.float32) for a in pair)) for pair in pairs)


def outputs_by_hand(layers, x):
    """The inputs of every layer, and the outputs, of a tanh network."""
    signals = [np.asarray(x, np.float64)]
    for number, (weights, bias) in enumerate(layers):
        z = signals[-1] @ weights + bias
        signals.append(z if number == len(layers) - 1 else np.tanh(z))
    return signals


def gradient_by_hand(layers, x, y, weights, l1=0.0, l2=0.0):
    """Backpropagation of the weighted mean of the squared error, with L1 and L2 on the weights."""
    *inputs, outputs = outputs_by_hand(layers, x)
    total = weights.sum()
    losses = ((outputs - y) ** 2).mean(1)
    slope = 2 * (outputs - y) / y.shape[1] * weights[:, None] / total
    gradient = []
    for (matrix, _), signal in zip(layers[::-1], inputs[::-1], strict=True):
        shrink = (l1 * np.sign(matrix) + l2 * matrix) / total
        gradient.insert(0, [signal.T @ slope + shrink, slope.sum(0)])
        slope = slope @ matrix.T * (1 - signal**2)
    return (losses * weights).sum() / total, gradient


class AdamByHand:
    """Kingma and Ba 2015, algorithm 1, in float64."""

    def __init__(self, layers, rate):
        self.rate, self.steps = rate, 0
        self.first = [[np.zeros_like(a) for a in layer] for layer in layers]
        self.second = [[np.zeros_like(a) for a in layer] for layer in layers]

    def update(self, layers, gradient):
        self.steps += 1
        for i, layer in enumerate(gradient):
            for j, g in enumerate(layer):
                m = self.first[i][j] = 0.9 * self.first[i][j] + 0.1 * g
                v = self.second[i][j] = 0.999 * self.second[i][j] + 0.001 * g**2
                m, v = m / (1 - 0.9**self.steps), v / (1 - 0.999**self.steps)
                layers[i][j] -= self.rate * m / (np.sqrt(v) + 1e-8)


def _dense_layers(params):
    return [layer for layer in params if not isinstance(layer, tuple) or layer]


def assert_close_layers(got, want, tolerance=1e-5):
    pairs = zip(_dense_layers(got), _dense_layers(want), strict=True)
    for layer, expected in pairs:
        for a, b in zip(layer, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def assert_same_bits(got, want):
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
