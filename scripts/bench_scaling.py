"""How time and memory of training word vectors grow: a curve a parameter, as tables and a picture.

The text is synthetic: words after Zipf's law in sentences of random length, written straight as a
token store. Every point trains one epoch in a process of its own, round after round, and the best
round counts. Compilation is reported beside training, not in it. Prints a Markdown table a curve
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
import math
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from measuring import ROOT, headline, run_child, write_results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textdl.text.encode import EncodedChunk

Point = Mapping[str, int]  # what a process measures: the parameters of text, machine and training
Run = dict[str, Any]  # what it found


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

CHUNK = 1 << 20  # tokens that are made at once
SENTENCE = 5, 45  # the shortest and the longest
FLATTENING = 2.7  # Mandelbrot's, of the share 1 / (rank + 2.7)
BYTES_A_TOKEN = {"train": 5, "read": 14}  # on disk: a store; a text and its store
LINEAR_FROM = 30_000_000  # tokens from which the fixed costs of a run no longer show
MEGA = 1 << 20
SMALL_RATE = 0.005  # no time depends on it; with the default, negative=20 diverges on this text


def make_chunks(tokens: int, vocabulary: int) -> Iterator[EncodedChunk]:
    """Make a text of Zipf's law, the same at every call, in which every word occurs."""
    from textdl.text.encode import EncodedChunk

    words = [f"w{rank}" for rank in range(vocabulary)]
    for number, start in enumerate(range(0, tokens, CHUNK)):
        draw, size = np.random.default_rng((vocabulary, number)), min(CHUNK, tokens - start)
        ids = zipf(draw.random(size), vocabulary)
        _strew(ids, start, vocabulary, tokens // vocabulary)
        shortest, longest = SENTENCE
        ends = np.cumsum(draw.integers(shortest, longest + 1, size // shortest + 1))
        lengths = np.diff(ends[ends < size], prepend=0, append=size)
        yield EncodedChunk(words, ids, lengths, False)


def zipf(uniform: np.ndarray[Any, np.dtype[np.float64]], vocabulary: int) -> Any:
    """Turn uniform numbers into ids, word 0 being rank 1.

    The density 1 / (x + c) has a closed inverse; over [r, r + 1) it is about 1 / (r + c + 1/2).
    """
    c = FLATTENING + 0.5
    x = c * np.expm1(uniform * math.log1p(vocabulary / c))
    return np.minimum(x.astype(np.int32), vocabulary - 1)


def _strew(ids: Any, start: int, vocabulary: int, every: int) -> None:
    """Put word i at token ``i · every`` of the text, so that none is missing."""
    first, stop = -(-start // every), -(-(start + len(ids)) // every)
    words = np.arange(first, min(stop, vocabulary))
    ids[words * every - start] = words


def build(point: Point, folder: Path) -> Run:
    """Write the token store that training is measured on."""
    from textdl.text.store import TokenStore

    TokenStore.build(make_chunks(point["tokens"], point["vocabulary"]), folder)
    return {}


def write(point: Point, path: Path) -> Run:
    """Write the text that reading is measured on, one sentence a line."""
    with path.open("w") as stream:
        for chunk in make_chunks(point["tokens"], point["vocabulary"]):
            words = map(chunk.words.__getitem__, chunk.ids.tolist())
            stream.writelines(
                " ".join(islice(words, length)) + "\n" for length in chunk.lengths.tolist()
            )
    return {}


def train(point: Point, folder: Path) -> Run:
    """Train one epoch; time it without compilation."""
    import jax

    from textdl.embed.config import Config
    from textdl.embed.run import train_corpus
    from textdl.embed.sampling import keep_probability
    from textdl.text.store import TokenStore

    chosen = {name: value for name, value in point.items() if name in Config.__annotations__}
    config = Config(epochs=1, min_count=1, learning_rate=SMALL_RATE, **chosen)
    store, compiling = TokenStore.open(folder), Compiling()
    jax.devices()  # JAX starts here, not while the clock runs
    began = time.perf_counter()
    train_corpus(store, config)
    elapsed, compiled = time.perf_counter() - began, compiling.seconds()
    counts = store.vocabulary.counts
    return {
        "run": elapsed - compiled,
        "compile": compiled,
        "kept": float(keep_probability(counts, config.sample) @ counts),
    }


def read(point: Point, path: Path) -> Run:
    """Tokenize a text and build its store."""
    from textdl.text.corpus import read_corpus
    from textdl.text.encode import encode
    from textdl.text.store import TokenStore
    from textdl.text.tokenize import get_tokenizer

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        began = time.perf_counter()
        tokens = encode(read_corpus(path), get_tokenizer("whitespace"))
        TokenStore.build(tokens, Path(folder) / "store")
        return {"run": time.perf_counter() - began, "compile": 0.0, "kept": point["tokens"]}


class Compiling:
    """When JAX traced, lowered and compiled in this process."""

    def __init__(self) -> None:
        import jax

        self.spans: list[tuple[float, float]] = []
        jax.monitoring.register_event_duration_secs_listener(self._note)

    def _note(self, event: str, duration_secs: float, **_: str | int) -> None:
        if event.startswith("/jax/core/compile/"):
            now = time.perf_counter()
            self.spans.append((now - duration_secs, now))

    def seconds(self) -> float:
        """The time that the spans cover: they nest, and threads have theirs side by side."""
        total, reached = 0.0, -math.inf
        for begin, end in sorted(self.spans):
            total += max(0.0, end - max(begin, reached))
            reached = max(reached, end)
        return total


class AnonymousMemory(threading.Thread):
    """Watches the memory of this process that no file backs; the mapped store is not in it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.status, self.done = Path("/proc/self/status"), threading.Event()
        self.peak: float | None = None  # MB; None where the system does not say

    def run(self) -> None:
        """Look 20 times a second."""
        while self.status.exists() and not self.done.wait(0.05):
            for line in self.status.read_text().splitlines():
                if line.startswith("RssAnon:"):
                    self.peak = max(self.peak or 0.0, int(line.split()[1]) / 1024)


def child(job: str, encoded: str, path: str) -> None:
    """Do one job in this process and print what it found."""
    point: Point = json.loads(encoded)
    if "cores" in point:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: point["cores"]])
    memory = AnonymousMemory()
    memory.start()
    found = {"build": build, "write": write, "train": train, "read": read}[job](point, Path(path))
    memory.done.set()
    print(json.dumps({**found, "anonymous_mb": memory.peak}))


def obstacle(point: Point, job: str, folder: Path) -> str | None:
    """Why a point cannot be measured here, if it cannot."""
    if point["vocabulary"] > point["tokens"]:
        return f"{point['tokens']:,} tokens cannot hold {point['vocabulary']:,} words"
    if "cores" in point:
        if not hasattr(os, "sched_setaffinity"):
            return "this platform does not bind a process to cores"
        if point["cores"] > (cores := len(os.sched_getaffinity(0))):
            return f"this process may use {cores} of the cores"
    need = 1.2 * BYTES_A_TOKEN[job] * point["tokens"]
    if not _source(point, job, folder).exists() and need > (free := shutil.disk_usage(folder).free):
        return f"it takes {need / 1e9:.1f} GB of disk, and {folder} has {free / 1e9:.1f} GB"
    return None


def _source(point: Point, job: str, folder: Path) -> Path:
    """Where the store or the text of a point lies."""
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
    job, parameter = CURVES[name].job, CURVES[name].parameter
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="textdl-scaling-") as temporary:
        folder, possible = Path(temporary), []
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
    """Measure a point in a process of its own."""
    found = run_child(__file__, job, json.dumps(point), source)
    return {
        **point,
        **found,
        "words_per_second": point["tokens"] / found["run"],
        "ns": found["run"] / found["kept"] * 1e9,
    }


def _best(runs: list[Run], point: Point) -> Run:
    """The fastest run of a point, with all times of its kind."""
    own = [run for run in runs if point.items() <= run.items()]
    fastest = min(own, key=lambda run: run["run"])
    return {**fastest, "rounds": [run["run"] for run in own]}


def table(name: str, runs: list[Run]) -> str:
    """Lay out a curve, one row a value."""
    curve = CURVES[name]
    doing, counted = {"train": ("training", "kept token"), "read": ("reading", "token")}[curve.job]
    lines = [
        f"| {curve.parameter} | {doing}, s | M words/s | ns a {counted} | compiling, s | "
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
        far apart the large sizes are in seconds a token; and the memory that a token adds to them.
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
        "bytes_a_token": (last - first) * MEGA / float(np.ptp(tokens[large])),
    }


def describe(found: Mapping[str, float]) -> str:
    """Say in words what `growth` found."""
    return (
        f"time grows as tokens^{found['exponent']:.3f}, no size further than "
        f"{found['largest_distance']:.1%} from that line; from {found['from_tokens']:,.0f} tokens "
        f"up, seconds a token are within {found['apart']:.1%} of each other, and a token adds "
        f"{found['bytes_a_token']:.2f} bytes of anonymous memory"
    )


def draw(curves: Mapping[str, list[Run]], path: Path) -> None:
    """Draw a panel a curve: time on the left, memory on the right, both on logarithmic scales."""
    from textdl.errors import OutputError
    from textdl.plot.canvas import new_figure, save

    columns = min(4, len(curves))
    try:
        figure, panels = new_figure(columns, -(-len(curves) // columns), width=4.2, height=3.2)
    except OutputError as error:  # matplotlib is an extra
        print(error)
        return
    for axes, (name, runs) in zip(panels, curves.items(), strict=False):
        _draw_curve(axes, name, runs)
    for axes in panels[len(curves) :]:
        axes.remove()
    save(figure, path)


def _draw_curve(axes: Axes, name: str, runs: list[Run]) -> None:
    curve = CURVES[name]
    values = [run[curve.parameter] for run in runs]
    grows = curve.parameter == "tokens"  # elsewhere the corpus is the same
    times = [run["run"] if grows else run["ns"] for run in runs]
    _draw_line(axes, values, times, "seconds" if grows else "ns a kept token")
    if grows:
        straight = [times[-1] / values[-1] * value for value in values]
        axes.plot(values, straight, ":", color="grey", label="in proportion")
        axes.legend(loc="upper left")
    if all(run["anonymous_mb"] is not None for run in runs):
        memory = [run["anonymous_mb"] for run in runs]
        _draw_line(axes.twinx(), values, memory, "anonymous memory, MB", below=True)
    axes.set(title=name, xlabel=curve.parameter)


def _draw_line(
    axes: Axes, values: list[int], numbers: list[float], label: str, *, below: bool = False
) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, StrMethodFormatter

    from textdl.plot.canvas import COLOURS, MARKERS

    axes.loglog(values, numbers, f"{MARKERS[below]}-", color=COLOURS[below], markersize=5)
    axes.set_ylabel(label, color=COLOURS[below])
    axes.set_xticks(values, map(EngFormatter(sep=""), values))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.minorticks_off()
    # More than ten times from bottom to top, so that what hardly changes looks it; and the two
    # lines of a panel keep out of each other's way.
    room = (1.5, 10) if below else (10, 1.5)
    axes.set_ylim(min(numbers) / room[0], max(numbers) * room[1])


def chosen_points(name: str, options: argparse.Namespace) -> list[Point]:
    """The points of a curve, none with more tokens than asked for."""
    curve, base = CURVES[name], QUICK_BASE if options.quick else BASE
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
        draw(curves, ROOT / "bench" / "scaling.png")


if __name__ == "__main__":
    main()
