"""What fitted networks share: attributes, outputs, saved files, and the checks of their inputs."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from textdl.errors import DataError, TextdlError
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind, open_archive, write_archive
from textdl.nn.data.dataset import without_bcoo
from textdl.nn.layers.dense import DenseParams
from textdl.nn.layers.sequential import (
    Params,
    Sequential,
    named_arrays,
    restored_params,
    summarize,
)
from textdl.nn.training.evaluate import predict

FLOATS = (np.float64, np.float32)
DTYPES = ("float32", "float64")
LARGEST_LAYER = 2**31 - 1  # units


class MLPBase(BaseEstimator):  # type: ignore[misc]
    """The learned attributes of a network of dense layers.

    Attributes:
        params_: of the network, NumPy arrays: an entry per layer, `DenseParams` or, for a layer
            without parameters, an empty tuple.
        history_: every metric of every epoch.
        n_features_in_: numbers per example.
    """

    params_: Params
    history_: dict[str, list[float]]
    n_features_in_: int
    _layer_sizes: tuple[int, ...]  # units of every layer, from the inputs to the outputs
    _seed: int
    _optimizer_state: Any
    _trained_by: tuple[Any, ...] = ()  # optimizer settings that the state is of
    _examples_seen: int = 0
    _null_loss: float = 1.0  # what validation scores are in units of, see `_loss_of_mean`

    @property
    @abstractmethod
    def _network(self) -> Sequential:
        """The network of `_layer_sizes`, by the parameters."""

    @abstractmethod
    def _check_parameters(self) -> None:
        """Refuse parameters that are out of range by a `ParameterError`."""

    def _targets_state(self) -> dict[str, Any]:
        """What was learned about the targets, to be saved."""
        return {}

    def _restore_targets(self, targets: Mapping[str, Any]) -> None:
        """Restore what `_targets_state` gave; raise `ValueError` or `TypeError` if it is wrong."""

    def summary(self) -> str:
        """The layers with their shapes and numbers of parameters, as a table.

        Raises:
            NotFittedError: the network is not fitted.
        """
        check_is_fitted(self)
        return summarize(self._network, self.params_, self.out_activation_)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted network to one ``.safetensors`` file; equal networks give equal bytes.

        Raises:
            ParameterError: a parameter, such as an optimizer of your own, cannot be written.
            OutputError: the file cannot be written.
        """
        write_archive(path, self._to_archive())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote; training can continue, with a new optimizer state.

        Raises:
            FileFormatError: the file is damaged or holds another estimator.
        """
        return cls._from_archive(open_archive(path, expected=f"an {cls.__name__}"))

    def _to_archive(self) -> ArchiveContent:
        """What a file holds of the network."""
        check_is_fitted(self)
        return ArchiveContent(
            ArchiveKind(type(self).__name__),
            parameters=self.get_params(deep=False),
            state={
                "layer_sizes": self._layer_sizes,
                "dtype": self._dtype.name,
                "targets": self._targets_state(),
                "feature_names": list(getattr(self, "feature_names_in_", [])),
                "history": self.history_,
                "seed": self._seed,
                "examples_seen": self._examples_seen,
                "null_loss": self._null_loss,
            },
            arrays=named_arrays(self.params_),
        )

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        """The network that an archive holds.

        Raises:
            FileFormatError: it is damaged or holds another estimator.
        """
        archive.require(ArchiveKind(cls.__name__))
        with archive.decoding():
            state = archive.state
            model = cls(**archive.parameters)
            model._check_parameters()
            model._layer_sizes = _checked_sizes(state["layer_sizes"])
            if state["dtype"] not in DTYPES:
                raise ValueError(f"its weights are of type {state['dtype']!r}")
            model.params_ = restored_params(model._network, archive.arrays, state["dtype"])
            model._optimizer_state = None
            model.n_features_in_ = model._layer_sizes[0]
            model._seed = _checked_seed(state["seed"])
            model.history_ = {
                name: [float(value) for value in values]
                for name, values in state["history"].items()
            }
            model._examples_seen = int(state.get("examples_seen", 0))  # older files have none
            model._null_loss = float(state.get("null_loss", 1.0))
            model._restore_targets(state["targets"])
            names = state["feature_names"]
            if names:
                model.feature_names_in_ = _checked_names(names, model.n_features_in_)
        return model

    @property
    def coefs_(self) -> list[NDArray[np.floating]]:
        """The weights `(I, O)`, layer by layer."""
        return [np.asarray(layer.weights) for layer in self._dense_params]

    @property
    def intercepts_(self) -> list[NDArray[np.floating]]:
        """The biases `(O,)`, layer by layer."""
        return [np.asarray(layer.bias) for layer in self._dense_params]

    @property
    def _dense_params(self) -> list[DenseParams]:
        return [layer for layer in self.params_ if isinstance(layer, DenseParams)]

    @property
    def layer_sizes_(self) -> tuple[int, ...]:
        """Numbers per example of every layer, from the inputs to the outputs."""
        return self._layer_sizes

    @property
    def n_layers_(self) -> int:
        """Number of layers, including the inputs."""
        return len(self._layer_sizes)

    @property
    def n_outputs_(self) -> int:
        """Number of output units."""
        return self._layer_sizes[-1]

    @property
    def out_activation_(self) -> str:
        """Activation of the output units."""
        return "identity"

    @property
    def _stratifies(self) -> bool:
        """Whether the validation split is stratified by class."""
        return False

    @property
    def loss_curve_(self) -> list[float]:
        """Mean loss of every epoch, without the L2 term."""
        return self.history_.get("loss", [])

    @property
    def loss_(self) -> float | None:
        """The loss of the last epoch."""
        return self.loss_curve_[-1] if self.loss_curve_ else None

    @property
    def best_loss_(self) -> float | None:
        """The lowest loss of an epoch; None with `early_stopping`, which watches a score."""
        return None if self.validation_scores_ is not None else min(self.loss_curve_, default=None)

    @property
    def best_validation_score_(self) -> float | None:
        """The best of `validation_scores_`; None without `early_stopping`."""
        scores = self.validation_scores_
        return None if scores is None else float(np.nanmax(scores))

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score on the validation data, epoch by epoch; None without `early_stopping`."""
        return self.history_.get("val_accuracy")

    @property
    def t_(self) -> int:
        """Examples trained on, each as often as it was; 0 with solver='lbfgs'."""
        return self._examples_seen

    @property
    def n_iter_(self) -> int:
        """Epochs since the last `fit` began, or iterations of L-BFGS."""
        return len(self.loss_curve_)

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(self._dense_params[0].weights.dtype)

    def _precision(self) -> Any:
        """A context in which JAX computes in the precision of the network."""
        return jax.enable_x64(self._dtype == np.float64)

    def _outputs(self, X: Any) -> NDArray[np.floating]:
        """The last layer's z, `(N, O)`."""
        check_is_fitted(self)
        x = cast_features(check_features(self, X), self._dtype)
        with self._precision():
            outputs = predict(self._network, self.params_, self._prepare_features(x))
        if not np.isfinite(outputs).all():
            raise DataError(
                "an output of the network is not finite, because its weights or the features are "
                "too large; scale the features"
            )
        return outputs

    def _prepare_features(self, x: Any) -> Any:
        """Features as the first layer takes them."""
        return x


def _checked_sizes(sizes: Any) -> tuple[int, ...]:
    are_sizes = isinstance(sizes, tuple) and all(type(size) is int for size in sizes)
    if not are_sizes or len(sizes) < 2 or not all(1 <= n <= LARGEST_LAYER for n in sizes):
        raise ValueError(f"its layers have the sizes {sizes!r}")
    return tuple(sizes)


def _checked_names(names: Any, features: int) -> NDArray[np.object_]:
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != features:
        raise ValueError(f"its names of features are not {features:,} strings")
    return np.array(names, object)


def _checked_seed(seed: Any) -> int:
    if type(seed) is not int or seed < 0:
        raise ValueError(f"seed is {seed!r}, expected a whole number from 0")
    return seed


@contextmanager
def as_data_error(kind: type[TextdlError] = DataError) -> Iterator[None]:
    """Convert an error of scikit-learn to one of our own, on one line.

    Raises:
        TextdlError: of the class `kind`, in place of a ValueError.
    """
    try:
        yield
    except TextdlError:
        raise
    except ValueError as error:
        lines = str(error).splitlines() or ["the data do not fit"]
        if "NaN" in lines[0] or "infinity" in lines[0]:
            raise kind(f"{lines[0].rstrip('.')}; fill in or drop such entries") from error
        raise kind(" ".join(lines)) from error


def check_features(estimator: Any, features: Any, *, reset: bool = False) -> Any:
    """Check that features are finite numbers, with as many columns as before.

    Args:
        estimator: whose `n_features_in_` is compared or, with `reset`, set.
        features: `(N, F)`, array-like, SciPy sparse or `BCOO`.
        reset: whether the estimator is fitted from scratch.

    Returns:
        `(N, F)` float32 or float64, a NumPy array or a CSR matrix.

    Raises:
        DataError: they do not fit.
    """
    x = without_bcoo(features)
    with as_data_error():
        return validate_data(estimator, x, reset=reset, accept_sparse="csr", dtype=FLOATS)


def check_both(estimator: Any, features: Any, targets: Any, **options: Any) -> tuple[Any, Any]:
    """Check features, and targets of the same length.

    Args:
        estimator: whose `n_features_in_` is compared or set.
        features: `(N, F)`, array-like, SciPy sparse or `BCOO`.
        targets: `(N,)` or `(N, K)`.
        options: of scikit-learn's `validate_data`.

    Returns:
        `(N, F)` float features, an array or a CSR matrix, and `(N,)` or `(N, K)` targets.

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
    """Check the weights of the examples, `(N,)`, none below 0; None is 1 each.

    Raises:
        DataError: they are of another length, negative, not finite, or all 0.
    """
    with as_data_error():
        checked = _check_sample_weight(weights, features, ensure_non_negative=True)
        if not checked.any():
            raise ValueError("sample_weight is 0 for every example; expected at least one above 0")
        return np.asarray(checked)


def cast_features(features: Any, dtype: np.dtype[Any]) -> Any:
    """Cast features to the precision of the network.

    Raises:
        DataError: a value is too large for it.
    """
    if features.dtype == dtype:
        return features
    with np.errstate(over="ignore"):
        cast = features.astype(dtype)
    if not np.isfinite(cast.data if hasattr(cast, "tocsr") else cast).all():
        raise DataError(
            f"X has values too large for {dtype}; scale the features, or set dtype='float64'"
        )
    return cast
