"""A search for better parameters than the defaults: successive halving over random draws.

A bracket has `BRACKET` draws. All are trained on a small sample of the texts, the best third on
three times as many, and so on; all are measured on the same texts, which are left out (Jamieson and
Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization"). The first
bracket begins with the candidates of a model of auto, the best of which always goes on. Bracket
follows bracket until the number of trials or the time is over. What was best on the most texts
wins, if it was better than such a candidate by more than chance.

A trial is a function of texts, labels, parameters, seed and its number. So the same number of
trials gives the same result on every machine; a limit of time only decides how many there are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.classify.defaults import features_of
from textdl.classify.linear.calibration import assign_folds
from textdl.classify.models import AUTO, Settings
from textdl.classify.selection import (
    Scores,
    Selection,
    as_row,
    describe_trial,
    first_of_the_best,
    is_valid,
    merged_with,
    sample,
    score,
)
from textdl.errors import ParameterError
from textdl.keyed_random import AUTOTUNE, uniform_integers
from textdl.progress import progress_bar

RUNGS = (1_000, 3_000, 9_000)  # texts to train on
HELD_OUT_PARTS = 3  # one of so many is left out to measure on, of many texts one of more:
MOST_HELD_OUT = 3_000  # about so many are
BRACKET = 9  # draws
KEPT = 3  # one of so many goes on
MOST_DRAWS = 1_000  # that are not valid or known, one after the other

_WORDS = ({"ngram_range": (1, 1)}, {"ngram_range": (1, 2)}, {"ngram_range": (1, 3)})
_CHARACTERS = (
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
    {"analyzer": "char_wb", "ngram_range": (3, 6)},
)


def _each(name: str, *values: Any) -> tuple[dict[str, Any], ...]:
    return tuple({name: value} for value in values)


# What is drawn, by features and model: one of each row.
SPACE: Mapping[tuple[str, str], Sequence[Sequence[Settings]]] = {
    ("tfidf", "linear"): (
        (*_WORDS, *_CHARACTERS),
        _each("idf_power", 1, 1.5, 2),
        _each("C", 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
        _each("min_df", None, 1, 2),
    ),
    ("bag", "linear"): (
        _WORDS,
        _each("vector_size", 50, 100, 200),
        _each("learning_rate", 0.01, 0.02, 0.035, 0.07, 0.15),
        _each("epochs", 5, 10, 20),
    ),
    ("tfidf", "mlp"): (
        _WORDS[:2],
        _each("idf_power", 1, 2),
        _each("hidden_layer_sizes", (64,), (128,), (256,)),
        _each("dropout", 0.2, 0.5, 0.7),
        _each("learning_rate", 0.0005, 0.001, 0.002, 0.004),
        _each("epochs", None, 10),
    ),
    ("vectors", "mlp"): (
        _each("weighting", "mean", "tfidf", "sif", "usif"),
        _each("hidden_layer_sizes", (64,), (256,)),
        _each("dropout", 0.2, 0.5),
        _each("learning_rate", 0.0005, 0.002, 0.005),
        _each("epochs", 10, 20, 40),
    ),
}


class Trial(NamedTuple):
    """One measurement.

    Example:
        >>> Trial({"model": "linear"}, 0, None).rung
        0
    """

    parameters: Settings
    rung: int  # from 0
    scores: Scores | None  # None where it could not be trained

    @property
    def rank(self) -> tuple[float, float]:
        """The higher, the better."""
        if self.scores is None:
            return -1.0, 0.0
        return self.scores.accuracy, -self.scores.log_loss


class Limits(NamedTuple):
    """When a search ends: after so many trials, or so much time, whichever comes first.

    Example:
        >>> Limits(trials=2, seconds=None).are_reached(1, began=0.0)
        False
    """

    trials: int | None
    seconds: float | None

    def are_reached(self, trials: int, began: float) -> bool:
        """Whether no further trial is to begin.

        Args:
            trials: so far.
            began: when, by `time.monotonic`.
        """
        if self.trials is not None and trials >= self.trials:
            return True
        return self.seconds is not None and trials > 0 and time.monotonic() - began > self.seconds


def search(
    given: Settings,
    texts: Sequence[Any],
    values: NDArray[Any],
    limits: Limits,
    *,
    seed: int,
    verbose: bool,
) -> Selection:
    """Search for parameters.

    Args:
        given: parameters of a `TextClassifier`; what is not None stays.
        texts: N of them.
        values: `(N,)` labels, or `(N, K)` of 0 and 1.
        limits: of the search.
        seed: of all draws.
        verbose: report each trial on stderr.

    Returns:
        The best parameters, and a row per trial.

    Raises:
        ParameterError: nothing of the search has what was given.
    """
    draws = _Draws(given, len(texts), seed)
    began = time.monotonic()
    trials: list[Trial] = []
    with progress_bar("trial", show=verbose) as bar:
        for trial in _trials(draws, _Rungs(texts, values, seed)):
            trials.append(trial)
            bar.write(f"textdl: trial {len(trials)}: {describe_trial(*_shown(trial))}")
            bar.update(len(trials), limits.trials)
            if limits.are_reached(len(trials), began):
                break
    best = _best(trials, draws.candidates)
    rows = [as_row(it.parameters, it.scores, is_chosen=it is best) for it in trials]
    temperature = None if best.scores is None else best.scores.temperature
    return Selection(best.parameters, temperature, rows)


def _best(trials: Sequence[Trial], candidates: Sequence[Settings]) -> Trial:
    """The best on most texts; of the candidates of auto, if none is better by more than chance.

    What is best of many is so by chance, too: it has to be better than a candidate on the same
    texts by more than one standard error.
    """
    known = [trial for trial in trials if trial.scores is not None]
    if not known:
        return trials[0]
    rung = max((it.rung for it in known if it.parameters in candidates), default=known[-1].rung)
    level = [trial for trial in known if trial.rung == rung]
    level.sort(key=lambda trial: (trial.parameters in candidates, trial.rank), reverse=True)
    best = max(level, key=lambda trial: trial.rank)
    return [level[0], best][first_of_the_best([level[0].scores, best.scores])]


def _shown(trial: Trial) -> tuple[Settings, Scores | None]:
    return trial.parameters, trial.scores


class _Rungs:
    """Samples of rising size to train on, and texts that are left out of all, to measure on."""

    def __init__(self, texts: Sequence[Any], values: NDArray[Any], seed: int) -> None:
        parts = max(HELD_OUT_PARTS, -(-len(texts) // MOST_HELD_OUT))
        fold = assign_folds(values, min(parts, len(texts)), seed)
        self._texts = texts
        self._values = values
        self._seed = seed
        self._held_out = np.flatnonzero(fold == 0)
        self._pool = np.flatnonzero(fold > 0)
        most = min(len(self._pool), RUNGS[-1])
        self.sizes = [*(size for size in RUNGS if size < most), most]

    def measure(self, parameters: Settings, rung: int) -> Trial:
        """Train on the sample of a rung, and predict the texts that are left out."""
        chosen = sample(self._values[self._pool], self.sizes[rung], self._seed)
        rows = np.concatenate([self._held_out, self._pool[chosen]])
        fold = np.repeat([0, 1], [len(self._held_out), len(chosen)])
        texts = [self._texts[row] for row in rows.tolist()]
        return Trial(parameters, rung, score(parameters, texts, self._values[rows], fold, 0))


class _Draws:
    """Parameters to try: first those of the candidates of auto, then random ones, each once."""

    def __init__(self, given: Settings, examples: int, seed: int) -> None:
        self._examples = examples
        self._seed = seed
        model = None if given["model"] == "auto" else given["model"]
        closed = {**given, "model": model, "autotune": None, "trials": None}
        if model is not None:
            closed["features"] = given["features"] or features_of(model)
        candidates = [candidate for candidate in AUTO if model in (None, candidate["model"])]
        merged = [merged_with(closed, candidate) for candidate in candidates]
        self.candidates = self._valid(it for it in merged if it is not None)
        if not self.candidates:
            known = ", ".join(" ".join(kind) for kind in SPACE)
            raise ParameterError(
                f"autotune searches {known}, of which none has all parameters that were given; "
                "leave out autotune, or parameters"
            )
        kinds = dict.fromkeys((it["features"], it["model"]) for it in self.candidates)
        # A linear model takes a tenth of the time of the others: it is drawn more often.
        self._kinds = [
            k
            for k in SPACE
            if k in kinds
            for _ in range(3 if k[1] == "linear" and k[0] == "tfidf" else 1)
        ]
        self._closed = closed

    def _valid(self, found: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        valid: list[dict[str, Any]] = []
        for parameters in found:
            if is_valid(parameters, self._examples) and parameters not in valid:
                valid.append(parameters)
        return valid

    def __iter__(self) -> Iterator[dict[str, Any]]:
        known = list(self.candidates)
        yield from known
        rejected = 0
        for number in count():
            parameters = self._draw(number)
            if parameters is not None and parameters not in known:
                rejected = 0
                known.append(parameters)
                yield parameters
            else:
                rejected += 1
            if rejected > MOST_DRAWS:  # the space is exhausted
                return

    def _draw(self, number: int) -> dict[str, Any] | None:
        """The draw of a number; None where it is not valid."""
        kind = self._kinds[self._below(len(self._kinds), number, 0)]
        chosen: dict[str, Any] = {"features": kind[0], "model": kind[1]}
        for row, choices in enumerate(SPACE[kind], start=1):
            chosen |= choices[self._below(len(choices), number, row)]
        parameters = merged_with(self._closed, chosen)
        if parameters is None or not is_valid(parameters, self._examples):
            return None
        return parameters

    def _below(self, limit: int, number: int, row: int) -> int:
        return int(uniform_integers(1, limit, self._seed, AUTOTUNE, number, row)[0])


def _trials(draws: _Draws, rungs: _Rungs) -> Iterator[Trial]:
    """All trials, bracket by bracket, without an end but that of the draws."""
    source = iter(draws)
    favorites = list(draws.candidates)
    bracket: list[Settings]
    while bracket := [parameters for _, parameters in zip(range(BRACKET), source, strict=False)]:
        for rung in range(len(rungs.sizes)):
            measured = []
            for parameters in bracket:
                measured.append(rungs.measure(parameters, rung))
                yield measured[-1]
            bracket = _promoted(measured, favorites)
        favorites = []


def _promoted(measured: Sequence[Trial], favorites: Sequence[Settings]) -> list[Settings]:
    """The parameters of the best third, and the best of the favorites."""
    order = sorted(range(len(measured)), key=lambda number: measured[number].rank, reverse=True)
    best = [measured[number].parameters for number in order[: max(1, len(measured) // KEPT)]]
    ours = [measured[k].parameters for k in order if measured[k].parameters in favorites]
    return best + [it for it in ours[:1] if it not in best]
