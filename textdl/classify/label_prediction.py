"""From probabilities to labels and scores: what every classifier of texts does with them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.classify.examples import make_truth
from textdl.classify.explanation import Explanation, explain, log_of
from textdl.classify.report import ClassificationReport, make_report
from textdl.errors import DataError


class Predictions(NamedTuple):
    """What a classifier predicts for N texts."""

    probabilities: NDArray[np.float64]  # (N, K)
    known: NDArray[np.bool_]  # (N,) whether a text has any term that was learned


class LikelyClasses(NamedTuple):
    """The most probable classes of a text."""

    classes: list[tuple[Any, float]]  # with their probabilities, the most probable first
    is_known: bool  # whether the text has any term that was learned


class LabelPredictor:
    """Labels and scores, by the probabilities of `predict_details`.

    Attributes:
        classes_: `(K,)` the classes, sorted.
        multilabel_: whether a text can have several labels.
    """

    classes_: NDArray[Any]
    multilabel_: bool

    @abstractmethod
    def predict_details(self, X: Any) -> Predictions:
        """The probability of every class, and whether any term of a text is known."""

    def most_probable(self, X: Any, n: int = 1) -> Iterator[LikelyClasses]:
        """The `n` most probable classes of each text, those as probable in their order."""
        probabilities, known = self.predict_details(X)
        classes = self.classes_.tolist()
        order = (-probabilities).argsort(axis=1, kind="stable")[:, :n]
        for row, columns, is_known in zip(probabilities, order.tolist(), known, strict=True):
            yield LikelyClasses([(classes[k], float(row[k])) for k in columns], bool(is_known))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of every class, `(N, K)`."""
        return self.predict_details(X).probabilities

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """The logarithm of the probability of every class, `(N, K)`, finite also for 0."""
        return log_of(self.predict_proba(X))

    def explain(self, text: str, label: Any = None) -> Explanation:
        """How far each word of a text moves the decision for a class, by leaving it out.

        Args:
            text: to explain.
            label: the class; None: the most probable.

        Returns:
            The class, its probability, and the influence of every word, which `as_text` and
            `as_html` show.

        Raises:
            DataError: the class was not learned.
            ParameterError: the text is not one.

        Warns:
            UserWarning: the text is so long that only its beginning is explained.
        """
        self.predict_details([])  # of an estimator, whether it is fitted
        classes = self.classes_.tolist()
        return explain(
            self.predict_log_proba, classes, text, label, multilabel=bool(self.multilabel_)
        )

    def predict(self, X: Any) -> Any:
        """The most probable classes `(N,)`; with several labels, tuples of those above one half."""
        probabilities = self.predict_proba(X)
        if not self.multilabel_:
            return self.classes_[probabilities.argmax(1)]
        return [tuple(self.classes_[row].tolist()) for row in probabilities > 0.5]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of texts whose labels are all right; a label that is new counts as wrong.

        Args:
            X: N texts.
            y: N labels, or N lists of them.
            sample_weight: `(N,)` of the texts; None: 1 each.

        Returns:
            The accuracy, from 0 to 1.
        """
        right = [
            set(predicted) == set(truth) if self.multilabel_ else predicted == truth
            for predicted, truth in zip(self.predict(X), list(y), strict=True)
        ]
        return float(np.average(right, weights=sample_weight))

    def evaluate(self, X: Any, y: Any) -> ClassificationReport:
        """Accuracy, the scores of every class, and the confusion matrix.

        Raises:
            DataError: a label was not learned.
        """
        self.predict_details([])  # of an estimator, whether it is fitted
        truth = make_truth(y, self.classes_, multilabel=self.multilabel_)
        return self.score_predictions(truth, self.predict_details(X))

    def score_predictions(
        self, truth: NDArray[np.bool_], predictions: Predictions
    ) -> ClassificationReport:
        """The scores of predictions where the truth `(N, K)` is known.

        Raises:
            DataError: the numbers of predictions and labels differ, or are 0.
        """
        probabilities = predictions.probabilities
        if len(truth) != len(probabilities):
            raise DataError(
                f"{len(probabilities):,} texts and {len(truth):,} labels; expected one label or "
                "list of labels per text"
            )
        predicted = probabilities > 0.5
        if not self.multilabel_:
            predicted = np.eye(len(self.classes_), dtype=bool)[probabilities.argmax(1)]
        return make_report([str(name) for name in self.classes_], truth, predicted)
