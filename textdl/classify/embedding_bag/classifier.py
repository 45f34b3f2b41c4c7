"""EmbeddingBagClassifier: learned vectors of terms, averaged into a softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from textdl.classify.embedding_bag.config import EmbeddingBagParameters
from textdl.classify.embedding_bag.model import BagConfig, l1_normalize, train
from textdl.jax_settings import fixed_settings
from textdl.nn.estimators.base import MLPBase, cast_features, check_both, check_weights
from textdl.nn.estimators.classifier import ClassifierOutputMixin
from textdl.nn.layers.dense import Dense, DenseParams
from textdl.nn.layers.sequential import Sequential, sequential
from textdl.nn.training.fit import progress_bar
from textdl.parameters import check_parameters, document_parameters


@document_parameters
@dataclass(eq=False, repr=False)
class EmbeddingBagClassifier(EmbeddingBagParameters, ClassifierOutputMixin, MLPBase):
    """The supervised mode of fastText, on a matrix of counts.

    A network of two linear layers on L1-normalized rows, trained by row-wise Adagrad: the first
    holds a vector for every term, the second turns their mean into logits. For a row without
    non-zeros the bias decides, which has learned the shares of the classes. The vectors lie in a
    space of as many dimensions as there are outputs: one for two classes.

    Args:
        {parameters}

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
        embeddings_: `(V, D)` the vector of every term.
        history_: loss and accuracy of every epoch, taken while the parameters change.
        n_features_in_: V.

    References:
        Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification". Its optimizer is
        another: see `textdl.classify.embedding_bag.model`, which has the equations.

    Example:
        >>> counts = csr_array([[2, 0, 1], [0, 1, 1], [1, 0, 0], [0, 3, 0]])
        >>> model = EmbeddingBagClassifier(8, epochs=20).fit(counts, ["a", "b", "a", "b"])
        >>> model.predict(csr_array([[3, 0, 1], [0, 1, 0]])).tolist()
        ['a', 'b']
    """

    @fixed_settings()
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on counts and labels.

        Args:
            X: `(N, V)` counts or weights, SciPy sparse or dense.
            y: `(N,)` labels, or `(N, K)` of 0 and 1 for several labels per example.
            sample_weight: `(N,)`, not negative.

        Returns:
            The estimator itself.

        Raises:
            DataError: the data do not fit, or hold NaN or infinity.
            ParameterError: a parameter is out of range.
            DivergenceError: the loss is not finite.
        """
        self._check_parameters()
        x, y = check_both(self, X, y, reset=True)
        weights = check_weights(sample_weight, x) * self._class_factors(y)
        outputs = self._learn_targets(y, None)
        counts = csr_array(cast_features(x, np.dtype(np.float32)))
        targets = self._encode_targets(y)
        with jax.enable_x64(False), progress_bar(self.verbose) as draw:
            learned = train(counts, targets, weights, self._config(len(y), outputs), draw)
        first = DenseParams(learned.embeddings, np.zeros(self.vector_size, np.float32))  # type: ignore[arg-type]
        self.params_ = (first, learned.output)
        self.history_ = learned.history
        self._layer_sizes = (counts.shape[1], self.vector_size, outputs)
        self._seed = int(self.seed)
        self._optimizer_state = None
        return self

    @property
    def _network(self) -> Sequential:
        terms, size, outputs = self._layer_sizes
        return sequential(Dense(terms, size), Dense(size, outputs))

    def _check_parameters(self) -> None:
        check_parameters(self)

    @property
    def embeddings_(self) -> NDArray[np.float32]:
        """`(V, D)` the vector of every term."""
        embeddings: NDArray[np.float32] = self.params_[0].weights
        return embeddings

    def _config(self, examples: int, outputs: int) -> BagConfig:
        loss, ((_, accuracy),), _ = self._loss_and_metrics()
        return BagConfig(
            vector_size=self.vector_size,
            outputs=outputs,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=min(self.batch_size, examples),
            workers=self.workers,
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
