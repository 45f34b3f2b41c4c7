"""Characters as tokens: of whole documents, or of words with a space on either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from textdl.bow.engine.matrix import TermCounts, count_terms
from textdl.bow.engine.terms import Occurrences, Tokens, concatenate, ngrams
from textdl.bow.engine.words import (
    WordScanner,
    WordSpans,
    char_class_mask,
    count_characters,
    parse_char_class,
)
from textdl.text.hash_table import HashTable, Ids, Keys
from textdl.text.word_table import ZERO, Positions

CodePoints = NDArray[np.uint32]
_NOT_SPACE = r"\S+"


class CharacterScanner:
    """Interns the characters of documents; white space of more than one character is one space.

    Args:
        preprocess: applied to every document first; None for nothing.
        table: gives the ids.
    """

    def __init__(self, preprocess: Callable[[str], str] | None, table: HashTable) -> None:
        self.table = table
        self._preprocess = preprocess

    def scan(self, documents: Sequence[str]) -> tuple[Tokens, int]:
        """The characters of documents; none is too short."""
        if self._preprocess is not None:
            documents = [self._preprocess(document) for document in documents]
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        points, lengths = _collapse_white_space(_code_points("".join(documents)), lengths)
        return Tokens(self.intern(points), lengths), 0

    def intern(self, points: CodePoints) -> Ids:
        """The ids of characters."""
        return self.table.intern(points.astype(np.uint64) + np.uint64(1))  # no key is 0

    def encode(self, words: list[str]) -> Ids:
        """The ids of characters."""
        return self.intern(_code_points("".join(words)))

    def decode(self, keys: Keys) -> list[bytes]:
        """The characters, in UTF-8."""
        return [chr(key - 1).encode("utf-8", "surrogatepass") for key in keys.tolist()]


def count_within_words(
    documents: Sequence[str],
    preprocess: Callable[[str], str] | None,
    table: HashTable,
    ngram_range: tuple[int, int],
) -> TermCounts:
    """How often each n-gram of the characters of a word occurs in each document.

    A word has a space before and after it; one that is shorter than the n-grams counts whole. Every
    distinct word is cut only once: the counts are those of words in documents times those of
    n-grams in words, a product of sparse matrices.

    Args:
        documents: texts.
        preprocess: applied to every document first; None for nothing.
        table: interns characters and n-grams.
        ngram_range: characters of the shortest and the longest n-gram.

    Returns:
        The n-grams that occur, and their counts.
    """
    not_space = parse_char_class(_NOT_SPACE)
    assert not_space is not None
    # The ids of words have no use beyond the chunk.
    words = WordScanner(not_space, preprocess, HashTable())
    found = words.find(documents)
    ids = words.intern(found)
    _, first, local = np.unique(ids, return_index=True, return_inverse=True)
    rows = np.repeat(np.arange(len(documents), dtype=np.int32), found.lengths)
    occurrences = Occurrences(rows, local.astype(np.int32))
    in_documents = count_terms(occurrences, len(documents)).counts.astype(np.int32)
    characters = _padded(found, first, CharacterScanner(None, table))
    in_words = count_terms(_ngrams_of_words(characters, table, *ngram_range), len(first))
    return TermCounts(in_words.terms, in_documents @ in_words.counts)


def _ngrams_of_words(words: Tokens, table: HashTable, shortest: int, longest: int) -> Occurrences:
    found = [ngrams(words, table, shortest, longest)]
    begins = np.cumsum(words.lengths) - words.lengths
    for length in range(1, shortest):
        rows = np.flatnonzero(words.lengths == length).astype(np.int32)
        ids = words.ids[begins[rows, None] + np.arange(length)]  # (words of that length, length)
        same = Tokens(ids.reshape(-1), np.full(len(rows), length))
        whole = ngrams(same, table, length, length)
        found.append(Occurrences(rows[whole.rows], whole.ids))
    return concatenate(found)


def _padded(found: WordSpans, chosen: Positions, characters: CharacterScanner) -> Tokens:
    """The characters of some of the words, each with a space before and after it."""
    begins = found.begins[chosen]
    ends = found.ends[chosen]
    sizes = ends - begins + 2
    stops = np.cumsum(sizes)
    text = found.text[np.arange(sizes.sum()) + np.repeat(ends + 1 - stops, sizes)]
    text[stops - sizes] = ord(" ")
    text[stops - 1] = ord(" ")
    points = _code_points(text.tobytes().replace(ZERO, b"\0").decode("utf-8", "surrogatepass"))
    return Tokens(characters.intern(points), count_characters(found.text, begins, ends) + 2)


def _code_points(text: str) -> CodePoints:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)


def _collapse_white_space(points: CodePoints, lengths: Positions) -> tuple[CodePoints, Positions]:
    """Make two or more characters of white space in a row one space, within each document."""
    space = char_class_mask(r"\s").take(points)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    again = np.append(False, space[1:] & space[:-1] & (rows[1:] == rows[:-1]))[: len(points)]
    points[:-1][again[1:]] = ord(" ")
    return points[~again], lengths - np.bincount(rows[again], minlength=len(lengths))
