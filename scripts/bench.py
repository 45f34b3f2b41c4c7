"""Run the benchmarks, one after the other, and write one report: Markdown, JSON, a picture.

    scripts/bench                        # all: more than a day on two cores
    scripts/bench --quick                # a small form of those that have one: 3 minutes
    scripts/bench tokenizers bow         # these alone; scripts/bench --list names all

``bench/report.md`` has the machine, the versions and the commit, and what every benchmark printed;
``bench/report.json`` has the same as data, with each benchmark's own results; ``bench/report.png``
draws every speed-up that their tables state. A benchmark that fails is reported as failed, and the
others go on; after an interruption the report has those that were done.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from measuring import ROOT, headline

OUT = ROOT / "bench"
PACKAGES = [
    "textdl",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "scikit-learn",
    "nltk",
    "gensim",
    "fasttext",
    "faiss-cpu",
    "usearch",
    "keras",
    "torch",
    "sparse_dot_topn",
]
INTERRUPTED = 130
# Columns of tables that say how many times as fast as the other program textdl was.
_SPEED_UP = re.compile("speed-up|times as fast")
_FIRST_NUMBER = re.compile(r"\d+(\.\d+)?")


class Benchmark(NamedTuple):
    """An entry of the registry."""

    title: str
    arguments: str = ""  # of `bench_NAME.py`
    quick: str | None = None  # those of its quick form; None: it has none


BENCHMARKS: Mapping[str, Benchmark] = {
    "word2vec": Benchmark("Word vectors against gensim", quick="--quick --seeds 1"),
    "models": Benchmark("Every embedding model against gensim and fastText"),
    "doc2vec": Benchmark("Document vectors against gensim"),
    "documents": Benchmark("Averaged documents"),
    "phrases": Benchmark("Phrases against gensim", quick="--quick"),
    "tokenizers": Benchmark("Tokenizers against NLTK", quick="--quick"),
    "bow": Benchmark("Bag-of-words against scikit-learn", quick="--quick"),
    "match": Benchmark("Matching texts against sparse_dot_topn", quick="--names 2000 --rounds 1"),
    "query": Benchmark(
        "Nearest words against gensim, faiss and usearch", quick="--rows 20000 --rounds 1"
    ),
    "formats": Benchmark(
        "Files of vectors against gensim", quick="--words 20000 --repeat 1 --bucket 100000"
    ),
    "serve": Benchmark("The service"),
    "mlp": Benchmark("Networks against scikit-learn, PyTorch and Keras"),
    "small": Benchmark("Small problems against scikit-learn", quick="iris documents --rounds 1"),
    "classify": Benchmark("Text classification against fastText"),
    "defaults": Benchmark("The default of classify against linear models of scikit-learn"),
    "language_model": Benchmark("Language models against Keras"),
    "sequence_models": Benchmark("Networks that read word by word", "rtpolarity"),
    "sequence_speed": Benchmark("An epoch of the same network in Keras and PyTorch"),
    "scaling": Benchmark("How time and memory grow"),
    "generator": Benchmark("Text that comes from a generator"),
}


def machine() -> dict[str, Any]:
    """What the figures hold for: the machine, the commit, the versions."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "headline": headline(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "commit": _git("rev-parse", "--short", "HEAD"),
        "is_changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "versions": versions,
    }


def _processor() -> str:
    """Its name; that of its architecture where Linux does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", "-C", ROOT, *arguments), capture_output=True, text=True)
    return done.stdout.strip()


def run(name: str, arguments: str) -> dict[str, Any]:
    """Run one benchmark, with its progress on stderr; what it prints is kept."""
    script = ROOT / "scripts" / f"bench_{name}.py"
    command = [sys.executable, str(script), *arguments.split()]
    results = OUT / f"{name}.json"
    results.unlink(missing_ok=True)
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return {
        "name": name,
        "command": " ".join(["python", f"scripts/{script.name}", *arguments.split()]),
        "seconds": time.perf_counter() - began,
        "exit_code": done.returncode,
        "printed": done.stdout,
        "results": json.loads(results.read_text()) if results.exists() else None,
    }


def report(about: dict[str, Any], runs: Sequence[dict[str, Any]]) -> str:
    """The report as Markdown."""
    versions = ", ".join(f"{package} {number}" for package, number in about["versions"].items())
    changed = ", with changes that are not committed" if about["is_changed"] else ""
    lines = [
        "# Benchmarks",
        "",
        f"{about['headline']}: {about['processor']}, {about['memory_gib']} GiB; load at the start "
        f"{about['load']:.1f}. Commit {about['commit']}{changed}. Python {about['python']}, "
        f"{versions}.",
        "",
        "![Speed-ups](report.png)",
    ]
    for done in runs:
        failed = f" It failed with exit code {done['exit_code']}." if done["exit_code"] else ""
        lines += [
            "",
            f"## {BENCHMARKS[done['name']].title}",
            "",
            f"`{done['command']}`, {done['seconds']:.0f} s.{failed}",
            "",
            done["printed"].strip(),
        ]
    return "\n".join(lines) + "\n"


class SpeedUp(NamedTuple):
    """A cell of a table."""

    label: str  # the row
    ratio: float


def speed_ups(printed: str) -> Iterator[SpeedUp]:
    """What the Markdown tables of a benchmark state in columns of speed-ups.

    Args:
        printed: by the benchmark.
    """
    columns: list[str] = []
    for line in printed.splitlines():
        if not line.startswith("|"):
            columns = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not columns:
            columns = cells
            continue
        for column, cell in zip(columns, cells, strict=False):
            number = _FIRST_NUMBER.match(cell)
            if number and _SPEED_UP.search(column):
                yield SpeedUp(_row_label(columns, cells, column), float(number[0]))


def _row_label(columns: Sequence[str], cells: Sequence[str], column: str) -> str:
    """The cells before the first number, and the column where several state a speed-up."""
    words = []
    for cell in cells:
        if _FIRST_NUMBER.fullmatch(cell):
            break
        words.append(cell)
    if sum(bool(_SPEED_UP.search(it)) for it in columns) > 1:
        words.append(column)
    return ", ".join(filter(None, words))


def draw(runs: Sequence[dict[str, Any]], path: Path) -> None:
    """A panel of bars per benchmark whose tables state speed-ups."""
    from textdl.plot.canvas import COLORS, new_figure, save

    found = {done["name"]: list(speed_ups(done["printed"])) for done in runs}
    found = {name: bars for name, bars in found.items() if bars}
    if not found:
        return
    tallest = max(map(len, found.values()))
    figure, panels = new_figure(1, len(found), width=9, height=1.2 + 0.3 * tallest)
    for axes, (name, bars) in zip(panels, found.items(), strict=True):
        labels = [bar.label for bar in bars]
        axes.barh(range(len(bars)), [bar.ratio for bar in bars], color=COLORS[0])
        axes.set_yticks(range(len(bars)), labels)
        axes.invert_yaxis()
        axes.axvline(1, color="grey", linewidth=1)
        axes.set(title=BENCHMARKS[name].title, xlabel="times as fast")
    save(figure, path)


def write(about: dict[str, Any], runs: Sequence[dict[str, Any]]) -> None:
    """Write the report of what has been done so far."""
    OUT.mkdir(exist_ok=True)
    draw(runs, OUT / "report.png")
    (OUT / "report.md").write_text(report(about, runs), encoding="utf-8")
    (OUT / "report.json").write_text(json.dumps({**about, "runs": runs}, indent=1))


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--quick", action="store_true", help="small forms, of those that have one")
    parser.add_argument("--list", action="store_true", help="name the benchmarks, and end")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"{unknown[0]!r} is unknown; expected some of: {', '.join(BENCHMARKS)}")
    if options.list:
        for name, benchmark in BENCHMARKS.items():
            quick = "" if benchmark.quick is None else " (--quick)"
            print(f"{name:16}{benchmark.title}{quick}")
        return 0
    about = machine()
    runs: list[dict[str, Any]] = []
    try:
        for name in options.names or BENCHMARKS:
            benchmark = BENCHMARKS[name]
            arguments = benchmark.quick if options.quick else benchmark.arguments
            if arguments is None:
                continue
            print(f"{benchmark.title} ...", file=sys.stderr, flush=True)
            runs.append(run(name, arguments))
            write(about, runs)
    except KeyboardInterrupt:
        return INTERRUPTED
    failed = [done["name"] for done in runs if done["exit_code"]]
    print(f"bench/report.md: {len(runs)} benchmarks" + "".join(f"; {it} failed" for it in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
