"""Phrases joined in text: from ids to ids, a chunk at a time, from left to right.

A sentence is read from left to right: where a word and the next one that is no connector word are a
phrase, they are joined with what is between, and the next phrase begins behind them. So in a run of
pairs that are phrases every second one is joined, which takes no loop over words.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from itertools import chain, compress, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.text.collocation_scores import Scores
from textdl.text.collocations import CollocationCounts
from textdl.text.encode import EncodedChunk
from textdl.text.word_pairs import (
    AdjacentPairs,
    ConnectorSequences,
    Counts,
    Ids,
    adjacent_pairs,
    open_tail,
)

FILTER_BITS = 20  # of a table of 1 MB, which stays in the cache and refuses most pairs
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # spreads keys over the table (Knuth's golden ratio)


class PhraseTable:
    """The phrases of a round, to be found in text and joined.

    Args:
        counts: whose candidates are the phrases.
        scores: `(phrases,)`.
        delimiter: stands between joined words.
    """

    def __init__(self, counts: CollocationCounts, scores: Scores, delimiter: str) -> None:
        self.counts = counts
        self.scores = scores
        self.delimiter = delimiter
        self.sequences = ConnectorSequences(counts.connectors)
        self._rows = {word: row for row, word in enumerate(counts.words)}
        numbers = np.array([self.sequences.number(it) for it in counts.sequences], np.int32)
        self._n_sequences = len(self.sequences.sequences)
        keys = self._keys(counts.left, numbers[counts.sequence], counts.right)
        order = np.argsort(keys)
        self._sorted_keys = keys[order]
        self._phrases = [counts.joined(row, delimiter) for row in order.tolist()]
        self._filter = np.zeros(1 << FILTER_BITS, bool)
        self._filter[_filter_slots(keys)] = True

    def named_scores(self) -> dict[str, float]:
        """The score of each phrase."""
        rows = range(len(self.scores))
        names = (self.counts.joined(row, self.delimiter) for row in rows)
        return dict(zip(names, self.scores.tolist(), strict=True))

    def fingerprint(self) -> bytes:
        """All that decides how a text is joined, in an order that is always the same."""
        counts = self.counts.sort()
        names = [counts.words, counts.connectors, counts.sequences, self.delimiter]
        rows = (counts.left, counts.sequence, counts.right)
        return b"".join([json.dumps(names).encode(), *(it.astype("<i4").tobytes() for it in rows)])

    def join_chunks(self, chunks: Iterable[EncodedChunk]) -> Generator[EncodedChunk]:
        """Join the phrases of a text.

        A sentence that is cut by the end of a chunk is joined as if it were not: its last word, and
        the connector words behind it, go on into the next chunk.

        Args:
            chunks: in order.

        Yields:
            The chunks, with words of their own.
        """
        tail: list[str] = []
        for chunk in chunks:
            if not len(chunk.lengths):
                yield chunk
                continue
            joined, tail = self._join(_prepend(tail, chunk))
            yield joined
        if tail:
            nothing = EncodedChunk([], np.empty(0, np.int32), np.zeros(1, np.int64), False)
            yield _prepend(tail, nothing)

    def _join(self, chunk: EncodedChunk) -> tuple[EncodedChunk, list[str]]:
        """Join a chunk; also return the words that are left to the next one."""
        codes = self.sequences.codes(chunk.words)[chunk.ids]
        pairs = adjacent_pairs(codes, chunk.lengths, self.sequences, grow=False)
        places, phrases = self._find(chunk, pairs)
        is_joined = _every_second(places)
        places = places[is_joined]
        words, phrase_ids = self._add_words(list(chunk.words), phrases[is_joined])
        left = pairs.left[places]
        right = pairs.right[places]
        ids = chunk.ids.copy()
        ids[left] = phrase_ids
        is_kept = _outside(left, right, len(ids))
        if chunk.continues:
            begin = open_tail(codes, chunk.lengths)
            tail = chunk.ids[begin:] if not (len(right) and right[-1] == begin) else chunk.ids[:0]
            is_kept[len(ids) - len(tail) :] = False
        else:
            tail = chunk.ids[:0]
        lengths = _kept_lengths(is_kept, chunk.lengths)
        joined = _with_used_words(words, ids[is_kept], lengths, continues=chunk.continues)
        return joined, [chunk.words[row] for row in tail.tolist()]

    def _find(self, chunk: EncodedChunk, pairs: AdjacentPairs) -> tuple[Counts, Counts]:
        """Which pairs are phrases: their places among the pairs, and rows of `_phrases`."""
        known = map(self._rows.get, chunk.words, repeat(-1))
        local = np.fromiter(known, np.int32, len(chunk.words))
        left = local[chunk.ids[pairs.left]]
        right = local[chunk.ids[pairs.right]]
        places = np.flatnonzero((left >= 0) & (right >= 0) & (pairs.sequence >= 0))
        keys = self._keys(left[places], pairs.sequence[places], right[places])
        is_likely = self._filter[_filter_slots(keys)]
        places = places[is_likely]
        keys = keys[is_likely]
        rows = np.searchsorted(self._sorted_keys, keys)
        rows[rows == len(self._sorted_keys)] = 0
        is_found = self._sorted_keys[rows] == keys if len(keys) else np.zeros(0, bool)
        return places[is_found], rows[is_found]

    def _keys(self, left: Ids, sequence: Ids, right: Ids) -> Counts:
        keys: Counts = left.astype(np.int64)
        keys *= self._n_sequences
        keys += sequence
        keys *= len(self._rows)
        keys += right
        return keys

    def _add_words(self, words: list[str], phrases: Counts) -> tuple[list[str], Ids]:
        """Words with those of some phrases, and `(n,)` the id of each phrase."""
        distinct, which = np.unique(phrases, return_inverse=True)
        strings = [self._phrases[row] for row in distinct.tolist()]
        if len(set(strings)) == len(strings) and set(strings).isdisjoint(words):
            ids = np.arange(len(words), len(words) + len(strings), dtype=np.int32)
            return words + strings, ids[which]
        index = {word: row for row, word in enumerate(words)}
        found = [index.setdefault(string, len(index)) for string in strings]
        return list(index), np.array(found, np.int32)[which]


def _prepend(tail: list[str], chunk: EncodedChunk) -> EncodedChunk:
    """Put words before the first sentence of a chunk."""
    if not tail:
        return chunk
    index = {word: row for row, word in enumerate(chunk.words)}
    ids = [index.setdefault(word, len(index)) for word in tail]
    lengths = chunk.lengths.copy()
    lengths[0] += len(tail)
    return EncodedChunk(
        list(index), np.append(np.array(ids, np.int32), chunk.ids), lengths, chunk.continues
    )


def _every_second(places: Counts) -> NDArray[np.bool_]:
    """`(n,)` for rising places: the first, third and so on of each run of neighbors."""
    numbers = np.arange(len(places))
    begins = np.append(True, places[1:] != places[:-1] + 1) if len(places) else np.zeros(0, bool)
    runs: Counts = np.maximum.accumulate(np.where(begins, numbers, 0))
    is_even: NDArray[np.bool_] = (numbers - runs) % 2 == 0
    return is_even


def _outside(left: Counts, right: Counts, tokens: int) -> NDArray[np.bool_]:
    """`(tokens,)` which are in none of the intervals from `left`, exclusive, to `right`."""
    kept = np.ones(tokens, bool)
    kept[right] = False
    is_long = right - left > 1
    steps = np.zeros(tokens + 1, np.int8)
    steps[left[is_long] + 1] += 1
    steps[right[is_long]] -= 1
    if is_long.any():
        kept &= np.cumsum(steps[:-1], dtype=np.int8) == 0
    return kept


def _kept_lengths(is_kept: NDArray[np.bool_], lengths: Counts) -> Counts:
    """`(sentences,)` how many tokens of each are kept."""
    so_far = np.append(np.int64(0), np.cumsum(is_kept))
    ends = np.append(np.int64(0), np.cumsum(lengths))
    return np.diff(so_far[ends])


def _with_used_words(
    words: list[str], ids: Ids, lengths: Counts, *, continues: bool
) -> EncodedChunk:
    """A chunk without the words that its ids are not of."""
    is_used = np.bincount(ids, minlength=len(words)) > 0
    if is_used.all():
        return EncodedChunk(words, ids, lengths, continues)
    new_ids = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    return EncodedChunk(list(compress(words, is_used.tolist())), new_ids[ids], lengths, continues)


def _filter_slots(keys: Counts) -> NDArray[np.uint64]:
    return (keys.astype(np.uint64) * _MULTIPLIER) >> np.uint64(64 - FILTER_BITS)


# From ids back to words


def sentences(chunks: Iterable[EncodedChunk]) -> Iterator[list[str]]:
    """The sentences of a text as lists of words; one that was cut is in one piece."""
    pieces: list[list[str]] = []  # of a sentence that goes on
    for chunk in chunks:
        words = _take(list(chunk.words), chunk.ids)
        ends = np.cumsum(chunk.lengths).tolist()
        begin = 0
        for end in ends[:-1] if chunk.continues else ends:
            yield list(chain(*pieces, words[begin:end]))
            pieces = []
            begin = end
        if chunk.continues and ends:
            pieces.append(words[begin:])
    if pieces:
        yield list(chain(*pieces))


class WrittenText(NamedTuple):
    """How much was written."""

    sentences: int
    words: int  # a phrase is one


class SentenceLines:
    """Makes lines of sentences, a chunk at a time: words with spaces between."""

    def __init__(self) -> None:
        self.written = WrittenText(0, 0)
        self._is_new = True  # the next sentence begins a line

    def add(self, chunk: EncodedChunk) -> str:
        """The lines of a chunk, each with the end of the line before it in front."""
        lengths = chunk.lengths
        if not len(lengths):
            return ""
        begins_line = np.ones(len(lengths), bool)
        begins_line[0] = self._is_new
        # A sentence of which nothing has come yet is begun when something does.
        self._is_new = not chunk.continues or bool(begins_line[-1] and lengths[-1] == 0)
        begins_line[-1] &= not (chunk.continues and self._is_new)
        starts = np.cumsum(lengths) - lengths
        ids = chunk.ids.copy()
        first = starts[begins_line & (lengths > 0)]
        distinct, which = np.unique(ids[first], return_inverse=True)
        ids[first] = which + len(chunk.words)
        ids = np.insert(ids, starts[begins_line & (lengths == 0)], len(chunk.words) + len(distinct))
        pieces = [" " + word for word in chunk.words]
        pieces += ["\n" + chunk.words[row] for row in distinct.tolist()]
        text = "".join(_take([*pieces, "\n"], ids))
        sentences, words = self.written
        is_first = sentences == 0 and begins_line.any()
        begun = int(np.count_nonzero(begins_line))
        self.written = WrittenText(sentences + begun, words + len(chunk.ids))
        return text[1:] if is_first else text

    def end(self) -> str:
        """The end of the last line."""
        return "\n" if self.written.sentences else ""


def _take(words: list[str], ids: Ids) -> list[str]:
    """The words of ids; by NumPy, which takes half of the time of a loop in C over the list."""
    array = np.empty(len(words), object)
    array[:] = words
    taken: list[str] = array[ids].tolist()
    return taken
