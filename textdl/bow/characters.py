"""Characters as tokens: of whole documents, or of words with a space on either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.bow.counting import count
from textdl.bow.numbering import Ids, Keys, Numbering
from textdl.bow.pattern import members, runs
from textdl.bow.tokens import Entries, Tokens, grams, joined
from textdl.bow.words import ZERO, Found, Places, Words, count_characters

Points = NDArray[np.uint32]  # code points
_NOT_SPACE = r"\S+"


class Characters:
    """The characters of documents; white space of more than one character is made one space.

    Args:
        preprocess: applied to every document first; None for nothing.
        numbering: gives the numbers.
    """

    def __init__(self, preprocess: Callable[[str], str] | None, numbering: Numbering) -> None:
        self.numbering = numbering
        self._preprocess = preprocess

    def tokens(self, documents: Sequence[str]) -> tuple[Tokens, int]:
        """The characters of documents; none is too short."""
        if self._preprocess is not None:
            documents = [self._preprocess(document) for document in documents]
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        points, lengths = _one_space(_points("".join(documents)), lengths)
        return Tokens(self.number(points), lengths), 0

    def number(self, points: Points) -> Ids:
        """The numbers of characters."""
        return self.numbering.number(points.astype(np.uint64) + np.uint64(1))  # no key is 0

    def spell(self, words: list[str]) -> Ids:
        """The numbers of characters."""
        return self.number(_points("".join(words)))

    def names(self, keys: Keys) -> list[bytes]:
        """The characters, in UTF-8."""
        return [chr(key - 1).encode("utf-8", "surrogatepass") for key in keys.tolist()]


def count_within_words(
    documents: Sequence[str],
    preprocess: Callable[[str], str] | None,
    numbering: Numbering,
    ngram_range: tuple[int, int],
) -> sparse.csr_array:
    """How often each n-gram of the characters of a word occurs in each document.

    A word has a space before and after it; one that is shorter than the n-grams counts whole. Every
    distinct word is cut only once: the counts are those of words in documents times those of
    n-grams in words, a product of sparse matrices.
    """
    not_space = runs(_NOT_SPACE)
    assert not_space is not None
    words = Words(not_space, preprocess, Numbering())  # these numbers have no use beyond the chunk
    found = words.find(documents)
    ids = words.number(found.text, found.begins, found.ends)
    _, first, local = np.unique(ids, return_index=True, return_inverse=True)
    rows = np.repeat(np.arange(len(documents), dtype=np.int32), found.lengths)
    in_documents = count(Entries(rows, local.astype(np.int32)), len(documents), len(first))
    spelled = _padded(found, first, Characters(None, numbering))
    in_words = count(_grams_of_words(spelled, numbering, *ngram_range), len(first))
    return in_documents.astype(np.int32) @ in_words


def _grams_of_words(words: Tokens, numbering: Numbering, shortest: int, longest: int) -> Entries:
    found = [grams(words, numbering, shortest, longest)]
    begins = np.cumsum(words.lengths) - words.lengths
    for length in range(1, shortest):
        rows = np.flatnonzero(words.lengths == length).astype(np.int32)
        ids = words.ids[begins[rows, None] + np.arange(length)]  # (words of that length, length)
        same = Tokens(ids.reshape(-1), np.full(len(rows), length))
        whole = grams(same, numbering, length, length)
        found.append(Entries(rows[whole.rows], whole.ids))
    return joined(found)


def _padded(found: Found, chosen: Places, characters: Characters) -> Tokens:
    """The characters of some of the words, each with a space before and after it."""
    begins, ends = found.begins[chosen], found.ends[chosen]
    sizes = ends - begins + 2
    stops = np.cumsum(sizes)
    text = found.text[np.arange(sizes.sum()) + np.repeat(ends + 1 - stops, sizes)]
    text[stops - sizes] = text[stops - 1] = ord(" ")
    points = _points(text.tobytes().replace(ZERO, b"\0").decode("utf-8", "surrogatepass"))
    return Tokens(characters.number(points), count_characters(found.text, begins, ends) + 2)


def _points(text: str) -> Points:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)


def _one_space(points: Points, lengths: Places) -> tuple[Points, Places]:
    """Make two or more characters of white space in a row one space, within each document."""
    space = members(r"\s").take(points)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    again = np.append(False, space[1:] & space[:-1] & (rows[1:] == rows[:-1]))[: len(points)]
    points[:-1][again[1:]] = ord(" ")
    return points[~again], lengths - np.bincount(rows[again], minlength=len(lengths))
