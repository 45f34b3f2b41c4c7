"""The parameters of the two estimators, declared once, and what they say of the training."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from textdl.errors import ParameterError
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.initializers import INITIALIZERS
from textdl.nn.training.config import (
    ADAPTIVE_DIVISOR,
    OPTIMIZERS,
    SCHEDULES,
    SGD,
    Adam,
    TrainingConfig,
)
from textdl.parameters import check_parameters, parameter, parameters_of

FLOAT64_NUMBERS = 100_000  # up to which float64 costs nothing
DEFAULT_BATCH_SIZE = 200
# Each with the parameters that only it has; another value than the default goes with it alone.
SOLVERS = {
    "adam": ("beta_1", "beta_2", "epsilon"),
    "sgd": ("momentum", "nesterovs_momentum", "power_t"),
    "lbfgs": ("max_fun",),
}
_BY_STEPS = ("dropout", "clip_norm", "sparse_update")  # ours, which lbfgs cannot follow


class Seen(NamedTuple):
    """What a network was trained on before.

    Example:
        >>> Seen(150, continues=True).examples
        150
    """

    examples: int
    continues: bool  # with the state of the optimizer


@dataclass(frozen=True)
class InverseScaling:
    """Factor of the rate in an epoch: 1 in the first, then (t + 1)^-p after t examples.

    Args:
        examples: of an epoch.
        power: p.
        seen: examples before the first epoch.
        continues: whether the first epoch has a factor by `seen`, too.

    Example:
        >>> InverseScaling(examples=4, power=0.5)(2)
        0.3333333333333333
    """

    examples: int
    power: float
    seen: int = 0
    continues: bool = False

    def __call__(self, epoch: int) -> float:
        """The factor in an epoch, from 0."""
        if epoch == 0 and not self.continues:
            return 1.0
        return float((self.seen + epoch * self.examples + 1) ** -self.power)


@dataclass(eq=False, repr=False)
class MLPParameters:
    """Parameters under scikit-learn's names where it has one; see the estimators' docstrings."""

    hidden_layer_sizes: Any = parameter(
        (100,),
        "units of every hidden layer: a whole number from 1 up, or a tuple, which may be empty",
    )
    activation: str = parameter(
        "relu", "activation of the hidden layers", choices=tuple(ACTIVATIONS)
    )
    _: KW_ONLY
    solver: str = parameter(
        "adam",
        "what minimizes the loss: adam and sgd by mini-batches, lbfgs on all examples at once, for "
        "small data",
        choices=SOLVERS,
    )
    optimizer: Any = parameter(
        None,
        f"what minimizes it in place of the solver: a name, {', '.join(OPTIMIZERS)}; or a function "
        "from the rate to a transformation of optax; or a transformation; None: the solver",
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
        "constant",
        "schedule of the rate: over the steps, or, for adaptive, divided by "
        f"{ADAPTIVE_DIVISOR:g} when nothing improves; with solver='sgd', invscaling is "
        "learning_rate_init / (t + 1)^power_t after t examples, epoch by epoch",
        choices=tuple(SCHEDULES),
    )
    learning_rate_init: float = parameter(0.001, "the rate at the first step", above=0)
    power_t: float = parameter(0.5, "exponent of invscaling, with solver='sgd'", minimum=0)
    max_iter: int = parameter(200, "epochs, or iterations of lbfgs, at most", minimum=1)
    shuffle: bool = parameter(True, "draw a new order of the examples every epoch")
    random_state: Any = parameter(
        0,
        "seed of all random draws, an integer from 0 or a RandomState; equal seeds give equal bits",
    )
    tol: float = parameter(
        1e-4,
        "what an epoch must gain over the best before it, of the loss or of the validation score; "
        "lbfgs ends where no entry of the gradient is above it",
    )
    verbose: Any = parameter(
        False, "True or 1: show a progress bar on stderr; 2 or more: print a line per epoch"
    )
    warm_start: bool = parameter(False, "fit continues from the weights of the last fit")
    momentum: float = parameter(
        0.9, "share of the velocity that is kept, with solver='sgd'", minimum=0, maximum=1
    )
    nesterovs_momentum: bool = parameter(
        True, "whether the velocity looks ahead by one step, with solver='sgd'"
    )
    early_stopping: bool = parameter(
        False, "hold out validation data, monitor the score on them, and restore the best weights"
    )
    validation_fraction: float = parameter(
        0.1, "fraction of the examples to hold out", minimum=0, maximum=1
    )
    n_iter_no_change: float = parameter(
        10, "stop after more than so many epochs without improvement", minimum=1
    )
    beta_1: float = parameter(
        0.9, "decay of the mean of the gradients, with solver='adam'", minimum=0, below=1
    )
    beta_2: float = parameter(
        0.999, "decay of the mean of their squares, with solver='adam'", minimum=0, below=1
    )
    epsilon: float = parameter(1e-8, "added to the root of the latter", above=0)
    max_fun: int = parameter(
        15_000, "evaluations of the loss, at most, with solver='lbfgs'", minimum=1
    )
    dropout: float = parameter(
        0.0, "probability of dropping a hidden unit at a step", minimum=0, below=1
    )
    clip_norm: float | None = parameter(
        None, "gradients are scaled down to this norm; None: never", above=0
    )
    initializer: str = parameter(
        "auto",
        "how weights are drawn; auto: as scikit-learn draws them and the biases from the seed, "
        "uniform within ±sqrt(6 / (I + O)), for logistic units ±sqrt(2 / (I + O))",
        choices=("auto", *INITIALIZERS),
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

    def _check_parameters(self) -> None:
        """Refuse parameters that are out of range or contradict each other.

        Raises:
            ParameterError: one is.
        """
        check_parameters(self)
        size = self.batch_size
        if size != "auto" and not (isinstance(size, Integral) and size >= 1):
            raise ParameterError(f"batch_size={size!r}; expected a whole number from 1 up, or auto")
        if not (isinstance(self.verbose, int | np.integer | np.bool_) and self.verbose >= 0):
            raise ParameterError(
                f"verbose={self.verbose!r}; expected True, False, or a whole number from 0 up"
            )
        if self.optimizer is not None:
            self._refuse_with_optimizer()
        if self.solver == "lbfgs":
            self._refuse(_BY_STEPS, "solver='lbfgs', which takes no mini-batches")

    def _refuse_with_optimizer(self) -> None:
        if self.solver != "adam":
            raise ParameterError(
                f"solver={self.solver!r} and optimizer={self.optimizer!r} contradict each other; "
                "give one of them"
            )
        own = (*SOLVERS["adam"], *SOLVERS["sgd"], *SOLVERS["lbfgs"])
        self._refuse(own, f"optimizer={self.optimizer!r}, which has its own settings")

    def _refuse(self, names: Iterable[str], other: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value != parameters_of(type(self))[name].default:
                raise ParameterError(f"{name}={value!r} does not go with {other}; leave it out")

    def _hidden_sizes(self) -> tuple[int, ...]:
        """The units of every hidden layer."""
        sizes = self.hidden_layer_sizes
        units = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
        if not all(isinstance(unit, int | np.integer) and unit >= 1 for unit in units):
            raise ParameterError(
                f"hidden_layer_sizes={sizes!r} is out of range; expected whole numbers from 1 up"
            )
        return tuple(map(int, units))

    def _make_optimizer(self) -> Any:
        """The optimizer of mini-batches, as `TrainingConfig` takes it."""
        if self.optimizer is not None:
            return self.optimizer
        if self.solver == "sgd":
            return SGD(float(self.momentum), bool(self.nesterovs_momentum))
        adam = Adam(self.beta_1, self.beta_2, self.epsilon)
        return "adam" if adam == Adam() else adam  # one compiled program for both

    def _optimizer_settings(self) -> tuple[Any, ...]:
        """Settings that an optimizer state depends on; with other settings it is reset."""
        return self._make_optimizer(), self.learning_rate, self.clip_norm

    def _config(
        self, examples: int, monitor: str, *, tolerance: float, seen: Seen
    ) -> TrainingConfig:
        """How to train by mini-batches.

        Args:
            examples: to train on.
            monitor: what early stopping watches.
            tolerance: the smallest improvement of it that counts.
            seen: what was trained on before.

        Returns:
            The settings.
        """
        schedule = self.learning_rate
        epoch_schedule = None
        if self.optimizer is None and self.solver == "sgd" and schedule == "invscaling":
            schedule = "constant"
            epoch_schedule = InverseScaling(examples, self.power_t, *seen)
        return TrainingConfig(
            epochs=self.max_iter,
            batch_size=self._batch_size(examples),
            optimizer=self._make_optimizer(),
            learning_rate=self.learning_rate_init,
            schedule=schedule,
            epoch_schedule=epoch_schedule,
            clip_norm=self.clip_norm,
            shuffle=self.shuffle,
            monitor=monitor,
            patience=self.n_iter_no_change + 1,  # more than so many, as in scikit-learn
            min_delta=tolerance,
        )

    def _batch_size(self, examples: int) -> int:
        if self.batch_size == "auto":
            return min(DEFAULT_BATCH_SIZE, examples)
        size = int(self.batch_size)
        if size > examples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                f"clipped: {size} to {examples}",
                stacklevel=2,
            )
        return min(size, examples)
