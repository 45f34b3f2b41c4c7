"""The parameters of the estimators, and what they mean for a training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from textdl.errors import ParameterError, lookup
from textdl.nn import mlp
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.initializers import INITIALIZERS, Initializer
from textdl.nn.penalty import Penalty
from textdl.nn.step import Measure, Objective
from textdl.nn.training import Training
from textdl.nn.validation import as_data_error, check_numbers

SMALL = 100_000  # numbers that float64 costs nothing for

# The kind of number a parameter is, and its least value.
NUMBERS: dict[str, tuple[Any, float]] = {
    "alpha": (Real, 0),
    "learning_rate_init": (Real, 0),
    "max_iter": (Integral, 1),
    "tol": (Real, -np.inf),
    "validation_fraction": (Real, 0),
    "n_iter_no_change": (Real, 1),
    "dropout": (Real, 0),
}


def first_weights(params: mlp.Params) -> Any:
    """The table whose rows are the features."""
    return params[0].weights


@dataclass(eq=False, repr=False)
class MLPParameters(BaseEstimator):  # type: ignore[misc]
    """The parameters of a multi-layer perceptron, under scikit-learn's names where it has one.

    Args:
        hidden_layer_sizes: units of every hidden layer.
        activation: of the hidden layers, a name in `activations.ACTIVATIONS`.
        optimizer: a name in `optimizers.OPTIMIZERS`, or a transformation of optax.
        alpha: strength of the L2 penalty, alpha/2 Σw² a batch.
        batch_size: examples a step; ``auto``: 200, or all where there are fewer.
        learning_rate: how the rate changes, a name in `optimizers.SCHEDULES`.
        learning_rate_init: the rate at the first step.
        max_iter: epochs, at most.
        shuffle: draw a new order every epoch.
        random_state: seed of every random draw; the same gives the same bits.
        tol: what counts as improvement of the loss, or of the validation score.
        verbose: show a progress bar on stderr.
        warm_start: `fit` goes on from the last one.
        early_stopping: set data aside, watch the score on them, and restore the best weights.
        validation_fraction: the share to set aside.
        n_iter_no_change: stop after so many epochs without improvement.
        dropout: share of hidden units left out at a step.
        clip_norm: scale gradients down to this norm.
        initializer: of the weights, a name in `initializers.INITIALIZERS`.
        sparse_update: with sparse features, update only the first layer's weights of the features
            in the batch; another algorithm than the dense update, see `rows`.
        dtype: ``float32``, ``float64``, or ``auto``: float64 where it costs nothing, for features
            given in it that are at most 100,000 numbers.
    """

    hidden_layer_sizes: int | tuple[int, ...] = (100,)
    activation: str = "relu"
    _: KW_ONLY
    optimizer: Any = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = 0
    tol: float = 1e-4
    verbose: bool = False
    warm_start: bool = False
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    dropout: float = 0.0
    clip_norm: float | None = None
    initializer: str = "glorot_uniform"
    sparse_update: bool = False
    dtype: str = "auto"

    def _check_parameters(self) -> None:
        """Refuse numbers that are none, or out of range, and an activation that is unknown."""
        check_numbers(self, NUMBERS)
        lookup("activation", self.activation, ACTIVATIONS)
        if self.batch_size != "auto" and not isinstance(self.batch_size, Integral):
            raise ParameterError(
                f"batch_size={self.batch_size!r}; expected a whole number from 1 up, or 'auto'"
            )

    @property
    def _network(self) -> mlp.Network:
        return mlp.Network(self.activation, self.dropout)

    def _units(self) -> tuple[int, ...]:
        """The units of every hidden layer."""
        sizes = self.hidden_layer_sizes
        units = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
        if not all(isinstance(unit, int | np.integer) and unit >= 1 for unit in units):
            raise ParameterError(
                f"hidden_layer_sizes={sizes} is out of range; expected whole numbers from 1 up"
            )
        return tuple(map(int, units))

    def _initializer(self) -> Initializer:
        return lookup("initializer", self.initializer, INITIALIZERS)

    def _choose_dtype(self, features: Any) -> np.dtype[Any]:
        """The precision to compute in."""
        lookup("dtype", self.dtype, {"auto": 0, "float32": 0, "float64": 0})
        if self.dtype != "auto":
            return np.dtype(self.dtype)
        return features.dtype if np.prod(features.shape) <= SMALL else np.dtype(np.float32)

    def _optimizer_settings(self) -> tuple[Any, ...]:
        """What the state of an optimizer belongs to; with others it starts anew."""
        return self.optimizer, self.learning_rate, self.clip_norm

    def _draw_seed(self) -> int:
        """`random_state` as a number."""
        with as_data_error(ParameterError):
            state = check_random_state(self.random_state)  # refuses what is no seed
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(state.randint(2**31 - 1))

    def _objective(self, loss: Measure, metrics: tuple[tuple[str, Measure], ...]) -> Objective:
        penalty = Penalty(l2=self.alpha) if self.alpha else None
        table = first_weights if self.sparse_update else None
        return Objective(self._network, loss, metrics, penalty, table)

    def _training(self, examples: int, score: str, *, watched: bool, part: bool) -> Training:
        """How to train on so many examples; `score` is to be watched, or the loss.

        A `part` of the data may be smaller than a batch.
        """
        size = 200 if self.batch_size == "auto" else int(self.batch_size)
        return Training(
            epochs=self.max_iter,
            batch_size=min(size, examples) if part or self.batch_size == "auto" else size,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate_init,
            schedule=self.learning_rate,
            clip_norm=self.clip_norm,
            shuffle=self.shuffle,
            monitor=score if watched else "loss",
            patience=self.n_iter_no_change,
            min_delta=self.tol,
        )
