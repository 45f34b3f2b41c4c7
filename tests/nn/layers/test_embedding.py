"""Embeddings against a loop: values, gradients, and ids that there are none of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl import nn
from textdl.errors import DataError, ParameterError
from textdl.nn.data.dataset import as_features

KEY = jax.random.key(0)
LAYER = nn.Embedding(5, 3)
BATCH = nn.SequenceBatch(jnp.array([[4, 0, 4], [2, 1, 1]]), jnp.array([3, 2]))


def test_apply_looks_up_a_row_per_id():
    params = LAYER.init(KEY)
    out = jax.jit(LAYER.apply)(params, BATCH)
    assert out.values.shape == (2, 3, 3)
    assert out.lengths.tolist() == [3, 2]
    for b in range(2):
        for t in range(3):
            np.testing.assert_array_equal(out.values[b, t], params.table[BATCH.values[b, t]])


def test_gradient_sums_over_uses_of_a_row():
    params = LAYER.init(KEY)
    factors = np.arange(1.0, 19).reshape(2, 3, 3)
    got = jax.grad(lambda p: (factors * LAYER.apply(p, BATCH).values).sum())(params)
    expected = np.zeros((5, 3))
    for b in range(2):
        for t in range(3):
            expected[BATCH.values[b, t]] += factors[b, t]
    np.testing.assert_allclose(got.table, expected)
    check = nn.check_gradients(lambda p: LAYER.apply(p, BATCH).values ** 2, params)
    assert check.error < 1e-7, check


@pytest.mark.parametrize("wrong", [-1, 5, 2**31 - 1])
def test_id_outside_the_table_is_nan_not_another_row(wrong):
    batch = nn.SequenceBatch(jnp.array([[wrong, 1]]), jnp.array([2]))
    out = LAYER.apply(LAYER.init(KEY), batch)
    assert np.isnan(out.values[0, 0]).all()
    assert np.isfinite(out.values[0, 1]).all()


@pytest.mark.parametrize("wrong", [-1, 5])
def test_check_features_names_the_id(wrong):
    with pytest.raises(DataError, match=f"id {wrong} is not in an embedding of 5 rows; expected"):
        LAYER.check_features(nn.make_sequences([[1, wrong]], [2]))
    LAYER.check_features(nn.make_sequences([[1, wrong]], [1]))


def test_dense_rows_are_refused():
    with pytest.raises(DataError, match=r"of integer ids; make them by nn\.make_seq"):
        LAYER.apply(LAYER.init(KEY), jnp.ones((2, 3)))
    with pytest.raises(DataError, match="takes sequences of integer ids"):
        LAYER.check_features(as_features(np.ones((2, 3))))
    with pytest.raises(DataError, match="takes sequences of integer ids"):
        LAYER.apply(LAYER.init(KEY), nn.SequenceBatch(jnp.ones((2, 3)), jnp.array([1, 2])))


def test_word_dropout_reads_a_share_of_the_words_as_unknown():
    """Whole words and no padding; each by its own chance."""
    layer = nn.Embedding(5, 3, word_dropout=0.2)
    params = layer.init(KEY)
    ids = jnp.full((300, 40), 4)
    lengths = jnp.arange(300) % 41
    batch = nn.SequenceBatch(ids, lengths)
    out = jax.jit(layer.apply)(params, batch, key=KEY)
    np.testing.assert_array_equal(out.lengths, lengths)
    is_unknown = (out.values == params.table[0]).all(-1)
    assert (is_unknown | (out.values == params.table[4]).all(-1)).all()
    assert not is_unknown[~batch.mask].any()
    words = int(batch.mask.sum())
    assert is_unknown.sum() / words == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / words))
    assert np.unique(is_unknown.sum(0)).size > 5
    assert np.unique(is_unknown.sum(1)).size > 5


def test_word_dropout_follows_its_key_and_is_off_without_one():
    layer = nn.Embedding(5, 3, word_dropout=0.5)
    params = layer.init(KEY)
    batch = nn.SequenceBatch(jnp.ones((4, 40), int), jnp.full(4, 40))
    one, again, other = (
        layer.apply(params, batch, key=jax.random.key(seed)).values for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    np.testing.assert_array_equal(
        layer.apply(params, batch).values, LAYER.apply(params, batch).values
    )
    assert layer.draws
    assert not LAYER.draws


def test_word_dropout_trains_the_vector_of_unknown_words():
    layer = nn.Embedding(5, 3, word_dropout=0.5)
    params = layer.init(KEY)
    batch = nn.SequenceBatch(jnp.ones((4, 40), int), jnp.full(4, 40))

    def total(params, key):
        return layer.apply(params, batch, key=key).values.sum()

    slopes = jax.grad(total)(params, KEY).table[:, 0]
    assert slopes[0] > 0 < slopes[1]
    assert slopes.sum() == 160
    assert jax.grad(total)(params, None).table[:, 0].tolist() == [0, 160, 0, 0, 0]


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_layers_behind_an_embedding_draw_the_same_with_any_rate_but_zero(rate):
    """Of a network without word dropout no draw is another one than before there was any."""
    layers = nn.sequential(nn.Embedding(5, 3, word_dropout=rate), nn.Dropout(0.5))
    embedding, dropout = layers.layers
    params = layers.init(KEY)
    shift = 1 if rate else 0
    vectors = embedding.apply(params[0], BATCH, key=jax.random.fold_in(KEY, 0))
    expected = dropout.apply((), vectors, key=jax.random.fold_in(KEY, shift))
    np.testing.assert_array_equal(layers.apply(params, BATCH, key=KEY).values, expected.values)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_word_dropout_out_of_range(rate):
    with pytest.raises(ParameterError, match=r"word_dropout=.* expected 0 <= word_dropout < 1"):
        nn.Embedding(5, 3, word_dropout=rate)


def test_sizes_and_keys_are_checked():
    with pytest.raises(ParameterError, match="expected 1 or more of each"):
        nn.Embedding(0, 3)
    with pytest.raises(ParameterError, match="key=1 is an int"):
        LAYER.init(1)


def test_pretrained_vectors_take_the_place_of_drawn_ones():
    matrix = np.arange(6.0).reshape(3, 2)
    layer, params = nn.pretrained_embedding(matrix)
    assert (layer.rows, layer.size, layer.trainable) == (3, 2, True)
    out = layer.apply(params, nn.SequenceBatch(jnp.array([[2, 0]]), jnp.array([2])))
    np.testing.assert_array_equal(out.values[0], matrix[[2, 0]])


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
@pytest.mark.parametrize("trainable", [True, False])
def test_frozen_table_stays_while_the_rest_is_trained(optimizer, trainable):
    """Also under weight decay."""
    embedding, table = nn.pretrained_embedding(np.eye(4), trainable=trainable)
    network = nn.sequential(embedding, nn.MeanPooling(), nn.Dense(4, 2))
    params = (table, *network.init(KEY)[1:])
    data = nn.make_dataset(nn.make_sequences([[0, 1], [2, 3]] * 4, [2] * 8), [0, 1] * 4)
    objective = nn.Objective(network, nn.softmax_loss, regularizer=nn.Regularizer(l2=0.1))
    config = nn.TrainingConfig(epochs=3, batch_size=4, optimizer=optimizer, learning_rate=0.1)
    result = nn.fit(params, data, objective, config, key=KEY)
    assert (result.params[0].table == table.table).all() == (not trainable)
    assert (result.params[2].weights != params[2].weights).any()


def test_pretrained_vectors_must_be_a_finite_matrix():
    with pytest.raises(DataError, match=r"vectors of shape \(3,\); expected \(V, D\)"):
        nn.pretrained_embedding(np.ones(3))
    with pytest.raises(DataError, match="the vector of id 1 is not finite"):
        nn.pretrained_embedding([[1.0], [np.nan]])
