"""MLPRegressor: a network for regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from textdl.nn.estimators.mlp import MLPEstimator
from textdl.nn.losses import half_squared_error
from textdl.nn.training.step import Metric
from textdl.parameters import document_parameters


@document_parameters
@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MLPEstimator):  # type: ignore[misc]
    """A multi-layer perceptron for regression.

    It minimizes half the squared error, as scikit-learn's does; scale the features, and targets
    whose magnitude is far from 1.

    Args:
        {parameters}

    Attributes:
        params_: parameters of the layers, NumPy arrays.
        coefs_: weights `(I, O)`, layer by layer.
        intercepts_: biases `(O,)`, layer by layer.
        history_: every metric, epoch by epoch.
        loss_curve_: the mean loss of every epoch, without the L2 term.
        n_iter_: epochs trained.
        n_features_in_: features per example.

    Example:
        >>> model = MLPRegressor((), learning_rate_init=0.1, alpha=0,
        ...                      n_iter_no_change=200)
        >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(2)
        array([7.])
    """

    _numeric: ClassVar[bool] = True

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
        return z[:, 0] if z.shape[1] == 1 else z

    def _learn_targets(self, y: Any, classes: Any) -> int:
        return 1 if y.ndim == 1 else int(y.shape[1])

    def _encode_targets(self, y: Any) -> NDArray[np.floating]:
        return np.asarray(y, float).reshape(len(y), -1)

    def _loss_and_metrics(self) -> tuple[Metric, tuple[tuple[str, Metric], ...], str]:
        return half_squared_error, (), "val_loss"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
