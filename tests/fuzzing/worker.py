"""A process that damages files and uses them, and its master, which survives what it does not.

A mutant is a kind of file and a seed: `python -m tests.fuzzing.worker KIND SEED` uses one, with a
traceback. Errors of textdl's family are what is expected; the rest is a finding: another exception,
the death of the process, more than `MOST_SECONDS` of processor time, or more memory than
`MEMORY_PER_BYTE` times the size of the file and `MEMORY_BESIDES`.
"""

import contextlib
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

from tests.fuzzing.mutations import damage_bytes

MOST_SECONDS = 5.0  # of processor time; a machine with other work does it in more
PATIENCE = 20.0  # seconds after which a process that says nothing is looked at
MOST_ROUNDS = 15  # of patience with a process that does nothing, for the machine may be paused
MEMORY_PER_BYTE = 100
MEMORY_BESIDES = 64 << 20
ADDRESS_SPACE = 3 << 30  # beside what the process has when it starts
ROOT = Path(__file__).parents[2]


class Finding(NamedTuple):
    """A mutant that did what none should."""

    kind: str
    seed: int
    what: str


class Result(NamedTuple):
    """What became of the mutants of a kind."""

    findings: list[Finding]
    used: int  # went through, as if nothing was wrong
    refused: int


class Worker:
    """A process that is started anew whenever it dies, or is slow."""

    def __init__(self):
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def run(self, kind, first, count):
        """Use the mutants of a kind with `count` seeds from `first` on."""
        result = {"used": 0, "refused": 0}
        findings = []
        seed, last = first, first + count
        while seed < last:
            self._tell(kind, seed, last)
            while seed < last:
                line = self._line()
                if line is None:
                    findings.append(Finding(kind, seed, self._end()))
                    seed += 1
                    break
                what, _, text = line.partition(" ")
                if what in result:
                    result[what] += 1
                else:
                    findings.append(Finding(kind, seed, text))
                seed += 1
        return Result(findings, **result)

    def _tell(self, kind, seed, last):
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzzing.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "JAX_ENABLE_COMPILATION_CACHE": "0"},
            )
            self._unread = b""
        self._process.stdin.write(f"{kind} {seed} {last}\n".encode())
        self._process.stdin.flush()

    def _line(self):
        """The next line, or None where the process has died or takes too long."""
        began = _processor_seconds(self._process.pid)
        rounds = 0
        while b"\n" not in self._unread:
            if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
                rounds += 1
                worked = _processor_seconds(self._process.pid) - began
                if worked > MOST_SECONDS or rounds == MOST_ROUNDS:
                    return None
                continue
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                return None
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def _end(self):
        """End the process; say how it ended."""
        if self._process is None:
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)  # it may be about to die
        alive = self._process.poll() is None
        if alive:
            self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process = None
        return "it hung" if alive else f"the process died with {code}"


def damaged(raw, damage, draw):
    """A mutant: a few changes, of bytes where the file no longer has the structure to change."""
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        try:
            raw = damage(raw, draw)
        except Exception:
            raw = damage_bytes(raw, draw)
    return raw


class Bench:
    """Where mutants are made and used, one after another."""

    def __init__(self, folder):
        from tests.fuzzing.kinds import KINDS

        self._kinds, self._folder = KINDS, Path(folder)
        self._whole = {}

    def make(self, kind, seed):
        """Make a mutant. Returns its path, and what uses it."""
        known = self._kinds[kind]
        path = self._folder / known.name
        if kind not in self._whole:
            known.make(path)
            self._whole[kind] = path.read_bytes()
            known.use(path)  # compiles what is to be compiled, and must go well
        path.write_bytes(damaged(self._whole[kind], known.damage, random.Random(f"{kind}:{seed}")))
        return path, known.use

    def judge(self, kind, seed):
        """One line on a mutant: used, refused, or what is wrong."""
        from textdl.errors import TextdlError

        try:
            path, use = self.make(kind, seed)
        except Exception as error:
            return f"wrong before any damage: {error!r}"
        before = _reset_peak()
        began = time.process_time()
        outcome = "used"
        try:
            use(path)
        except TextdlError as error:
            outcome = "refused" if str(error) else "wrong: an error without a message"
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{Path(place.filename).name}:{place.lineno}"
            outcome = f"wrong {type(error).__name__} at {at}: {error!r}"[:300]
        seconds = time.process_time() - began
        grown = _peak() - before
        if seconds > MOST_SECONDS:
            outcome = f"wrong {seconds:.1f} s, then {outcome}"
        elif grown > MEMORY_PER_BYTE * path.stat().st_size + MEMORY_BESIDES:
            outcome = f"wrong {grown >> 20} MB for {path.stat().st_size} bytes, then {outcome}"
        return " ".join(outcome.split())


def _processor_seconds(process):
    """What a process has worked; where the system does not tell, as if it worked all the time."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _reset_peak():
    """Forget the largest memory so far, where the system can; the memory there is now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak():
    """The largest memory so far, in bytes."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _limit_memory():
    """What asks for far too much is told that there is none, and is found by that."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main():
    """Answer lines `KIND FIRST LAST` on standard input with one line per seed."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        limited = False
        for line in sys.stdin:
            kind, first, last = line.split()
            for seed in range(int(first), int(last)):
                answer = bench.judge(kind, seed)
                if not limited:
                    _limit_memory()  # now that everything is imported
                    limited = True
                print(answer, file=answers)


def use_one(kind, seed):
    """Use one mutant, and show what it raises."""
    with tempfile.TemporaryDirectory() as folder:
        path, use = Bench(folder).make(kind, int(seed))
        print(f"{len(path.read_bytes()):,} bytes, {path.read_bytes()[:200]!r}")
        use(path)


if __name__ == "__main__":
    use_one(*sys.argv[1:]) if len(sys.argv) > 1 else main()
