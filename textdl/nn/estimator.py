"""What the two estimators share: fitting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import jax
import numpy as np
from numpy.typing import NDArray

from textdl.errors import DivergenceError, ParameterError
from textdl.jax_settings import fixed_settings, random_key
from textdl.nn import mlp
from textdl.nn.data import Data, make_data
from textdl.nn.fitted import FittedMLP
from textdl.nn.parameters import MLPParameters
from textdl.nn.progress import progress_bar
from textdl.nn.step import Measure, State
from textdl.nn.train import fit
from textdl.nn.training import Trained
from textdl.nn.validation import cast_features, check_both, check_weights, hold_out


class MLP(FittedMLP, MLPParameters, ABC):
    """A multi-layer perceptron that is trained by mini-batches."""

    _numeric: ClassVar[bool]  # whether targets are numbers

    @abstractmethod
    def _learn_targets(self, y: Any, classes: Any) -> int:
        """Learn what the targets are; say how many outputs they need."""

    @abstractmethod
    def _encode(self, y: Any) -> NDArray[Any]:
        """Targets as the loss takes them."""

    def _balance(self, y: Any) -> NDArray[np.floating] | float:
        """The weight of every example by its class."""
        return 1.0

    @abstractmethod
    def _measures(self) -> tuple[Measure, tuple[tuple[str, Measure], ...], str]:
        """The loss, the metrics, and what early stopping watches."""

    @fixed_settings()
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on features and targets.

        Args:
            X: `(N, F)` float features, dense or SciPy sparse, which stay sparse.
            y: `(N,)`, or `(N, K)` for several outputs.
            sample_weight: `(N,)`, not negative.

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
        self.history_, self._optimizer_state = {}, None
        return self._learn(x, y, weights)

    @fixed_settings()
    def _update(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Self:
        """One epoch more, from where the last one ended."""
        self._check_parameters()
        first = not hasattr(self, "params_")
        x, y = check_both(self, X, y, reset=first, y_numeric=self._numeric)
        weights = check_weights(sample_weight, x)
        if first:
            self._start_over(x, y, classes)
        return self._learn(x, y, weights, epochs=1)

    def _start_over(self, x: Any, y: Any, classes: Any = None) -> None:
        """Forget what was learned, and draw new weights."""
        self._seed, self.history_, self._optimizer_state = self._draw_seed(), {}, None
        sizes = (x.shape[1], *self._units(), self._learn_targets(y, classes))
        with jax.enable_x64(self._choose_dtype(x) == np.float64):
            init = jax.jit(mlp.init, static_argnums=(1, 2))  # compiled as one
            params = init(random_key(self._seed), sizes, self._initializer())
        self.params_ = jax.tree.map(np.asarray, params)

    def _check_layers(self) -> None:
        layers = tuple(len(bias) for _, bias in self.params_[:-1])
        if layers != self._units():
            raise ParameterError(
                f"hidden_layer_sizes={self.hidden_layer_sizes} does not fit the fitted layers "
                f"{layers}; set warm_start=False to start over"
            )

    def _learn(self, x: Any, y: Any, weights: Any, epochs: int | None = None) -> Self:
        """Train for `epochs`, or, with early stopping, until nothing improves."""
        weights = weights * self._balance(y)
        x, targets = cast_features(x, self._dtype), self._encode(y)
        parts: Any = [slice(None)]
        if self.early_stopping and epochs is None:
            parts = hold_out(self.validation_fraction, self._seed, y, stratify=self._stratifies)
        with self._precision():
            data = [make_data(x[rows], targets[rows], weights[rows]) for rows in parts]
            try:
                self._keep(self._train(*data, epochs=epochs))
            except DivergenceError as error:
                self._keep(error.last_good)
                raise
        return self

    def _train(
        self, data: Data, validation: Data | None = None, *, epochs: int | None = None
    ) -> Trained:
        loss, metrics, score = self._measures()
        start: Any = self.params_
        if self._optimizer_state is not None and self._trained_by == self._optimizer_settings():
            start = State(self.params_, self._optimizer_state)
        self._trained_by = self._optimizer_settings()
        with progress_bar(self.verbose) as draw:
            return fit(
                start,
                data,
                self._objective(loss, metrics),
                self._training(data.size, score, watched=validation is not None, part=epochs == 1),
                key=jax.random.fold_in(random_key(self._seed), 1 + self.n_iter_),
                validation=validation,
                callbacks=[draw, lambda report: report.epoch == epochs],
            )

    def _keep(self, trained: Any) -> None:
        self.params_ = jax.tree.map(np.asarray, trained.params)
        self._optimizer_state = trained.state.optimizer
        for name, values in trained.history.items():
            self.history_.setdefault(name, []).extend(values)
