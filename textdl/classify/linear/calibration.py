"""Calibration: the temperature by which scores become probabilities that are as often right.

The scores of a model on what it was trained on are too good; so a temperature is learned from
scores of examples that were left out, fold by fold.

References:
    Platt 1999, "Probabilistic outputs for support vector machines", for the smoothed targets;
    Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax

from textdl.keyed_random import CROSS_VALIDATION, permutation

LEAST_TEMPERATURE = 1 / 64
LARGEST_TEMPERATURE = 8.0


def assign_folds(classes: NDArray[Any], folds: int, seed: int) -> NDArray[np.intp]:
    """The fold of every example; each class is spread evenly over all folds.

    Args:
        classes: `(N,)` labels, or `(N, K)` of 0 and 1, of which each kind of row is a class.
        folds: how many, at most N.
        seed: of the choice.

    Returns:
        `(N,)` numbers below `folds`.

    Example:
        >>> fold = assign_folds(np.array(["a", "b", "a", "b", "b", "a"]), 3, seed=1)
        >>> sorted(fold[[0, 2, 5]].tolist()), sorted(fold[[1, 3, 4]].tolist())
        ([0, 1, 2], [0, 1, 2])
    """
    _, number = np.unique(classes, axis=0, return_inverse=True)
    order = permutation(len(classes), seed, CROSS_VALIDATION)
    order = order[np.argsort(number.reshape(-1)[order], kind="stable")]
    fold = np.empty(len(classes), np.intp)
    fold[order] = np.arange(len(classes)) % folds
    return fold


def fit_temperature(
    scores: NDArray[np.float64], targets: NDArray[Any], weights: NDArray[np.floating]
) -> float:
    """The temperature T that minimizes the log-loss of z / T over examples that were left out.

    Targets are smoothed, as Platt's are, by one example of each class: so few examples, all of
    them right, do not make probabilities of 0 and 1.

    Args:
        scores: `(N, K)` z of a softmax, `(N, 1)` or `(N, K)` of logistic outputs.
        targets: `(N,)` numbers of classes of a softmax; `(N, O)` of 0 and 1 for logistic outputs.
        weights: `(N,)` of the examples.

    Returns:
        T, from `LEAST_TEMPERATURE` to `LARGEST_TEMPERATURE`.

    Example:
        >>> z = np.array([[4.0], [4.0], [4.0], [-4.0]])  # one of four is wrong
        >>> round(fit_temperature(z, np.array([[1], [1], [0], [0]]), np.ones(4)), 2)
        5.77
    """

    def loss(log_temperature: float) -> float:
        z = scores * np.exp(-log_temperature)
        return float(np.average(smoothed_loss(z, targets), weights=weights))

    bounds = np.log([LEAST_TEMPERATURE, LARGEST_TEMPERATURE])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def divide_outputs(network: Any, temperature: float) -> None:
    """Divide the outputs of a fitted network by a temperature, which becomes part of its weights.

    Args:
        network: whose last layer is dense, without an activation.
        temperature: T.

    Example:
        >>> from textdl import MLPClassifier
        >>> network = MLPClassifier((), max_iter=1).fit([[0.0], [1.0]], [0, 1])
        >>> before = network.predict_log_proba([[3.0]])
        >>> divide_outputs(network, 2.0)
        >>> bool(network.predict_proba([[3.0]]).max() < np.exp(before).max())
        True
    """
    *before, last = network.params_
    network.params_ = (
        *before,
        type(last)(*(np.asarray(it) / it.dtype.type(temperature) for it in last)),
    )


def is_right(scores: NDArray[np.floating], targets: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether all labels of an example are those of the largest, or of positive, scores.

    Args:
        scores: `(N, K)` as `fit_temperature` takes them.
        targets: `(N,)` or `(N, O)`, likewise.

    Returns:
        `(N,)`.

    Example:
        >>> is_right(np.array([[2.0], [-1.0]]), np.array([[1], [1]])).tolist()
        [True, False]
    """
    if targets.ndim == 1:
        return np.asarray(scores.argmax(axis=1) == targets)
    return np.asarray(((scores > 0) == targets).all(axis=1))


def smoothed_loss(z: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """`(N,)` the cross-entropy with targets that are sure by (N + 1) / (N + K) only.

    Example:
        >>> smoothed_loss(np.array([[100.0], [0.0]]), np.array([[1], [0]])).round(2).tolist()
        [25.0, 0.69]
    """
    examples = len(z)
    if targets.ndim == 1:
        classes = z.shape[1]
        log_p = log_softmax(z, axis=1)
        right = np.take_along_axis(log_p, targets[:, None], axis=1)[:, 0]
        doubt = (classes - 1) / (examples + classes)
        others = (log_p.sum(axis=1) - right) / max(classes - 1, 1)
        loss: NDArray[np.float64] = -(1 - doubt) * right - doubt * others
        return loss
    doubt = 1 / (examples + 2)
    sign = np.where(targets > 0, 1.0, -1.0)
    loss = -(1 - doubt) * log_expit(sign * z) - doubt * log_expit(-sign * z)
    mean: NDArray[np.float64] = loss.mean(axis=1)
    return mean
