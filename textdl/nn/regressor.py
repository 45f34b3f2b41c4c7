"""MLPRegressor: a network that predicts numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from jax import Array
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from textdl.nn.estimator import MLP
from textdl.nn.losses import squared_error
from textdl.nn.step import Measure


def half_squared_error(predictions: Array, targets: Array) -> Array:
    """(p - t)² / 2, the mean over the outputs: `(B,)`."""
    return squared_error(predictions, targets).mean(-1) / 2


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MLP):  # type: ignore[misc]
    """A multi-layer perceptron for numbers; `MLPParameters` explains the parameters.

    It minimises half the squared error, as scikit-learn's does; scale features, and targets that
    are not of about size 1.

    Example:
        >>> model = MLPRegressor((), learning_rate_init=0.1, alpha=0,
        ...                      n_iter_no_change=200)
        >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(2)
        array([7.])
    """

    _numeric: ClassVar[bool] = True

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one epoch more; errors as in `fit`."""
        return self._update(X, y, None, sample_weight)

    def predict(self, X: Any) -> NDArray[np.floating]:
        """The predicted numbers, `(N,)`, or `(N, K)` for several outputs."""
        z = self._outputs(X)
        return z[:, 0] if z.shape[1] == 1 else z

    def _learn_targets(self, y: Any, classes: Any) -> int:
        return 1 if y.ndim == 1 else int(y.shape[1])

    def _encode(self, y: Any) -> NDArray[np.floating]:
        return np.asarray(y, float).reshape(len(y), -1)

    def _measures(self) -> tuple[Measure, tuple[tuple[str, Measure], ...], str]:
        return half_squared_error, (), "val_loss"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
