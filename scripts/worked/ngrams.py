"""The n-gram model that recurrent networks are compared with: interpolated Kneser-Ney smoothing.

References:
    Kneser and Ney 1995, "Improved backing-off for m-gram language modeling";
    Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Context: TypeAlias = tuple[int, ...]
Counts: TypeAlias = dict[Context, Counter[int]]  # of what follows a context


class KneserNey:
    """p_k(w | c) = max(n(c w) - D, 0) / n(c) + D types(c) / n(c) p_k-1(w | shorter c).

    The longest contexts have counts of occurrences n. A shorter one counts after how many distinct
    symbols it was seen, so that what follows one symbol only is not taken for frequent.

    Args:
        sequences: of ids.
        order: symbols of the longest n-gram, its context being one shorter.
        discount: D; None: n_1 / (n_1 + 2 n_2) of each order, n_i being n-grams with count i.
        padding: the id that stands before a sequence; None: there is nothing, so that the first
            symbols of a sequence are in the contexts of others only.

    Example:
        >>> model = KneserNey([[5, 6, 7], [5, 6, 8]], order=2, discount=0.5, padding=1)
        >>> model.probability(6, (5,)), model.probability(7, (6,))
        (0.8125, 0.375)
    """

    def __init__(
        self,
        sequences: Iterable[Sequence[int]],
        order: int,
        discount: float | None = None,
        padding: int | None = 1,
    ) -> None:
        self.order = order
        self.padding = padding
        longest: Counts = defaultdict(Counter)
        for sequence in sequences:
            for context, symbol in self.ngrams(sequence):
                longest[context][symbol] += 1
        self.counts = [longest]  # by rising length of the context, in the end
        for _ in range(order - 1):
            self.counts.insert(0, _continuations(self.counts[0]))
        self.totals = [{c: sum(it.values()) for c, it in some.items()} for some in self.counts]
        self.discounts = [_discount(it) if discount is None else discount for it in self.counts]

    def ngrams(self, sequence: Sequence[int]) -> Iterable[tuple[Context, int]]:
        """Every symbol of a sequence, behind its context."""
        width = self.order - 1
        padded = tuple(sequence)
        if self.padding is not None:
            padded = (self.padding,) * width + padded
        return ((padded[i - width : i], padded[i]) for i in range(width, len(padded)))

    def probability(self, symbol: int, context: Context) -> float:
        """p(symbol | context)."""
        probability = self.counts[0][()][symbol] / self.totals[0][()]
        for width in range(1, self.order):
            shorter = context[len(context) - width :]
            followers = self.counts[width].get(shorter)
            if followers is None:
                break
            discount = self.discounts[width]
            kept = max(followers[symbol] - discount, 0)
            given = discount * len(followers)
            probability = (kept + given * probability) / self.totals[width][shorter]
        return probability

    def loss(self, sequences: Iterable[Sequence[int]]) -> float:
        """-Σ log p / N over all N symbols, in nats."""
        losses = [
            -math.log(self.probability(symbol, context))
            for sequence in sequences
            for context, symbol in self.ngrams(sequence)
        ]
        return sum(losses) / len(losses)


def _continuations(longer: Counts) -> Counts:
    """After how many distinct symbols a context and what follows it were seen."""
    shorter: Counts = defaultdict(Counter)
    for context, followers in longer.items():
        shorter[context[1:]].update(followers.keys())
    return shorter


def _discount(counts: Counts) -> float:
    """What a count is lowered by (Ney, Essen and Kneser 1994)."""
    sizes = Counter(count for followers in counts.values() for count in followers.values())
    return sizes[1] / (sizes[1] + 2 * sizes[2]) if sizes[1] else 0.0
