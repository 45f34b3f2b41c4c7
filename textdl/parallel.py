"""Work that runs ahead of who consumes it, in order: on threads, or on what the caller starts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, islice, repeat
from typing import TypeVar

import loky
import numpy as np

from textdl.errors import ParameterError

_KEPT_BLOCKS = 8 * 2**20  # bytes: blocks up to this size, and twice as much at the end of a heap

Item = TypeVar("Item")
Result = TypeVar("Result")
Task = TypeVar("Task")


def count_jobs(n_jobs: int | None) -> int:
    """How many threads `n_jobs` means: None and -1 are every core, -2 all but one, as in joblib.

    Raises:
        ParameterError: it is 0 or not a whole number.
    """
    if n_jobs is None:
        n_jobs = -1
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs == 0:
        raise ParameterError(f"n_jobs is {n_jobs!r}; expected a whole number but 0, or None")
    return n_jobs if n_jobs > 0 else max(1, _cores() + 1 + n_jobs)


@cache
def _cores() -> int:
    """Cores that this process may use: asked once, since the answer is read from six files."""
    return int(loky.cpu_count())


def look_ahead(start: Callable[[Item], Task], items: Iterable[Item], ahead: int) -> Iterator[Task]:
    """Start a task for each item, and yield them in order; at most `ahead` wait in between.

    Args:
        start: starts the task of an item, such as `Executor.submit` does.
        items: taken one by one as tasks are yielded.
        ahead: tasks that are started before the one that is yielded is asked for its result.

    Yields:
        The tasks, in the order of the items.

    Example:
        >>> list(look_ahead(abs, [-2, 1, -3], ahead=2))
        [2, 1, 3]
    """
    pending: deque[Task] = deque()
    for item in items:
        pending.append(start(item))
        if len(pending) > ahead:
            yield pending.popleft()
    while pending:
        yield pending.popleft()


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Iterator[Result]:
    """`function` of every item, in order, on `jobs` threads; only a few items are taken ahead.

    Threads are enough where the function leaves the interpreter's lock, as NumPy and SciPy do.

    Args:
        function: called in a thread of its own, unless `jobs` is 1 or there is one item.
        items: taken one by one.
        jobs: threads.

    Yields:
        The results, in the order of the items.

    Example:
        >>> list(ordered_map(abs, [-2, 1, -3], jobs=2))
        [2, 1, 3]
    """
    _keep_freed_memory()
    if jobs == 1:
        yield from map(function, items)
        return
    source = iter(items)
    some = list(islice(source, 2))
    if len(some) < 2:  # to start a thread takes longer than a small item
        yield from map(function, some)
        return
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for future in look_ahead(
                lambda item: pool.submit(function, item), chain(some, source), jobs
            ):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@cache
def _keep_freed_memory() -> None:
    """Let the process keep blocks that it frees, which the next item asks for again.

    glibc gives a block back to the system when it is freed, unless it is smaller than the largest
    that was freed so far (mallopt(3), M_MMAP_THRESHOLD): until then, each item of a long run waits
    for the system to fill its memory with zeros. So one such block is freed here, never touched.
    """
    np.empty(_KEPT_BLOCKS, np.uint8)


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Compute the next item in a thread while the caller works on this one.

    Example:
        >>> list(prefetch(iter([1, 2, 3])))
        [1, 2, 3]
    """
    with ThreadPoolExecutor(1) as thread:
        for future in look_ahead(lambda _: thread.submit(_next, items), repeat(None), 1):
            following = future.result()
            if not following:
                return
            yield following[0]


def _next(items: Iterator[Item]) -> list[Item]:
    """The next item, alone in a list; none at the end."""
    return list(islice(items, 1))
