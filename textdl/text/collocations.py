"""Collocations: pairs of words that stand beside each other, counted, and scored.

A *candidate* is a pair of consecutive words of a sentence, with the connector words between them,
such as "bank of america". Text comes as ids (`EncodedChunk`); a candidate is an int64 key. Keys are
counted by sorting: a run of them at a time, runs of similar size merged, so that memory grows with
the distinct candidates and not with the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from textdl.errors import CorpusError, ParameterError
from textdl.text.encode import EncodedChunk
from textdl.text.word_pairs import ConnectorSequences, Counts, Ids, adjacent_pairs, open_tail
from textdl.text.word_table import WordTable

RUN = 1 << 22  # keys that are sorted at once, in 32 MB
KEY_BITS = 63


@dataclass(frozen=True)
class CollocationCounts:
    """What a corpus says of words and candidates, before any is scored."""

    words: list[str]
    word_counts: Counts  # (V,) 0 for connector words
    left: Ids  # (N,) rows of words
    sequence: Ids  # (N,) rows of sequences
    right: Ids  # (N,)
    counts: Counts  # (N,) of candidates
    connectors: list[str]
    sequences: list[tuple[str, ...]]  # of connector words
    corpus_words: int  # all of them, connector words too
    vocabulary_size: (
        int  # distinct words and candidates; more than are here where some were left out
    )
    is_complete: bool = True  # more can be counted on top of it

    def joined(self, row: int, delimiter: str) -> str:
        """The words of a candidate, as one."""
        between = self.sequences[self.sequence[row]]
        return delimiter.join([self.words[self.left[row]], *between, self.words[self.right[row]]])

    def select(self, rows: Counts) -> CollocationCounts:
        """These candidates and their words alone: enough to join them, not to count on."""
        kept = np.unique(np.concatenate([self.left[rows], self.right[rows]]))
        used = np.unique(self.sequence[rows])
        return replace(
            self,
            words=[self.words[row] for row in kept.tolist()],
            word_counts=self.word_counts[kept],
            left=np.searchsorted(kept, self.left[rows]).astype(np.int32),
            sequence=np.searchsorted(used, self.sequence[rows]).astype(np.int32),
            right=np.searchsorted(kept, self.right[rows]).astype(np.int32),
            counts=self.counts[rows],
            sequences=[self.sequences[row] for row in used.tolist()],
            is_complete=False,
        )

    def sort(self) -> CollocationCounts:
        """The same in an order that does not depend on that of the text."""
        words = sorted(range(len(self.words)), key=self.words.__getitem__)
        sequences = sorted(range(len(self.sequences)), key=self.sequences.__getitem__)
        new_word = np.argsort(words).astype(np.int32)
        new_sequence = np.argsort(sequences).astype(np.int32)
        left = new_word[self.left]
        sequence = new_sequence[self.sequence]
        right = new_word[self.right]
        order = np.lexsort((right, sequence, left))
        return replace(
            self,
            words=[self.words[row] for row in words],
            word_counts=self.word_counts[np.array(words, np.int64)],
            left=left[order],
            sequence=sequence[order],
            right=right[order],
            counts=self.counts[order],
            sequences=[self.sequences[row] for row in sequences],
        )


class CollocationCounter:
    """Counts words and candidates of any amount of text.

    Args:
        connectors: words that may stand within a candidate.
        max_candidates: how many distinct ones may be in memory; then the rarest are forgotten, and
            next time those that occur once more than these. None: any number.
    """

    def __init__(self, connectors: Iterable[str], max_candidates: int | None = None) -> None:
        self.sequences = ConnectorSequences(connectors)
        self.corpus_words = 0
        self._max_candidates = max_candidates
        self._forget_up_to = 1  # occurrences
        self._table = WordTable()
        self._word_counts = np.zeros(1 << 16, np.int64)
        self._word_bits = 0  # of each of the two words in a key, below those of the sequence
        self._pending: list[Counts] = []  # keys that are not counted yet
        self._n_pending = 0
        self._runs: list[tuple[Counts, Counts]] = []  # sorted keys and their counts
        self._tail: tuple[Ids, Ids] | None = None  # words and codes where a sentence was cut
        self._thread: ThreadPoolExecutor | None = None
        self._counting: Future[None] | None = None  # of a run, in the thread

    @contextmanager
    def counting_in_background(self) -> Iterator[None]:
        """Sort and merge in a thread meanwhile, which NumPy does without the interpreter."""
        with ThreadPoolExecutor(1) as self._thread:
            try:
                yield
            finally:
                self._thread = None
        self._wait()

    def add(self, chunk: EncodedChunk) -> None:
        """Count a chunk; a sentence that goes on is counted as if it had not been cut."""
        if not len(chunk.lengths):
            return
        local = self._intern(chunk.words)
        self._word_counts[local] += np.bincount(chunk.ids, minlength=len(local))
        self.corpus_words += len(chunk.ids)
        words = local[chunk.ids]
        codes = self.sequences.codes(chunk.words)[chunk.ids]
        lengths = chunk.lengths
        if self._tail is not None:
            words = np.concatenate([self._tail[0], words])
            codes = np.concatenate([self._tail[1], codes])
            lengths = lengths.copy()
            lengths[0] += len(self._tail[0])
        begin = open_tail(codes, lengths) if chunk.continues else len(codes)
        self._tail = (words[begin:], codes[begin:]) if begin < len(codes) else None
        pairs = adjacent_pairs(codes, lengths, self.sequences, grow=True)
        rows = np.flatnonzero(pairs.sequence >= 0)
        self._add_keys(words[pairs.left[rows]], pairs.sequence[rows], words[pairs.right[rows]])

    def end_sentence(self) -> None:
        """What comes next is another corpus."""
        self._tail = None

    def add_counts(self, counts: CollocationCounts) -> None:
        """Add what was counted elsewhere.

        Raises:
            ParameterError: that was with other connector words.
        """
        if counts.connectors != self.sequences.connectors:
            raise ParameterError(
                f"counts with connector_words={self.sequences.connectors} and with "
                f"{counts.connectors} do not add up; learn both alike"
            )
        local = self._intern(counts.words)
        self._word_counts[local] += counts.word_counts
        self.corpus_words += counts.corpus_words
        numbers = np.array([self.sequences.number(it) for it in counts.sequences], np.int32)
        keys = self._keys(local[counts.left], numbers[counts.sequence], local[counts.right])
        order = np.argsort(keys)
        self._wait()
        self._push(_summed(keys[order], counts.counts[order]))

    def result(self) -> CollocationCounts:
        """All that was counted so far."""
        self._count_pending()
        self._wait()
        self._merge_runs(all_of_them=True)
        keys, counts = self._runs[0] if self._runs else (np.empty(0, np.int64),) * 2
        words = self._table.words.copy()
        word_counts = self._word_counts[: len(words)].copy()
        connectors = set(self.sequences.connectors)
        word_counts[[row for row, word in enumerate(words) if word in connectors]] = 0
        sequence, left, right = _split(keys, self._word_bits)
        return CollocationCounts(
            words,
            word_counts,
            left=left.astype(np.int32),
            sequence=sequence.astype(np.int32),
            right=right.astype(np.int32),
            counts=counts,
            connectors=self.sequences.connectors,
            sequences=list(self.sequences.sequences),
            corpus_words=self.corpus_words,
            vocabulary_size=int(np.count_nonzero(word_counts)) + len(keys),
        )

    def _intern(self, words: Sequence[str]) -> Ids:
        local = self._table.intern(words)
        if len(self._table) > len(self._word_counts):
            more = np.zeros(len(self._table), np.int64)
            self._word_counts = np.append(self._word_counts, more)
        return local

    def _add_keys(self, left: Ids, sequence: Ids, right: Ids) -> None:
        keys = self._keys(left, sequence, right)  # which may rewrite those that are pending
        self._pending.append(keys)
        self._n_pending += len(left)
        if self._n_pending >= RUN:
            self._count_pending()

    def _keys(self, left: Ids, sequence: Ids, right: Ids) -> Counts:
        """`(n,)` one number for each candidate; those of frequent words are small."""
        self._widen(len(self._table).bit_length())
        keys = sequence.astype(np.int64)
        keys <<= self._word_bits
        keys |= left
        keys <<= self._word_bits
        keys |= right
        return keys

    def _widen(self, word_bits: int) -> None:
        """Make room in the keys for more words; their order stays."""
        sequence_bits = len(self.sequences.sequences).bit_length()
        if 2 * word_bits + sequence_bits > KEY_BITS:
            raise CorpusError(
                f"the corpus has {len(self._table):,} distinct words and "
                f"{len(self.sequences.sequences):,} sequences of connector words, too many to "
                "count their pairs; pass fewer connector_words, or less text"
            )
        old = self._word_bits
        if word_bits > old:
            self._wait()
            self._word_bits = word_bits
            self._pending = [_widened(keys, old, word_bits) for keys in self._pending]
            self._runs = [(_widened(keys, old, word_bits), counts) for keys, counts in self._runs]

    def _count_pending(self) -> None:
        self._wait()
        pending = self._pending
        self._pending = []
        self._n_pending = 0
        if self._thread is not None:
            self._counting = self._thread.submit(self._count_keys, pending)
        elif pending:
            self._count_keys(pending)

    def _wait(self) -> None:
        """Wait for what is counted in the thread."""
        if self._counting is not None:
            self._counting.result()
            self._counting = None

    def _count_keys(self, pending: list[Counts]) -> None:
        keys = np.concatenate(pending)
        # Most keys have 32 bits, as ids are small where words are frequent: 32 bits are sorted in
        # half of the time of 64.
        is_short = keys < 1 << 32
        short = np.sort(keys[is_short].astype(np.uint32))
        keys = np.concatenate([short.astype(np.int64), np.sort(keys[~is_short])])
        first = _first_of_each(keys)
        self._push((keys[first], np.diff(np.append(first, len(keys)))))

    def _push(self, run: tuple[Counts, Counts]) -> None:
        self._runs.append(run)
        self._merge_runs(all_of_them=False)
        limit = self._max_candidates
        if limit is None or sum(len(keys) for keys, _ in self._runs) <= limit:
            return
        self._merge_runs(all_of_them=True)
        keys, counts = self._runs[0]
        while len(keys) > limit:
            kept = counts > self._forget_up_to
            keys = keys[kept]
            counts = counts[kept]
            self._forget_up_to += 1
        self._runs = [(keys, counts)]

    def _merge_runs(self, *, all_of_them: bool) -> None:
        """Merge runs of similar size, so that a key is moved a few times only."""
        runs = self._runs
        while len(runs) > 1 and (all_of_them or len(runs[-2][0]) < 2 * len(runs[-1][0])):
            last = runs.pop()
            runs.append(_merged(runs.pop(), last))


def _split(keys: Counts, word_bits: int) -> tuple[Counts, Counts, Counts]:
    """The sequence, the left word and the right word of keys."""
    mask = (1 << word_bits) - 1
    return keys >> (2 * word_bits), (keys >> word_bits) & mask, keys & mask


def _widened(keys: Counts, old: int, new: int) -> Counts:
    sequence, left, right = _split(keys, old)
    return (((sequence << new) | left) << new) | right


def _merged(one: tuple[Counts, Counts], other: tuple[Counts, Counts]) -> tuple[Counts, Counts]:
    """The keys of two runs, with the sums of their counts."""
    keys, counts = one
    places = np.searchsorted(keys, other[0])
    is_known = np.append(keys, -1)[places] == other[0]
    counts = counts.copy()
    counts[places[is_known]] += other[1][is_known]
    is_new = ~is_known
    new_places = places[is_new] + np.arange(np.count_nonzero(is_new))
    is_old = np.ones(len(keys) + len(new_places), bool)
    is_old[new_places] = False
    merged = np.empty((2, len(is_old)), np.int64)
    merged[:, is_old] = keys, counts
    merged[:, new_places] = other[0][is_new], other[1][is_new]
    return merged[0], merged[1]


def _summed(keys: Counts, counts: Counts) -> tuple[Counts, Counts]:
    """Sorted keys, each once, with the sum of its counts."""
    first = _first_of_each(keys)
    return keys[first], np.add.reduceat(counts, first) if len(first) else counts


def _first_of_each(keys: Counts) -> Counts:
    """Where each of some sorted keys stands first."""
    return np.flatnonzero(np.append(len(keys) > 0, keys[1:] != keys[:-1])[: len(keys)])
