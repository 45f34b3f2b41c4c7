"""Collocations: pairs of words that stand beside each other, counted, and scored.

A *candidate* is a pair of consecutive words of a sentence, with the connector words between them,
such as "bank of america". Text comes as ids (`EncodedChunk`); a candidate is an int64 key. Keys are
counted by sorting: a run of them at a time, runs of similar size merged, so that memory grows with
the distinct candidates and not with the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError, ParameterError
from textdl.text.encode import EncodedChunk, interning_dict

Ids = NDArray[np.int32]
Counts = NDArray[np.int64]

LONGEST_SEQUENCE = 50  # connector words within a candidate; what has more is a list, not a phrase
RUN = 1 << 23  # keys that are sorted at once, in 64 MB
KEY_BITS = 63


class ConnectorSequences:
    """Numbers for sequences of connector words: 0 is the empty one.

    They are a trie: a sequence is a shorter one and a last word.

    Args:
        connectors: the connector words.
    """

    def __init__(self, connectors: Iterable[str]) -> None:
        self.connectors = sorted(set(connectors))
        self.index = {word: code for code, word in enumerate(self.connectors)}
        self.sequences: list[tuple[str, ...]] = [(), *((word,) for word in self.connectors)]
        self._longer: dict[int, int] = {}  # sequence * connectors + next connector -> sequence

    def codes(self, words: Sequence[str]) -> Ids:
        """`(words,)` which connector each word is, or -1."""
        if not self.connectors:
            return np.full(len(words), -1, np.int32)
        return np.fromiter((self.index.get(word, -1) for word in words), np.int32, len(words))

    def number(self, sequence: Iterable[str]) -> int:
        """The number of one sequence, a new one if need be."""
        number = 0
        for word in sequence:
            number = self._following(number, self.index[word], grow=True)
        return number

    def numbers(self, codes: Ids, starts: Counts, lengths: Counts, *, grow: bool) -> Ids:
        """The numbers of many sequences that stand in a text.

        Args:
            codes: `(tokens,)` which connector each token is.
            starts: `(n,)` the first token of each sequence.
            lengths: `(n,)` tokens of each.
            grow: number those that are new.

        Returns:
            `(n,)`; -1 for one of more than `LONGEST_SEQUENCE` words, or that is not known.
        """
        found = np.where(lengths > LONGEST_SEQUENCE, -1, 0).astype(np.int32)
        rows = np.flatnonzero((lengths > 0) & (found == 0))
        found[rows] = codes[starts[rows]] + 1
        for place in range(1, LONGEST_SEQUENCE):
            rows = rows[(lengths[rows] > place) & (found[rows] >= 0)]
            if not len(rows):
                break
            keys = found[rows].astype(np.int64) * len(self.connectors) + codes[starts[rows] + place]
            distinct, which = np.unique(keys, return_inverse=True)
            pairs = (divmod(key, len(self.connectors)) for key in distinct.tolist())
            longer = [self._following(shorter, code, grow=grow) for shorter, code in pairs]
            found[rows] = np.array(longer, np.int32)[which]
        return found

    def _following(self, shorter: int, code: int, *, grow: bool) -> int:
        if shorter <= 0:
            return code + 1 if shorter == 0 else -1
        key = shorter * len(self.connectors) + code
        if key not in self._longer:
            if not grow:
                return -1
            self._longer[key] = len(self.sequences)
            self.sequences.append((*self.sequences[shorter], self.connectors[code]))
        return self._longer[key]


class AdjacentPairs(NamedTuple):
    """Each two consecutive tokens that are not connector words, of all sentences."""

    left: Counts  # (n,) positions
    right: Counts  # (n,)
    sequence: Ids  # (n,) of connector words between; -1: not in one sentence, or no such sequence


def adjacent_pairs(
    codes: Ids, lengths: Counts, sequences: ConnectorSequences, *, grow: bool
) -> AdjacentPairs:
    """Find the pairs of a text.

    Args:
        codes: `(tokens,)` which connector each token is, or -1.
        lengths: `(sentences,)` tokens of each.
        sequences: of connector words, which are numbered.
        grow: number sequences that are new; otherwise they get -1.

    Returns:
        The pairs in order; the right one of a pair is the left one of the next.
    """
    positions = np.flatnonzero(codes < 0)
    left = positions[:-1]
    right = positions[1:]
    is_within = np.ones(len(left), bool)
    firsts = np.searchsorted(positions, np.cumsum(lengths))  # behind the end of a sentence
    is_within[firsts[(firsts > 0) & (firsts < len(positions))] - 1] = False
    between = np.where(is_within, right - left - 1, 0)
    numbers = np.zeros(len(left), np.int32)
    if sequences.connectors:
        numbers = sequences.numbers(codes, left + 1, between, grow=grow)
    return AdjacentPairs(left, right, np.where(is_within, numbers, np.int32(-1)))


def open_tail(codes: Ids, lengths: Counts) -> int:
    """Where the last word of a text begins that may be the left one of a pair with what follows.

    Args:
        codes: `(tokens,)` which connector each token is, or -1.
        lengths: `(sentences,)` tokens of each; the last goes on.

    Returns:
        Its position; the number of tokens where there is none in reach.
    """
    tokens = len(codes)
    begin = max(tokens - int(lengths[-1]), tokens - LONGEST_SEQUENCE - 1)
    words = np.flatnonzero(codes[begin:] < 0)
    return begin + int(words[-1]) if len(words) else tokens


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
        self._numbers = interning_dict()
        self._word_counts = np.zeros(1 << 16, np.int64)
        self._bits = (0, 0)  # of a word and of a sequence in a key
        self._pending: list[Counts] = []  # keys that are not counted yet
        self._n_pending = 0
        self._runs: list[tuple[Counts, Counts]] = []  # sorted keys and their counts
        self._tail: tuple[Ids, Ids] | None = None  # words and codes where a sentence was cut

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
        self._push(_summed(keys[order], counts.counts[order]))

    def result(self) -> CollocationCounts:
        """All that was counted so far."""
        self._count_pending()
        self._merge_runs(all_of_them=True)
        keys, counts = self._runs[0] if self._runs else (np.empty(0, np.int64),) * 2
        word_bits, sequence_bits = self._bits
        words = list(self._numbers)
        word_counts = self._word_counts[: len(words)].copy()
        for connector in self.sequences.connectors:
            if connector in self._numbers:
                word_counts[self._numbers[connector]] = 0
        mask = (1 << word_bits) - 1
        return CollocationCounts(
            words,
            word_counts,
            left=(keys >> (word_bits + sequence_bits)).astype(np.int32),
            sequence=((keys >> word_bits) & ((1 << sequence_bits) - 1)).astype(np.int32),
            right=(keys & mask).astype(np.int32),
            counts=counts,
            connectors=self.sequences.connectors,
            sequences=list(self.sequences.sequences),
            corpus_words=self.corpus_words,
            vocabulary_size=int(np.count_nonzero(word_counts)) + len(keys),
        )

    def _intern(self, words: Sequence[str]) -> Ids:
        local = np.fromiter(map(self._numbers.__getitem__, words), np.int32, len(words))
        if len(self._numbers) > len(self._word_counts):
            more = np.zeros(len(self._numbers), np.int64)
            self._word_counts = np.append(self._word_counts, more)
        return local

    def _add_keys(self, left: Ids, sequence: Ids, right: Ids) -> None:
        keys = self._keys(left, sequence, right)  # which may rewrite those that are pending
        self._pending.append(keys)
        self._n_pending += len(left)
        if self._n_pending >= RUN:
            self._count_pending()

    def _keys(self, left: Ids, sequence: Ids, right: Ids) -> Counts:
        """`(n,)` one number for each candidate; they fall into the order of left words."""
        self._widen(
            len(self._numbers).bit_length(), (len(self.sequences.sequences) - 1).bit_length()
        )
        word_bits, sequence_bits = self._bits
        keys = left.astype(np.int64) << sequence_bits
        keys |= sequence
        keys <<= word_bits
        keys |= right
        return keys

    def _widen(self, word_bits: int, sequence_bits: int) -> None:
        """Make room in the keys for more words and sequences; their order stays."""
        old = self._bits
        self._bits = (max(old[0], word_bits), max(old[1], sequence_bits))
        if self._bits == old:
            return
        if 2 * self._bits[0] + self._bits[1] > KEY_BITS:
            raise CorpusError(
                f"the corpus has {len(self._numbers):,} distinct words and "
                f"{len(self.sequences.sequences):,} sequences of connector words, too many to "
                "count their pairs; pass fewer connector_words, or less text"
            )
        self._pending = [_widened(keys, old, self._bits) for keys in self._pending]
        self._runs = [(_widened(keys, old, self._bits), counts) for keys, counts in self._runs]

    def _count_pending(self) -> None:
        if self._n_pending:
            keys = np.concatenate(self._pending)
            self._pending = []
            self._n_pending = 0
            keys.sort()
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
            (last, last_counts), (before, before_counts) = runs.pop(), runs.pop()
            keys = np.concatenate([before, last])
            order = np.argsort(keys, kind="stable")  # two sorted halves: a merge
            counts = np.concatenate([before_counts, last_counts])
            runs.append(_summed(keys[order], counts[order]))


def _widened(keys: Counts, old: tuple[int, int], new: tuple[int, int]) -> Counts:
    right = keys & ((1 << old[0]) - 1)
    sequence = (keys >> old[0]) & ((1 << old[1]) - 1)
    left = keys >> (old[0] + old[1])
    return (((left << new[1]) | sequence) << new[0]) | right


def _summed(keys: Counts, counts: Counts) -> tuple[Counts, Counts]:
    """Sorted keys, each once, with the sum of its counts."""
    first = _first_of_each(keys)
    return keys[first], np.add.reduceat(counts, first) if len(first) else counts


def _first_of_each(keys: Counts) -> Counts:
    """Where each of some sorted keys stands first."""
    return np.flatnonzero(np.append(len(keys) > 0, keys[1:] != keys[:-1])[: len(keys)])
