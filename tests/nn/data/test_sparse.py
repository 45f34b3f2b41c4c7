"""Sparse rows and batches against SciPy, for any CSR matrix there is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jax.experimental.sparse import BCOO
from scipy.sparse import coo_array, csc_array, csr_array, csr_matrix

from tests.nn.conftest import assert_same_bits, csr_nf
from textdl import MLPClassifier, MLPRegressor, TfidfVectorizer, nn
from textdl.errors import DataError
from textdl.nn.data.dataset import as_features, epoch_batches
from textdl.nn.data.sparse import NO_COLUMN, SparseBatch, capacity_for, from_csr

EMPTY = csr_array((3, 4), dtype=np.float32)
TWICE = csr_array(
    (np.array([1.0, 2, 3], np.float32), np.array([1, 1, 0]), np.array([0, 3, 3])), shape=(2, 2)
)


def take(matrix, rows, capacity):
    rows = jnp.asarray(rows, jnp.int32)
    return from_csr(matrix).to_device().take(rows, capacity)


def weights_for(matrix, outputs=2):
    size = matrix.shape[1] * outputs
    return np.linspace(-1, 2, size, dtype=np.float32).reshape(-1, outputs)


def rows_of(matrix, rows):
    """The rows as a dense matrix; the row N is empty."""
    padded = np.vstack([matrix.toarray(), np.zeros((1, matrix.shape[1]))])
    return padded[rows]


@settings(max_examples=10, deadline=None)
@given(data=st.data(), matrix=csr_nf())
@example(data=None, matrix=EMPTY)
@example(data=None, matrix=TWICE)
def test_take_then_matmul_equals_scipy(data, matrix):
    size = matrix.shape[0]
    rows = np.array([size, 0, size - 1, 0])  # a row that does not exist, and one twice
    if data is not None:
        rows = np.array(data.draw(st.lists(st.integers(0, size), min_size=4, max_size=4)))
    weights = weights_for(matrix)
    batch = take(matrix, rows, 50)
    np.testing.assert_allclose(
        batch @ jnp.asarray(weights), rows_of(matrix, rows) @ weights, rtol=1e-5, atol=1e-5
    )


@settings(max_examples=6, deadline=None)
@given(matrix=csr_nf())
@example(matrix=EMPTY)
@example(matrix=TWICE)
def test_batches_of_all_rows_is_one_batch(matrix):
    weights = weights_for(matrix)
    batch = next(from_csr(matrix).batches(8))
    expected = np.zeros((8, 2))
    expected[: matrix.shape[0]] = matrix @ weights
    got = SparseBatch(*map(jnp.asarray, batch)) @ jnp.asarray(weights)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", range(12))
def test_batches_of_a_matrix_with_few_entries(size):
    matrix = csr_array(np.arange(1, size + 1, dtype=np.float32)[None]) if size else EMPTY
    batch = next(from_csr(matrix).batches(3))
    assert len(batch.columns) >= size
    assert (batch.values != 0).sum() == size


@pytest.mark.parametrize("matrix", [EMPTY, TWICE, csr_array(np.eye(3, dtype=np.float32))])
def test_take_marks_padding_with_zero_values(matrix):
    batch = take(matrix, [0, 1], 7)
    used = int(matrix.indptr[2])
    assert batch.ends.tolist() == matrix.indptr[1:3].tolist()
    assert batch.columns[used:].tolist() == [NO_COLUMN] * (7 - used)
    assert batch.values[used:].tolist() == [0] * (7 - used)


def test_padding_ignores_nan_weights():
    weights = np.array([[1.0], [np.nan]], np.float32)  # the last row is what padding would clip to
    batch = take(csr_array(np.array([[2.0, 0.0]], np.float32)), [0, 1], 5)
    assert (batch @ jnp.asarray(weights)).tolist() == [[2.0], [0.0]]


@settings(max_examples=3, deadline=None)
@given(matrix=csr_nf())
@example(matrix=TWICE)
def test_gradients_equal_the_dense_product(matrix):
    rows = [0, matrix.shape[0], 0]
    weights = weights_for(matrix)
    batch = take(matrix, rows, 50)
    factors = np.arange(1.0, 7).reshape(3, 2)
    got = jax.grad(lambda w: (factors * (batch @ w)).sum())(jnp.asarray(weights))
    expected = rows_of(matrix, rows).T @ factors
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_gradient_check_of_weights_and_values():
    batch = take(TWICE, [0, 1, 0], 7)

    def product(weights, values):
        return (batch._replace(values=values) @ weights) ** 2

    check = nn.check_gradients(product, weights_for(TWICE), np.asarray(batch.values))
    assert check.error < 1e-7, check


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_capacity_never_loses_an_entry(data):
    counts = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=12))
    starts = np.append(0, np.cumsum(counts)).astype(np.int32)
    size = data.draw(st.integers(1, len(counts)))
    order = epoch_batches(len(counts), size, jax.random.key(data.draw(st.integers(0, 9))))
    room = capacity_for(starts, order)
    most = max(sum(counts[row] for row in batch if row < len(counts)) for batch in order)
    assert room >= most
    assert room <= 2 * most + 2  # of no use if it wastes memory


def test_capacity_stays_while_sufficient():
    starts = np.array([0, 100, 190], np.int32)
    room = capacity_for(starts, np.array([[0], [1]]))
    assert capacity_for(starts, np.array([[1], [0]]), room) == room
    assert capacity_for(starts, np.array([[0, 1]]), room) > room


def test_capacity_takes_few_values():
    """Each one is compiled for."""
    starts = [np.array([0, most], np.int32) for most in range(1, 4000)]
    sizes = {capacity_for(s, np.array([[0]])) for s in starts}
    assert len(sizes) < 50


def test_take_of_a_wide_matrix_under_jit():
    """Columns far apart, above what 16 bits hold, and many more rows than columns."""
    draw = np.random.default_rng(0)
    rows, columns = draw.integers(0, 70_000, 500), draw.integers(0, 90_000, 500)
    matrix = csr_array((np.ones(500, np.float32), (rows, columns)), shape=(70_000, 90_000))
    weights = draw.normal(size=(90_000, 2)).astype(np.float32)
    chosen = np.sort(rows)[::-1][:100]
    order = chosen[None].astype(np.int32)
    room = capacity_for(matrix.indptr.astype(np.int32), order)
    got = jax.jit(lambda w: take(matrix, chosen, room) @ w)(weights)
    np.testing.assert_allclose(got, matrix[chosen] @ weights, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [csr_matrix, csc_array, csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_any_sparse_format_gives_float_rows(kind, dtype):
    matrix = kind(np.array([[0, 1, 0], [2, 0, 3]], dtype))
    rows = as_features(matrix).to_device()
    z = rows.take(jnp.array([1, 0]), 5) @ jnp.eye(3)
    assert z.dtype == jnp.float32
    np.testing.assert_array_equal(z, matrix.toarray()[::-1].astype(np.float32))


@pytest.mark.parametrize("size", [1, 3, 64])
def test_batches_are_ordered_rows_of_one_shape(size):
    matrix = csr_array(np.arange(35.0, dtype=np.float32).reshape(7, 5) % 3)
    batches = list(from_csr(matrix).batches(size))
    assert len({(batch.ends.shape, batch.columns.shape) for batch in batches}) == 1
    eye = jnp.eye(5)
    rows = np.concatenate([SparseBatch(*map(jnp.asarray, batch)) @ eye for batch in batches])
    np.testing.assert_array_equal(rows[:7], matrix.toarray())
    assert (rows[7:] == 0).all()


def test_select_equals_scipy_indexing():
    rows = from_csr(TWICE).select(np.array([1, 0, 0]))
    product = rows.to_device().take(jnp.arange(3), 8) @ jnp.eye(2)
    np.testing.assert_array_equal(product, TWICE.toarray()[[1, 0, 0]])


X = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0], [3, 0, 4]], np.float32)


@settings(max_examples=25, deadline=None)
@given(matrix=csr_nf())
def test_bcoo_round_trip(matrix):
    array = nn.to_bcoo(matrix)
    assert array.shape == matrix.shape
    assert array.dtype == jnp.float32
    np.testing.assert_allclose(array.todense(), matrix.toarray(), rtol=1e-6)
    back = nn.from_bcoo(array)
    np.testing.assert_array_equal(back.toarray(), array.todense())
    assert back.dtype == np.float32
    keys = (np.asarray(array.indices) @ [matrix.shape[1], 1]).tolist()
    assert keys == sorted(set(keys))  # as the flags of the array promise


def test_to_bcoo_leaves_its_input_unchanged():
    matrix = csr_array((np.ones(2), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    nn.to_bcoo(matrix)
    assert matrix.indices.tolist() == [1, 0]


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.bool_, np.float64, np.float32])
def test_to_bcoo_of_any_type_gives_floats(dtype):
    array = nn.to_bcoo(coo_array(X.astype(dtype)))
    assert array.dtype == jnp.float32
    np.testing.assert_array_equal(array.todense(), X.astype(dtype))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.int32])
def test_from_bcoo_casts_types_unknown_to_scipy(dtype):
    back = nn.from_bcoo(BCOO.fromdense(jnp.asarray(X, dtype)))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back.toarray(), X)


def test_from_bcoo_drops_padding_and_sums_duplicates():
    indices = jnp.array([[1, 0], [4, 3], [0, 1], [1, 0], [4, 3]])  # (4, 3) is behind the end
    array = BCOO((jnp.array([1.0, 9.0, 2.0, 0.5, 9.0]), indices), shape=(4, 3))
    expected = np.zeros((4, 3))
    expected[1, 0], expected[0, 1] = 1.5, 2
    np.testing.assert_array_equal(nn.from_bcoo(array).toarray(), expected)
    np.testing.assert_array_equal(array.todense(), expected)


def test_bcoo_of_empty_matrices():
    for shape in ((0, 3), (3, 4)):
        back = nn.from_bcoo(nn.to_bcoo(csr_array(shape)))
        assert (back.shape, back.nnz) == (shape, 0)


def test_as_features_of_bcoo_and_csr_are_equal():
    sparse = BCOO.fromdense(jnp.asarray(X), nse=9)
    assert_same_bits(as_features(sparse), as_features(csr_array(X)))


def test_apply_to_bcoo_equals_dense_under_jit():
    network = nn.mlp((3, 4, 2))
    params = network.init(jax.random.key(0))
    expected = network.apply(params, jnp.asarray(X))
    for apply in (network.apply, jax.jit(network.apply)):
        np.testing.assert_allclose(apply(params, nn.to_bcoo(csr_array(X))), expected, rtol=1e-5)


def test_fit_on_bcoo_and_csr_gives_the_same_bits():
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


@pytest.mark.parametrize(
    ("estimator", "early_stopping"),
    [
        (MLPClassifier, True),
        (MLPRegressor, False),
        pytest.param(MLPClassifier, False, marks=pytest.mark.full),
        pytest.param(MLPRegressor, True, marks=pytest.mark.full),
    ],
)
def test_estimators_on_bcoo_and_csr_give_the_same_bits(estimator, early_stopping):
    texts = ["a cat sat", "the dog sat", "an apple", "the grape", "cats", "grapes", "dog", "pear"]
    y = [0, 0, 1, 1, 0, 1, 0, 1]
    x = TfidfVectorizer().fit_transform(texts).astype(np.float32)
    options = {"max_iter": 3, "early_stopping": early_stopping, "validation_fraction": 0.25}
    one = estimator((4,), **options).fit(x, y)
    two = estimator((4,), **options).fit(nn.to_bcoo(x), y)
    assert_same_bits(one.params_, two.params_)
    np.testing.assert_array_equal(one.predict(x), two.predict(nn.to_bcoo(x)))
    assert one.score(x, y) == two.score(nn.to_bcoo(x), y)
    if not early_stopping:  # which one epoch cannot have
        one.partial_fit(x, y)
        two.partial_fit(nn.to_bcoo(x), y)
        assert_same_bits(one.params_, two.params_)


def test_bcoo_of_other_axes_is_refused():
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
