"""EmbeddingBagClassifier: learned vectors of terms, averaged into a softmax."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, Self

import jax
import numpy as np
from scipy.sparse import csr_array

from textdl.classify.embedding_bag.training import BagConfig, l1_normalize, train
from textdl.jax_settings import fixed_settings
from textdl.nn.estimators.base import (
    MLPBase,
    cast_features,
    check_both,
    check_numbers,
    check_weights,
)
from textdl.nn.estimators.classifier import ClassifierOutputMixin
from textdl.nn.layers.dense import Dense, DenseParams
from textdl.nn.layers.sequential import Sequential, sequential
from textdl.nn.training.fit import progress_bar

NUMBERS: dict[str, tuple[Any, float]] = {
    "vector_size": (Integral, 1),
    "epochs": (Integral, 1),
    "learning_rate": (Real, 0),
    "batch_size": (Integral, 1),
    "seed": (Integral, 0),
}


@dataclass(eq=False, repr=False)
class EmbeddingBagClassifier(ClassifierOutputMixin, MLPBase):
    """The supervised mode of fastText, on a matrix of counts.

    A network of two linear layers on L1-normalized rows: the first holds a vector for every term,
    the second turns their mean into logits. `model` has the equations. The rate falls to 0 step by
    step. A row without non-zeros is given what the bias says, about the shares of the classes.

    Args:
        vector_size: dimensions of the vector of a term.
        epochs: passes over the data.
        learning_rate: of row-wise Adagrad, at the first step.
        batch_size: examples a step, on average: a step has about as many non-zeros as any other.
        seed: of every random draw; the same gives the same bits.
        verbose: show a progress bar on stderr.

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
        embeddings_: `(V, D)` the vector of every term.
        history_: loss and accuracy of every epoch, taken while the parameters move.

    Example:
        >>> counts = csr_array([[2, 0, 1], [0, 1, 1], [1, 0, 0], [0, 3, 0]])
        >>> model = EmbeddingBagClassifier(8, epochs=20).fit(counts, ["a", "b", "a", "b"])
        >>> model.predict(csr_array([[3, 0, 1], [0, 1, 0]])).tolist()
        ['a', 'b']
    """

    vector_size: int = 100
    _: KW_ONLY
    epochs: int = 5
    learning_rate: float = 0.035
    batch_size: int = 16
    seed: int = 1
    verbose: bool = False

    @fixed_settings()
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on counts and labels.

        Args:
            X: `(N, V)` counts or weights, SciPy sparse or dense.
            y: `(N,)` labels, or `(N, K)` of 0 and 1 for several labels an example.
            sample_weight: `(N,)`, not negative.

        Raises:
            DataError: the data do not fit, or hold NaN or infinity.
            ParameterError: a parameter is out of range.
            DivergenceError: the loss is not finite.
        """
        self._check_parameters()
        x, y = check_both(self, X, y, reset=True)
        weights = check_weights(sample_weight, x)
        outputs = self._learn_targets(y, None)
        counts = csr_array(cast_features(x, np.dtype(np.float32)))
        with jax.enable_x64(False), progress_bar(self.verbose) as show:
            learned = train(
                counts, self._encode_targets(y), weights, self._config(len(y), outputs), show
            )
        first = DenseParams(learned.embeddings, np.zeros(self.vector_size, np.float32))  # type: ignore[arg-type]
        self.params_, self.history_ = (first, learned.output), learned.history
        self._layer_sizes = (counts.shape[1], self.vector_size, outputs)
        self._seed, self._optimizer_state = int(self.seed), None
        return self

    @property
    def _network(self) -> Sequential:
        terms, size, outputs = self._layer_sizes
        return sequential(Dense(terms, size), Dense(size, outputs))

    def _check_parameters(self) -> None:
        check_numbers(self, NUMBERS)

    @property
    def embeddings_(self) -> Any:
        """`(V, D)` the vector of every term."""
        return self.params_[0].weights

    def _config(self, examples: int, outputs: int) -> BagConfig:
        loss, ((_, accuracy),), _ = self._loss_and_metrics()
        return BagConfig(
            vector_size=self.vector_size,
            outputs=outputs,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=min(self.batch_size, examples),
            seed=int(self.seed),
            loss=loss,
            accuracy=accuracy,
        )

    def _prepare_features(self, x: Any) -> Any:
        return l1_normalize(x)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # the mean of terms says little of dense numbers
        return tags
