"""The functional core: layers, losses and a training loop, as pure functions on small tuples.

The names below are imported on first use, so that a part of textdl that needs one of them does not
pay for all.

Example:
    >>> from textdl import nn
    >>> float(nn.sigmoid(0.0))
    0.5
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textdl.nn import (
        activations,
        data,
        dense,
        dropout,
        initializers,
        losses,
        mlp,
        optimizers,
        sparse,
    )
    from textdl.nn.activations import (
        ACTIVATIONS,
        elu,
        gelu,
        leaky_relu,
        linear,
        log_softmax,
        relu,
        sigmoid,
        softmax,
        softplus,
        tanh,
    )
    from textdl.nn.bcoo import from_bcoo, to_bcoo
    from textdl.nn.checkpoint import Checkpoints
    from textdl.nn.cross_entropy import binary_cross_entropy, categorical_cross_entropy
    from textdl.nn.data import Data, make_data
    from textdl.nn.dense import Dense
    from textdl.nn.evaluation import evaluate
    from textdl.nn.gradcheck import check_gradients
    from textdl.nn.initializers import INITIALIZERS
    from textdl.nn.losses import absolute_error, class_weights, huber, squared_error, weighted_mean
    from textdl.nn.optimizers import OPTIMIZERS, SCHEDULES
    from textdl.nn.penalty import Penalty
    from textdl.nn.prediction import predict
    from textdl.nn.progress import progress_bar
    from textdl.nn.step import Objective, State
    from textdl.nn.train import fit
    from textdl.nn.training import Trained, Training

_HOME = {
    "ACTIVATIONS": "activations",
    "Checkpoints": "checkpoint",
    "Data": "data",
    "Dense": "dense",
    "INITIALIZERS": "initializers",
    "OPTIMIZERS": "optimizers",
    "Objective": "step",
    "Penalty": "penalty",
    "SCHEDULES": "optimizers",
    "State": "step",
    "Trained": "training",
    "Training": "training",
    "absolute_error": "losses",
    "binary_cross_entropy": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
    "check_gradients": "gradcheck",
    "class_weights": "losses",
    "elu": "activations",
    "evaluate": "evaluation",
    "fit": "train",
    "from_bcoo": "bcoo",
    "gelu": "activations",
    "huber": "losses",
    "leaky_relu": "activations",
    "linear": "activations",
    "log_softmax": "activations",
    "make_data": "data",
    "predict": "prediction",
    "progress_bar": "progress",
    "relu": "activations",
    "sigmoid": "activations",
    "softmax": "activations",
    "softplus": "activations",
    "squared_error": "losses",
    "tanh": "activations",
    "to_bcoo": "bcoo",
    "weighted_mean": "losses",
}
__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Checkpoints",
    "Data",
    "Dense",
    "Objective",
    "Penalty",
    "State",
    "Trained",
    "Training",
    "absolute_error",
    "activations",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "check_gradients",
    "class_weights",
    "data",
    "dense",
    "dropout",
    "elu",
    "evaluate",
    "fit",
    "from_bcoo",
    "gelu",
    "huber",
    "initializers",
    "leaky_relu",
    "linear",
    "log_softmax",
    "losses",
    "make_data",
    "mlp",
    "optimizers",
    "predict",
    "progress_bar",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "sparse",
    "squared_error",
    "tanh",
    "to_bcoo",
    "weighted_mean",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in __all__:  # a module
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
