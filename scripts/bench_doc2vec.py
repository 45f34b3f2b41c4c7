"""Documents: `Doc2Vec` against gensim's, on the 50,000 texts of IMDb.

    python scripts/bench_doc2vec.py              # about 45 minutes on two cores
    python scripts/bench_doc2vec.py --seeds 1

Both programs train on the same file, a document per line, with the same parameters: gensim reads it
with `corpus_file`, on as many workers as there are cores. The file is shuffled, for IMDb comes
sorted by class, which gensim takes over into its vectors (scripts/README.md). Both infer the same
texts. Every run is a process of its own; programs alternate. Prints a Markdown table: CPU seconds
of fit, of the whole process, peak memory, the accuracy of a logistic regression on the vectors that
were trained and on inferred ones, seconds of inference; writes ``bench/doc2vec.json``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
from measuring import find_data, headline, installed, run_child, write_results
from numpy.typing import NDArray

SIZE = 100
EPOCHS = 10
INFERRED = 10_000
PEER_INFERRED = 1_000  # of a peer that infers one by one
MODELS: dict[str, dict[str, dict[str, Any]]] = {
    "PV-DBOW": {"textdl": {"arch": "dbow"}, "gensim": {"dm": 0}},
    "PV-DM, mean": {"textdl": {"arch": "dm"}, "gensim": {"dm": 1, "dm_mean": 1}},
}


class Trained(NamedTuple):
    """What a program learned, and how it infers."""

    vectors: NDArray[np.float32]  # of all documents
    infer: Callable[[Sequence[list[str]]], NDArray[np.float32]]
    inferred: int  # documents that its speed is measured on


def write_texts(folder: Path) -> Path:
    """Write the texts in random order, and beside them labels and parts."""
    rows = []
    with gzip.open(find_data("labelled/imdb.tsv.gz"), "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            split, label, text = line.rstrip("\n").split("\t")
            rows.append((split == "train", label, " ".join(re.findall("[a-z']+", text.lower()))))
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    path = folder / "imdb.txt"
    path.write_text("".join(rows[n][2] + "\n" for n in order), "utf-8")
    about = {"train": [rows[n][0] for n in order], "labels": [rows[n][1] for n in order]}
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


def train_textdl(path: Path, model: str, seed: int) -> Trained:
    """Train with textdl."""
    from textdl import Doc2Vec

    own = MODELS[model]["textdl"]
    learned = Doc2Vec(
        vector_size=SIZE, epochs=EPOCHS, seed=seed, tokenizer="whitespace", lowercase=False, **own
    ).fit(path)
    return Trained(learned.document_vectors_.matrix, learned.infer, INFERRED)


def train_gensim(path: Path, model: str, seed: int) -> Trained:
    """Train with gensim."""
    from gensim.models.doc2vec import Doc2Vec

    learned = Doc2Vec(
        corpus_file=str(path),
        vector_size=SIZE,
        window=5,
        min_count=5,
        sample=1e-3,
        negative=5,
        epochs=EPOCHS,
        seed=seed,
        workers=2,
        **MODELS[model]["gensim"],
    )

    def infer(documents: Sequence[list[str]]) -> NDArray[np.float32]:
        return np.array([learned.infer_vector(words) for words in documents])

    return Trained(learned.dv.vectors, infer, PEER_INFERRED)


PROGRAMS = {"textdl": train_textdl, "gensim": train_gensim}


def measure(program: str, path: Path, model: str, seed: int) -> dict[str, float]:
    """Train, infer and classify with one program, in this process."""
    began = time.perf_counter(), time.process_time()
    trained = PROGRAMS[program](path, model, seed)
    fit = time.perf_counter() - began[0], time.process_time() - began[1]
    documents = [line.split() for line in path.read_text("utf-8").splitlines()]
    some = documents[-trained.inferred :]
    trained.infer(some[:1000])  # of every length: what is compiled once, is
    began = time.perf_counter(), time.process_time()
    trained.infer(some)
    inference = time.perf_counter() - began[0], time.process_time() - began[1]
    about = json.loads(path.with_suffix(".json").read_text())
    is_train = np.array(about["train"])
    labels = np.array(about["labels"])
    test = np.flatnonzero(~is_train)[::5]  # gensim takes a second for 500
    inferred = trained.infer([documents[n] for n in test])
    classify = fitted_regression(trained.vectors[is_train], labels[is_train])
    return {
        "fit_seconds": fit[0],
        "fit_cpu": fit[1],
        "infer_seconds": inference[0] * INFERRED / trained.inferred,
        "infer_cpu": inference[1] * INFERRED / trained.inferred,
        "accuracy": classify(trained.vectors[~is_train], labels[~is_train]),
        "accuracy_inferred": classify(inferred, labels[test]),
    }


def fitted_regression(
    vectors: NDArray[np.float32], labels: NDArray[Any]
) -> Callable[[NDArray[np.float32], NDArray[Any]], float]:
    """A logistic regression on standardized vectors: its accuracy on others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, C=0.01))
    model.fit(vectors, labels)
    return lambda others, theirs: float(model.score(others, theirs))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="default %(default)s")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        program, path, model, seed = options.child
        print(json.dumps(measure(program, Path(path), model, int(seed))))
        return
    programs = ["textdl", *installed("gensim")]
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = write_texts(Path(folder))
        for seed in range(1, options.seeds + 1):
            for model in options.models:
                for program in programs:
                    found = run_child(__file__, program, path, model, seed)
                    runs.setdefault(model, {}).setdefault(program, []).append(found)
                    print(f"{model}, {program}, seed {seed}: {found}", file=sys.stderr, flush=True)
    print_table(runs)
    write_results("doc2vec", runs)


def print_table(runs: dict[str, dict[str, list[dict[str, Any]]]]) -> None:
    """Print the best time and the mean accuracy of every program."""
    print(f"{headline()}; {EPOCHS} epochs, {SIZE} dimensions, best time, mean accuracy\n")
    print(
        "| model | program | fit, CPU s | fit, s | infer 10,000, CPU s | s | MB "
        "| accuracy, trained | inferred |"
    )
    print("|---" * 9 + "|")
    for model, of_programs in runs.items():
        for program, found in of_programs.items():
            best = {key: min(it[key] for it in found) for key in found[0]}
            accuracies = [
                mean(it[key] for it in found) for key in ("accuracy", "accuracy_inferred")
            ]
            print(
                f"| {model} | {program} | {best['fit_cpu']:.1f} | {best['fit_seconds']:.1f} | "
                f"{best['infer_cpu']:.2f} | {best['infer_seconds']:.2f} | {best['peak_mb']:.0f} | "
                f"{accuracies[0]:.4f} | {accuracies[1]:.4f} |"
            )


if __name__ == "__main__":
    main()
