"""LinearClassifier: a support vector machine of one hyperplane per class, with probabilities."""

from __future__ import annotations

import math
import os
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from textdl.classify.linear.calibration import assign_folds, fit_temperature, is_right
from textdl.classify.linear.config import LinearParameters
from textdl.io.archive import (
    Archive,
    ArchiveContent,
    ArchiveKind,
    ArraySpec,
    open_archive,
    write_archive,
)
from textdl.nn.estimators.base import cast_features, check_both, check_features, check_weights
from textdl.nn.estimators.classifier import ClassifierOutputMixin
from textdl.nn.layers.dense import DenseParams
from textdl.parameters import check_parameters, document_parameters

KIND = ArchiveKind(
    "LinearClassifier",
    arrays={"weights": ArraySpec(("F32",), ("F", "O")), "bias": ArraySpec(("F32",), ("O",))},
)
MOST_PASSES = 1_000  # over the examples, of the solver
TOLERANCE = 0.1  # of the gradient of the dual: that of liblinear; less changes no accuracy
# Above this, one part of about so many examples is left out to calibrate by, and not each in turn.
MANY_EXAMPLES = 5_000
HELD_OUT_OF_MANY = 1_000
ABSENT = -1.0  # the score of a class that no example of a part has: that of a margin
# liblinear draws from one generator of the process, which each call seeds: one call at a time.
_SOLVER = Lock()


class Hyperplanes(NamedTuple):
    """What the solver found.

    Example:
        >>> Hyperplanes(np.ones((1, 2)), np.zeros(1), 3).weights.shape
        (1, 2)
    """

    weights: NDArray[np.float64]  # (O, F)
    bias: NDArray[np.float64]  # (O,)
    passes: int  # over the examples, of the output that took most


@document_parameters
@dataclass(eq=False, repr=False)
class LinearClassifier(LinearParameters, ClassifierOutputMixin, BaseEstimator):  # type: ignore[misc]
    """A linear model of sparse features, at once: nothing is compiled.

    For each class against the others, the weights w and the bias b minimize

        1/2 (‖w‖² + b²) + C Σ_i max(0, 1 - t_i (w·x_i + b))²,   t_i = 1 or -1,

    by coordinate descent in the dual; a model of two classes has one such plane. Probabilities are
    a softmax of w·x + b over a temperature (of two classes, and of several labels: a logistic
    function), which is learned by cross-validation and then is part of the weights. So the most
    probable class is that of the largest score.

    Args:
        {parameters}

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
        params_: the weights `(F, O)` and the bias `(O,)`, float32, divided by the temperature.
        temperature_: what the scores were divided by.
        held_out_accuracy_: share of the examples that were left out for the temperature of which
            all labels were right; NaN where none was.
        n_features_in_: F.
        n_iter_: passes of the solver over the examples.

    References:
        Hsieh, Chang, Lin, Keerthi and Sundararajan 2008, "A dual coordinate descent method for
        large-scale linear SVM"; the program is liblinear, in scikit-learn.

    Example:
        >>> X = sparse.csr_array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]] * 4)
        >>> model = LinearClassifier().fit(X, ["a", "b"] * 4)
        >>> model.predict(X[:2]).tolist()
        ['a', 'b']
        >>> bool(model.predict_proba(X[:1])[0, 0] > 0.8)
        True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on features and labels.

        Args:
            X: `(N, F)` SciPy sparse or dense.
            y: `(N,)` labels, or `(N, K)` of 0 and 1 for several labels per example.
            sample_weight: `(N,)`, not negative.

        Returns:
            The estimator itself.

        Raises:
            DataError: the data do not fit, or hold NaN or infinity.
            ParameterError: a parameter is out of range.
        """
        self._check_parameters()
        x, y = check_both(self, X, y, reset=True)
        weights = check_weights(sample_weight, x) * self._class_factors(y)
        self.n_outputs_ = self._learn_targets(y, None)
        targets = np.asarray(self._encode_targets(y)).astype(np.int64)
        x = x.astype(np.float64)
        self._calibrate(x, targets, weights)
        found = self._solve(x, targets, weights)
        self.n_iter_ = found.passes
        scale = 1 / self.temperature_
        self.params_ = DenseParams(
            np.ascontiguousarray(found.weights.T * scale, np.float32),  # type: ignore[arg-type]
            (found.bias * scale).astype(np.float32),  # type: ignore[arg-type]
        )
        return self

    def _check_parameters(self) -> None:
        check_parameters(self)

    def _calibrate(self, x: Any, targets: NDArray[np.int64], weights: NDArray[np.floating]) -> None:
        """Learn the temperature of the scores that a model of others gives to examples."""
        self.temperature_ = 1.0
        self.held_out_accuracy_ = math.nan
        folds = min(self.calibration_folds, len(targets))
        if folds < 2:
            return
        are_many = len(targets) > MANY_EXAMPLES
        parts = len(targets) // HELD_OUT_OF_MANY if are_many else folds
        fold = assign_folds(targets, parts, self.seed)
        scores = np.zeros((len(targets), self.n_outputs_))
        is_scored = np.zeros(len(targets), bool)
        for number in range(1 if are_many else parts):
            rest = fold != number
            planes = self._solve(x[rest], targets[rest], weights[rest])
            scores[~rest] = _scores(_without_unseen(x[~rest], x[rest]), planes)
            is_scored[~rest] = _has_known_class(targets, rest)[~rest]
        chosen = is_scored & (weights > 0)
        if chosen.any():
            self.temperature_ = fit_temperature(scores[chosen], targets[chosen], weights[chosen])
            self.held_out_accuracy_ = float(is_right(scores[chosen], targets[chosen]).mean())

    def _solve(self, x: Any, targets: NDArray[np.int64], weights: NDArray[Any]) -> Hyperplanes:
        """The hyperplanes of all outputs."""
        counted = weights > 0
        if not counted.all():  # the solver refuses classes of which no example counts
            x, targets, weights = x[counted], targets[counted], weights[counted]
        if targets.ndim == 1:
            return self._solve_classes(x, targets, weights, len(self.classes_))
        found = [self._solve_classes(x, column, weights, 2) for column in targets.T]
        return Hyperplanes(
            np.vstack([it.weights[1:] for it in found]),
            np.concatenate([it.bias[1:] for it in found]),
            max(it.passes for it in found),
        )

    def _solve_classes(
        self, x: Any, classes: NDArray[np.int64], weights: NDArray[Any], count: int
    ) -> Hyperplanes:
        """A hyperplane for every class of `count`, also of those that are absent."""
        found = np.unique(classes)
        planes = np.zeros((count, x.shape[1]))
        bias = np.full(count, ABSENT)
        if len(found) < 2:
            bias[found] = -ABSENT
            return Hyperplanes(planes, bias, 0)
        rows, features = x.shape
        solver = LinearSVC(
            C=self.C, dual=rows < features, tol=TOLERANCE, max_iter=MOST_PASSES,
            random_state=self.seed % 2**31,
        )  # fmt: skip
        # The primal's sums are those of BLAS, which adds up in another order on more threads.
        one_order = nullcontext() if solver.dual else threadpool_limits(1, user_api="blas")
        with _SOLVER, one_order:
            solver.fit(x, classes, sample_weight=weights)
        two_sided = np.vstack([-solver.coef_, solver.coef_]) if len(found) == 2 else solver.coef_
        sides = np.append(-solver.intercept_, solver.intercept_)
        planes[found] = two_sided
        bias[found] = sides if len(found) == 2 else solver.intercept_
        return Hyperplanes(planes, bias, int(np.max(solver.n_iter_)))

    @property
    def layer_sizes_(self) -> tuple[int, int]:
        """Features and outputs."""
        return self.n_features_in_, self.n_outputs_

    @property
    def loss_curve_(self) -> list[float]:
        """Empty: the solver measures none."""
        return []

    def _outputs(self, X: Any) -> NDArray[np.floating]:
        """The scores over the temperature, `(N, O)`; those of a row do not depend on the others."""
        check_is_fitted(self)
        x = cast_features(check_features(self, X), np.dtype(np.float32))
        weights, bias = map(np.asarray, self.params_)
        return _scores(x, Hyperplanes(weights.T, bias, 0))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to one ``.safetensors`` file; equal models give equal bytes.

        Raises:
            OutputError: the file cannot be written.
        """
        write_archive(path, self._to_archive())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is damaged or holds another estimator.
        """
        return cls._from_archive(open_archive(path, expected="a linear classifier"))

    def _to_archive(self) -> ArchiveContent:
        """What a file holds of the model."""
        check_is_fitted(self)
        return ArchiveContent(
            KIND,
            parameters=self.get_params(deep=False),
            state={
                "targets": self._targets_state(),
                "temperature": self.temperature_,
                "held_out_accuracy": self.held_out_accuracy_,
                "passes": self.n_iter_,
            },
            arrays=self.params_._asdict(),
        )

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        """The model that an archive holds.

        Raises:
            FileFormatError: it is damaged or holds another estimator.
        """
        archive.require(KIND)
        with archive.decoding():
            model = cls(**archive.parameters)
            model._check_parameters()
            arrays: dict[str, Any] = {name: np.array(it) for name, it in archive.arrays.items()}
            model.params_ = DenseParams(**arrays)
            model.n_features_in_ = len(arrays["weights"])
            model.n_outputs_ = len(arrays["bias"])
            model._restore_targets(archive.state["targets"])
            if not all(np.isfinite(array).all() for array in arrays.values()):
                raise ValueError("a weight is not finite")
            model.temperature_ = float(archive.state["temperature"])
            model.held_out_accuracy_ = float(archive.state["held_out_accuracy"])
            model.n_iter_ = int(archive.state["passes"])
        return model


def _scores(x: Any, planes: Hyperplanes) -> NDArray[np.floating]:
    """The scores X W' + b, row by row."""
    weights = planes.weights.T
    if sparse.issparse(x):
        return np.asarray(x @ weights) + planes.bias
    # The sums of a product by BLAS depend on the rows beside a row, and on threads.
    scores: NDArray[np.floating] = np.einsum("nf,fo->no", x, weights) + planes.bias
    return scores


def _without_unseen(x: Any, seen: Any) -> Any:
    """Rows as they would be if the columns that `seen` does not use did not exist.

    To a model of the other texts, terms that only these have are unknown: they are no part of a
    row, whose length is 1 without them. With them, every score would be too small.
    """
    if not sparse.issparse(x):
        return x
    used = np.bincount(seen.indices, minlength=x.shape[1]) > 0
    kept = x.multiply(used[None, :]).tocsr()
    norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=1))).reshape(-1)
    is_scaled = len(norms) and np.allclose(norms[norms > 0], 1, atol=1e-3)
    return normalize(kept) if is_scaled else kept


def _has_known_class(targets: NDArray[np.int64], rest: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`(N,)` whether the class of an example is one of the rest: else no model could know it."""
    if targets.ndim > 1 and targets.shape[1] > 1:
        return np.ones(len(targets), bool)
    classes = targets.reshape(-1)
    return np.isin(classes, classes[rest])
