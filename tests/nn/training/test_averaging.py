"""The mean of the weights over the steps, against a loop."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from textdl import nn
from textdl.errors import ParameterError
from textdl.nn.training.averaging import POWER, STEPS_PER_SAMPLE
from textdl.nn.training.step import TrainState

KEY = jax.random.key(0)
LINE = nn.make_dataset([[0.0], [1.0], [2.0], [3.0]], [[1.0], [3.0], [5.0], [7.0]])
OBJECTIVE = nn.Objective(nn.Dense(1, 1), lambda y, t: nn.squared_error(y, t).mean(-1))
START = nn.Dense(1, 1).init(KEY)


def fitted(optimizer, epochs, batch_size=2, **settings):
    config = nn.TrainingConfig(
        epochs=epochs, batch_size=batch_size, optimizer=optimizer, learning_rate=0.05, **settings
    )
    return nn.fit(START, LINE, OBJECTIVE, config, key=KEY)


def mean_by_hand(weights, last):
    """Samples 1, 2, ... count as their number to the power, in expectation; sample 0 does not."""
    mean = weights[0]
    samples = [*weights[1:], last]
    for number, sample in enumerate(samples, 1):
        mean = mean + (POWER + 1) / (number + POWER) * (sample - mean)
    return mean


@pytest.mark.parametrize("steps", [1, 7, 8, 9, 16, 17, 40])
def test_mean_is_that_of_a_loop(steps):
    averaged = nn.AveragedWeights(optax.sgd)(0.1)
    state = averaged.init(jnp.zeros(2))
    params = jnp.zeros(2)
    seen = []
    for step in range(steps):
        if step % STEPS_PER_SAMPLE == 0:
            seen.append(np.asarray(params))
        slopes = jnp.array([1.0, step**0.5])
        updates, state = jax.jit(averaged.update)(slopes, state, params)
        params = optax.apply_updates(params, updates)
    expected = mean_by_hand(seen, np.asarray(params))
    found = nn.average_of(TrainState(params, (optax.EmptyState(), state)))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_few_steps_give_the_last_weights():
    result = fitted(nn.AveragedWeights(), epochs=3)
    np.testing.assert_allclose(nn.average_of(result.state).weights, result.params.weights)


@pytest.mark.parametrize("clip_norm", [None, 5.0])
def test_training_itself_is_that_without_a_mean(clip_norm):
    plain = fitted("adam", epochs=30, clip_norm=clip_norm)
    result = fitted(nn.AveragedWeights(), epochs=30, clip_norm=clip_norm)
    np.testing.assert_array_equal(result.params.weights, plain.params.weights)
    average = nn.average_of(result.state).weights
    assert (average != result.params.weights).any()
    assert np.isfinite(average).all()


def test_mean_of_noisy_steps_is_nearer_to_the_solution():
    """Batches of one example: the last weights depend on the last one."""
    noisy = nn.make_dataset([[1.0]] * 4, [[0.0], [10.0], [2.0], [8.0]])
    config = nn.TrainingConfig(
        epochs=200, batch_size=1, optimizer=nn.AveragedWeights(optax.sgd), learning_rate=0.1
    )
    result = nn.fit(START, noisy, OBJECTIVE, config, key=KEY)
    mean = nn.average_of(result.state)
    assert abs(float(mean.weights[0, 0] + mean.bias[0]) - 5) < 0.2
    assert abs(float(result.params.weights[0, 0] + result.params.bias[0]) - 5) > 0.2


def test_training_without_a_mean_has_none():
    with pytest.raises(ParameterError, match="no average of the weights was kept; train with"):
        nn.average_of(fitted("adam", epochs=1).state)
