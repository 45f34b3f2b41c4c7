"""What a fitted network knows and answers."""

from __future__ import annotations

import math
import os
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from textdl.errors import DataError
from textdl.io.safetensors import SafetensorsFile
from textdl.nn import mlp
from textdl.nn.model_file import Content, decode_model, encode_model, open_saved, reading, write
from textdl.nn.prediction import predict
from textdl.nn.summary import summarise
from textdl.nn.validation import cast_features, check_features


class FittedMLP(BaseEstimator):  # type: ignore[misc]
    """The learned attributes of a network; `activation` and `_network` follow from parameters.

    Attributes:
        params_: the layers, `Dense` tuples of NumPy arrays.
        history_: every measure of every epoch.
    """

    activation: str
    _network: Any
    _check_parameters: Any  # () -> None; raises ParameterError
    params_: mlp.Params
    history_: dict[str, list[float]]
    n_features_in_: int
    _seed: int
    _optimizer_state: Any
    _trained_by: tuple[Any, ...] = ()  # optimizer settings that the state is of

    def _targets_to_json(self) -> dict[str, Any]:
        """What was learned about the targets."""
        return {}

    def _targets_from_json(self, targets: dict[str, Any]) -> None:
        """Take up what `_targets_to_json` wrote."""

    def summary(self) -> str:
        """The layers with their shapes and numbers of parameters, as a table."""
        check_is_fitted(self)
        return summarise(self.params_, self.activation, self.out_activation_)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted network to one ``.safetensors`` file; equal networks, equal bytes.

        Raises:
            ParameterError: a parameter, such as an optimizer of your own, cannot be written.
            OutputError: the file cannot be written.
        """
        write(path, self._encoded())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote; training can go on, with a fresh optimizer.

        Raises:
            FileFormatError: the file is damaged or holds another estimator.
        """
        return cls._decoded(open_saved(path), path)

    def _encoded(self) -> Content:
        """What a file holds of the network."""
        check_is_fitted(self)
        learned = {
            "targets": self._targets_to_json(),
            "features": list(getattr(self, "feature_names_in_", [])),
            # JSON has no infinity, which a loss on validation data may be.
            "history": {
                name: [value if math.isfinite(value) else None for value in values]
                for name, values in self.history_.items()
            },
            "seed": self._seed,
        }
        return encode_model(type(self).__name__, self.params_, self.get_params(), learned)

    @classmethod
    def _decoded(cls, saved: SafetensorsFile, path: str | os.PathLike[str]) -> Self:
        """The network that is `saved` in the file at `path`."""
        layers, parameters, learned = decode_model(saved, path, cls.__name__)
        with reading(path):
            model = cls(**parameters)
            model._check_parameters()
            model.params_, model._optimizer_state = layers, None
            model.n_features_in_ = layers[0].weights.shape[0]
            model._seed = _seed_from_json(learned["seed"])
            model.history_ = {
                name: [math.inf if value is None else float(value) for value in values]
                for name, values in learned["history"].items()
            }
            model._targets_from_json(learned["targets"])
            if names := learned["features"]:
                model.feature_names_in_ = _names_from_json(names, model.n_features_in_)
        return model

    @property
    def coefs_(self) -> list[NDArray[np.floating]]:
        """The weights `(I, O)`, layer by layer."""
        return [np.asarray(layer.weights) for layer in self.params_]

    @property
    def intercepts_(self) -> list[NDArray[np.floating]]:
        """The biases `(O,)`, layer by layer."""
        return [np.asarray(layer.bias) for layer in self.params_]

    @property
    def n_layers_(self) -> int:
        """Layers of units, the inputs among them."""
        return len(self.params_) + 1

    @property
    def n_outputs_(self) -> int:
        """Output units."""
        return len(self.params_[-1].bias)

    @property
    def out_activation_(self) -> str:
        """The activation of the output units."""
        return "identity"

    @property
    def _stratifies(self) -> bool:
        """Whether validation data keep the shares of the classes."""
        return False

    @property
    def loss_curve_(self) -> list[float]:
        """Mean loss of every epoch, without the penalty."""
        return self.history_.get("loss", [])

    @property
    def n_iter_(self) -> int:
        """Epochs since the last `fit` began."""
        return len(self.loss_curve_)

    @property
    def _dtype(self) -> np.dtype[Any]:
        return self.params_[0].weights.dtype

    def _precision(self) -> Any:
        """A context in which JAX computes in the precision of the network."""
        return jax.enable_x64(self._dtype == np.float64)

    def _outputs(self, X: Any) -> NDArray[np.floating]:
        """The last layer's z, `(N, O)`."""
        check_is_fitted(self)
        x = cast_features(check_features(self, X), self._dtype)
        with self._precision():
            outputs = predict(self._network, self.params_, self._prepared(x))
        if not np.isfinite(outputs).all():
            raise DataError(
                "the network answers with a number that is not finite, for its weights or the "
                "features are too large; scale the features"
            )
        return outputs

    def _prepared(self, x: Any) -> Any:
        """Features as the first layer takes them."""
        return x


def _names_from_json(names: Any, features: int) -> NDArray[np.object_]:
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != features:
        raise ValueError(f"its names of features are not {features:,} texts")
    return np.array(names, object)


def _seed_from_json(seed: Any) -> int:
    if type(seed) is not int or seed < 0:
        raise ValueError(f"seed is {seed!r}, expected a whole number from 0")
    return seed
