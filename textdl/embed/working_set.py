"""Working sets: of a large table, only the rows that a round uses, numbered anew.

Made on the host, from the batches alone, while the device computes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.tables import Batches

# A smaller table is copied whole: to number its rows, and to compile for how many there are, would
# take longer.
MIN_TABLE_ROWS = 1 << 17
MIN_TABLE_NUMBERS = 1 << 23
# Of a table; a round ends before it uses many more. It costs no time, for about as many rows are
# copied in all, and every worker's copy is small.
MAX_WORKING_ROWS = 1 << 16
# Shapes are compiled for, so the number of rows is rounded up: to at most an eighth more. It never
# shrinks, so that copies fit into the memory of those before.
SHAPES_PER_DOUBLING = 8


def is_large(shape: tuple[int, ...]) -> bool:
    """Whether a table has working sets.

    Example:
        >>> is_large((200_000, 100)), is_large((200_000, 2)), is_large((50_000, 300))
        (True, False, False)
    """
    return shape[0] >= MIN_TABLE_ROWS and math.prod(shape) >= MIN_TABLE_NUMBERS


class WorkingSet(NamedTuple):
    """The rows of a table that a round uses."""

    rows: NDArray[np.int32]  # (C,); where it is padded, the number of rows of the table
    frequent: int  # how many come first that every round has
    is_used: NDArray[np.bool_]  # (C,); frequent rows may not be, padding is not


class WorkingSets:
    """Collects the rows that the chunks of a round use, and numbers them.

    Args:
        frequent: by table, the rows that every round has, in ascending order.
        table_rows: of each table that is large.
    """

    def __init__(
        self, frequent: Mapping[str, NDArray[np.intp]], table_rows: Mapping[str, int]
    ) -> None:
        self._tables = {name: _UsedRows(frequent[name], rows) for name, rows in table_rows.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._tables

    def add(self, group: Sequence[Batches]) -> None:
        """Count the rows of chunks among those that the round uses."""
        for name, used in self._tables.items():
            for chunk in group:
                for ids in chunk.rows[name].values():
                    used.add(ids)

    @property
    def are_full(self) -> bool:
        """Whether the round should end."""
        return any(used.count() > MAX_WORKING_ROWS for used in self._tables.values())

    def pop(self, groups: list[list[Batches]]) -> tuple[dict[str, WorkingSet], list[list[Batches]]]:
        """Number the rows of all chunks that were added, and begin anew.

        Args:
            groups: what was added.

        Returns:
            The working set of each large table, and the groups with its numbers.
        """
        sets = {name: used.pop() for name, used in self._tables.items()}
        if not sets:
            return sets, groups
        return sets, [[self._renumbered(chunk) for chunk in group] for group in groups]

    def _renumbered(self, chunk: Batches) -> Batches:
        rows: dict[str, Mapping[str, Any]] = dict(chunk.rows)
        for name, used in self._tables.items():
            rows[name] = {use: used.numbers[ids] for use, ids in chunk.rows[name].items()}
        return chunk._replace(rows=rows)


class _UsedRows:
    """Of one table, the rows that a round uses."""

    def __init__(self, frequent: NDArray[np.intp], rows: int) -> None:
        self.frequent = frequent.astype(np.int32)
        self.numbers = np.zeros(rows, np.int32)  # in the working set; of no meaning for the others
        self._is_used = np.zeros(rows, bool)
        self._size = 0  # of the last working set

    def add(self, ids: NDArray[np.int32]) -> None:
        self._is_used[ids.reshape(-1)] = True

    def count(self) -> int:
        return int(np.count_nonzero(self._is_used))

    def pop(self) -> WorkingSet:
        are_frequent_used = self._is_used[self.frequent]
        self._is_used[self.frequent] = False
        others = np.flatnonzero(self._is_used).astype(np.int32)
        self._is_used[others] = False
        rows = np.concatenate([self.frequent, others])
        self.numbers[rows] = np.arange(len(rows), dtype=np.int32)
        self._size = size = max(self._size, round_up(len(rows)))
        padding = np.full(size - len(rows), len(self.numbers), np.int32)
        is_used = np.zeros(size, bool)
        is_used[: len(self.frequent)] = are_frequent_used
        is_used[len(self.frequent) : len(rows)] = True
        return WorkingSet(np.append(rows, padding), len(self.frequent), is_used)


def round_up(count: int) -> int:
    """The next of the numbers that shapes are compiled for.

    Example:
        >>> round_up(1000), round_up(1024), round_up(1025)
        (1024, 1024, 1152)
    """
    granule = max(1, (1 << max(0, count - 1).bit_length()) // (2 * SHAPES_PER_DOUBLING))
    return -(-count // granule) * granule
