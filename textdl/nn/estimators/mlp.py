"""How the two estimators are fitted: by mini-batches, or by L-BFGS.

Reference:
    Hinton 1989, "Connectionist learning procedures".
"""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import jax
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from textdl.errors import DataError, DivergenceError, ParameterError, UnknownAttributeError
from textdl.jax_settings import fixed_settings, random_key
from textdl.nn.data.dataset import Dataset, make_dataset
from textdl.nn.estimators.base import (
    MLPBase,
    as_data_error,
    cast_features,
    check_both,
    check_weights,
)
from textdl.nn.estimators.parameters import FLOAT64_NUMBERS, MLPParameters, Seen
from textdl.nn.initializers import INITIALIZERS, glorot_uniform
from textdl.nn.layers.dense import draw_params, mlp
from textdl.nn.layers.sequential import Params, Sequential, init_params
from textdl.nn.regularizers import Regularizer
from textdl.nn.training.fit import EpochLog, FitResult, fit, progress_bar
from textdl.nn.training.lbfgs import minimize_lbfgs
from textdl.nn.training.objective import Metric, Objective
from textdl.nn.training.step import TrainState

# Whose rate falls to 0, or nearly: all epochs are meant to be trained.
_PLANNED = ("linear", "cosine", "exponential", "warmup_cosine")
_NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


def first_weights(params: Params) -> Any:
    """The table whose rows are the features: the weights of the first layer, `(F, O)`.

    Example:
        >>> first_weights(mlp((4, 3)).init(jax.random.key(0))).shape
        (4, 3)
    """
    return params[0].weights


@dataclass(eq=False, repr=False)
class MLPEstimator(MLPParameters, MLPBase):
    """A multi-layer perceptron that is trained by mini-batches, or by L-BFGS."""

    _numeric: ClassVar[bool]  # whether targets are numbers

    @abstractmethod
    def _learn_targets(self, y: Any, classes: Any) -> int:
        """Learn what the targets are, and return how many outputs they need."""

    @abstractmethod
    def _encode_targets(self, y: Any) -> NDArray[Any]:
        """Targets as the loss takes them."""

    @abstractmethod
    def _loss_and_metrics(self) -> tuple[Metric, tuple[tuple[str, Metric], ...], str]:
        """The loss, the metrics, and what early stopping watches."""

    def _check_continued(self, y: Any) -> None:
        """Refuse targets of other classes than those that a warm start continues from."""

    def _loss_of_mean(self, targets: NDArray[Any], weights: NDArray[Any]) -> float:
        """What the score of early stopping is in units of: 1, or the loss of a constant."""
        return 1.0

    def _class_factors(self, y: Any) -> NDArray[np.floating] | float:
        """Factor of the weight of every example, by its class."""
        return 1.0

    @fixed_settings()
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on features and targets.

        Args:
            X: `(N, F)` float features, dense or SciPy sparse, which stay sparse.
            y: `(N,)`, or `(N, K)` for several outputs.
            sample_weight: `(N,)`, not negative.

        Returns:
            The estimator itself.

        Raises:
            DataError: the data do not fit, or hold NaN or infinity.
            ParameterError: a parameter is out of range.
            DivergenceError: the loss is not finite; the last good weights are kept.
        """
        self._check_parameters()
        again = self.warm_start and hasattr(self, "params_")
        x, y = check_both(self, X, y, reset=not again, y_numeric=self._numeric)
        weights = check_weights(sample_weight, x)
        if again:
            self._check_continued(y)
        else:
            self._start_over(x, y)
        self._check_layers()
        self.history_ = {}
        self._optimizer_state = None
        return self._learn(x, y, weights)

    @fixed_settings()
    def _fit_one_epoch(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Self:
        """Train one more epoch, from where the last one ended."""
        self._check_parameters()
        if self.early_stopping:
            raise ParameterError(
                "partial_fit does not support early_stopping=True, since one epoch holds nothing "
                "out; set early_stopping=False"
            )
        first = not hasattr(self, "params_")
        x, y = check_both(self, X, y, reset=first, y_numeric=self._numeric)
        weights = check_weights(sample_weight, x)
        if first:
            self._start_over(x, y, classes)
        return self._learn(x, y, weights, one_epoch=True)

    @property
    def _network(self) -> Sequential:
        initializer = INITIALIZERS.get(self.initializer, glorot_uniform)
        return mlp(self._layer_sizes, self.activation, self.dropout, initializer)

    def _start_over(self, x: Any, y: Any, classes: Any = None) -> None:
        """Discard what was learned, and draw new weights."""
        self._seed = self._draw_seed()
        self.history_ = {}
        self._optimizer_state = None
        self._examples_seen = 0
        outputs = self._learn_targets(y, classes)
        self._layer_sizes = (int(x.shape[1]), *self._hidden_sizes(), outputs)
        dtype = self._choose_dtype(x)
        if self.initializer == "auto":
            params = draw_params(self._network, self.activation, self._seed)
        else:
            with jax.enable_x64(dtype == np.float64):
                params = init_params(self._network, random_key(self._seed))
        self.params_ = jax.tree.map(lambda leaf: np.asarray(leaf, dtype), params)

    def _draw_seed(self) -> int:
        """`random_state` as a number."""
        with as_data_error(ParameterError):
            state = check_random_state(self.random_state)  # refuses what cannot be a seed
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(state.randint(2**31 - 1))

    def _choose_dtype(self, features: Any) -> np.dtype[Any]:
        """The precision to compute in."""
        if self.dtype != "auto":
            return np.dtype(self.dtype)
        is_small = np.prod(features.shape) <= FLOAT64_NUMBERS
        return features.dtype if is_small else np.dtype(np.float32)

    def _check_layers(self) -> None:
        fitted = self._layer_sizes[1:-1]
        if fitted != self._hidden_sizes():
            raise ParameterError(
                f"hidden_layer_sizes={self.hidden_layer_sizes} does not fit the fitted layers "
                f"{fitted}; set warm_start=False to start over"
            )

    def _learn(self, x: Any, y: Any, weights: Any, *, one_epoch: bool = False) -> Self:
        """Train for one epoch, or until nothing improves."""
        weights = weights * self._class_factors(y)
        x = cast_features(x, self._dtype)
        targets = self._encode_targets(y)
        with self._precision():
            if self.solver == "lbfgs":
                self._minimize(make_dataset(x, targets, weights))
                return self
            parts: Any = [slice(None)]
            if self.early_stopping and not one_epoch:
                parts = self._split(y)
                self._null_loss = self._loss_of_mean(targets[parts[1]], weights[parts[1]])
            data = [make_dataset(x[rows], targets[rows], weights[rows]) for rows in parts]
            try:
                self._keep(self._train(*data, one_epoch=one_epoch), data[0].size)
            except DivergenceError as error:
                self._keep_last_good(error, data[0].size)
        return self

    def _split(self, y: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows to train on and to validate on."""
        parts = validation_split(self.validation_fraction, self._seed, y, stratify=self._stratifies)
        if len(parts[1]) < 2:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                f"your dataset: {self.validation_fraction:g} of {len(y)} examples is one"
            )
        return parts

    def _keep_last_good(self, error: DivergenceError, examples: int) -> None:
        """Keep the last good weights; with early stopping, the best ones, which is no error.

        Raises:
            DivergenceError: there is no best epoch.
        """
        good: Any = error.last_good
        self._keep(good, examples)
        if not (self.early_stopping and good.history):
            raise DivergenceError(f"{_NOT_FINITE} {error}", good) from error
        for values in self.history_.values():
            values.append(math.nan)
        warnings.warn(f"{error}; the best weights are kept", ConvergenceWarning, stacklevel=2)

    def _train(
        self, data: Dataset, validation: Dataset | None = None, *, one_epoch: bool
    ) -> FitResult:
        """Train by mini-batches."""
        loss, metrics, score = self._loss_and_metrics()
        settings = self._optimizer_settings()
        start: Any = self.params_
        continues = self._optimizer_state is not None and self._trained_by == settings
        if continues:
            start = TrainState(self.params_, self._optimizer_state)
        self._trained_by = settings
        config = self._config(
            data.size,
            "loss" if validation is None else score,
            tolerance=self.tol * (1.0 if validation is None else self._null_loss),
            seen=Seen(self._examples_seen, continues),
        )
        with progress_bar(self.verbose == 1) as draw:
            result = fit(
                start,
                data,
                self._objective(loss, metrics),
                config,
                key=random_key(self._seed, 1 + self.n_iter_),
                validation=validation,
                callbacks=[draw, self._print, lambda log: one_epoch],
            )
        epochs = len(result.history.get("loss", []))
        if epochs == self.max_iter and not one_epoch and self.learning_rate not in _PLANNED:
            self._warn_unconverged(
                f"Stochastic Optimizer: Maximum iterations ({epochs}) reached and the "
                "optimization hasn't converged yet."
            )
        return result

    def _minimize(self, data: Dataset) -> None:
        """Train on all examples at once, by L-BFGS."""
        loss, _, _ = self._loss_and_metrics()
        result = minimize_lbfgs(
            self.params_,
            data,
            self._objective(loss, ()),
            max_iterations=self.max_iter,
            max_evaluations=self.max_fun,
            tolerance=self.tol,
            callback=print_epoch if self.verbose else None,
        )
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result.params)):
            raise DivergenceError(f"{_NOT_FINITE} Scale the features")
        self.params_ = result.params
        self.history_["loss"] = result.losses
        if not result.converged:
            self._warn_unconverged(
                f"lbfgs failed to converge after {len(result.losses)} iterations: {result.message}"
            )

    def _print(self, log: EpochLog) -> None:
        if self.verbose > 1:
            print_epoch(log.epoch, log.metrics["loss"])

    def _objective(self, loss: Metric, metrics: tuple[tuple[str, Metric], ...]) -> Objective:
        regularizer = Regularizer(l2=self.alpha) if self.alpha else None
        lazy_rows = first_weights if self.sparse_update else None
        return Objective(self._network, loss, metrics, regularizer, lazy_rows)

    def _keep(self, result: FitResult, examples: int) -> None:
        self.params_ = jax.tree.map(np.asarray, result.params)
        # As NumPy's, so that a pickle does not lose the precision.
        self._optimizer_state = jax.tree.map(np.asarray, result.state.optimizer)
        self._optimizer = CurrentRate(result.rate)
        self._no_improvement_count = result.epochs_without_improvement
        self._examples_seen += examples * len(result.history.get("loss", []))
        for name, values in result.history.items():
            self.history_.setdefault(name, []).extend(values)

    def _warn_unconverged(self, reason: str) -> None:
        warnings.warn(
            f"{reason}; raise max_iter, or scale the features", ConvergenceWarning, stacklevel=2
        )


def is_stochastic(estimator: MLPEstimator) -> bool:
    """Whether an estimator is trained by mini-batches, and so can be trained on more.

    Raises:
        UnknownAttributeError: it is not: scikit-learn's `available_if` shows this.
    """
    if estimator.solver == "lbfgs":
        raise UnknownAttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic; "
            "choose solver='adam' or 'sgd'"
        )
    return True


class CurrentRate(NamedTuple):
    """What is read of scikit-learn's optimizer after a fit, though its name is private.

    Example:
        >>> CurrentRate(0.001).learning_rate
        0.001
    """

    learning_rate: float


def print_epoch(epoch: int, loss: float) -> None:
    """Print a line per epoch, as scikit-learn does with `verbose`.

    Example:
        >>> print_epoch(1, 0.5)
        Iteration 1, loss = 0.50000000
    """
    print(f"Iteration {epoch}, loss = {loss:.8f}")


def validation_split(
    fraction: float, seed: int, targets: NDArray[Any], *, stratify: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out a fraction of the examples, with the same shares of the classes.

    Args:
        fraction: of the examples, above 0 and below 1.
        seed: of the choice.
        targets: `(N, ...)`.
        stratify: whether classes keep their shares.

    Returns:
        Row numbers to train on, and those held out.

    Raises:
        ParameterError: the fraction is out of range.
        DataError: a class has too few examples.

    Example:
        >>> training, validation = validation_split(0.5, 1, np.array([0, 0, 1, 1]), stratify=True)
        >>> len(training), len(validation)
        (2, 2)
    """
    if not 0 < fraction < 1:
        raise ParameterError(
            f"validation_fraction={fraction} is out of range; expected between 0 and 1"
        )
    with as_data_error():
        training, validation = train_test_split(
            np.arange(len(targets)),
            test_size=fraction,
            random_state=seed,
            stratify=targets if stratify else None,
        )
    return training, validation
