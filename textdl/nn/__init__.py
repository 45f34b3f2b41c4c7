"""The functional core: layers, losses and a training loop, as pure functions on small tuples.

    activations.py   g(z)
    losses.py        losses and metrics, one number per example
    regularizers.py  L1 and L2
    initializers.py  initial weights
    gradcheck.py     autodiff against central differences
    scan.py          the loop of recurrent layers, and backpropagation through time
    layers/          one protocol: dense, embedding, convolution, recurrence and others; sequential
    data/            features with one protocol: dense, sparse, sequences; datasets and batches
    training/        config, objective, step, fit, checkpoints, evaluate
    estimators/      MLPClassifier, MLPRegressor, and how they are saved

What is exported is declared once, in ``__init__.pyi``: one import per name. A name is imported when
it is first used (PEP 562), so that a part of textdl that needs one of them does not pay for all.

Example:
    >>> from textdl import nn
    >>> network = nn.sequential(nn.Embedding(1000, 16), nn.MeanPooling(), nn.Dense(16, 2))
    >>> float(nn.sigmoid(0.0))
    0.5
"""

import ast
from importlib import import_module
from pathlib import Path


def _exports() -> dict[str, str]:
    """The module that every exported name is imported from in ``__init__.pyi``."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.asname: str(node.module)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname  # "import x as x" exports x from a stub (PEP 484)
    }


_EXPORTS = _exports()
_MODULES = {
    "activations": "textdl.nn.activations",
    "initializers": "textdl.nn.initializers",
    "losses": "textdl.nn.losses",
    "optimizers": "textdl.nn.training.config",
}
__all__ = sorted(_EXPORTS.keys() | _MODULES.keys())


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
