"""Write the toy world: a corpus whose analogies are known, and the questions about it.

Run it by path: ``python corpora/toyworld/build.py toyworld.txt`` writes ``toyworld.txt`` and
``toyworld.questions.txt``.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import count as numbers
from itertools import permutations, product
from pathlib import Path
from typing import NamedTuple, TypeAlias

# Run by path, Python looks for modules in this folder alone.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from corpora.toyworld.grammar import BONDS, RELATIONS, Relation, invented
from textdl.errors import ParameterError, TextdlError
from textdl.io.atomic import atomic_write

SENTENCES = 50_000
Quadruple: TypeAlias = tuple[str, str, str, str]


class Subject(NamedTuple):
    """A word with all that the grammar says of it."""

    word: str
    roles: tuple[str, ...]  # sentences shared with its side of the relation
    bonds: tuple[str, ...]  # sentences shared with its partner
    own: tuple[str, ...]  # (BONDS,) the words that only it and its partner are seen with


class ToyworldReport(NamedTuple):
    """What was written."""

    sentences: int
    words: int
    questions: int


def subjects(relations: Sequence[Relation] = RELATIONS) -> list[Subject]:
    """Return the words of all `relations`; each pair is given names that no other pair has."""
    names = map(invented, numbers())
    found: list[Subject] = []
    for relation in relations:
        for pair in relation.pairs:
            own = tuple(next(names) for _ in range(BONDS))
            sides = zip(pair, relation.roles, strict=True)
            found += [Subject(word, roles, relation.bonds, own) for word, roles in sides]
    return found


def sentences(count: int, seed: int) -> Iterator[str]:
    """Return `count` sentences of the toy world, in lower case and without punctuation.

    Every word is the subject of the same number of sentences (give or take one), half of them
    about its role and half about its bond.

    Raises:
        ParameterError: `count` is below 1.

    Example:
        >>> len(list(sentences(3, seed=1)))
        3
    """
    if count < 1:
        raise ParameterError(f"sentences is {count}; expected at least 1 sentence to write")
    return _sentences(count, random.Random(seed))


def _sentences(count: int, rng: random.Random) -> Iterator[str]:
    """Deal subjects from a shuffled deck that holds each of them once for either theme."""
    deck: list[tuple[Subject, bool]] = []
    everyone = list(product(subjects(), (False, True)))
    for _ in range(count):
        if not deck:
            deck = rng.sample(everyone, len(everyone))
        subject, of_role = deck.pop()
        template = rng.choice(subject.roles if of_role else subject.bonds)
        bond, other = rng.sample(subject.own, 2)
        yield template.format(word=subject.word, bond=bond, other=other)


def analogies() -> Iterator[tuple[str, list[Quadruple]]]:
    """Yield each section of the questions: all pairs of pairs, "a is to b as c is to d".

    Example:
        >>> dict(analogies())["gender"][0]
        ('king', 'queen', 'prince', 'princess')
    """
    for relation in RELATIONS:
        yield relation.section, [(*one, *two) for one, two in permutations(relation.pairs, 2)]


def build(
    out: Path, questions: Path | None = None, *, count: int = SENTENCES, seed: int = 1
) -> ToyworldReport:
    """Write `count` sentences to `out` and the analogies to `questions`, both or neither.

    Args:
        out: the corpus, a sentence a line.
        questions: in the format of ``questions-words.txt``; by default beside `out`, under its
            name with the suffix ``.questions.txt``.
        count: how many sentences; each has 5.9 words on average.
        seed: the text is a function of `count` and `seed`.

    Raises:
        ParameterError: `count` is below 1, or both files are the same.
        OutputError: a file cannot be written.
    """
    questions = questions or out.with_suffix(".questions.txt")
    if questions.resolve() == out.resolve():
        raise ParameterError(f"{str(out)!r} is both corpus and questions; expected two files")
    lines, asked = sentences(count, seed), question_lines()
    with atomic_write(out) as text_file, atomic_write(questions) as question_file:
        words = write_lines(text_file, lines)
        write_lines(question_file, asked)
    return ToyworldReport(count, words, sum(len(section) for _, section in analogies()))


def question_lines() -> Iterator[str]:
    """Yield the question file: ``: section``, then four words a line."""
    for section, quadruples in analogies():
        yield f": {section}"
        yield from map(" ".join, quadruples)


def write_lines(path: Path, lines: Iterator[str]) -> int:
    """Write `lines` and return how many words they have; the bytes are the same everywhere."""
    words = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            words += len(line.split())
            file.write(f"{line}\n")
    return words


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for; report on stderr."""
    parser = argparse.ArgumentParser(description="Write the toyworld corpus and its analogies.")
    parser.add_argument("out", type=Path, metavar="OUT.txt")
    parser.add_argument("--questions", type=Path, metavar="FILE", help="default: beside OUT")
    parser.add_argument("--sentences", type=int, default=SENTENCES, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    try:
        report = build(chosen.out, chosen.questions, count=chosen.sentences, seed=chosen.seed)
    except TextdlError as error:
        print(f"toyworld: {error}", file=sys.stderr)
        return 1
    print(
        f"toyworld: {report.words:,} words in {report.sentences:,} sentences, "
        f"{report.questions:,} analogies",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
