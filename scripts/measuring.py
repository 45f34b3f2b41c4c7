"""What the benchmarks share: processes measured from outside, and the files they write."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
            print(f"{package} is not installed and is left out; pip install 'textdl[bench]'")
    return [package for package in packages if find_spec(package) is not None]


def headline() -> str:
    """The date and the machine."""
    return f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores"


def write_results(name: str, results: object) -> None:
    """Write ``bench/NAME.json``."""
    out = ROOT / "bench" / f"{name}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, indent=1))
