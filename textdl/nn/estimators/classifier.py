"""MLPClassifier: a network that predicts probabilities of classes; labels to targets and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from textdl.errors import DataError, ParameterError
from textdl.nn.estimators.base import as_data_error, check_labels
from textdl.nn.estimators.mlp import MLPEstimator, is_stochastic
from textdl.nn.losses import logistic_accuracy, logistic_loss, softmax_accuracy, softmax_loss
from textdl.nn.training.step import Metric
from textdl.parameters import document_parameters, parameter

MOST_CHARACTERS = 1 << 24  # of all classes of a file, each padded to the longest, as in NumPy
_NUMERIC = re.compile(r"[<>|=][biuf][1248]")


class ClassifierOutputMixin(ClassifierMixin):  # type: ignore[misc]
    """Labels to targets, and outputs to labels; for an estimator that has `_outputs`.

    Two classes share one logistic output, more have a softmax. A `(N, K)` matrix of 0 and 1 means
    several labels per example, each with its own logistic output.

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
    """

    classes_: NDArray[Any]
    multilabel_: bool
    n_outputs_: int
    class_weight: Any
    _outputs: Any  # (X) -> z (N, O)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of every class, `(N, K)`."""
        probabilities: NDArray[np.float64] = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """The logarithm of the probability of every class, `(N, K)`."""
        z = self._outputs(X).astype(np.float64)
        if self.multilabel_:
            log_p = np.asarray(log_expit(z))
            # The logarithm of what `predict_proba` gives, so that both rank labels alike: above a
            # half, that is rounded.
            return np.where(z > 0, np.log(np.exp(log_p)), log_p)
        if len(self.classes_) == 2:
            return np.hstack([log_expit(-z), log_expit(z)])
        return np.asarray(log_softmax(z, axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class, `(N,)`; with several labels, 1 where p > 1/2, `(N, K)`."""
        z = self._outputs(X)
        if self.multilabel_:
            many: NDArray[Any] = (z > 0).astype(int)
            return many
        best = z.argmax(1) if z.shape[1] > 1 else (z[:, 0] > 0).astype(int)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    @property
    def out_activation_(self) -> str:
        """The activation of the output units."""
        return "softmax" if len(self.classes_) > 2 and not self.multilabel_ else "logistic"

    @property
    def _stratifies(self) -> bool:
        return not self.multilabel_

    def _learn_targets(self, y: Any, classes: Any) -> int:
        with as_data_error():
            check_classification_targets(y)
            self.multilabel_ = type_of_target(y) == "multilabel-indicator"
        if self.multilabel_:
            self.classes_ = np.arange(y.shape[1])
            return len(self.classes_)
        if y.ndim > 1:
            raise DataError(f"y has the shape {y.shape}; expected labels, or a matrix of 0 and 1")
        if classes is not None:
            check_labels(classes)
        self.classes_ = np.unique(y if classes is None else classes)
        check_labels(self.classes_.tolist())
        if len(self.classes_) < 2:
            raise DataError(
                f"y has one class only, {self.classes_.tolist()}; expected two classes or more"
            )
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _encode_targets(self, y: Any) -> NDArray[Any]:
        if self.multilabel_:
            return np.asarray(y, float)
        if y.ndim > 1:
            raise DataError(f"y has the shape {y.shape}; expected one label per example")
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise DataError(
                f"label {unseen.tolist()[0]!r} is not among the classes "
                f"{self.classes_[:10].tolist()}; call fit again, or give all classes to the first "
                "partial_fit"
            )
        numbers: NDArray[Any] = np.searchsorted(self.classes_, y).astype(np.int32)
        return numbers if len(self.classes_) > 2 else numbers[:, None].astype(float)

    def _class_factors(self, y: Any) -> NDArray[np.floating] | float:
        """Factor of the weight of every example, by its class."""
        if self.class_weight is None:
            return 1.0
        if isinstance(self.class_weight, Mapping) and y.ndim == 1:
            classes = np.unique(y).tolist()
            unknown = [name for name in self.class_weight if name not in classes]
            if unknown and set(classes) - set(self.class_weight):
                raise DataError(
                    f"class_weight has {unknown[0]!r}, which is not among the classes "
                    f"{classes[:10]}; leave it out"
                )
        with as_data_error():
            return np.asarray(compute_sample_weight(self.class_weight, y))

    def _loss_and_metrics(self) -> tuple[Metric, tuple[tuple[str, Metric], ...], str]:
        if self.out_activation_ == "softmax":
            return softmax_loss, (("accuracy", softmax_accuracy),), "val_accuracy"
        return logistic_loss, (("accuracy", logistic_accuracy),), "val_accuracy"

    def _targets_state(self) -> dict[str, Any]:
        kind = "str" if self.classes_.dtype.kind in "OU" else self.classes_.dtype.str
        classes = [str(c) for c in self.classes_] if kind == "str" else self.classes_.tolist()
        if kind == "str" and not _fit_in_array(classes):
            raise ParameterError("the names of the classes are too long to save; shorten them")
        return {"classes": classes, "type": kind, "multilabel": self.multilabel_}

    def _restore_targets(self, targets: Mapping[str, Any]) -> None:
        classes = targets["classes"]
        kind = targets["type"]
        self.multilabel_ = targets["multilabel"]
        if not isinstance(self.multilabel_, bool):
            raise TypeError(f"multilabel is {self.multilabel_!r}; expected true or false")
        self.classes_ = classes_from_state(classes)
        if kind != "str":
            if not _NUMERIC.fullmatch(kind):
                raise ValueError(f"its classes are of type {kind!r}")
            self.classes_ = self.classes_.astype(kind)
        if len(classes) < 2 and not self.multilabel_:
            raise ValueError("it has one class only")
        outputs = 1 if len(classes) == 2 and not self.multilabel_ else len(classes)
        if outputs != self.n_outputs_:
            raise ValueError(f"it has {len(classes):,} classes, and {self.n_outputs_:,} outputs")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags


@document_parameters
@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierOutputMixin, MLPEstimator):
    """A multi-layer perceptron for classification.

    Two classes share one logistic output, more have a softmax. A `(N, K)` matrix of 0 and 1 means
    several labels per example, each with its own logistic output.

    Args:
        {parameters}

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
        params_: parameters of the layers, NumPy arrays.
        coefs_: weights `(I, O)`, layer by layer.
        intercepts_: biases `(O,)`, layer by layer.
        history_: every metric, epoch by epoch.
        loss_curve_: the mean loss of every epoch, without the L2 term; with solver='lbfgs', the
            minimized loss with it after every iteration.
        loss_, best_loss_: the last and the lowest of these.
        validation_scores_: accuracy on the validation data after every epoch, with
            `early_stopping`; else None.
        best_validation_score_: the best of these.
        t_: examples trained on, each as often as it was.
        n_iter_: epochs trained.
        n_features_in_: features per example.

    Example:
        >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
        >>> model = MLPClassifier((8,), learning_rate_init=0.05).fit(X, y)
        >>> model.predict([[1.0, 0.0], [1.0, 1.0]]).tolist()
        ['yes', 'no']
    """

    _: KW_ONLY
    class_weight: Any = parameter(
        None, "weights of the classes: balanced, a dict from class to weight, or None: 1 each"
    )

    _numeric: ClassVar[bool] = False

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one more epoch; the first call draws the weights.

        Args:
            X: `(N, F)` float features, dense or SciPy sparse.
            y: `(N,)` labels, or `(N, K)` of 0 and 1 for several labels per example.
            classes: all classes, for the first call; None: those of `y`.
            sample_weight: `(N,)`, not negative.

        Returns:
            The estimator itself.

        Raises:
            DataError: as in `fit`, or a label is not among the classes.
            ParameterError, DivergenceError: as in `fit`.
        """
        if isinstance(self.class_weight, str):
            raise ParameterError(
                f"class_weight={self.class_weight!r} needs all labels at once; give a dict from "
                "class to weight for partial_fit"
            )
        if classes is not None and hasattr(self, "params_") and not self.multilabel_:
            self._check_classes(classes)
        return self._fit_one_epoch(X, y, classes, sample_weight)

    def _check_classes(self, classes: Any) -> None:
        if not np.array_equal(np.unique(classes), self.classes_):
            raise ParameterError(
                f"`classes={classes}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_.tolist()}; leave classes out after the first call"
            )

    def _check_continued(self, y: Any) -> None:
        if self.multilabel_ or y.ndim > 1:
            return
        classes = np.unique(y)
        if set(classes.tolist()) != set(self.classes_.tolist()):
            raise DataError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}; set "
                "warm_start=False"
            )


def classes_from_state(classes: Any) -> NDArray[Any]:
    """Classes `(K,)` from the header of a file.

    Args:
        classes: K strings, or K numbers of one type.

    Raises:
        ValueError: they are anything else, or one is a duplicate.

    Example:
        >>> classes_from_state(["ham", "spam"]).tolist()
        ['ham', 'spam']
    """
    kinds = {type(name) for name in classes} if isinstance(classes, list) else set()
    if len(kinds) != 1 or not kinds <= {str, int, float, bool}:
        raise ValueError("its classes are not a list of strings, or of numbers of one type")
    if len(set(classes)) != len(classes):
        raise ValueError("a class is a duplicate")
    check_labels(classes)
    if kinds == {str} and not _fit_in_array(classes):
        raise ValueError("the names of its classes are too long")
    return np.array(classes)


def _fit_in_array(names: list[str]) -> bool:
    return len(names) * max(map(len, names)) <= MOST_CHARACTERS
