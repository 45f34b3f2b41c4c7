"""The fuzzer itself: what it finds, it reports, and it goes on."""

import sys

import pytest

from tests.fuzzing import worker

SCRIPT = """
import os, sys, time
for line in sys.stdin:
    kind, first, last = line.split()
    for seed in range(int(first), int(last)):
        if seed == 2:
            os.abort()
        while seed == 4 and kind == "slow":
            pass
        print("wrong ValueError" if seed == 3 else "refused", flush=True)
"""


@pytest.fixture
def scripted(monkeypatch):
    """A process in place of the one that uses mutants."""
    start = worker.subprocess.Popen

    def start_script(arguments, **options):
        return start([sys.executable, "-c", SCRIPT], **options)

    monkeypatch.setattr(worker.subprocess, "Popen", start_script)
    monkeypatch.setattr(worker, "PATIENCE", 0.5)
    monkeypatch.setattr(worker, "MOST_SECONDS", 0.2)


@pytest.mark.skipif(sys.platform == "win32", reason="select waits for pipes")
def test_crash_hang_and_exception_are_found(scripted):
    with worker.Worker() as process:
        result = process.run("slow", 0, 6)
    found = [(finding.seed, finding.what) for finding in result.findings]
    assert found == [(2, "the process died with -6"), (3, "ValueError"), (4, "it hung")]
    assert (result.used, result.refused) == (0, 3)
