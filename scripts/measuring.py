"""What the benchmarks share: processes measured from outside, and the files they write."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TEXTDL_DATA", ROOT.parent / "shared" / "data"))


def run_child(script: str, *arguments: object, python: str = sys.executable) -> dict[str, Any]:
    """Run ``script --child arguments`` in a new process of `python`.

    Returns:
        What it printed as JSON, with the ``seconds`` of the whole process, the ``cpu_seconds`` of
        all its threads, which a busy machine changes less, and its ``peak_mb``.
    """
    command = [python, script, "--child", *map(str, arguments)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            printed = process.stdout.read()
        except BaseException:  # Ctrl-C, say: nothing is left to wait for
            process.kill()
            raise
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with exit code {process.returncode}")
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        **json.loads(printed),
    }


class Pairing(NamedTuple):
    """Two systems that did the same in turn, several rounds."""

    first: float  # median of a column
    second: float
    speed_up: str  # of the second: the median, and that of each round
    peaks: tuple[float, float]  # largest memory of each, in MB
    is_equal: str  # whether all results have the same digest


def pair(runs: list[dict[str, Any]], systems: Iterable[str], column: str) -> Pairing:
    """Compare the runs of two systems, in their order.

    Args:
        runs: with their ``system``, ``peak_mb`` and ``digest``.
        systems: the names of two.
        column: of runs, what is compared.
    """
    sides = [[run for run in runs if run["system"] == system] for system in systems]
    values = [[run[column] for run in side] for side in sides]
    ratios = [a / b for a, b in zip(*values, strict=True)]
    rounds = ", ".join(f"{ratio:.1f}" for ratio in sorted(ratios))
    first, second = map(median, values)
    first_peak, second_peak = (max(run["peak_mb"] for run in side) for side in sides)
    return Pairing(
        first,
        second,
        f"{median(ratios):.1f} ({rounds})",
        (first_peak, second_peak),
        "yes" if len({run["digest"] for run in runs}) == 1 else "NO",
    )


def find_data(name: str) -> Path:
    """The path of a file of the shared data, or the end of the benchmark."""
    path = DATA / name
    if not path.exists():
        sys.exit(f"{path} is not there; set TEXTDL_DATA to the folder that holds it")
    return path


def installed(*packages: str) -> list[str]:
    """Those packages that are there; the others are named, and skipped."""
    for package in packages:
        if find_spec(package) is None:
            print(
                f"{package} is not installed and is left out; "
                "pip install 'textdl[bench,bench-fasttext]'"
            )
    return [package for package in packages if find_spec(package) is not None]


def headline() -> str:
    """The date and the machine."""
    return f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores"


def write_results(name: str, results: object) -> None:
    """Write ``bench/NAME.json``."""
    out = ROOT / "bench" / f"{name}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, indent=1))
