"""TextClassifier: texts and labels in, one saved model out."""

from __future__ import annotations

import os
from collections.abc import Sized
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from textdl.classify.classifiers import make_classifier
from textdl.classify.defaults import settings_for
from textdl.classify.features import (
    FEATURES,
    document_frequencies,
    learn,
    single_term_inputs,
    terms_of,
)
from textdl.classify.labels import make_targets, make_truth
from textdl.classify.persistence import NOT_SAVED, ClassifierState, from_archive, to_archive
from textdl.classify.report import ClassificationReport, make_report
from textdl.errors import DataError, ParameterError
from textdl.io.archive import Archive, ArchiveContent, open_archive, write_archive
from textdl.nn.estimators.base import check_numbers


class Predictions(NamedTuple):
    """What a classifier says of N texts."""

    probabilities: NDArray[np.float64]  # (N, K)
    known: NDArray[np.bool_]  # (N,) whether a text has any term that was learned


@dataclass(eq=False, repr=False)
class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to classes: features, and a network that judges them.

    Parameters that are None become what suits the choice of features and model; those that the
    choice has not are refused.

    Args:
        features: ``tfidf``; ``counts``; ``vectors``: averages of given word vectors; ``bag``:
            vectors of terms that are learned with the classes (fastText's supervised mode).
        model: ``mlp``: a hidden layer; ``linear``: none. None: ``mlp``, and ``linear`` on the bag.
        analyzer: ``word``, ``char`` or ``char_wb``, what terms are made of.
        tokenizer: ``nltk`` (for averages: the default), ``whitespace``, ``wordpunct``, ``tweet``.
        token_pattern: else, what a word is; None: a run of letters and digits, or a single mark.
        lowercase: lower-case the text first.
        stop_words: ``english``, a list of words, or None.
        ngram_range: words of the shortest and the longest n-gram, at most 100.
        min_df: drop terms of fewer texts; None: 3, 2 below 20,000 texts, 1 below 1,000.
        max_df: drop terms of more.
        max_features: keep only so many terms, the most frequent.
        vectors: for averages, `Vectors` or the path of a file of them.
        vector_size: dimensions of the bag (100).
        hidden_layer_sizes: units of the hidden layers (256).
        dropout: share of hidden units left out at a step (0.5).
        epochs: passes over the texts; None: 5 or 10 or 20, and more for few texts.
        batch_size: texts a step.
        learning_rate: at the first step; it falls to 0.
        seed: of every random draw; the same gives the same bits.
        n_jobs: threads that read the texts; None: every core.
        verbose: show a progress bar on stderr.

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether a text can have several labels.
        features_: the transformer that makes numbers of texts.
        classifier_: what judges them, an `MLPClassifier` or an `EmbeddingBagClassifier`.
        settings_: what every parameter became.

    Example:
        >>> texts = ["cheap pills", "see you at noon", "pills, cheap!", "lunch at noon?"]
        >>> model = TextClassifier().fit(texts, ["spam", "ham", "spam", "ham"])
        >>> model.predict(["Cheap lunch, cheap pills", "at noon"]).tolist()
        ['spam', 'ham']
        >>> model.top_features(2)["ham"]
        ['at', 'noon']
    """

    features: str = "tfidf"
    model: str | None = None
    _: KW_ONLY
    analyzer: str | None = None
    tokenizer: Any = None
    token_pattern: str | None = None
    lowercase: bool | None = None
    stop_words: Any = None
    ngram_range: tuple[int, int] | None = None
    min_df: float | None = None
    max_df: float | None = None
    max_features: int | None = None
    vectors: Any = None
    vector_size: int | None = None
    hidden_layer_sizes: int | tuple[int, ...] | None = None
    dropout: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int = 1
    n_jobs: int | None = None
    verbose: bool = False

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from texts and their labels.

        Args:
            X: N texts.
            y: N labels, or N lists of several, which may be empty: then each class is judged by
                itself, one against all.

        Raises:
            ParameterError: a parameter is out of range or does not go with the others, no term is
                left, or a bare string was given.
            CorpusError: a text is None, or no text.
            DataError: there are more texts than labels, a label is missing, or there is one class
                only.
        """
        targets = make_targets(y)
        settings = self.resolve_settings(len(targets.values))
        transformer = FEATURES[settings["features"]](settings)
        matrix = learn(transformer, X)
        if matrix.shape[0] != len(targets.values):
            raise DataError(
                f"{matrix.shape[0]:,} texts and {len(targets.values):,} labels; expected one label "
                "or list of labels a text"
            )
        classifier = make_classifier(settings, matrix.shape[0])
        self.classifier_ = classifier.fit(matrix, targets.values)
        self.features_ = transformer
        self.settings_ = settings
        self.classes_ = targets.classes
        self.multilabel_ = targets.several
        return self

    def resolve_settings(self, texts: int) -> dict[str, Any]:
        """What every parameter becomes for so many texts.

        Raises:
            ParameterError: one is out of range, or does not go with the others.
        """
        check_numbers(self, {"seed": (Integral, 0)})
        return settings_for(self.get_params(deep=False), texts)

    def predict_details(self, X: Any) -> Predictions:
        """The probability of every class, and whether anything of a text is known.

        A text of which nothing is known is given what its class would be without reading it.
        """
        check_is_fitted(self)
        if isinstance(X, Sized) and not len(X):
            return Predictions(np.zeros((0, len(self.classes_))), np.zeros(0, bool))
        matrix = self.features_.transform(X)
        known = np.asarray((matrix != 0).sum(axis=1)).reshape(-1) > 0
        return Predictions(self.classifier_.predict_proba(matrix), known)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of every class, `(N, K)`."""
        return self.predict_details(X).probabilities

    def predict(self, X: Any) -> Any:
        """The most probable class `(N,)`; with several labels a list of those above one half."""
        probabilities = self.predict_proba(X)
        if not self.multilabel_:
            return self.classes_[probabilities.argmax(1)]
        return [tuple(self.classes_[row].tolist()) for row in probabilities > 0.5]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of texts whose labels are all right; a label that is new is a wrong one.

        Args:
            X: N texts.
            y: N labels, or N lists of them.
            sample_weight: `(N,)` of the texts.
        """
        found, truth = self.predict(X), list(y)
        right = [
            set(a) == set(b) if self.multilabel_ else a == b
            for a, b in zip(found, truth, strict=True)
        ]
        return float(np.average(right, weights=sample_weight))

    def evaluate(self, X: Any, y: Any) -> ClassificationReport:
        """Accuracy, the scores of every class, and the confusion matrix.

        Raises:
            DataError: a label was not learned.
        """
        check_is_fitted(self)
        truth = make_truth(y, self.classes_, several=self.multilabel_)
        return self.score_predictions(truth, self.predict_details(X))

    def score_predictions(
        self, truth: NDArray[np.bool_], predictions: Predictions
    ) -> ClassificationReport:
        """The scores of predictions where the truth `(N, K)` is known."""
        probabilities = predictions.probabilities
        if len(truth) != len(probabilities):
            raise DataError(
                f"{len(probabilities):,} texts and {len(truth):,} labels; expected one label or "
                "list of labels a text"
            )
        predicted = probabilities > 0.5
        if not self.multilabel_:
            predicted = np.eye(len(self.classes_), dtype=bool)[probabilities.argmax(1)]
        return make_report([str(name) for name in self.classes_], truth, predicted)

    def top_features(self, n: int = 10) -> dict[Any, list[str]]:
        """The terms that speak most for each class, the strongest first.

        What speaks is a text of that term alone: how far its logit of the class is above the mean
        of the classes, times the logarithm of one more than the number of texts it was in, for
        what was seen once says little of others.
        """
        check_is_fitted(self)
        if n < 1:
            raise ParameterError(f"n={n}; expected a whole number from 1 up")
        terms, texts = terms_of(self.features_), document_frequencies(self.features_)
        log_odds = self.classifier_.predict_log_proba(single_term_inputs(self.features_))
        above = log_odds - log_odds.mean(axis=1, keepdims=True)  # (V, K)
        scores = above * np.log1p(texts)[:, None]
        best = np.argsort(-scores, axis=0, kind="stable")[:n]  # (n, K)
        return {name: terms[best[:, k]].tolist() for k, name in enumerate(self.classes_.tolist())}

    def describe(self) -> dict[str, Any]:
        """Classes, features, sizes, top features and settings, as JSON values."""
        check_is_fitted(self)
        network = self.classifier_
        settings = dict(self.settings_)
        return {
            "kind": type(self).__name__,
            "features": settings.pop("features"),
            "model": settings.pop("model"),
            "classes": self.classes_.tolist(),
            "multilabel": self.multilabel_,
            "terms": len(document_frequencies(self.features_)),
            "layers": [network.n_features_in_, *(len(bias) for bias in network.intercepts_)],
            "parameters": sum(array.size for array in (*network.coefs_, *network.intercepts_)),
            "epochs": network.n_iter_,
            "loss": network.loss_curve_[-1] if network.loss_curve_ else None,
            "top": {str(name): terms for name, terms in self.top_features().items()},
            "config": {name: value for name, value in settings.items() if name not in NOT_SAVED},
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one ``.safetensors`` file; equal models give equal bytes.

        Raises:
            ParameterError: a parameter is a function, which no file can hold.
            OutputError: the file cannot be written.
        """
        write_archive(path, self._to_archive())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        return cls._from_archive(open_archive(path, expected="a text classifier"))

    def _to_archive(self) -> ArchiveContent:
        check_is_fitted(self)
        return to_archive(
            ClassifierState(
                self.get_params(deep=False),
                self.settings_,
                self.classes_,
                self.multilabel_,
                self.features_,
                self.classifier_,
            )
        )

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        state = from_archive(archive)
        with archive.decoding():
            model = cls(**state.parameters)
        model.vectors = getattr(state.features, "vectors_", None)
        model.settings_ = dict(state.settings)
        model.classes_ = state.classes
        model.multilabel_ = state.multilabel
        model.features_ = state.features
        model.classifier_ = state.classifier
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags
