"""Work on chunks, in order, on threads: NumPy and SciPy let go of the interpreter's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import loky

from textdl.errors import ParameterError

Item = TypeVar("Item")
Result = TypeVar("Result")


def count_jobs(n_jobs: int | None) -> int:
    """How many threads `n_jobs` means: None and -1 are every core, -2 all but one, as in joblib.

    Raises:
        ParameterError: it is 0 or no whole number.
    """
    if n_jobs is None:
        n_jobs = -1
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs == 0:
        raise ParameterError(f"n_jobs is {n_jobs!r}; expected a whole number but 0, or None")
    return n_jobs if n_jobs > 0 else max(1, int(loky.cpu_count()) + 1 + n_jobs)


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Iterator[Result]:
    """`function` of every item, in order; only a few items are taken ahead.

    Example:
        >>> list(ordered_map(abs, [-2, 1, -3], jobs=2))
        [2, 1, 3]
    """
    if jobs == 1:
        yield from map(function, items)
        return
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > jobs:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
