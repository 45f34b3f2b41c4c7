"""Labels as targets: one label a text, or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError, ParameterError
from textdl.nn.estimators.base import check_labels

SHOWN = 10  # classes that a message names
LONGEST_LABEL = 1_000  # characters; an array of labels makes room for the longest in every row


class Targets(NamedTuple):
    """What a network is trained to say."""

    values: NDArray[Any]  # (N,) labels, or (N, K) 0 and 1 where a text may have several
    classes: NDArray[Any]  # (K,) sorted
    several: bool


def make_targets(labels: Any) -> Targets:
    """Learn the classes.

    Args:
        labels: N of them, or N lists (tuples, sets) of several, which may be empty.

    Raises:
        ParameterError: they are no sequence, but a string, say.
        DataError: a label is None or NaN, too long, or ends in NUL; some are lists and some are
            not; or there is one class only.

    Example:
        >>> make_targets(["spam", "ham"]).classes.tolist()
        ['ham', 'spam']
        >>> make_targets([["cat", "dog"], [], ["dog"]]).values.tolist()
        [[1, 1], [0, 0], [0, 1]]
    """
    items = _listed(labels)
    several = _are_several(items)
    _check_labels(items, several=several)
    every = list(chain.from_iterable(items)) if several else items
    try:
        classes = np.unique(np.array(every))
    except TypeError as error:
        raise DataError(f"the labels cannot be sorted ({error}); pass strings") from None
    if len(classes) < 2:
        raise DataError(
            f"the labels have one class only, {classes.tolist()}; expected two classes or more"
            if len(classes)
            else "no text has a label; expected two classes or more"
        )
    values = _indicators(items, classes).astype(np.uint8) if several else np.array(items)
    return Targets(values, classes, several)


def make_truth(labels: Any, classes: NDArray[Any], *, several: bool) -> NDArray[np.bool_]:
    """Whether each text has each class, `(N, K)`.

    Args:
        labels: N, or N lists of them.
        classes: `(K,)` that a model has learned.
        several: a text may have several.

    Raises:
        DataError: a label is not among the classes, or not what was learned: one each, or several.
    """
    items = _listed(labels)
    if not several and _are_several(items):
        if any(len(item) != 1 for item in items):
            raise DataError(
                "some texts have several labels or none; this model has learnt one label a text"
            )
        items = [item[0] for item in map(list, items)]
    items = items if several else [[item] for item in items]
    known = set(classes.tolist())
    for row, label in ((row, label) for row, item in enumerate(items) for label in item):
        if label not in known:
            shown = ", ".join(map(str, classes[:SHOWN])) + (", ..." if len(classes) > SHOWN else "")
            raise DataError(
                f"label {label!r} of text {row + 1:,} is not among the {len(classes)} classes that "
                f"were learnt: {shown}; leave such texts out, or train with them"
            )
    return _indicators(items, classes)


def _listed(labels: Any) -> list[Any]:
    if isinstance(labels, str | bytes) or not isinstance(labels, Iterable):
        raise ParameterError(f"labels are {short(labels)}; pass a list with the label of each text")
    return labels.tolist() if isinstance(labels, np.ndarray) else list(labels)


def _are_several(items: Sequence[Any]) -> bool:
    lists = [isinstance(item, list | tuple | set | frozenset) for item in items]
    if any(lists) and not all(lists):
        row = lists.index(False)
        raise DataError(
            f"label {row + 1:,} is {short(items[row])}, others are lists; pass a list of labels "
            "for every text"
        )
    return any(lists)


def _check_labels(items: Sequence[Any], *, several: bool) -> None:
    for row, item in enumerate(items):
        for label in item if several else [item]:
            missing = label is None or label != label  # NaN, which pandas has for nothing
            if missing or isinstance(label, list | tuple | dict | set | bytes):
                raise DataError(
                    f"label {row + 1:,} is {short(label)}; expected a string: fill it in, or leave "
                    "the text out"
                )
            if isinstance(label, str) and len(label) > LONGEST_LABEL:
                raise DataError(
                    f"label {row + 1:,} has {len(label):,} characters, expected at most "
                    f"{LONGEST_LABEL:,}: {short(label)}; are labels and texts the wrong way round?"
                )
        check_labels(item if several else [item])


def _indicators(items: Sequence[Any], classes: NDArray[Any]) -> NDArray[np.bool_]:
    column = {label: number for number, label in enumerate(classes.tolist())}
    found = np.zeros((len(items), len(classes)), bool)
    for row, item in enumerate(items):
        found[row, [column[label] for label in item]] = True
    return found
