"""EmbeddingBagClassifier: learned vectors of terms, averaged into a softmax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from textdl.classify import bag
from textdl.classify.balance import balanced_batches
from textdl.errors import DivergenceError
from textdl.nn.classes import ClassOutputs
from textdl.nn.data import Data, make_data
from textdl.nn.dense import Dense
from textdl.nn.fitted import FittedMLP
from textdl.nn.mlp import Network
from textdl.nn.progress import progress_bar
from textdl.nn.training import Report
from textdl.nn.validation import cast_features, check_both, check_numbers, check_weights

NUMBERS: dict[str, tuple[Any, float]] = {
    "vector_size": (Integral, 1),
    "epochs": (Integral, 1),
    "learning_rate": (Real, 0),
    "batch_size": (Integral, 1),
    "seed": (Integral, 0),
}


@dataclass(eq=False, repr=False)
class EmbeddingBagClassifier(ClassOutputs, FittedMLP):
    """The supervised mode of fastText, on a matrix of counts.

    A network of two linear layers on L1-normalised rows: the first holds a vector for every term,
    the second turns their mean into logits. `bag` has the equations. The rate falls to 0 step by
    step. A row without non-zeros is given what the bias says, about the shares of the classes.

    Args:
        vector_size: dimensions of the vector of a term.
        epochs: passes over the data.
        learning_rate: of row-wise Adagrad, at the first step.
        batch_size: examples a step.
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

    activation = "identity"
    _network = Network("identity")

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
        check_numbers(self, NUMBERS)
        x, y = check_both(self, X, y, reset=True)
        weights = check_weights(sample_weight, x)
        outputs = self._learn_targets(y, None)
        features = self._prepared(cast_features(x, np.dtype(np.float32)))
        place = _by_frequency(features)
        features.indices = place.take(features.indices)
        with jax.enable_x64(False):
            state, self.history_ = self._train(
                make_data(features, self._encode(y), weights), outputs
            )
        table = np.asarray(state.embeddings).take(place, axis=0)
        first = Dense(table, np.zeros(self.vector_size, np.float32))  # type: ignore[arg-type]
        self.params_ = (first, Dense(*map(np.asarray, state.output)))  # type: ignore[arg-type]
        self._seed, self._optimizer_state = int(self.seed), None
        return self

    @property
    def embeddings_(self) -> Any:
        """`(V, D)` the vector of every term."""
        return self.params_[0].weights

    def _train(self, data: Data, outputs: int) -> tuple[bag.State, dict[str, list[float]]]:
        history: dict[str, list[float]] = {"loss": [], "accuracy": []}
        state = bag.init(int(self.seed), self.n_features_in_, self.vector_size, outputs)
        loss, ((_, accuracy),), _ = self._measures()
        sizes, room = np.diff(np.asarray(data.features.starts)), 0  # type: ignore[union-attr]
        with progress_bar(self.verbose) as show:
            for epoch, rates in enumerate(self._rates(data.size)):
                order, most = balanced_batches(sizes, self._batch(data.size), self.seed, epoch)
                room = room if most <= room else most + most // 32
                state, means = bag.run_epoch(
                    state, data, order, rates, loss=loss, metric=accuracy, room=room
                )
                for name, mean in means.items():
                    history[name].append(float(mean))
                self._check_finite(history, state)
                show(Report(epoch + 1, self.epochs, {k: v[-1] for k, v in history.items()}, ()))
        return state, history

    def _batch(self, examples: int) -> int:
        return min(self.batch_size, examples)

    def _rates(self, examples: int) -> Iterator[Any]:
        """The rates of the steps of every epoch, falling to 0."""
        steps = -(-examples // self._batch(examples))
        left = 1 - np.arange(steps * self.epochs) / (steps * self.epochs)
        yield from (self.learning_rate * left).astype(np.float32).reshape(self.epochs, steps)

    def _check_finite(self, history: dict[str, list[float]], state: bag.State) -> None:
        # What is not finite in a row of the table has been so in its sum of squares.
        if not np.isfinite(history["loss"][-1]) or not np.isfinite(state.row_squares).all():
            raise DivergenceError(
                f"training diverged in epoch {len(history['loss'])} (the loss or a vector is not "
                f"finite) with learning_rate={self.learning_rate}; lower it"
            )

    def _prepared(self, x: Any) -> Any:
        return normalize(csr_array(x), norm="l1")  # dense or not, the same bits

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # the mean of terms says little of dense numbers
        return tags


def _by_frequency(features: Any) -> NDArray[np.int32]:
    """`(V,)` the place of every column among all, the most used first.

    Rows of a large table that are used together then share pages of memory: a fifth of the time.
    """
    order = np.argsort(-np.bincount(features.indices, minlength=features.shape[1]), kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place
