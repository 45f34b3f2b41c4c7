"""Which features and model suit the texts: candidates are compared on texts that are left out.

The work is fixed: a sample of at most `SAMPLE` texts, `FOLDS` parts of it, each predicted by what
was trained on the others. So the choice is a function of texts, labels, parameters and seed, and
not of the machine. Candidates stand in the order of their cost, and race part by part (Maron and
Moore 1994, "Hoeffding races"): one is dropped as soon as a cheaper one is as good, and one of
another kind, which costs ten times as much, where it is not better by two standard errors. Of those
that are left, the first is taken that is within one standard error of the best (Breiman et al.
1984, "Classification and regression trees", section 3.4.3): what costs more has to be better by
more than chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.classify.defaults import resolve_settings
from textdl.classify.linear.calibration import (
    assign_folds,
    fit_temperature,
    is_right,
    smoothed_loss,
)
from textdl.classify.models import AUTO, FEATURES, Settings, train
from textdl.errors import TextdlError
from textdl.progress import ProgressBar, progress_bar

SAMPLE = 4_000  # texts that candidates are compared on
FOLDS = 3
# Below so many texts the accuracies of candidates differ by chance: the first candidate is taken.
FEWEST_TEXTS = 1_000
# By so many standard errors a model has to be better than a cheaper one of another kind to go on.
# Of models that differ less on a sample, the cheaper one is as good on all texts: on 20 newsgroups
# a network was ahead of the linear model by 1.3 on a part of the sample, and not on all texts.
MARGIN = 2.0
_LEAST_LOG_P = -30.0  # of a class that no text had in a part


class Scores(NamedTuple):
    """How good a candidate was on M texts that were left out.

    Example:
        >>> Scores(np.array([[2.0], [-1.0]]), np.array([[1], [1]])).accuracy
        0.5
    """

    z: NDArray[np.float64]  # (M, O) as `fit_temperature` takes them
    targets: NDArray[np.int64]  # (M,) or (M, O)

    @property
    def right(self) -> NDArray[np.bool_]:
        """`(M,)` whether all labels of a text were right."""
        return is_right(self.z, self.targets)

    @property
    def accuracy(self) -> float:
        """The share of texts whose labels were all right."""
        return float(self.right.mean())

    @property
    def temperature(self) -> float:
        """By which the probabilities become calibrated."""
        return fit_temperature(self.z, self.targets, np.ones(len(self.z)))

    @property
    def log_loss(self) -> float:
        """Of calibrated probabilities."""
        return float(smoothed_loss(self.z / self.temperature, self.targets).mean())

    def joined(self, other: Scores | None) -> Scores | None:
        """With the scores on other texts; None where there are none."""
        if other is None:
            return None
        both = zip(self, other, strict=True)
        return Scores(*(np.concatenate(pair) for pair in both))


class Selection(NamedTuple):
    """What was chosen, and of what.

    Example:
        >>> Selection({"model": "linear"}, None, []).temperature is None
        True
    """

    parameters: Settings  # of a text classifier, with features and model
    temperature: float | None  # of its outputs; None: not measured
    comparison: list[dict[str, Any]]  # a row per candidate, as JSON values


def candidates(parameters: Settings, examples: int) -> list[dict[str, Any]]:
    """The parameters of every candidate that has all parameters that were given.

    Args:
        parameters: of a `TextClassifier`; None, and a model of auto, are open.
        examples: texts to train on.

    Returns:
        Parameters with features and model; one alone where nothing is to be compared.

    Raises:
        ParameterError: no candidate has what was given.
    """
    is_open = parameters["model"] in (None, "auto")
    closed = {**parameters, "model": None if is_open else parameters["model"]}
    models = {it["model"] for it in AUTO if parameters["features"] in (None, it["features"])}
    if not is_open or len(models) < 2:
        return [closed]
    found: list[dict[str, Any]] = []
    for candidate in AUTO:
        merged = merged_with(closed, candidate)
        if merged is not None and is_valid(merged, examples) and merged not in found:
            found.append(merged)
    if examples < FEWEST_TEXTS:
        wanted = "tfidf" if parameters["vectors"] is None else "vectors"
        found = [it for it in found if it["features"] == wanted][:1] or found[:1]
    return found or [closed]


def merged_with(given: Settings, candidate: Settings) -> dict[str, Any] | None:
    """The parameters of a candidate, where none was given; None if its features do not fit.

    Example:
        >>> given = {"features": None, "model": None, "vectors": None, "C": 2.0}
        >>> merged_with(given, {"features": "tfidf", "model": "linear", "C": 1.0})["C"]
        2.0
    """
    features = candidate["features"]
    if given["features"] not in (None, features):
        return None
    merged = dict(given)
    if features != "vectors" and given["features"] is None:
        merged["vectors"] = None  # to average: they are offered, not demanded
    if features == "vectors" and given["vectors"] is None:
        return None
    return merged | {name: it for name, it in candidate.items() if merged.get(name) is None}


def is_valid(parameters: Settings, examples: int) -> bool:
    """Whether parameters go together."""
    try:
        resolve_settings(parameters, examples)
    except TextdlError:
        return False
    return True


def select(
    found: Sequence[Settings],
    texts: Sequence[Any],
    values: NDArray[Any],
    *,
    seed: int,
    verbose: bool,
) -> Selection:
    """Compare candidates.

    Args:
        found: what `candidates` gave.
        texts: N of them.
        values: `(N,)` labels, or `(N, K)` of 0 and 1.
        seed: of the sample and its parts.
        verbose: report each candidate on stderr.

    Returns:
        The candidate that was chosen, and the figures of all.
    """
    if len(found) < 2:
        return Selection(found[0], None, [])
    rows = sample(values, SAMPLE, seed)
    some = [texts[int(row)] for row in rows]
    with progress_bar("part", show=verbose) as bar:
        measured = race(found, some, values[rows], seed, bar)
        chosen = first_of_the_best(measured)
        for parameters, scores in zip(found, measured, strict=True):
            bar.write(f"textdl: {describe_trial(parameters, scores)}")
        bar.write(f"textdl: chosen: {_title(found[chosen])}")
    best = measured[chosen]
    return Selection(
        found[chosen],
        None if best is None else best.temperature,
        [
            as_row(parameters, scores, is_chosen=number == chosen)
            for number, (parameters, scores) in enumerate(zip(found, measured, strict=True))
        ],
    )


def race(
    found: Sequence[Settings],
    texts: Sequence[Any],
    values: NDArray[Any],
    seed: int,
    bar: ProgressBar,
) -> list[Scores | None]:
    """Measure candidates part by part, until a cheaper one is as good.

    Args:
        found: parameters of candidates, by rising cost.
        texts: N of them.
        values: `(N,)` labels, or `(N, K)` of 0 and 1.
        seed: of the parts.
        bar: drawn after each part.

    Returns:
        The scores of each; None where it cannot be trained.
    """
    fold = assign_folds(values, FOLDS, seed)
    measured: list[Scores | None] = [None] * len(found)
    running = list(range(len(found)))
    for part in range(FOLDS):
        alive: list[int] = []
        for number in running:
            scores = score(found[number], texts, values, fold, part)
            before = measured[number]
            measured[number] = scores if before is None else before.joined(scores)
            if _is_worth_its_cost(number, alive, found, measured):
                alive.append(number)
            bar.update(part * len(found) + number + 1, FOLDS * len(found))
        running = alive
    return measured


def _is_worth_its_cost(
    number: int, alive: list[int], found: Sequence[Settings], measured: list[Scores | None]
) -> bool:
    """Whether a candidate is better than all cheaper ones that are still alive."""
    kinds = [(it["features"], it["model"]) for it in found]
    scores = measured[number]
    return scores is not None and all(
        _is_better(scores, cheaper, 0.0 if kinds[other] == kinds[number] else MARGIN)
        for other in alive
        if (cheaper := measured[other]) is not None
    )


def _is_better(scores: Scores, other: Scores, margin: float) -> bool:
    """Whether scores on the same texts are better by more than so many standard errors."""
    gain = scores.right.astype(float) - other.right
    return bool(gain.mean() > margin * gain.std() / np.sqrt(len(gain)))


def sample(values: NDArray[Any], size: int, seed: int) -> NDArray[np.intp]:
    """The rows of a sample of about `size` examples, in which each class has its share.

    Args:
        values: `(N,)` labels, or `(N, K)` of 0 and 1.
        size: of the sample; all, where there are no more.
        seed: of the choice.

    Returns:
        Row numbers, sorted.

    Example:
        >>> rows = sample(np.array(["a", "b"] * 500), 100, seed=1)
        >>> len(rows), int((rows % 2).sum())
        (100, 50)
    """
    parts = -(-len(values) // size)
    return np.flatnonzero(assign_folds(values, parts, seed) == 0)


def score(
    parameters: Settings,
    texts: Sequence[Any],
    values: NDArray[Any],
    fold: NDArray[np.intp],
    part: int,
) -> Scores | None:
    """Train on all parts but one, and predict that.

    Args:
        parameters: of a `TextClassifier`, with features and model.
        texts: N of them.
        values: `(N,)` labels, or `(N, K)` of 0 and 1.
        fold: `(N,)` the part of each.
        part: to predict.

    Returns:
        The scores on that part; None where training is not possible.
    """
    classes, targets = _targets(values)
    rest = np.flatnonzero(fold != part)
    held_out = np.flatnonzero(fold == part)
    settings = resolve_settings(parameters, len(rest)) | {"verbose": False}
    try:
        features, classifier = train(
            settings, [texts[row] for row in rest.tolist()], values[rest], final=False
        )
        matrix = features.transform([texts[row] for row in held_out.tolist()])
        z = _logits(classifier, matrix, classes)
    except TextdlError:  # too few texts without this part for `min_df`, say
        return None
    return Scores(z, targets[held_out])


def _targets(values: NDArray[Any]) -> tuple[NDArray[Any] | None, NDArray[np.int64]]:
    """The classes, none for several labels; and targets as `fit_temperature` takes them."""
    if values.ndim > 1:
        return None, values.astype(np.int64)
    classes, numbers = np.unique(values, return_inverse=True)
    return classes, numbers if len(classes) > 2 else numbers[:, None]


def _logits(classifier: Any, matrix: Any, classes: NDArray[Any] | None) -> NDArray[np.float64]:
    """Z whose softmax, or logistic function, are the probabilities of a classifier."""
    log_p = np.maximum(classifier.predict_log_proba(matrix), _LEAST_LOG_P)
    if classes is None:
        z: NDArray[np.float64] = log_p - np.log(-np.expm1(np.minimum(log_p, -1e-12)))
        return z
    wide = np.full((len(log_p), len(classes)), _LEAST_LOG_P)
    wide[:, np.searchsorted(classes, classifier.classes_)] = log_p
    return wide if len(classes) > 2 else wide[:, 1:] - wide[:, :1]


def first_of_the_best(measured: Sequence[Scores | None]) -> int:
    """The number of the first that is not worse than the best by more than one standard error.

    Args:
        measured: of each candidate, in the order of parts; None: it could not be trained. One that
            was dropped has fewer texts than the others, and is not taken.

    Returns:
        Its number; 0 where none could be trained.

    Example:
        >>> text = np.arange(100)[:, None]
        >>> z = [np.where(it, 1.0, -1.0) for it in (text > 11, text > 30, text < 89)]
        >>> first_of_the_best([Scores(it, np.ones((100, 1), int)) for it in z])
        0
    """
    most = max((len(it.z) for it in measured if it is not None), default=0)
    known = {n: it for n, it in enumerate(measured) if it is not None and len(it.z) == most}
    if not known:
        return 0
    best = max(known, key=lambda number: (known[number].accuracy, -known[number].log_loss))
    for number, scores in known.items():
        if not _is_better(known[best], scores, margin=1.0):
            return number
    return best


def as_row(parameters: Settings, scores: Scores | None, *, is_chosen: bool) -> dict[str, Any]:
    """What `TextClassifier.comparison_` says of a candidate.

    Args:
        parameters: of the candidate.
        scores: None where it could not be trained.
        is_chosen: whether the classifier is this.

    Returns:
        JSON values by name; the vectors are left out.
    """
    return {
        **_given(parameters),
        "texts": 0 if scores is None else len(scores.z),
        "accuracy": None if scores is None else round(scores.accuracy, 6),
        "log_loss": None if scores is None else round(scores.log_loss, 6),
        "chosen": is_chosen,
    }


def describe_trial(parameters: Settings, scores: Scores | None) -> str:
    """A line on a candidate.

    Args:
        parameters: of the candidate.
        scores: None where it could not be trained.

    Returns:
        The line.

    Example:
        >>> given = {"features": "tfidf", "model": "linear", "C": 2.0}
        >>> describe_trial(given, Scores(np.array([[2.0], [-1.0]]), np.array([[1], [1]])))
        'tfidf linear, C=2.0: accuracy 0.5000, log-loss 0.6806 on 2 texts'
    """
    if scores is None:
        return f"{_title(parameters)}: cannot be trained on parts of the texts"
    return (
        f"{_title(parameters)}: accuracy {scores.accuracy:.4f}, log-loss {scores.log_loss:.4f} on "
        f"{len(scores.z):,} texts"
    )


def _title(parameters: Settings) -> str:
    given = _given(parameters)
    features = given.pop("features")
    model = given.pop("model", None) or FEATURES[features].default_model
    return ", ".join([f"{features} {model}", *(f"{name}={it!r}" for name, it in given.items())])


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are not left open, but for those that do not change what is learned."""
    hidden = ("n_jobs", "verbose", "vectors", "seed", "autotune", "trials")
    return {k: v for k, v in parameters.items() if v is not None and k not in hidden}
