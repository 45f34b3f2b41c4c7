"""The checks of what an estimator is given, with errors of the one family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_sample_weight, validate_data

from textdl.errors import DataError, ParameterError, TextdlError
from textdl.nn.data.features import without_bcoo

FLOATS = (np.float64, np.float32)


@contextmanager
def as_data_error(kind: type[TextdlError] = DataError) -> Iterator[None]:
    """Say in one line what scikit-learn has found wrong."""
    try:
        yield
    except TextdlError:
        raise
    except ValueError as error:
        lines = str(error).splitlines() or ["the data do not fit"]
        if "NaN" in lines[0] or "infinity" in lines[0]:
            raise kind(f"{lines[0].rstrip('.')}; fill in or drop such entries") from error
        raise kind(" ".join(lines)) from error


def check_numbers(parameters: object, known: Mapping[str, tuple[Any, float]]) -> None:
    """Refuse parameters that are not a number of their kind, or below their least value.

    Raises:
        ParameterError: one is.
    """
    for name, (kind, least) in known.items():
        value = getattr(parameters, name)
        if not isinstance(value, kind):
            whole = "whole number" if kind is Integral else "number"
            raise ParameterError(f"{name}={value!r} is of the wrong type; expected a {whole}")
        if not value >= least:
            raise ParameterError(f"{name}={value} is out of range; expected {least} or more")


def check_features(estimator: Any, features: Any, *, reset: bool = False) -> Any:
    """Features as floats, dense or CSR, finite, with as many columns as before.

    Args:
        estimator: whose `n_features_in_` is compared or, with `reset`, set.
        features: `(N, F)`, array-like, SciPy sparse or `BCOO`.
        reset: whether the estimator is fitted anew.

    Raises:
        DataError: they do not fit.
    """
    x = without_bcoo(features)
    with as_data_error():
        return validate_data(estimator, x, reset=reset, accept_sparse="csr", dtype=FLOATS)


def check_both(estimator: Any, features: Any, targets: Any, **options: Any) -> tuple[Any, Any]:
    """Features, and targets of the same length.

    Args:
        estimator: whose `n_features_in_` is compared or set.
        features: `(N, F)`, array-like, SciPy sparse or `BCOO`.
        targets: `(N,)` or `(N, K)`.
        options: go to scikit-learn's `validate_data`.

    Raises:
        DataError: they do not fit, or a label ends in NUL, which an array would drop.
    """
    if isinstance(targets, Iterable) and getattr(targets, "dtype", np.dtype("O")).kind == "O":
        check_labels(targets)
    with as_data_error():
        x, y = validate_data(
            estimator,
            without_bcoo(features),
            targets,
            accept_sparse="csr",
            dtype=FLOATS,
            multi_output=True,
            **options,
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return x, y.toarray() if hasattr(y, "toarray") else y


def check_labels(labels: Iterable[Any]) -> None:
    """Refuse labels that end in NUL, which NumPy drops: two classes would become one.

    Raises:
        DataError: there is one.
    """
    for label in labels:
        if isinstance(label, str) and label.endswith("\0"):
            raise DataError(
                f"label {label!r} ends in a NUL character, which arrays cannot keep; remove it"
            )


def check_weights(weights: Any, features: Any) -> NDArray[np.floating]:
    """The weight of every example, `(N,)`, none below 0; None is 1 each."""
    with as_data_error():
        checked = _check_sample_weight(weights, features, ensure_non_negative=True)
        if not checked.any():
            raise ValueError("sample_weight is 0 for every example; expected some above 0")
        return np.asarray(checked)


def cast_features(features: Any, dtype: np.dtype[Any]) -> Any:
    """Features in the precision of the network, if they are not too large for it."""
    if features.dtype == dtype:
        return features
    with np.errstate(over="ignore"):
        cast = features.astype(dtype)
    if not np.isfinite(cast.data if hasattr(cast, "tocsr") else cast).all():
        raise DataError(
            f"X has values too large for {dtype}; scale the features, or set dtype='float64'"
        )
    return cast


def validation_split(
    share: float, seed: int, targets: NDArray[Any], *, stratify: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Set a share of the examples aside, with the same shares of the classes.

    Args:
        share: of the examples, above 0 and below 1.
        seed: of the choice.
        targets: `(N, ...)`.
        stratify: whether classes keep their shares.

    Returns:
        Row numbers to train on, and those set aside.

    Raises:
        ParameterError: the share is out of range.
        DataError: a class has too few examples.

    Example:
        >>> kept, aside = validation_split(0.5, 1, np.array([0, 0, 1, 1]), stratify=True)
        >>> len(kept), len(aside)
        (2, 2)
    """
    if not 0 < share < 1:
        raise ParameterError(
            f"validation_fraction={share} is out of range; expected between 0 and 1"
        )
    with as_data_error():
        kept, aside = train_test_split(
            np.arange(len(targets)),
            test_size=share,
            random_state=seed,
            stratify=targets if stratify else None,
        )
    return kept, aside
