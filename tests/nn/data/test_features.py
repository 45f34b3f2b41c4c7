"""Sparse features in JAX's own form give what SciPy's give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from jax.experimental.sparse import BCOO
from scipy.sparse import coo_array, csr_array

from tests.nn.conftest import assert_same_bits, csr_nf
from textdl import MLPClassifier, MLPRegressor, TfidfVectorizer, nn
from textdl.errors import DataError
from textdl.nn.data.features import as_features

X = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0], [3, 0, 4]], np.float32)


@settings(max_examples=25, deadline=None)
@given(matrix=csr_nf())
def test_round_trip(matrix):
    array = nn.to_bcoo(matrix)
    assert array.shape == matrix.shape
    assert array.dtype == jnp.float32
    np.testing.assert_allclose(array.todense(), matrix.toarray(), rtol=1e-6)
    back = nn.from_bcoo(array)
    np.testing.assert_array_equal(back.toarray(), array.todense())
    assert back.dtype == np.float32
    keys = (np.asarray(array.indices) @ [matrix.shape[1], 1]).tolist()
    assert keys == sorted(set(keys))  # as the flags of the array promise


def test_the_matrix_stays_as_it_was():
    matrix = csr_array((np.ones(2), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    nn.to_bcoo(matrix)
    assert matrix.indices.tolist() == [1, 0]


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.bool_, np.float64, np.float32])
def test_any_type_becomes_floats(dtype):
    array = nn.to_bcoo(coo_array(X.astype(dtype)))
    assert array.dtype == jnp.float32
    np.testing.assert_array_equal(array.todense(), X.astype(dtype))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.int32])
def test_types_that_scipy_does_not_know(dtype):
    back = nn.from_bcoo(BCOO.fromdense(jnp.asarray(X, dtype)))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back.toarray(), X)


def test_padding_and_entries_given_twice():
    indices = jnp.array([[1, 0], [4, 3], [0, 1], [1, 0], [4, 3]])  # (4, 3) is behind the end
    array = BCOO((jnp.array([1.0, 9.0, 2.0, 0.5, 9.0]), indices), shape=(4, 3))
    expected = np.zeros((4, 3))
    expected[1, 0], expected[0, 1] = 1.5, 2
    np.testing.assert_array_equal(nn.from_bcoo(array).toarray(), expected)
    np.testing.assert_array_equal(array.todense(), expected)


def test_empty_matrices():
    for shape in ((0, 3), (3, 4)):
        back = nn.from_bcoo(nn.to_bcoo(csr_array(shape)))
        assert (back.shape, back.nnz) == (shape, 0)


def test_as_features_gives_the_same_rows():
    sparse = BCOO.fromdense(jnp.asarray(X), nse=9)
    assert_same_bits(as_features(sparse), as_features(csr_array(X)))


def test_a_network_takes_it_whole_and_under_jit():
    network = nn.mlp((3, 4, 2))
    params = network.init(jax.random.key(0))
    expected = network.apply(params, jnp.asarray(X))
    for apply in (network.apply, jax.jit(network.apply)):
        np.testing.assert_allclose(apply(params, nn.to_bcoo(csr_array(X))), expected, rtol=1e-5)


def test_training_on_it_gives_the_same_bits():
    targets = np.arange(8.0).reshape(4, 2)
    network = nn.mlp((3, 4, 2), "tanh")
    objective = nn.Objective(network, lambda z, y: nn.squared_error(z, y).mean(-1))
    start = network.init(jax.random.key(0))
    trained = [
        nn.fit(
            start,
            nn.make_dataset(features, targets),
            objective,
            nn.TrainingConfig(epochs=2, batch_size=2),
            key=jax.random.key(1),
        )
        for features in (csr_array(X), nn.to_bcoo(csr_array(X)))
    ]
    assert_same_bits(trained[0].params, trained[1].params)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_estimators_give_the_same_bits(estimator, early_stopping):
    texts = ["a cat sat", "the dog sat", "an apple", "the grape", "cats", "grapes", "dog", "pear"]
    y = [0, 0, 1, 1, 0, 1, 0, 1]
    x = TfidfVectorizer().fit_transform(texts).astype(np.float32)
    options = {"max_iter": 3, "early_stopping": early_stopping, "validation_fraction": 0.25}
    one = estimator((4,), **options).fit(x, y)
    two = estimator((4,), **options).fit(nn.to_bcoo(x), y)
    assert_same_bits(one.params_, two.params_)
    np.testing.assert_array_equal(one.predict(x), two.predict(nn.to_bcoo(x)))
    assert one.score(x, y) == two.score(nn.to_bcoo(x), y)
    one.partial_fit(x, y)
    two.partial_fit(nn.to_bcoo(x), y)
    assert_same_bits(one.params_, two.params_)


def test_axes_that_are_not_examples_and_features():
    stack = np.zeros((2, 2, 3))
    for array in (
        BCOO.fromdense(jnp.asarray(X), n_batch=1),
        BCOO.fromdense(jnp.asarray(X), n_dense=1),
        BCOO.fromdense(jnp.asarray(stack)),
        BCOO.fromdense(jnp.zeros(3)),
    ):
        with pytest.raises(DataError, match="expected two sparse axes, examples and features"):
            nn.from_bcoo(array)
    with pytest.raises(DataError, match="two sparse axes"):
        nn.make_dataset(BCOO.fromdense(jnp.asarray(X), n_dense=1), [1, 2, 3, 4])
    with pytest.raises(DataError, match="two sparse axes"):
        MLPClassifier().fit(BCOO.fromdense(jnp.asarray(X), n_batch=1), [0, 1, 0, 1])


def test_bcoo_input_errors():
    model = MLPClassifier((2,), max_iter=1).fit(nn.to_bcoo(csr_array(X)), [0, 1, 0, 1])
    with pytest.raises(DataError, match="X has 2 features"):
        model.predict(nn.to_bcoo(csr_array(X[:, :2])))
    with pytest.raises(DataError, match="NaN"):
        model.fit(nn.to_bcoo(csr_array(X * np.nan)), [0, 1, 0, 1])
    with pytest.raises(DataError, match="4 examples, 3 targets"):
        nn.make_dataset(nn.to_bcoo(csr_array(X)), [1, 2, 3])
    with pytest.raises(DataError, match="no examples"):
        nn.make_dataset(nn.to_bcoo(csr_array((0, 3))), [])
