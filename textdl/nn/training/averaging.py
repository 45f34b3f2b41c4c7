"""The mean of the weights over the steps of a training, which is better than the last ones often.

The last weights depend on the last batches, and their mean less so. Later steps count more: with
power p, the weights of sample n count as n^p, so nothing has to be known of how long a training is.

References:
    Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging";
    Shamir and Zhang 2013, "Stochastic gradient descent for non-smooth optimization" (polynomial
    decay);
    Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from textdl.errors import ParameterError
from textdl.nn.layers.sequential import Params
from textdl.nn.training.config import OptimizerMaker
from textdl.nn.training.step import TrainState

POWER = 3  # 94 % of the mean is from the second half of the steps
STEPS_PER_SAMPLE = 8  # a pass over all weights each


class AveragedWeightsState(NamedTuple):
    """The state of an optimizer that averages.

    Example:
        >>> AveragedWeightsState(jnp.int32(0), jnp.zeros(2), ()).average.shape
        (2,)
    """

    step: Array  # () int32
    average: Params
    inner: optax.OptState


@dataclass(frozen=True)
class AveragedWeights:
    """An optimizer that also keeps the mean of the weights, from the rate to a transformation.

    a ← a + min(1, (p + 1) / (n + p)) (w - a), at the steps n k for n = 0, 1, ... and samples of
    every k steps. The updates are those of the other optimizer.

    Args:
        optimizer: a function from the rate to a transformation of optax, as in `OPTIMIZERS`.

    Example:
        >>> from textdl import nn
        >>> line = nn.make_dataset([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
        >>> objective = nn.Objective(nn.Dense(1, 1), lambda y, t: nn.squared_error(y, t).mean(-1))
        >>> adam = AveragedWeights()
        >>> config = nn.TrainingConfig(epochs=500, batch_size=3, optimizer=adam, learning_rate=0.2)
        >>> start = nn.Dense(1, 1).init(jax.random.key(0))
        >>> result = nn.fit(start, line, objective, config, key=jax.random.key(1))
        >>> average_of(result.state).weights.round(2).tolist()
        [[2.0]]
    """

    optimizer: OptimizerMaker = optax.adam

    def __call__(self, rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
        """The transformation of a rate or schedule."""
        inner = optax.with_extra_args_support(self.optimizer(rate))

        def init(params: Params) -> AveragedWeightsState:
            average = jax.tree.map(jnp.zeros_like, params)
            return AveragedWeightsState(jnp.int32(0), average, inner.init(params))

        def update(
            updates: optax.Updates,
            state: AveragedWeightsState,
            params: Params | None = None,
            **options: Any,
        ) -> tuple[optax.Updates, AveragedWeightsState]:
            updates, after = inner.update(updates, state.inner, params, **options)
            average = lax.cond(
                state.step % STEPS_PER_SAMPLE == 0, _with_sample, _unchanged, state, params
            )
            return updates, AveragedWeightsState(state.step + 1, average, after)

        return optax.GradientTransformationExtraArgs(init, update)


@jax.jit
def average_of(state: TrainState) -> Params:
    """The mean of the weights, those of the last step among them.

    Args:
        state: of a training with `AveragedWeights`.

    Returns:
        A tree like the parameters.

    Raises:
        ParameterError: another optimizer trained it.

    Example:
        >>> adam = AveragedWeights()(0.1)
        >>> state = TrainState(jnp.ones(1), adam.init(jnp.ones(1)))
        >>> average_of(state).tolist()
        [1.0]
    """
    leaves = jax.tree.leaves(state.optimizer, is_leaf=_is_average)
    found = next(filter(_is_average, leaves), None)
    if found is None:
        raise ParameterError("no average of the weights was kept; train with nn.AveragedWeights")
    last = STEPS_PER_SAMPLE * (1 + (found.step - 1) // STEPS_PER_SAMPLE)  # as if one were due
    return _with_sample(found._replace(step=last), state.params)


def _with_sample(state: AveragedWeightsState, params: Params) -> Params:
    number = state.step // STEPS_PER_SAMPLE
    # The first sample, of weights that are not trained yet, is replaced by the second.
    share = jnp.minimum(1.0, (POWER + 1) / (number + POWER))
    return jax.tree.map(lambda mean, it: mean + share * (it - mean), state.average, params)


def _unchanged(state: AveragedWeightsState, params: Params) -> Params:
    del params
    return state.average


def _is_average(node: Any) -> bool:
    return isinstance(node, AveragedWeightsState)
