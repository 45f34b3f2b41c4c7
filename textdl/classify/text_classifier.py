"""TextClassifier: texts and labels in, one saved model out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from textdl.classify.autotune import Limits, search
from textdl.classify.config import TextClassifierParameters
from textdl.classify.defaults import resolve_settings
from textdl.classify.examples import make_targets
from textdl.classify.label_prediction import LabelPredictor, Predictions
from textdl.classify.linear.calibration import divide_outputs
from textdl.classify.models import (
    document_frequencies,
    has_known_terms,
    single_term_inputs,
    terms_of,
    train,
)
from textdl.classify.persistence import NOT_SAVED, ClassifierState, from_archive, to_archive
from textdl.classify.selection import Selection, candidates, select
from textdl.errors import ParameterError
from textdl.io.archive import Archive, ArchiveContent, open_archive, write_archive
from textdl.nn.estimators.base import MLPBase
from textdl.nn.layers.sequential import named_arrays
from textdl.parameters import check_parameters, document_parameters
from textdl.text.corpus import read_documents


@document_parameters
@dataclass(eq=False, repr=False)
class TextClassifier(
    TextClassifierParameters,
    LabelPredictor,
    ClassifierMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Texts to classes: features of the text, and a model that is trained on them.

    A parameter that is None becomes what suits the choice of features and model; one that the
    choice does not have is refused.

    With ``features="tfidf"`` the inverse document frequency counts twice (``idf_power=2``): a row
    is (1 + log tf) idf², scaled to norm 1. With ``idf_power=1`` it is the plain TF-IDF of
    ``TfidfVectorizer(sublinear_tf=True)``.

    Args:
        {parameters}

    Attributes:
        classes_: the classes, sorted.
        multilabel_: whether a text can have several labels.
        n_terms_: terms that were learned.
        features_: the fitted transformer of texts to features.
        classifier_: what is trained on them, a `LinearClassifier`, an `MLPClassifier`, an
            `EmbeddingBagClassifier` or a `SequenceClassifier`.
        settings_: what every parameter became.
        comparison_: of every candidate or trial that was compared, its parameters, on how many
            texts it was measured, its accuracy and log-loss there, and whether it was chosen; empty
            where the choice was given, or there are too few texts for one.

    References:
        Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification", for
        ``features="bag"``.

    Example:
        >>> texts = ["cheap pills", "see you at noon", "pills, cheap!", "lunch at noon?"]
        >>> model = TextClassifier().fit(texts, ["spam", "ham", "spam", "ham"])
        >>> model.predict(["Cheap lunch, cheap pills", "at noon"]).tolist()
        ['spam', 'ham']
        >>> model.top_features(2)["ham"]
        ['at', 'at noon']
        >>> model.settings_["idf_power"]
        2
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on texts and their labels.

        Args:
            X: N texts.
            y: N labels, or N lists of several, which may be empty: then each class has a logistic
                output of its own, one against all.

        Returns:
            The estimator itself.

        Raises:
            ParameterError: a parameter is out of range or does not go with the others, no term is
                left, or a bare string was given.
            CorpusError: a text is None, or of another type.
            DataError: the numbers of texts and labels differ, a label is missing, or there is one
                class only.
        """
        targets = make_targets(y)
        texts = _as_sequence(X)
        found = self._select(texts, targets.values)
        settings = resolve_settings(found.parameters, len(targets.values))
        self.features_, self.classifier_ = train(settings, texts, targets.values)
        if found.temperature is not None and isinstance(self.classifier_, MLPBase):
            divide_outputs(self.classifier_, found.temperature)
        self.settings_ = settings
        self.comparison_ = found.comparison
        self.classes_ = targets.classes
        self.multilabel_ = targets.multilabel
        return self

    def _select(self, texts: Any, values: NDArray[Any]) -> Selection:
        """Features and model, as given or as they do best."""
        check_parameters(self)
        parameters = self.get_params(deep=False)
        found = candidates(parameters, len(values))
        limits = Limits(self.trials, self.autotune)
        is_searched = limits != Limits(None, None)
        are_texts = isinstance(texts, Sequence | np.ndarray) and not isinstance(texts, str)
        if not are_texts or len(texts) != len(values) or any(text is None for text in texts):
            return Selection(found[0], None, [])  # where texts are at fault, `train` says so
        options: Any = {"seed": int(self.seed), "verbose": self.verbose}
        if is_searched:
            return search(parameters, texts, values, limits, **options)
        return select(found, texts, values, **options)

    def resolve_settings(self, texts: int) -> dict[str, Any]:
        """What every parameter becomes for a number of texts; of a model of auto, the first's.

        Raises:
            ParameterError: one is out of range, or does not go with the others.
        """
        check_parameters(self)
        return resolve_settings(candidates(self.get_params(deep=False), texts)[0], texts)

    @property
    def n_terms_(self) -> int:
        """Terms that were learned."""
        check_is_fitted(self)
        return len(document_frequencies(self.features_))

    def predict_details(self, X: Any) -> Predictions:
        """The probability of every class, and whether any term of a text is known.

        A text without any known term is given the prediction of an empty text.
        """
        check_is_fitted(self)
        if isinstance(X, Sized) and not len(X):
            return Predictions(np.zeros((0, len(self.classes_))), np.zeros(0, bool))
        matrix = self.features_.transform(X)
        return Predictions(self.classifier_.predict_proba(matrix), has_known_terms(matrix))

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """The logarithm of the probability of every class, `(N, K)`."""
        check_is_fitted(self)
        found: NDArray[np.float64] = self.classifier_.predict_log_proba(self.features_.transform(X))
        return found

    def top_features(self, n: int = 10) -> dict[Any, list[str]]:
        """The terms that are most typical of each class, the most typical first.

        The score of a term is that of a text of it alone: how far its log-probability of the class
        is above the mean over classes, times log(1 + df), where df is the number of texts that have
        the term: what was seen once says little of other texts.

        Raises:
            ParameterError: `n` is below 1.
        """
        check_is_fitted(self)
        if n < 1:
            raise ParameterError(f"n={n}; expected a whole number from 1 up")
        terms = terms_of(self.features_)
        log_p = self.classifier_.predict_log_proba(single_term_inputs(self.features_))
        above = log_p - log_p.mean(axis=1, keepdims=True)  # (V, K)
        scores = above * np.log1p(document_frequencies(self.features_))[:, None]
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
            "terms": self.n_terms_,
            "layers": list(network.layer_sizes_),
            "parameters": sum(array.size for array in named_arrays(network.params_).values()),
            "epochs": network.n_iter_,
            **({"loss": network.loss_curve_[-1]} if network.loss_curve_ else {}),  # a solver: none
            "top": {str(name): terms for name, terms in self.top_features().items()},
            **({"comparison": self.comparison_} if self.comparison_ else {}),
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
                self.comparison_,
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
        model.comparison_ = state.comparison
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags


def _as_sequence(texts: Any) -> Any:
    """Texts that can be gone through twice; anything else is left to the code that refuses it."""
    if isinstance(texts, Path):
        return list(read_documents(texts))
    if isinstance(texts, str | bytes | Sequence | np.ndarray) or not isinstance(texts, Iterable):
        return texts
    return list(texts)
