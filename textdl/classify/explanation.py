"""Why a text is given a class: how far each of its words moves the decision.

By occlusion, which asks nothing of a model but its probabilities: a word is left out, and the score
of the class is compared. So it is the same for a linear model and for a recurrent network.

References:
    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2;
    Li, Monroe and Jurafsky 2016, "Understanding neural networks through representation erasure".
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from html import escape
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError, ParameterError
from textdl.table import format_table

WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")  # marks count: "!" tells spam from ham
MOST_WORDS = 1_000  # of a text; each is another text to predict
TEXTS_AT_ONCE = 256
BAR = 20  # characters of the longest bar
_TINY = 1e-300
_POSITIVE = (46, 125, 50)  # colors of a page
_NEGATIVE = (198, 40, 40)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="font: 16px/1.8 sans-serif; max-width: 50em; margin: 2em auto">
<p><b>{title}</b>: words on green speak for it, words on red against it</p>
<p style="white-space: pre-wrap">{text}</p>
</body>
</html>
"""

LogProbabilities = Callable[[list[str]], NDArray[np.float64]]


class WordInfluence(NamedTuple):
    """How far a word of a text moves the decision."""

    word: str
    start: int  # of the word in the text, in characters
    end: int
    influence: float  # the score of the class with the word, minus that without; see `Explanation`


class Explanation(NamedTuple):
    r"""Why a text is given a class.

    The score of class c is s_c = log p_c - mean over the other classes of log p_k, and with several
    labels per text log p_c / (1 - p_c). With two classes both are the log-odds. Where the outputs
    of a model are linear in the counts of words, leaving out a word changes the score by the
    word's weight.

    Example:
        >>> words = [WordInfluence("free", 0, 4, 2.0), WordInfluence("lunch", 5, 10, -0.5)]
        >>> explanation = Explanation("free lunch", "spam", 0.9, words)
        >>> print(explanation.as_text())
        spam 0.9000
        free   +2.0000  ++++++++++++++++++++
        lunch  -0.5000  -----
    """

    text: str
    label: Any  # the class that is explained
    probability: float  # of it
    words: list[WordInfluence]  # in the order of the text

    def top(self, n: int = 10) -> list[WordInfluence]:
        """The `n` words that move the decision furthest, in either direction.

        Raises:
            ParameterError: `n` is below 1.
        """
        if n < 1:
            raise ParameterError(f"n={n}; expected a whole number from 1 up")
        return sorted(self.words, key=lambda it: -abs(it.influence))[:n]

    def as_text(self, n: int = 10) -> str:
        """The class, and the `n` words that move it furthest, with bars."""
        found = self.top(n)
        largest = max((abs(it.influence) for it in found), default=0.0)
        rows = []
        for it in found:
            size = round(BAR * abs(it.influence) / largest) if largest else 0
            rows.append(
                (it.word, f"{it.influence:+.4f}", ("+" if it.influence > 0 else "-") * size)
            )
        lines = format_table(rows, "<><") if rows else []
        return "\n".join([f"{self.label} {self.probability:.4f}", *map(str.rstrip, lines)])

    def as_html(self) -> str:
        """A page with the text, each word on a color as strong as its influence."""
        largest = max((abs(it.influence) for it in self.words), default=0.0) or 1.0
        parts = []
        end = 0
        for it in self.words:
            color = ", ".join(map(str, _POSITIVE if it.influence > 0 else _NEGATIVE))
            style = f"background: rgba({color}, {abs(it.influence) / largest:.2f})"
            parts.append(escape(self.text[end : it.start]))
            parts.append(
                f'<span style="{style}" title="{it.influence:+.4f}">{escape(it.word)}</span>'
            )
            end = it.end
        parts.append(escape(self.text[end:]))
        title = escape(f"{self.label} {self.probability:.4f}")
        return _PAGE.format(title=title, text="".join(parts))

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        return {
            "text": self.text,
            "label": self.label,
            "probability": self.probability,
            "words": [it._asdict() for it in self.words],
        }


def explain(
    log_probabilities: LogProbabilities,
    classes: list[Any],
    text: str,
    label: Any = None,
    *,
    multilabel: bool = False,
) -> Explanation:
    """Leave out each word of a text in turn, and compare the scores of a class.

    Args:
        log_probabilities: of N texts, `(N, K)`.
        classes: K.
        text: to explain.
        label: the class; None: the most probable.
        multilabel: whether a text can have several classes.

    Returns:
        The words with their influence; of a word that stands twice, each by itself.

    Raises:
        DataError: the class is unknown.
        ParameterError: the text is not one.

    Warns:
        UserWarning: the text has more than `MOST_WORDS` words, of which the others are left alone.
    """
    if not isinstance(text, str):
        raise ParameterError(f"the text to explain is {short(text)}; expected a str")
    whole = log_probabilities([text])[0]
    number = int(whole.argmax()) if label is None else _number_of(label, classes)
    spans = [(it.start(), it.end()) for it in WORD.finditer(text)]
    if len(spans) > MOST_WORDS:
        warnings.warn(
            f"the text has {len(spans):,} words, of which the first {MOST_WORDS:,} are explained; "
            "pass a part of it to explain the others",
            UserWarning,
            stacklevel=3,
        )
        spans = spans[:MOST_WORDS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what there was to say was said above
        parts = [log_probabilities(some) for some in _without_each(text, spans)]
    base = _scores(whole[None], number, multilabel=multilabel)
    without = _scores(np.vstack([*parts, whole[None]]), number, multilabel=multilabel)[:-1]
    influences = (base - without).tolist()
    words = [
        WordInfluence(text[start:end], start, end, influence)
        for (start, end), influence in zip(spans, influences, strict=True)
    ]
    return Explanation(text, classes[number], float(np.exp(whole[number])), words)


def _number_of(label: Any, classes: list[Any]) -> int:
    if label not in classes:
        shown = ", ".join(map(str, classes[:10])) + (", ..." if len(classes) > 10 else "")
        raise DataError(f"label {label!r} is not among the {len(classes)} classes: {shown}")
    return classes.index(label)


def _without_each(text: str, spans: list[tuple[int, int]]) -> Iterator[list[str]]:
    """The text without each word, some at once."""
    for first in range(0, len(spans), TEXTS_AT_ONCE):
        some = spans[first : first + TEXTS_AT_ONCE]
        yield [f"{text[:start]} {text[end:]}" for start, end in some]


def _scores(log_p: NDArray[np.float64], number: int, *, multilabel: bool) -> NDArray[np.float64]:
    """The score of a class, `(N,)`."""
    own: NDArray[np.float64] = log_p[:, number]
    if multilabel:
        others: NDArray[np.float64] = np.log(np.maximum(-np.expm1(own), np.finfo(float).eps))
        return own - others
    rest: NDArray[np.float64] = np.delete(log_p, number, axis=1).mean(axis=1)
    return own - rest


def log_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of probabilities, finite also where one is 0.

    Example:
        >>> log_of(np.array([1.0, 0.0])).round().tolist()
        [0.0, -691.0]
    """
    logarithms: NDArray[np.float64] = np.log(np.maximum(probabilities, _TINY))
    return logarithms
