"""Work that runs ahead: in order, bounded, and with the errors of the work."""

import platform
import subprocess
import sys
import threading
import time

import pytest

from textdl.errors import ParameterError
from textdl.parallel import count_jobs, look_ahead, ordered_map, prefetch


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_ordered_map_keeps_the_order(jobs):
    def slow_first(number):
        time.sleep(0.01 if number == 0 else 0)
        return -number

    assert list(ordered_map(slow_first, range(20), jobs)) == [-number for number in range(20)]
    assert list(ordered_map(slow_first, [], jobs)) == []


def test_look_ahead_starts_only_a_few():
    started = []
    tasks = look_ahead(lambda item: started.append(item) or item, range(10), ahead=2)
    assert next(tasks) == 0
    assert started == [0, 1, 2]
    assert next(tasks) == 1
    assert started == [0, 1, 2, 3]
    assert list(tasks) == list(range(2, 10))


def test_ordered_map_raises_the_error_of_an_item():
    def fail(number):
        if number == 3:
            raise KeyError(number)
        return number

    results = ordered_map(fail, range(100), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError):
        next(results)


def test_prefetch_computes_the_next_item_meanwhile():
    reached = threading.Event()

    def items():
        yield 1
        reached.set()
        yield 2

    prefetched = prefetch(items())
    assert next(prefetched) == 1
    assert reached.wait(10)
    assert list(prefetched) == [2]


def test_prefetch_raises_the_error_of_the_items():
    def items():
        yield None
        raise ZeroDivisionError

    prefetched = prefetch(items())
    assert next(prefetched) is None
    with pytest.raises(ZeroDivisionError):
        next(prefetched)


def test_count_jobs():
    assert count_jobs(3) == 3
    assert count_jobs(None) == count_jobs(-1) >= 1
    assert count_jobs(-10_000) == 1
    for wrong in (0, True, 1.5, "2"):
        with pytest.raises(ParameterError, match="expected a whole number but 0, or None"):
            count_jobs(wrong)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc keeps memory")
def test_ordered_map_keeps_the_memory_that_items_free():
    """Not asked from the system anew for each, page by page."""
    program = """if True:
        import resource
        import numpy as np
        from textdl.parallel import ordered_map

        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

        def work(item):
            return len([np.ones(1_000_000, np.uint8) for _ in range(8)])

        before = faults()
        list(ordered_map(work, range(200), 1))
        print(faults() - before)
    """
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(result.stdout) < 200 * 8 * 1_000_000 / 4096 / 4
