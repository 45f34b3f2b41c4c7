"""Entities that tags mark, and how well they are found.

A tag such as B-PER is a prefix and a type. B begins an entity, I goes on with it, E ends it and S
is one of a single token; O is outside. All of BIO (IOB1, IOB2) and BIOES (and BILOU, whose L and U
are E and S) are read as the script conlleval reads them: an I that cannot go on begins an entity.

References:
    Ramshaw and Marcus 1995, "Text chunking using transformation-based learning" (BIO);
    Nakayama 2018, "seqeval" (the figures).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from textdl.classify.report import ClassScores
from textdl.errors import DataError
from textdl.table import format_table

_TAG = re.compile(r"O|[BIESLU](-.*)?")
_SAME_PREFIX = {"L": "E", "U": "S"}

Marked: TypeAlias = set[tuple[Any, str]]  # places in the text, each with a type


class Entity(NamedTuple):
    """Tokens that are one entity."""

    type: str
    start: int  # of the first token
    end: int  # behind the last


class TaggingReport(NamedTuple):
    """How well tags were predicted.

    Example:
        >>> report = make_tagging_report([["B-PER", "O"]], [["B-PER", "B-LOC"]])
        >>> report.accuracy, report.overall.precision, report.overall.recall
        (0.5, 0.5, 1.0)
    """

    accuracy: float  # share of tokens whose tag is right
    tokens: int
    overall: ClassScores | None  # of all entities together (micro); None: tags mark no entities
    types: dict[str, ClassScores]  # by type of entity; or by tag, where tags mark no entities

    @property
    def macro_f1(self) -> float:
        """The mean F1 over types."""
        return sum(it.f1 for it in self.types.values()) / len(self.types) if self.types else 0.0


def find_entities(tags: Sequence[str]) -> list[Entity]:
    """The entities of a sentence.

    Example:
        >>> find_entities(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
        [Entity(type='PER', start=0, end=2), Entity(type='LOC', start=3, end=4), \
Entity(type='LOC', start=4, end=5)]
    """
    found: list[Entity] = []
    before = ("O", "")
    start = 0
    for position, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        prefix = _SAME_PREFIX.get(prefix, prefix)
        now = (prefix, kind or "_")
        goes_on = before[0] in ("B", "I") and prefix in ("I", "E") and before[1] == now[1]
        if not goes_on:
            if before[0] != "O":
                found.append(Entity(before[1], start, position))
            start = position
        before = now
    return found


def mark_entities(tags: Sequence[Sequence[str]]) -> bool:
    """Whether all tags are of a scheme of entities, as B-PER is and NOUN is not.

    Example:
        >>> mark_entities([["B-PER", "O"]]), mark_entities([["NOUN"]]), mark_entities([["O"]])
        (True, False, True)
    """
    return all(_TAG.fullmatch(tag) for tag in {tag for sentence in tags for tag in sentence})


def make_tagging_report(
    truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> TaggingReport:
    """Score predicted tags; where they mark entities, an entity is right if type and ends are.

    Args:
        truth: N sentences of tags.
        predicted: as many of the same lengths.

    Returns:
        The scores.

    Raises:
        DataError: there is no token, or lengths differ.

    Example:
        >>> report = make_tagging_report([["B-PER", "I-PER"]], [["B-PER", "O"]])
        >>> report.overall.f1, report.types["PER"].support
        (0.0, 1)
    """
    if [len(it) for it in truth] != [len(it) for it in predicted]:
        raise DataError(
            f"{len(truth):,} sentences of tags and {len(predicted):,} predicted ones differ in "
            "their lengths; expected a tag per token on both sides"
        )
    pairs = [pair for two in zip(truth, predicted, strict=True) for pair in zip(*two, strict=True)]
    if not pairs:
        raise DataError("there is no tag to score; pass at least one token")
    accuracy = sum(a == b for a, b in pairs) / len(pairs)
    if not mark_entities(truth):
        sides: list[Marked] = [set(enumerate(side)) for side in zip(*pairs, strict=True)]
        return TaggingReport(accuracy, len(pairs), None, _by_type(*sides)[1])
    sides = [
        {
            ((row, *entity[1:]), entity.type)
            for row, it in enumerate(side)
            for entity in find_entities(it)
        }
        for side in (truth, predicted)
    ]
    return TaggingReport(accuracy, len(pairs), *_by_type(*sides))


def _by_type(truth: Marked, predicted: Marked) -> tuple[ClassScores, dict[str, ClassScores]]:
    """The scores of all, and by type."""
    counts = [Counter(kind for _, kind in some) for some in (truth & predicted, predicted, truth)]
    names = sorted({name for some in counts for name in some})
    types = {name: _scores(*(some[name] for some in counts)) for name in names}
    return _scores(*(sum(some.values()) for some in counts)), types


def _scores(right: int, predicted: int, support: int) -> ClassScores:
    """A share of nothing is 0."""
    precision = right / predicted if predicted else 0.0
    recall = right / support if support else 0.0
    f1 = 2 * right / (predicted + support) if predicted + support else 0.0
    return ClassScores(precision, recall, f1, support)


def tagging_report_as_text(report: TaggingReport) -> str:
    """The report as a table.

    Example:
        >>> print(tagging_report_as_text(make_tagging_report([["B-A", "O"]], [["B-A", "O"]])))
        2 tokens, accuracy 1.0000; entities: precision 1.0000, recall 1.0000, F1 1.0000
        <BLANKLINE>
        entity  precision  recall      f1  support
        A          1.0000  1.0000  1.0000        1
    """
    head = f"{report.tokens:,} tokens, accuracy {report.accuracy:.4f}"
    if report.overall is not None:
        precision, recall, f1, _ = report.overall
        head += f"; entities: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}"
    rows: list[tuple[str, ...]] = [
        ("tag" if report.overall is None else "entity", *ClassScores._fields)
    ]
    for name, (*shares, support) in report.types.items():
        rows.append((name, *(f"{share:.4f}" for share in shares), f"{support:,}"))
    return "\n".join([head, "", *format_table(rows, "<>")])
