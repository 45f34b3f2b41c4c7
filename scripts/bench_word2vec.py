"""Word vectors: textdl against gensim, speed and quality in one table.

Both train on the same file with the same parameters, in processes of their own, one system after
the other, seed by seed; two workers each on a CPU. The whole process is timed from start to saved
vectors, compilation included. Prints a Markdown table and writes ``bench/word2vec.json``.

    python scripts/bench_word2vec.py            # 3 seeds, wiki17m: about 12 minutes on two cores
    python scripts/bench_word2vec.py --quick    # its first 2 million words
    python scripts/bench_word2vec.py --compile  # what a second run of the same shape compiles
    python scripts/bench_word2vec.py --device gpu --step-tokens 32768   # word2vec-gpu.json

On a GPU textdl has one worker, and gensim all cores of the machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

import numpy as np
from measuring import DATA, find_data, headline, run_child, write_results

JUDGMENTS = {"WS353": "EN-WS-353-ALL", "MEN": "EN-MEN-TR-3k", "SimLex": "EN-SIMLEX-999"}
QUALITY = (*JUDGMENTS, "analogies")
SYSTEMS = ("gensim", "textdl")
QUICK_WORDS = 2_000_000


class Settings(NamedTuple):
    """What both systems are asked for."""

    vector_size: int = 100
    workers: int = 2
    step_tokens: int = 128  # of textdl
    seed: int = 1


def train_textdl(corpus: Path, out: Path, settings: Settings) -> dict[str, Any]:
    """Train and save; report the seconds of each part."""
    import jax

    from textdl import Word2Vec
    from textdl.text.corpus import read_corpus
    from textdl.text.encode import encode
    from textdl.text.store import TokenStore
    from textdl.text.tokenizers import get_tokenizer

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        tokens = encode(read_corpus(corpus), get_tokenizer("whitespace"))
        store = TokenStore.build(tokens, Path(folder) / "store", sync="nothing")
        read = time.perf_counter()
        model = Word2Vec(**settings._asdict()).fit(store)
        trained = time.perf_counter()
    model.vectors_.save(out)
    device = jax.devices()[0].device_kind
    measured = {"read": read - began, "train": trained - read, "words": model.corpus_words_}
    return measured | {"device": device}


def train_gensim(corpus: Path, out: Path, settings: Settings) -> dict[str, Any]:
    """Do the same with gensim."""
    from gensim.models import Word2Vec
    from gensim.models.word2vec import LineSentence

    same = {name: getattr(settings, name) for name in ("vector_size", "workers", "seed")}
    model = Word2Vec(window=5, negative=5, sample=1e-3, min_count=5, sg=1, **same)
    began = time.perf_counter()
    model.build_vocab(LineSentence(str(corpus)))
    read = time.perf_counter()
    model.train(LineSentence(str(corpus)), total_examples=model.corpus_count, epochs=5)
    trained = time.perf_counter()
    model.wv.save_word2vec_format(str(out), binary=True)
    return {"read": read - began, "train": trained - read, "words": model.corpus_total_words}


def compile_textdl(corpus: Path, _: Path, settings: Settings) -> dict[str, Any]:
    """Train one epoch with the command line's cache; report what tracing and compiling took."""
    from textdl.io.compilation_cache import enable_compilation_cache

    enable_compilation_cache()
    import jax

    spent: defaultdict[str, float] = defaultdict(float)

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        spent[event.removeprefix("/jax/core/compile/")] += duration_secs

    jax.monitoring.register_event_duration_secs_listener(listen)
    from textdl import Word2Vec

    Word2Vec(tokenizer="whitespace", epochs=1, **settings._asdict()).fit(corpus)
    return {"trace": spent["jaxpr_trace_duration"], "compile": spent["backend_compile_duration"]}


CHILDREN = {"textdl": train_textdl, "gensim": train_gensim, "compile": compile_textdl}


def run_once(system: str, corpus: Path, settings: Settings, folder: Path) -> dict[str, Any]:
    """Train in a new process; measure it from outside, and evaluate what it saved."""
    out = folder / f"{system}-{settings.seed}.bin"
    measured = run_child(__file__, system, corpus, out, json.dumps(settings._asdict()))
    return {"system": system, **settings._asdict(), **measured, **evaluate(out)}


def compare_compiling(corpus: Path, settings: Settings, folder: Path) -> None:
    """Print what compilation takes in a first run, and in a second of the same shape."""
    os.environ["XDG_CACHE_HOME"] = str(folder)
    given = ("compile", quick_cut(corpus, folder), folder, json.dumps(settings._asdict()))
    first, second = (run_child(__file__, *given) for _ in range(2))
    for part in ("compile", "trace"):
        share = second[part] / first[part]
        print(f"{part}: {first[part]:.2f} s, then {second[part]:.2f} s ({share:.0%})")
    write_results("compiling", {"first": first, "second": second})


def evaluate(path: Path) -> dict[str, float]:
    """All quality columns of one file of vectors."""
    from textdl import Vectors
    from textdl.vectors.evaluate import evaluate_analogies, evaluate_word_pairs

    vectors = Vectors.load(path)
    found = {
        name: evaluate_word_pairs(vectors, DATA / "eval" / f"{file}.txt").spearman
        for name, file in JUDGMENTS.items()
    }
    analogies = evaluate_analogies(vectors, DATA / "eval" / "questions-words.txt")
    return found | {
        "analogies": analogies.accuracy,
        "semantic": analogies.semantic,
        "syntactic": analogies.syntactic,
    }


def differences(runs: list[dict[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """Subtract gensim from textdl: mean over seeds, 95 % interval by bootstrap over seeds."""
    draw = np.random.default_rng(0)
    columns = {}
    for system in SYSTEMS:
        own = [run for run in runs if run["system"] == system]
        columns[system] = np.array([[run[name] for name in QUALITY] for run in own])
    resampled = {
        system: table[draw.integers(0, len(table), (10_000, len(table)))].mean(axis=1)
        for system, table in columns.items()
    }
    gaps = resampled["textdl"] - resampled["gensim"]  # (10000, columns)
    gaps = np.column_stack([gaps, gaps.mean(axis=1)])
    exact = columns["textdl"].mean(axis=0) - columns["gensim"].mean(axis=0)
    low, high = np.quantile(gaps, [0.025, 0.975], axis=0)
    names = (*QUALITY, "mean")
    middle = [*exact, exact.mean()]
    return {name: (middle[i], low[i], high[i]) for i, name in enumerate(names)}


def table(runs: list[dict[str, Any]]) -> str:
    """Lay out medians of times and means of quality, one row per system."""
    lines = [
        "| system | whole process, s | M words/s | training alone, s | M words/s | reading, s | "
        "peak MB | WS353 | MEN | SimLex | analogies (sem / syn) |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for system in SYSTEMS:
        own = [run for run in runs if run["system"] == system]
        seconds, train, read = (median(r[k] for r in own) for k in ("seconds", "train", "read"))
        words = 5 * own[0]["words"] / 1e6
        quality = {
            name: mean(run[name] for run in own) for name in (*QUALITY, "semantic", "syntactic")
        }
        lines.append(
            f"| {system} | {seconds:.1f} | {words / seconds:.2f} | {train:.1f} | "
            f"{words / train:.2f} | {read:.1f} | {max(run['peak_mb'] for run in own):.0f} | "
            + " | ".join(f"{quality[name]:.3f}" for name in QUALITY)
            + f" ({quality['semantic']:.3f} / {quality['syntactic']:.3f}) |"
        )
    return "\n".join(lines)


def quick_cut(corpus: Path, folder: Path) -> Path:
    """Write the first lines of the corpus, about `QUICK_WORDS` words."""
    cut = folder / "quick.txt"
    words = 0
    with gzip.open(corpus, "rt") as lines, cut.open("w") as file:
        for line in lines:
            file.write(line)
            words += len(line.split())
            if words >= QUICK_WORDS:
                break
    return cut


def main() -> None:
    """Run every seed of both systems in turn and print what came out."""
    options = parse_options()
    if options.child:
        system, corpus, out, settings = options.child
        measured = CHILDREN[system](Path(corpus), Path(out), Settings(**json.loads(settings)))
        print(json.dumps(measured))
        return
    gpu = options.device == "gpu"
    os.environ["JAX_PLATFORMS"] = "cuda" if gpu else "cpu"
    workers = {"textdl": 1 if gpu else 2, "gensim": (os.cpu_count() or 1) if gpu else 2}
    corpus = find_data("wiki17m.txt.gz")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(options.vector_size, workers["textdl"], options.step_tokens)
        if options.compile:
            compare_compiling(corpus, settings, folder)
            return
        if options.quick:
            corpus = quick_cut(corpus, folder)
        runs = []
        for seed in range(1, options.seeds + 1):
            for system in SYSTEMS:
                given = settings._replace(seed=seed, workers=workers[system])
                runs.append(run_once(system, corpus, given, folder))
                print(json.dumps(runs[-1]), file=sys.stderr)
    report(runs, "word2vec-gpu" if gpu else "word2vec")


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="its first 2 million words")
    parser.add_argument("--compile", action="store_true", help="measure the compilation cache")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--step-tokens", type=int, default=128, help="of textdl")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    return parser.parse_args()


def report(runs: list[dict[str, Any]], name: str) -> None:
    """Print the table, the ratios and the differences; write all of it as JSON."""
    print(f"{headline()}, {runs[-1]['device']}\n\n{table(runs)}\n")
    times = {s: [r["seconds"] for r in runs if r["system"] == s] for s in SYSTEMS}
    ratios = [g / t for g, t in zip(times["gensim"], times["textdl"], strict=True)]
    print(f"whole process: speed-up {median(ratios):.2f} x ({sorted(ratios)})")
    gaps = differences(runs)
    for column, (middle, low, high) in gaps.items():
        print(f"{column:<10} textdl - gensim {middle:+.4f}  [{low:+.4f}, {high:+.4f}]")
    write_results(name, {"runs": runs, "ratios": ratios, "differences": gaps})


if __name__ == "__main__":
    main()
