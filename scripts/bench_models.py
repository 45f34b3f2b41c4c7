"""Every embedding model against gensim and fastText: speed, memory and quality in one table.

All systems train on the same text with the same parameters, in processes of their own, one after
the other, seed by seed; two workers each. gensim reads a file (``corpus_file``), which is its best
mode. The whole process is timed, from start to saved vectors, compilation included: by the clock,
and in seconds of processor time, which other work on the machine changes less. Prints a Markdown
table and writes ``bench/models.json``.

    python scripts/bench_models.py                      # 3 seeds, wiki17m: a day on two cores
    python scripts/bench_models.py --seeds 1 --quick    # its first 2 million words: 16 minutes
    python scripts/bench_models.py --models cbow-ns,skipgram-hs
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from bench_word2vec import QUALITY, evaluate, quick_cut
from measuring import find_data, headline, installed, run_child, write_results

SHARED = {"vector_size": 100, "window": 5, "min_count": 5, "sample": 1e-3, "workers": 2}
SUBWORDS = {"min_n": 3, "max_n": 6, "bucket": 2_000_000}


class Model(NamedTuple):
    """A model, as each system calls it; a system that lacks it has None."""

    textdl: tuple[str, dict[str, Any]]  # the class and its parameters
    gensim: tuple[str, dict[str, Any]]
    fasttext: dict[str, Any] | None = None


MODELS = {
    "skipgram-ns": Model(("Word2Vec", {}), ("Word2Vec", {"sg": 1, "negative": 5})),
    "skipgram-ns best": Model(
        ("Word2Vec", {"quality": "best"}), ("Word2Vec", {"sg": 1, "negative": 5})
    ),
    "cbow-ns": Model(("Word2Vec", {"arch": "cbow"}), ("Word2Vec", {"sg": 0, "negative": 5})),
    "skipgram-hs": Model(
        ("Word2Vec", {"loss": "hs"}), ("Word2Vec", {"sg": 1, "hs": 1, "negative": 0})
    ),
    "cbow-hs": Model(
        ("Word2Vec", {"arch": "cbow", "loss": "hs"}),
        ("Word2Vec", {"sg": 0, "hs": 1, "negative": 0}),
    ),
    "skipgram-subwords": Model(
        ("FastText", SUBWORDS),
        ("FastText", {"sg": 1, "negative": 5, **SUBWORDS}),
        {"model": "skipgram"},
    ),
    "cbow-subwords": Model(
        ("FastText", {"arch": "cbow", **SUBWORDS}),
        ("FastText", {"sg": 0, "negative": 5, **SUBWORDS}),
        {"model": "cbow"},
    ),
}


def train_textdl(model: Model, corpus: Path, out: Path, run: dict[str, Any]) -> None:
    """Train and save."""
    import textdl

    name, parameters = model.textdl
    estimator = getattr(textdl, name)(tokenizer="whitespace", **SHARED, **run, **parameters)
    estimator.fit(corpus).vectors_.save(out)


def train_gensim(model: Model, corpus: Path, out: Path, run: dict[str, Any]) -> None:
    """Do the same with gensim."""
    from gensim import models

    name, parameters = model.gensim
    trained = getattr(models, name)(corpus_file=str(corpus), **SHARED, **run, **parameters)
    trained.wv.save_word2vec_format(str(out), binary=True)


def train_fasttext(model: Model, corpus: Path, out: Path, run: dict[str, Any]) -> None:
    """Do the same with the fastText program, in its Python package, which takes no seed."""
    import fasttext
    import numpy as np

    from textdl import Vectors

    assert model.fasttext is not None
    trained = fasttext.train_unsupervised(
        str(corpus),
        dim=SHARED["vector_size"],
        ws=SHARED["window"],
        minCount=SHARED["min_count"],
        t=SHARED["sample"],
        thread=SHARED["workers"],
        minn=SUBWORDS["min_n"],
        maxn=SUBWORDS["max_n"],
        bucket=SUBWORDS["bucket"],
        neg=5,
        epoch=run["epochs"],
        verbose=0,
        **model.fasttext,
    )
    words = trained.words
    Vectors(words, np.stack([trained.get_word_vector(word) for word in words])).save(out)


SYSTEMS = {"textdl": train_textdl, "gensim": train_gensim, "fasttext": train_fasttext}


def measure(name: str, corpus: Path, run: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Train a model with every system that has it, one after the other."""
    found = []
    for system in ["textdl", *installed("gensim", "fasttext")]:
        if system == "fasttext" and MODELS[name].fasttext is None:
            continue
        out = folder / f"{system}.bin"
        measured = run_child(__file__, system, name, corpus, out, json.dumps(run))
        found.append({"model": name, "system": system, **run, **measured, **evaluate(out)})
        print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    return found


def table(runs: list[dict[str, Any]]) -> str:
    """Medians of times, how many times as fast as each is textdl, and means of quality."""
    lines = [
        "| model | system | whole process, s | CPU s | speed-up of textdl | by CPU s | peak MB | "
        f"{' | '.join(QUALITY)} | mean |",
        "|---" * (8 + len(QUALITY)) + "|",
    ]
    for name in dict.fromkeys(run["model"] for run in runs):
        of_model = [run for run in runs if run["model"] == name]
        for system in dict.fromkeys(run["system"] for run in of_model):
            own = [run for run in of_model if run["system"] == system]
            ours = [run for run in of_model if run["system"] == "textdl"]
            clock, processor = ("seconds", "cpu_seconds")
            speed_up = "" if own == ours else f"{median_ratio(own, ours, clock):.2f}"
            cpu_speed_up = "" if own == ours else f"{median_ratio(own, ours, processor):.2f}"
            quality = [mean(run[column] for run in own) for column in QUALITY]
            lines.append(
                f"| {name} | {system} | {median(run[clock] for run in own):.1f} | "
                f"{median(run[processor] for run in own):.1f} | {speed_up} | {cpu_speed_up} | "
                f"{max(run['peak_mb'] for run in own):.0f} | "
                + " | ".join(f"{value:.3f}" for value in [*quality, mean(quality)])
                + " |"
            )
    return "\n".join(lines)


def median_ratio(slow: list[dict[str, Any]], fast: list[dict[str, Any]], column: str) -> float:
    """How many times as much of a column some runs take, seed by seed."""
    ratios: list[float] = [them[column] / us[column] for them, us in zip(slow, fast, strict=True)]
    return median(ratios)


def unpack(corpus: Path, folder: Path) -> Path:
    """The text without compression, as gensim and fastText read it."""
    plain = folder / "corpus.txt"
    with gzip.open(corpus) as source, plain.open("wb") as target:
        shutil.copyfileobj(source, target)
    return plain


def main() -> None:
    """Train every model with every system, and print what came out."""
    options = parse_options()
    if options.child:
        system, name, corpus, out, run = options.child
        SYSTEMS[system](MODELS[name], Path(corpus), Path(out), json.loads(run))
        print("{}")
        return
    os.environ["JAX_PLATFORMS"] = "cpu"
    runs = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        packed = find_data("wiki17m.txt.gz")
        corpus = quick_cut(packed, folder) if options.quick else unpack(packed, folder)
        for seed in range(1, options.seeds + 1):
            for name in options.models.split(","):
                runs += measure(name, corpus, {"seed": seed, "epochs": options.epochs}, folder)
                write_results("models", runs)
    print(f"{headline()}, {options.epochs} epochs\n\n{table(runs)}")


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", default=",".join(MODELS), help="default %(default)s")
    parser.add_argument("--quick", action="store_true", help="its first 2 million words")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
