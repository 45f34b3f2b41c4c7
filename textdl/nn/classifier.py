"""MLPClassifier: a network that says how probable each class is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import compute_sample_weight

from textdl.errors import ParameterError
from textdl.nn.classes import ClassOutputs
from textdl.nn.estimator import MLP
from textdl.nn.validation import as_data_error


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassOutputs, MLP):
    """A multi-layer perceptron for classes; `MLPParameters` explains the parameters.

    Two classes share one logistic output, more have a softmax. A `(N, K)` matrix of 0 and 1 means
    several labels an example, each with a logistic output of its own.

    Args:
        class_weight: ``balanced``, a map from class to weight, or None.

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.

    Example:
        >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
        >>> model = MLPClassifier((8,), learning_rate_init=0.05).fit(X, y)
        >>> model.predict([[1.0, 0.0], [1.0, 1.0]]).tolist()
        ['yes', 'no']
    """

    class_weight: Any = field(default=None, kw_only=True)

    _numeric: ClassVar[bool] = False

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch more; the first call needs all `classes` that will ever come.

        Raises:
            DataError: as `fit`, or a label is not among the classes.
        """
        if isinstance(self.class_weight, str):
            raise ParameterError(
                f"class_weight={self.class_weight!r} needs all labels at once; give a map from "
                "class to weight for partial_fit"
            )
        return self._update(X, y, classes, sample_weight)

    @property
    def validation_scores_(self) -> list[float]:
        """Accuracy on the validation data of every epoch, where some were set aside."""
        return self.history_.get("val_accuracy", [])

    def _balance(self, y: Any) -> NDArray[np.floating] | float:
        if self.class_weight is None:
            return 1.0
        with as_data_error():
            return np.asarray(compute_sample_weight(self.class_weight, y))
