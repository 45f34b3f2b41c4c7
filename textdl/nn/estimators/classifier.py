"""MLPClassifier: a network that says how probable each class is."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import compute_sample_weight

from textdl.errors import ParameterError
from textdl.nn.estimators.classes import ClassifierOutputMixin
from textdl.nn.estimators.mlp import MLPEstimator
from textdl.nn.estimators.validation import as_data_error
from textdl.parameters import document_parameters, parameter


@document_parameters
@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierOutputMixin, MLPEstimator):
    """A multi-layer perceptron for classes.

    Two classes share one logistic output, more have a softmax. A `(N, K)` matrix of 0 and 1 means
    several labels per example, each with a logistic output of its own.

    Args:
        {parameters}

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
        params_: of the layers, NumPy arrays.
        coefs_: weights `(I, O)`, layer by layer.
        intercepts_: biases `(O,)`, layer by layer.
        history_: every metric of every epoch.
        loss_curve_: the loss of every epoch.
        validation_scores_: accuracy on the validation data of every epoch, where some were set
            aside.
        n_iter_: epochs.
        n_features_in_: numbers per example.

    Example:
        >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
        >>> model = MLPClassifier((8,), learning_rate_init=0.05).fit(X, y)
        >>> model.predict([[1.0, 0.0], [1.0, 1.0]]).tolist()
        ['yes', 'no']
    """

    _: KW_ONLY
    class_weight: Any = parameter(None, "balanced, a map from class to weight, or None: 1 each")

    _numeric: ClassVar[bool] = False

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch more; the first call draws the weights.

        Args:
            X: `(N, F)` float features, dense or SciPy sparse.
            y: `(N,)` labels, or `(N, K)` of 0 and 1 for several labels per example.
            classes: all that will ever come, for the first call; None: those of `y`.
            sample_weight: `(N,)`, not negative.

        Returns:
            The estimator itself.

        Raises:
            DataError: as in `fit`, or a label is not among the classes.
            ParameterError, DivergenceError: as in `fit`.
        """
        if isinstance(self.class_weight, str):
            raise ParameterError(
                f"class_weight={self.class_weight!r} needs all labels at once; give a map from "
                "class to weight for partial_fit"
            )
        return self._fit_one_epoch(X, y, classes, sample_weight)

    @property
    def validation_scores_(self) -> list[float]:
        """Accuracy on the validation data of every epoch, where some were set aside."""
        return self.history_.get("val_accuracy", [])

    def _class_factors(self, y: Any) -> NDArray[np.floating] | float:
        if self.class_weight is None:
            return 1.0
        with as_data_error():
            return np.asarray(compute_sample_weight(self.class_weight, y))
