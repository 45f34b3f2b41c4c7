"""SequenceClassifier: a network that reads a text word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from textdl.classify.sequence_models.config import SequenceClassifierParameters
from textdl.classify.sequence_models.networks import make_network
from textdl.classify.sequence_models.training import check_sequence_parameters, sequence_training
from textdl.errors import DataError, FileFormatError
from textdl.io.archive import Archive
from textdl.jax_settings import fixed_settings, random_key
from textdl.nn.data.dataset import make_dataset
from textdl.nn.data.packed_sequences import PackedSequences, round_size
from textdl.nn.estimators.base import MLPBase
from textdl.nn.estimators.classifier import ClassifierOutputMixin
from textdl.nn.layers.embedding import EmbeddingParams
from textdl.nn.layers.sequential import Params, Sequential, init_params
from textdl.nn.training.averaging import AveragedWeights, average_of
from textdl.nn.training.evaluate import predict
from textdl.nn.training.fit import fit, progress_bar
from textdl.nn.training.objective import Objective
from textdl.parameters import document_parameters

# An array that recurrent networks had before they were bidirectional.
_ONE_DIRECTION = "2.0.weights"
# A parameter that convolutional networks have had since they read the mean of the vectors, too.
_WITH_MEAN = "word_dropout"


@document_parameters
@dataclass(eq=False, repr=False)
class SequenceClassifier(SequenceClassifierParameters, ClassifierOutputMixin, MLPBase):
    """A convolutional or recurrent network on sequences of ids.

    Vectors of words, dropout, what reads them (windows of 3, 4 and 5 words, or recurrent states of
    both directions), the maximum over the positions of a text, dropout, and a dense layer; trained
    by Adam. Beside the maxima of windows stands the sum of the vectors of all n words, over √n.

    Args:
        {parameters}

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether an example can have several labels.
        embeddings_: `(V, D)` the vector of every id.
        history_: loss and accuracy of every epoch, taken while the parameters change.
        n_features_in_: V, how many ids there are.

    References:
        Kim 2014, "Convolutional neural networks for sentence classification";
        Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text
        classification" (word dropout, means);
        Shamir and Zhang 2013, "Stochastic gradient descent for non-smooth optimization" (averages
        of weights).

    Example:
        >>> from textdl.nn.data.packed_sequences import pack_sequences
        >>> sequences = pack_sequences([[1, 2, 3], [3, 2, 1]] * 20)
        >>> model = SequenceClassifier("gru", units=8, epochs=20, learning_rate=0.02)
        >>> model.fit(sequences, ["up", "down"] * 20).predict(sequences)[:2].tolist()
        ['up', 'down']
    """

    @fixed_settings()
    def fit(
        self,
        X: PackedSequences,
        y: Any,
        *,
        rows: int | None = None,
        learned_rows: int | None = None,
        vectors: NDArray[np.float32] | None = None,
    ) -> Self:
        """Train on sequences and labels.

        Args:
            X: N sequences.
            y: `(N,)` labels, or `(N, K)` of 0 and 1 for several labels per example.
            rows: V, how many ids there are; None: those of `X`.
            learned_rows: ids that training may move, the first; the vectors of the others stay as
                they are given. None: all.
            vectors: `(V, D)` of the ids, to begin with; None: they are drawn.

        Returns:
            The estimator itself.

        Raises:
            DataError: the data do not fit, or the vectors are not one per id, finite.
            ParameterError: a parameter is out of range.
            DivergenceError: the loss is not finite.
        """
        self._check_parameters()
        _check_sequences(X, y)
        outputs = self._learn_targets(np.asarray(y), None)
        targets = self._encode_targets(np.asarray(y))
        rows = rows or X.id_range()[1] + 1
        learned_rows = learned_rows or rows
        _check_vectors(vectors, rows, learned_rows)
        size = self.vector_size if vectors is None else vectors.shape[1]
        self._seed = int(self.seed)
        self._layer_sizes = (learned_rows, size, self.units, outputs)
        self._network.check_features(X)
        with jax.enable_x64(False), progress_bar(self.verbose) as draw:
            start = self._start(vectors)
            optimizer = AveragedWeights() if self.average_weights else "adam"
            config = sequence_training(self, X.size, optimizer)
            objective = Objective(self._compiled_network, *self._loss_and_metrics()[:2])
            key = random_key(self._seed, 1)
            data = make_dataset(X, targets)
            result = fit(start, data, objective, config, key=key, callbacks=[draw])
            params = average_of(result.state) if self.average_weights else result.params
        table, *others = jax.tree.map(np.asarray, params)
        self.params_ = (EmbeddingParams(table.table[:learned_rows]), *others)
        if vectors is not None and learned_rows < rows:
            self._append_vectors(vectors[learned_rows:])
        self.history_ = result.history
        self.n_features_in_ = self._layer_sizes[0]
        self._optimizer_state = None
        return self

    @property
    def embeddings_(self) -> NDArray[np.float32]:
        """`(V, D)` the vector of every id."""
        embeddings: NDArray[np.float32] = self.params_[0].table
        return embeddings

    @property
    def _network(self) -> Sequential:
        return self._network_of(self._layer_sizes[0])

    @property
    def _compiled_network(self) -> Sequential:
        """With a round number of vectors: so it is compiled once for similar texts."""
        return self._network_of(round_size(self._layer_sizes[0]))

    def _network_of(self, rows: int) -> Sequential:
        _, size, units, outputs = self._layer_sizes
        return make_network(
            self.model,
            (rows, size, units, outputs),
            self.dropout,
            trainable=self.tune_vectors,
            word_dropout=self.word_dropout,
        )

    def _check_parameters(self) -> None:
        check_sequence_parameters(self, shares=("dropout", "word_dropout"))

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        """The network that an archive holds.

        Raises:
            FileFormatError: it is damaged, holds another estimator, or a network of before.
        """
        if _ONE_DIRECTION in archive.array_names:
            raise FileFormatError(
                f"{str(archive.path)!r} has a recurrent network that reads in one direction, which "
                "textdl had before; this textdl reads in both: train it again"
            )
        if archive.parameters.get("model") == "cnn" and _WITH_MEAN not in archive.parameters:
            raise FileFormatError(
                f"{str(archive.path)!r} has a convolutional network without the mean of the word "
                "vectors, which textdl had before; this textdl has it: train it again"
            )
        return super()._from_archive(archive)

    def _start(self, vectors: NDArray[np.float32] | None) -> Params:
        params = init_params(self._compiled_network, random_key(self._seed))
        if vectors is None:
            return params
        return (_padded(vectors[: self._layer_sizes[0]]), *params[1:])

    def _append_vectors(self, vectors: NDArray[np.float32]) -> None:
        """Add ids that training does not know, with their vectors."""
        table = np.concatenate([self.embeddings_, vectors])
        self.params_ = (EmbeddingParams(table), *self.params_[1:])  # type: ignore[arg-type]
        self._layer_sizes = (len(table), *self._layer_sizes[1:])

    def _outputs(self, X: Any) -> NDArray[np.floating]:
        """The last layer's z, `(N, O)`."""
        check_is_fitted(self)
        self._network.check_features(X)
        table, *others = self.params_
        with self._precision():
            outputs = predict(self._compiled_network, (_padded(table.table), *others), X)
        if not np.isfinite(outputs).all():
            raise DataError("an output of the network is not finite; lower the learning rate")
        return outputs


def _padded(vectors: NDArray[np.float32]) -> EmbeddingParams:
    """The table of vectors, with rows of zeros behind them that no id has."""
    rows = len(vectors)
    return EmbeddingParams(np.pad(vectors, ((0, round_size(rows) - rows), (0, 0))))  # type: ignore[arg-type]


def _check_sequences(sequences: Any, labels: Any) -> None:
    """Refuse what is not sequences with a label each."""
    if not isinstance(sequences, PackedSequences):
        raise DataError(
            f"the examples are of type {type(sequences).__name__}; expected sequences of ids, as "
            "nn.pack_sequences makes them"
        )
    if sequences.size != len(labels):
        raise DataError(
            f"{sequences.size:,} sequences and {len(labels):,} labels; expected one per sequence"
        )


def _check_vectors(vectors: Any, rows: int, learned_rows: int) -> None:
    """Refuse vectors that are not one per id, or of which more are learned than there are."""
    if not 1 <= learned_rows <= rows:
        raise DataError(f"learned_rows={learned_rows:,} of {rows:,} ids; expected 1 to {rows:,}")
    if vectors is None:
        return
    if np.ndim(vectors) != 2 or len(vectors) != rows:
        raise DataError(
            f"vectors of shape {np.shape(vectors)} for {rows:,} ids; expected ({rows:,}, D), a row "
            "per id"
        )
    if not np.isfinite(vectors).all():
        row = int(np.isfinite(vectors).all(axis=1).argmin())
        raise DataError(f"the vector of id {row:,} is not finite; train or convert them again")
