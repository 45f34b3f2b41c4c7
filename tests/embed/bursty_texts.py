"""Texts on which training has diverged, or might: what real files hold beside prose, made small.

Each is a function without arguments that returns lines of text, the same ones every time. Words
that come in bursts are rare in the text as a whole, for it is there that an expected number of
updates says nothing about the actual one.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path

import numpy as np


def prose(words: int, *, vocabulary: int = 2_000, seed: int = 0, line: int = 20) -> list[str]:
    """Lines of random words, frequent ones first, as text is."""
    draw = np.random.default_rng(seed)
    share = 1 / np.arange(1, vocabulary + 1)
    names = [f"w{i}" for i in draw.choice(vocabulary, words, p=share / share.sum())]
    return [" ".join(names[i : i + line]) for i in range(0, words, line)]


def topical_prose(words: int, *, topics: int = 20, seed: int = 0, line: int = 20) -> list[str]:
    """Lines of random words that all have one topic, which their names end in, as in ``w7_t3``."""
    draw = np.random.default_rng(seed)
    some = [
        prose(words // topics, vocabulary=100, seed=topic, line=line) for topic in range(topics)
    ]
    lines = [
        " ".join(f"{word}_t{topic}" for word in line.split())
        for topic, lines in enumerate(some)
        for line in lines
    ]
    return [lines[row] for row in draw.permutation(len(lines))]


def _between(lines: list[str], burst: list[str], *, every: int) -> list[str]:
    """Lines with the burst between every so many of them."""
    found: list[str] = []
    for begin in range(0, len(lines), every):
        found += lines[begin : begin + every] + burst
    return found


def ascii_tables(lines: list[str] | None = None) -> list[str]:
    """Rows of cells between bars, under a rule."""
    rows = [" ".join(["|", f"c{row}", "|", str(row % 7)] * 5) for row in range(20)]
    return _between(lines or prose(60_000), ["+ ----- " * 8, *rows], every=300)


def refrain(lines: list[str] | None = None) -> list[str]:
    """A song whose refrain comes six times between two verses."""
    chorus = ["oh my love come home to me la la la la"] * 6
    return _between(lines or prose(40_000), chorus, every=60)


def table_of_contents() -> list[str]:
    """Titles, rows of dots, numbers of pages."""
    entries = [f"chapter {i} title{i % 50} " + ". " * 60 + str(i) for i in range(40)]
    return _between(prose(40_000), entries, every=500)


def logs() -> list[str]:
    """Lines that all begin alike."""
    draw = np.random.default_rng(0)
    before = "2024-01-01 host kernel : [ info ] connection from"
    return [f"{before} 10.0.0.{a} port {b}" for a, b in draw.integers(0, (20, 300), (4_000, 2))]


def dna() -> list[str]:
    """Four letters."""
    letters = np.random.default_rng(0).choice(list("acgt"), (200, 200))
    return [" ".join(row) for row in letters]


def csv() -> list[str]:
    """A table with more commas than values, most of which are missing."""
    draw = np.random.default_rng(0)
    return [f"id , {i % 97} , name , n{draw.integers(40)} , 0 , na , na" for i in range(4_000)]


def sources() -> list[str]:
    """Modules of the standard library."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(folder.glob("[a-d]*.py"))
    return [line for file in files for line in file.read_text("utf-8", "replace").splitlines()]


def one_word() -> list[str]:
    """A vocabulary of one."""
    return ["word " * 50] * 200


def two_words() -> list[str]:
    """A vocabulary of two."""
    return ["one two " * 25] * 200


def one_run() -> list[str]:
    """A word ten thousand times in a row."""
    return _between(prose(60_000), ["x " * 10_000], every=2_000)[:2_002]


def one_row_of_bars() -> list[str]:
    """One token 250 times, and another between."""
    return _between(prose(100_000), ["| x " * 250], every=2_500)[:5_001]


def rare_bursts() -> list[str]:
    """Names that have a hundred occurrences, all in one place."""
    return [
        text
        for number, line in enumerate(prose(60_000))
        for text in ([line, f"name{number} " * 100] if number % 50 == 0 else [line])
    ]


TEXTS: dict[str, Callable[[], list[str]]] = {
    text.__name__: text
    for text in (
        ascii_tables,
        refrain,
        table_of_contents,
        logs,
        dna,
        csv,
        sources,
        one_word,
        two_words,
        one_run,
        one_row_of_bars,
        rare_bursts,
    )
}
