"""How time and memory of training word vectors grow: a curve per parameter, tables, a figure.

The text is synthetic: words after Zipf's law in sentences of random length, written straight as a
token store. Every point trains one epoch in a process of its own, round after round, and the best
round counts. Compilation is reported beside training, not in it. Prints a Markdown table per curve
and writes ``bench/scaling.json`` and ``bench/scaling.png``.

    python scripts/bench_scaling.py                          # about 30 minutes on two cores
    python scripts/bench_scaling.py --quick                  # small sizes: about a minute on one
    python scripts/bench_scaling.py --only corpus,workers    # those curves alone
    python scripts/bench_scaling.py --largest 30000000       # no corpus beyond 30M tokens

Stores and texts, at most about 6 GB at a time, go to a temporary folder (set TMPDIR for another).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from measuring import ROOT, headline, run_child, write_results
from scaling_jobs import Point, Run, child
from scaling_picture import draw


class Curve(NamedTuple):
    """A parameter and its values."""

    parameter: str
    values: tuple[int, ...]
    quick: tuple[int, ...]
    job: str = "train"


SIZES = (1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000, 340_000_000)
QUICK_SIZES = (200_000, 600_000, 2_000_000)
CURVES: Mapping[str, Curve] = {
    "corpus": Curve("tokens", SIZES, QUICK_SIZES),
    "reading": Curve("tokens", SIZES, QUICK_SIZES, "read"),
    "vocabulary": Curve(
        "vocabulary", (10_000, 30_000, 100_000, 300_000, 1_000_000), (10_000, 100_000)
    ),
    "vector_size": Curve("vector_size", (50, 100, 200, 300, 450, 600), (50, 200)),
    "window": Curve("window", (2, 5, 10, 15, 20), (2, 10)),
    "negative": Curve("negative", (2, 5, 10, 15, 20), (2, 10)),
    "cores": Curve("cores", (1, 2), (1, 2)),
    "workers": Curve("workers", (1, 2, 4, 8), (1, 4)),
}
# Where a curve does not vary them; other parameters of training have their defaults.
BASE: Point = {"tokens": 10_000_000, "vocabulary": 50_000}
QUICK_BASE: Point = {"tokens": 400_000, "vocabulary": 20_000}

BYTES_PER_TOKEN = {"train": 5, "read": 14}  # on disk: a store; a text and its store
LINEAR_FROM = 30_000_000  # tokens from which the fixed costs of a run no longer show
MEGA = 1 << 20


def obstacle(point: Point, job: str, folder: Path) -> str | None:
    """Why a point cannot be measured here, if it cannot."""
    if point["vocabulary"] > point["tokens"]:
        return f"{point['tokens']:,} tokens cannot hold {point['vocabulary']:,} words"
    if "cores" in point:
        if not hasattr(os, "sched_setaffinity"):
            return "this platform does not bind a process to cores"
        if point["cores"] > (cores := len(os.sched_getaffinity(0))):
            return f"this process may use {cores} of the cores"
    need = 1.2 * BYTES_PER_TOKEN[job] * point["tokens"]
    if not _source(point, job, folder).exists() and need > (free := shutil.disk_usage(folder).free):
        return f"it takes {need / 1e9:.1f} GB of disk, and {folder} has {free / 1e9:.1f} GB"
    return None


def _source(point: Point, job: str, folder: Path) -> Path:
    """The path of the store or the text of a point."""
    return folder / f"{job}-{point['tokens']}-{point['vocabulary']}"


def prepare(point: Point, job: str, folder: Path) -> None:
    """Write the store or the text of a point, unless it is there.

    In a process of its own: the system counts the memory of this one as the peak of its children.
    """
    source = _source(point, job, folder)
    if not source.exists():
        maker = {"train": "build", "read": "write"}[job]
        run_child(__file__, maker, json.dumps(point), source)


def measure_curve(name: str, points: list[Point], rounds: int) -> list[Run]:
    """Measure every point of a curve in every round; return the best run of each."""
    job = CURVES[name].job
    parameter = CURVES[name].parameter
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="textdl-scaling-") as temporary:
        folder = Path(temporary)
        possible = []
        for point in points:
            if reason := obstacle(point, job, folder):
                print(f"{name}: {parameter}={point[parameter]:,} is left out: {reason}")
                continue
            prepare(point, job, folder)
            possible.append(point)
        for _ in range(rounds):
            for point in possible:
                runs.append(measure(job, point, _source(point, job, folder)))
                print(json.dumps({"curve": name, **runs[-1]}), file=sys.stderr)
    return [_best(runs, point) for point in possible]


def measure(job: str, point: Point, source: Path) -> Run:
    """Measure a point in a separate process."""
    found = run_child(__file__, job, json.dumps(point), source)
    return {
        **point,
        **found,
        "words_per_second": point["tokens"] / found["run"],
        "ns": found["run"] / found["kept"] * 1e9,
    }


def _best(runs: list[Run], point: Point) -> Run:
    """The fastest run of a point, with all its times."""
    own = [run for run in runs if point.items() <= run.items()]
    fastest = min(own, key=lambda run: run["run"])
    return {**fastest, "rounds": [run["run"] for run in own]}


def table(name: str, runs: list[Run]) -> str:
    """Lay out a curve, one row per value."""
    curve = CURVES[name]
    doing, counted = {"train": ("training", "kept token"), "read": ("reading", "token")}[curve.job]
    lines = [
        f"| {curve.parameter} | {doing}, s | M words/s | ns per {counted} | compiling, s | "
        "whole process, s | peak MB | of it anonymous |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        anonymous = "?" if run["anonymous_mb"] is None else f"{run['anonymous_mb']:.0f}"
        lines.append(
            f"| {run[curve.parameter]:,} | {run['run']:.2f} | "
            f"{run['words_per_second'] / 1e6:.2f} | {run['ns']:.0f} | "
            f"{run['compile']:.2f} | {run['seconds']:.1f} | "
            f"{run['peak_mb']:.0f} | {anonymous} |"
        )
    return "\n".join(lines)


def growth(runs: list[Run]) -> dict[str, float]:
    """How time and memory grow with the corpus.

    Returns:
        The exponent of time over all sizes, and the largest distance of a size from that line; how
        far apart the large sizes are in seconds per token; and the memory that a token adds.
    """
    tokens, seconds = (np.array([run[key] for run in runs], float) for key in ("tokens", "run"))
    line = np.polyfit(np.log(tokens), np.log(seconds), 1)
    large = tokens >= min(LINEAR_FROM, tokens[-2])
    rates = (seconds / tokens)[large]
    first, last = (runs[i]["anonymous_mb"] or 0.0 for i in (np.flatnonzero(large)[0], -1))
    distances = np.abs(np.expm1(np.polyval(line, np.log(tokens)) - np.log(seconds)))
    return {
        "exponent": float(line[0]),
        "largest_distance": float(distances.max()),
        "from_tokens": float(tokens[large][0]),
        "apart": float(rates.max() / rates.min() - 1),
        "bytes_per_token": (last - first) * MEGA / float(np.ptp(tokens[large])),
    }


def describe(found: Mapping[str, float]) -> str:
    """Summarize `growth` in a sentence."""
    return (
        f"time grows as tokens^{found['exponent']:.3f}, no size further than "
        f"{found['largest_distance']:.1%} from that line; from {found['from_tokens']:,.0f} tokens "
        f"up, seconds per token are within {found['apart']:.1%} of each other, and a token adds "
        f"{found['bytes_per_token']:.2f} bytes of anonymous memory"
    )


def chosen_points(name: str, options: argparse.Namespace) -> list[Point]:
    """The points of a curve, none with more tokens than asked for."""
    curve = CURVES[name]
    base = QUICK_BASE if options.quick else BASE
    values = curve.quick if options.quick else curve.values
    points = [{**base, curve.parameter: value} for value in values]
    capped = [{**point, "tokens": min(point["tokens"], options.largest)} for point in points]
    return [point for i, point in enumerate(capped) if point not in capped[:i]]


def known_curves(listed: str) -> list[str]:
    """The names in a list with commas, in the order of `CURVES`."""
    names = listed.split(",")
    if unknown := set(names) - set(CURVES):
        expected = ", ".join(CURVES)
        raise argparse.ArgumentTypeError(f"no curve {', '.join(sorted(unknown))}; have {expected}")
    return [name for name in CURVES if name in names]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="small sizes, 1 round")
    parser.add_argument("--only", type=known_curves, default=list(CURVES), metavar="CURVE,...")
    parser.add_argument("--largest", type=int, default=max(SIZES), help="tokens of a corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure curve after curve, print and write what is there so far, and draw all in the end."""
    options = parse()
    if options.child:
        child(*options.child)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that temporary folders go
    print(f"{headline()}\n")
    curves: dict[str, list[Run]] = {}
    results: dict[str, Any] = {"machine": headline(), "curves": curves}
    for name in options.only:
        points = chosen_points(name, options)
        if runs := measure_curve(name, points, 1 if options.quick else options.rounds):
            curves[name] = runs
            print(f"## {name}\n\n{table(name, runs)}\n")
        if len(runs) > 1 and CURVES[name].parameter == "tokens":
            results[f"growth of {name}"] = growth(runs)
            print(f"{describe(results[f'growth of {name}'])}\n")
        write_results("scaling", results)
    if curves:
        parameters = {name: CURVES[name].parameter for name in curves}
        draw(curves, parameters, ROOT / "bench" / "scaling.png")


if __name__ == "__main__":
    main()
