"""The parameters of the two estimators, declared once, and how both are fitted.

Reference:
    Hinton 1989, "Connectionist learning procedures".
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, ClassVar, Self

import jax
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from textdl.errors import DivergenceError, ParameterError
from textdl.jax_settings import fixed_settings, random_key
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.data.dataset import Dataset, make_dataset
from textdl.nn.estimators.base import (
    MLPBase,
    as_data_error,
    cast_features,
    check_both,
    check_weights,
)
from textdl.nn.initializers import INITIALIZERS
from textdl.nn.layers.dense import mlp
from textdl.nn.layers.sequential import Params, Sequential, init_params
from textdl.nn.losses import Regularizer
from textdl.nn.training.config import OPTIMIZERS, SCHEDULES, TrainingConfig
from textdl.nn.training.fit import FitResult, fit, progress_bar
from textdl.nn.training.step import Metric, Objective, TrainState
from textdl.parameters import check_parameters, parameter

FLOAT64_NUMBERS = 100_000  # up to which float64 costs nothing
DEFAULT_BATCH_SIZE = 200


def first_weights(params: Params) -> Any:
    """The table whose rows are the features: the weights of the first layer, `(F, O)`.

    Example:
        >>> first_weights(mlp((4, 3)).init(jax.random.key(0))).shape
        (4, 3)
    """
    return params[0].weights


@dataclass(eq=False, repr=False)
class MLPEstimator(MLPBase):
    """A multi-layer perceptron that is trained by mini-batches.

    Its parameters have scikit-learn's names where it has one; see the docstrings of the estimators.
    """

    hidden_layer_sizes: Any = parameter(
        (100,),
        "units of every hidden layer: a whole number from 1 up, or a tuple, which may be empty",
    )
    activation: str = parameter(
        "relu", "activation of the hidden layers", choices=tuple(ACTIVATIONS)
    )
    _: KW_ONLY
    optimizer: Any = parameter(
        "adam", f"a transformation of optax, or a name: {', '.join(OPTIMIZERS)}"
    )
    alpha: float = parameter(
        0.0001, "strength of L2 regularization, alpha/2 Σw² per batch", minimum=0
    )
    batch_size: int | str = parameter(
        "auto",
        f"examples per step, a whole number from 1 up; auto: {DEFAULT_BATCH_SIZE}, or all examples "
        "where there are fewer",
    )
    learning_rate: str = parameter(
        "constant", "schedule of the rate over the steps", choices=tuple(SCHEDULES)
    )
    learning_rate_init: float = parameter(0.001, "the rate at the first step", above=0)
    max_iter: int = parameter(200, "epochs, at most", minimum=1)
    shuffle: bool = parameter(True, "draw a new order of the examples every epoch")
    random_state: Any = parameter(
        0,
        "seed of all random draws, an integer from 0 or a RandomState; equal seeds give equal bits",
    )
    tol: float = parameter(
        1e-4, "smallest change of the loss, or of the validation score, that is an improvement"
    )
    verbose: bool = parameter(False, "show a progress bar on stderr")
    warm_start: bool = parameter(False, "fit continues from the weights of the last fit")
    early_stopping: bool = parameter(
        False, "hold out validation data, monitor the score on them, and restore the best weights"
    )
    validation_fraction: float = parameter(
        0.1, "fraction of the examples to hold out", minimum=0, maximum=1
    )
    n_iter_no_change: float = parameter(
        10, "stop after so many epochs without improvement", minimum=1
    )
    dropout: float = parameter(
        0.0, "probability of dropping a hidden unit at a step", minimum=0, below=1
    )
    clip_norm: float | None = parameter(
        None, "gradients are scaled down to this norm; None: never", above=0
    )
    initializer: str = parameter(
        "glorot_uniform", "how weights are drawn", choices=tuple(INITIALIZERS)
    )
    sparse_update: bool = parameter(
        False,
        "with sparse features, update only the first layer's weights of the features in the "
        "batch: another algorithm than the dense update, see nn.training.step.lazy_step",
    )
    dtype: str = parameter(
        "auto",
        "type of the weights; auto is float64 for float64 features of at most "
        f"{FLOAT64_NUMBERS:,} entries, where it costs nothing, and float32 for others",
        choices=("auto", "float32", "float64"),
    )

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
        if not again:
            self._start_over(x, y)
        self._check_layers()
        self.history_ = {}
        self._optimizer_state = None
        return self._learn(x, y, weights)

    @fixed_settings()
    def _fit_one_epoch(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Self:
        """Train one more epoch, from where the last one ended."""
        self._check_parameters()
        first = not hasattr(self, "params_")
        x, y = check_both(self, X, y, reset=first, y_numeric=self._numeric)
        weights = check_weights(sample_weight, x)
        if first:
            self._start_over(x, y, classes)
        return self._learn(x, y, weights, epochs=1)

    def _check_parameters(self) -> None:
        check_parameters(self)
        size = self.batch_size
        if size != "auto" and not (isinstance(size, Integral) and size >= 1):
            raise ParameterError(f"batch_size={size!r}; expected a whole number from 1 up, or auto")

    @property
    def _network(self) -> Sequential:
        initializer = INITIALIZERS[self.initializer]
        return mlp(self._layer_sizes, self.activation, self.dropout, initializer)

    def _hidden_sizes(self) -> tuple[int, ...]:
        """The units of every hidden layer."""
        sizes = self.hidden_layer_sizes
        units = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
        if not all(isinstance(unit, int | np.integer) and unit >= 1 for unit in units):
            raise ParameterError(
                f"hidden_layer_sizes={sizes!r} is out of range; expected whole numbers from 1 up"
            )
        return tuple(map(int, units))

    def _start_over(self, x: Any, y: Any, classes: Any = None) -> None:
        """Discard what was learned, and draw new weights."""
        self._seed = self._draw_seed()
        self.history_ = {}
        self._optimizer_state = None
        outputs = self._learn_targets(y, classes)
        self._layer_sizes = (int(x.shape[1]), *self._hidden_sizes(), outputs)
        with jax.enable_x64(self._choose_dtype(x) == np.float64):
            params = init_params(self._network, random_key(self._seed))
        self.params_ = jax.tree.map(np.asarray, params)

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

    def _learn(self, x: Any, y: Any, weights: Any, epochs: int | None = None) -> Self:
        """Train for `epochs`, or, with early stopping, until nothing improves."""
        weights = weights * self._class_factors(y)
        x = cast_features(x, self._dtype)
        targets = self._encode_targets(y)
        parts: Any = [slice(None)]
        if self.early_stopping and epochs is None:
            parts = validation_split(
                self.validation_fraction, self._seed, y, stratify=self._stratifies
            )
        with self._precision():
            data = [make_dataset(x[rows], targets[rows], weights[rows]) for rows in parts]
            try:
                self._keep(self._train(*data, epochs=epochs))
            except DivergenceError as error:
                self._keep(error.last_good)
                raise
        return self

    def _train(
        self, data: Dataset, validation: Dataset | None = None, *, epochs: int | None = None
    ) -> FitResult:
        loss, metrics, score = self._loss_and_metrics()
        start: Any = self.params_
        if self._optimizer_state is not None and self._trained_by == self._optimizer_settings():
            start = TrainState(self.params_, self._optimizer_state)
        self._trained_by = self._optimizer_settings()
        with progress_bar(self.verbose) as draw:
            return fit(
                start,
                data,
                self._objective(loss, metrics),
                self._config(
                    data.size, score if validation is not None else "loss", one_epoch=epochs == 1
                ),
                key=jax.random.fold_in(random_key(self._seed), 1 + self.n_iter_),
                validation=validation,
                callbacks=[draw, lambda log: log.epoch == epochs],
            )

    def _optimizer_settings(self) -> tuple[Any, ...]:
        """What the state of an optimizer belongs to; with others it starts anew."""
        return self.optimizer, self.learning_rate, self.clip_norm

    def _objective(self, loss: Metric, metrics: tuple[tuple[str, Metric], ...]) -> Objective:
        regularizer = Regularizer(l2=self.alpha) if self.alpha else None
        lazy_rows = first_weights if self.sparse_update else None
        return Objective(self._network, loss, metrics, regularizer, lazy_rows)

    def _config(self, examples: int, monitor: str, *, one_epoch: bool) -> TrainingConfig:
        """How to train on so many examples; one epoch may have fewer than a batch."""
        size = DEFAULT_BATCH_SIZE if self.batch_size == "auto" else int(self.batch_size)
        is_at_most = one_epoch or self.batch_size == "auto"
        return TrainingConfig(
            epochs=self.max_iter,
            batch_size=min(size, examples) if is_at_most else size,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate_init,
            schedule=self.learning_rate,
            clip_norm=self.clip_norm,
            shuffle=self.shuffle,
            monitor=monitor,
            patience=self.n_iter_no_change,
            min_delta=self.tol,
        )

    def _keep(self, result: Any) -> None:
        self.params_ = jax.tree.map(np.asarray, result.params)
        self._optimizer_state = result.state.optimizer
        for name, values in result.history.items():
            self.history_.setdefault(name, []).extend(values)


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
