"""What was computed of the runs of characters between spaces, remembered in bounded memory.

Texts repeat their words, so a tokenizer that does not look beyond a run has to cut each distinct
one only once. `RunMemo` is a dictionary that computes what it lacks: to look up what it has takes
no Python bytecode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

LONGEST_KEY = 64  # characters; longer runs hardly repeat
MOST_RUNS = 1 << 18  # more than 20 MB of an encyclopedia have; with their tokens, about 64 MB

K = TypeVar("K", str, tuple[str, ...])
V = TypeVar("V")


class RunMemo(dict[K, V], Generic[K, V]):
    """A dictionary that computes missing values, and forgets all of them when it is full.

    Args:
        compute: makes the value of a run, or of a few of them.
        most: keys that are kept.

    Example:
        >>> lengths = RunMemo(len, most=2)
        >>> lengths["dog"], lengths["horse"], lengths["ox"], len(lengths)
        (3, 5, 2, 1)
    """

    def __init__(self, compute: Callable[[K], V], most: int = MOST_RUNS) -> None:
        super().__init__()
        self._compute: Callable[[K], V] = compute
        self._most = most

    def __missing__(self, key: K) -> V:
        value = self._compute(key)
        if (len(key) if isinstance(key, str) else sum(map(len, key))) <= LONGEST_KEY:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value
