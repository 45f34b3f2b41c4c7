"""The functional core: layers, losses and a training loop, as pure functions on small tuples.

    activations.py   g(z)
    losses.py        losses and metrics, one number per example
    initializers.py  where weights start
    regularizers.py  L1 and L2
    optimizers.py    optimizers and schedules by name, from optax
    gradcheck.py     autodiff against central differences
    layers/          one protocol: dense, dropout, embedding, pooling, sequential, mlp
    data/            features with one protocol: dense, sparse, sequences; datasets and batches
    training/        config, step, fit, early stopping, checkpoints, evaluate, predict
    estimators/      MLPClassifier, MLPRegressor, and how they are saved
    summary.py       a network as a table
    pytree.py        parameters as named arrays: how they are written and read
    keys.py          what is not a random key is refused

The names below are imported on first use (PEP 562), so that a part of textdl that needs one of them
does not pay for all.

Example:
    >>> from textdl import nn
    >>> network = nn.sequential(nn.Embedding(1000, 16), nn.MeanPooling(), nn.Dense(16, 2))
    >>> float(nn.sigmoid(0.0))
    0.5
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textdl.nn import activations, initializers, losses, optimizers
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
    from textdl.nn.data.dataset import Dataset, make_dataset, split_dataset
    from textdl.nn.data.sequences import SequenceBatch, Sequences, make_sequences
    from textdl.nn.data.sparse import from_bcoo, to_bcoo
    from textdl.nn.gradcheck import check_gradients
    from textdl.nn.initializers import INITIALIZERS
    from textdl.nn.layers.dense import Dense, DenseParams, affine
    from textdl.nn.layers.dropout import Dropout
    from textdl.nn.layers.embedding import Embedding, EmbeddingParams
    from textdl.nn.layers.layer import Layer
    from textdl.nn.layers.pooling import MeanPooling
    from textdl.nn.layers.sequential import Sequential, mlp, sequential
    from textdl.nn.losses import (
        absolute_error,
        binary_cross_entropy,
        categorical_cross_entropy,
        huber,
        logistic_accuracy,
        logistic_loss,
        sample_weights,
        softmax_accuracy,
        softmax_loss,
        squared_error,
        weighted_mean,
    )
    from textdl.nn.optimizers import OPTIMIZERS, SCHEDULES
    from textdl.nn.regularizers import Regularizer
    from textdl.nn.summary import summarize
    from textdl.nn.training.checkpoints import FitCheckpoints
    from textdl.nn.training.config import TrainingConfig
    from textdl.nn.training.evaluate import evaluate
    from textdl.nn.training.fit import FitResult, fit
    from textdl.nn.training.predict import predict
    from textdl.nn.training.progress import EpochLog, progress_bar
    from textdl.nn.training.step import Objective, TrainState

_HOME = {
    "ACTIVATIONS": "activations",
    "Dataset": "data.dataset",
    "Dense": "layers.dense",
    "DenseParams": "layers.dense",
    "Dropout": "layers.dropout",
    "Embedding": "layers.embedding",
    "EmbeddingParams": "layers.embedding",
    "EpochLog": "training.progress",
    "FitCheckpoints": "training.checkpoints",
    "FitResult": "training.fit",
    "INITIALIZERS": "initializers",
    "Layer": "layers.layer",
    "MeanPooling": "layers.pooling",
    "OPTIMIZERS": "optimizers",
    "Objective": "training.step",
    "Regularizer": "regularizers",
    "SCHEDULES": "optimizers",
    "SequenceBatch": "data.sequences",
    "Sequences": "data.sequences",
    "Sequential": "layers.sequential",
    "TrainState": "training.step",
    "TrainingConfig": "training.config",
    "absolute_error": "losses",
    "affine": "layers.dense",
    "binary_cross_entropy": "losses",
    "categorical_cross_entropy": "losses",
    "check_gradients": "gradcheck",
    "elu": "activations",
    "evaluate": "training.evaluate",
    "fit": "training.fit",
    "from_bcoo": "data.sparse",
    "gelu": "activations",
    "huber": "losses",
    "leaky_relu": "activations",
    "linear": "activations",
    "log_softmax": "activations",
    "logistic_accuracy": "losses",
    "logistic_loss": "losses",
    "make_dataset": "data.dataset",
    "make_sequences": "data.sequences",
    "mlp": "layers.sequential",
    "predict": "training.predict",
    "progress_bar": "training.progress",
    "relu": "activations",
    "sample_weights": "losses",
    "sequential": "layers.sequential",
    "sigmoid": "activations",
    "softmax": "activations",
    "softmax_accuracy": "losses",
    "softmax_loss": "losses",
    "softplus": "activations",
    "split_dataset": "data.dataset",
    "squared_error": "losses",
    "summarize": "summary",
    "tanh": "activations",
    "to_bcoo": "data.sparse",
    "weighted_mean": "losses",
}
_MODULES = ("activations", "initializers", "losses", "optimizers")
__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Dataset",
    "Dense",
    "DenseParams",
    "Dropout",
    "Embedding",
    "EmbeddingParams",
    "EpochLog",
    "FitCheckpoints",
    "FitResult",
    "Layer",
    "MeanPooling",
    "Objective",
    "Regularizer",
    "SequenceBatch",
    "Sequences",
    "Sequential",
    "TrainState",
    "TrainingConfig",
    "absolute_error",
    "activations",
    "affine",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "check_gradients",
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
    "logistic_accuracy",
    "logistic_loss",
    "losses",
    "make_dataset",
    "make_sequences",
    "mlp",
    "optimizers",
    "predict",
    "progress_bar",
    "relu",
    "sample_weights",
    "sequential",
    "sigmoid",
    "softmax",
    "softmax_accuracy",
    "softmax_loss",
    "softplus",
    "split_dataset",
    "squared_error",
    "summarize",
    "tanh",
    "to_bcoo",
    "weighted_mean",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
