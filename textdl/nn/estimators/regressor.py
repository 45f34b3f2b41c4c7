"""MLPRegressor: a network for regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from textdl.errors import DataError
from textdl.nn.estimators.mlp import MLPEstimator, is_stochastic
from textdl.nn.losses import half_squared_error, poisson_loss
from textdl.nn.training.objective import Metric
from textdl.parameters import document_parameters, parameter

LOSSES: Mapping[str, Metric] = {"squared_error": half_squared_error, "poisson": poisson_loss}


@document_parameters
@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MLPEstimator):  # type: ignore[misc]
    """A multi-layer perceptron for regression.

    It minimizes half the squared error, or half the deviance of counts, as scikit-learn's does;
    scale the features, and targets whose magnitude is far from 1.

    Args:
        {parameters}

    Attributes:
        params_: parameters of the layers, NumPy arrays.
        coefs_: weights `(I, O)`, layer by layer.
        intercepts_: biases `(O,)`, layer by layer.
        history_: every metric, epoch by epoch.
        loss_curve_: the mean loss of every epoch, without the L2 term; with solver='lbfgs', the
            minimized loss with it after every iteration.
        loss_, best_loss_: the last and the lowest of these.
        validation_scores_: R² of the validation data after every epoch, with `early_stopping`; of
            several outputs, the variance of all that is explained; of counts, D². Else None.
        best_validation_score_: the best of these.
        t_: examples trained on, each as often as it was.
        n_iter_: epochs trained.
        n_features_in_: features per example.

    Example:
        >>> model = MLPRegressor((), learning_rate_init=0.1, alpha=0,
        ...                      n_iter_no_change=200)
        >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(2)
        array([7.])
    """

    _: KW_ONLY
    loss: str = parameter(
        "squared_error",
        "what is minimized: half the squared error, or half the deviance of Poisson counts, whose "
        "rate is the exponential of the output",
        choices=tuple(LOSSES),
    )

    _numeric: ClassVar[bool] = True

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one more epoch; the first call draws the weights.

        Args:
            X: `(N, F)` float features, dense or SciPy sparse.
            y: `(N,)` numbers, or `(N, K)` for several outputs.
            sample_weight: `(N,)`, not negative.

        Returns:
            The estimator itself.

        Raises:
            DataError, ParameterError, DivergenceError: as in `fit`.
        """
        return self._fit_one_epoch(X, y, None, sample_weight)

    def predict(self, X: Any) -> NDArray[np.floating]:
        """The predicted numbers for `(N, F)` features: `(N,)`, or `(N, K)` for several outputs."""
        z = self._outputs(X)
        z = np.exp(z) if self.loss == "poisson" else z
        return z[:, 0] if z.shape[1] == 1 else z

    def _learn_targets(self, y: Any, classes: Any) -> int:
        return 1 if y.ndim == 1 else int(y.shape[1])

    def _encode_targets(self, y: Any) -> NDArray[np.floating]:
        targets = np.asarray(y, float).reshape(len(y), -1)
        if self.loss == "poisson" and targets.min(initial=0) < 0:
            raise DataError(
                f"y has the negative value {targets.min():g}; expected counts for loss='poisson'"
            )
        return targets

    def _loss_and_metrics(self) -> tuple[Metric, tuple[tuple[str, Metric], ...], str]:
        return LOSSES[self.loss], (), "val_loss"

    @property
    def out_activation_(self) -> str:
        """The activation of the output units."""
        return "exp" if self.loss == "poisson" else "identity"

    @property
    def validation_scores_(self) -> list[float] | None:
        """R² of the validation data after every epoch, of counts D²; None without `early_stopping`.

        Either is 1 less the loss over the loss of the mean.
        """
        losses = self.history_.get("val_loss")
        if losses is None:
            return None
        if self._null_loss == 0:  # all targets are equal
            return [0.0 for _ in losses]
        return [1 - loss / self._null_loss for loss in losses]

    def _loss_of_mean(self, targets: NDArray[Any], weights: NDArray[Any]) -> float:
        if not weights.any():
            return 1.0
        mean = np.broadcast_to(np.average(targets, axis=0, weights=weights), targets.shape)
        if self.loss == "poisson":
            mean = np.log(np.maximum(mean, np.finfo(np.float64).tiny))
        losses = LOSSES[self.loss](jnp.asarray(mean), jnp.asarray(targets))
        return float(np.average(losses, weights=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
