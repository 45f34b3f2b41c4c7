"""How good predictions are: accuracy, the scores of every class, the confusion matrix.

Reference:
    Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", section 8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError
from textdl.table import format_table


class ClassScores(NamedTuple):
    """The scores of one class; a share of nothing is 0."""

    precision: float  # of those predicted, the share that is right
    recall: float  # of those that are of the class, the share that was found
    f1: float  # the harmonic mean of both
    support: int  # examples of the class


class ClassificationReport(NamedTuple):
    """The scores of a set of predictions."""

    accuracy: float  # share of examples whose labels are all right
    macro_f1: float  # mean over classes
    classes: dict[str, ClassScores]
    confusion: NDArray[np.int64] | None  # (K, K) truth by prediction; None with several labels


def make_report(
    classes: Sequence[str], truth: NDArray[np.bool_], predicted: NDArray[np.bool_]
) -> ClassificationReport:
    """Score predictions by scikit-learn's metrics.

    Args:
        classes: K names.
        truth: `(N, K)` whether an example has a label.
        predicted: `(N, K)` whether it was predicted.

    Returns:
        The scores; the confusion matrix only where every example has one label, and one predicted.

    Raises:
        DataError: N is 0.

    Example:
        >>> one, two = np.array([[True, False]]), np.array([[False, True]])
        >>> report = make_report(["ham", "spam"], np.vstack([one, two, two]),
        ...                      np.vstack([one, one, two]))
        >>> report.confusion.tolist(), report.classes["spam"].recall
        ([[1, 0], [1, 1]], 0.5)
    """
    from sklearn import metrics  # heavy, and only a report needs it

    if not len(truth):
        raise DataError("there is no prediction to score; pass at least one text")
    scores = metrics.precision_recall_fscore_support(truth, predicted, zero_division=0)
    by_class = {
        name: ClassScores(float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(classes, *scores, strict=True)
    }
    confusion = None
    if (truth.sum(1) == 1).all() and (predicted.sum(1) == 1).all():
        confusion = metrics.confusion_matrix(
            truth.argmax(1), predicted.argmax(1), labels=range(len(classes))
        )
    return ClassificationReport(
        accuracy=float(metrics.accuracy_score(truth, predicted)),
        macro_f1=float(np.mean([score.f1 for score in by_class.values()])),
        classes=by_class,
        confusion=confusion,
    )


def as_text(report: ClassificationReport) -> str:
    r"""The report as tables.

    Example:
        >>> right = np.eye(2, dtype=bool)
        >>> print(as_text(make_report(["ham", "spam"], right, right)))
        accuracy 1.0000, macro F1 1.0000
        <BLANKLINE>
        class  precision  recall      f1  support
        ham       1.0000  1.0000  1.0000        1
        spam      1.0000  1.0000  1.0000        1
        <BLANKLINE>
        true \ predicted  ham  spam
        ham                 1     0
        spam                0     1
    """
    lines = [f"accuracy {report.accuracy:.4f}, macro F1 {report.macro_f1:.4f}", ""]
    rows: list[tuple[str, ...]] = [("class", *ClassScores._fields)]
    for name, (*shares, support) in report.classes.items():
        rows.append((name, *(f"{share:.4f}" for share in shares), f"{support:,}"))
    lines += format_table(rows, "<>")
    if report.confusion is not None:
        names = list(report.classes)
        counts = [[f"{count:,}" for count in row] for row in report.confusion]
        head: list[tuple[str, ...]] = [("true \\ predicted", *names)]
        rows = head + [(name, *row) for name, row in zip(names, counts, strict=True)]
        lines += ["", *format_table(rows, "<>")]
    return "\n".join(lines)
