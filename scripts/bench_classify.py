"""Text classification: the embedding-bag classifier against fastText, and the defaults.

    python scripts/bench_classify.py                      # about 6 minutes on two cores
    python scripts/bench_classify.py imdb --rounds 1      # one of: imdb, 20news, smsspam
    python scripts/bench_classify.py --fasttext PYTHON    # where fastText is in another environment

imdb: the embedding-bag classifier and fastText's supervised mode with the same dimensions, n-grams,
epochs and threads, on the same shuffled lines, in alternating processes. Training is from opening
the file to the model; the whole process from starting Python to the saved model; compilation is in
both.
20news: `textdl classify train` with defaults, three seeds. smsspam: F1 of spam with defaults, five
folds. Prints Markdown tables and writes ``bench/classify.json``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from statistics import mean, median
from typing import Any

from measuring import find_data, headline, run_child, write_results

SEEDS, FOLDS = (1, 2, 3), 5
SYSTEMS = ("fastText", "textdl")
SIZE, NGRAMS, EPOCHS = 100, 2, 5
Rows = list[tuple[str, ...]]


def read_rows(name: str) -> Rows:
    """Read the columns of a labeled file."""
    with gzip.open(find_data(f"labelled/{name}.tsv.gz"), "rt", newline="\n") as lines:
        return [tuple(line.rstrip("\n").split("\t")) for line in lines]


def write_lines(folder: Path) -> None:
    """Write IMDb as lines of fastText, shuffled, so that the classes are mixed."""
    rows = read_rows("imdb")
    random.Random(0).shuffle(rows)
    for part in ("train", "test"):
        lines = [f"__label__{label} {text}\n" for split, label, text in rows if split == part]
        (folder / f"{part}.txt").write_text("".join(lines))


def threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command(*arguments: object) -> dict[str, Any]:
    """Run a verb of textdl in this process, and read its output."""
    from textdl.cli.main import main as textdl

    said = StringIO()
    with redirect_stdout(said):
        if textdl(["classify", *map(str, arguments), "--json"]):
            sys.exit(f"textdl classify {arguments[0]} failed")
    answer: dict[str, Any] = json.loads(said.getvalue())
    return answer


def train_imdb(system: str, folder: str) -> dict[str, Any]:
    """Train on the lines and save the model; report what training took, reading included."""
    train, save = {"textdl": prepare_textdl, "fastText": prepare_fasttext}[system]()
    began = time.perf_counter()
    model = train(Path(folder, "train.txt"))
    trained = time.perf_counter() - began
    save(model, Path(folder, system))
    return {"training": trained}


def prepare_textdl() -> tuple[Callable[[Path], Any], Callable[[Any, Path], None]]:
    """Import; return how to train, and how to save."""
    from textdl import TextClassifier
    from textdl.classify.examples import read_examples

    def train(path: Path) -> Any:
        examples = read_examples(path)
        model = TextClassifier("bag", vector_size=SIZE, ngram_range=(1, NGRAMS), epochs=EPOCHS)
        return model.fit(examples.texts, [label for (label,) in examples.labels])

    return train, lambda model, path: model.save(path)


def prepare_fasttext() -> tuple[Callable[[Path], Any], Callable[[Any, Path], None]]:
    """Do the same for fastText."""
    fasttext = import_module("fasttext")
    options = {"dim": SIZE, "wordNgrams": NGRAMS, "epoch": EPOCHS, "thread": threads()}

    def train(path: Path) -> Any:
        return fasttext.train_supervised(str(path), verbose=0, **options)

    return train, lambda model, path: model.save_model(str(path))


def score_imdb(system: str, folder: str) -> dict[str, Any]:
    """Score the model that was saved."""
    lines, model = Path(folder, "test.txt"), Path(folder, system)
    if system == "textdl":
        return {"accuracy": command("evaluate", model, lines)["accuracy"]}
    fasttext = import_module("fasttext")
    return {"accuracy": fasttext.load_model(str(model)).test(str(lines))[1]}


def train_news(seed: str, folder: str) -> dict[str, Any]:
    """Train with defaults, but for the seed."""
    source = find_data("labelled/20news_stripped.tsv.gz")
    columns = ["--columns", "split,label,text", "--where"]
    model = Path(folder, "news")
    command("train", source, "-o", model, *columns, "split=train", "--seed", seed, "--quiet")
    return {}


def score_news(_: str, folder: str) -> dict[str, Any]:
    """Score the model that was saved."""
    source = find_data("labelled/20news_stripped.tsv.gz")
    columns = ["--columns", "split,label,text", "--where", "split=test"]
    report = command("evaluate", Path(folder, "news"), source, *columns)
    return {"accuracy": report["accuracy"], "macro_f1": report["macro_f1"]}


def cross_validate(seed: str, _: str) -> dict[str, Any]:
    """F1 of spam in every fold, with defaults."""
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold

    from textdl import TextClassifier

    labels, texts = map(list, zip(*read_rows("smsspam"), strict=True))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=int(seed)).split(texts, labels)
    scores = []
    for train, test in folds:
        model = TextClassifier().fit([texts[i] for i in train], [labels[i] for i in train])
        predicted = model.predict([texts[i] for i in test])
        truth = [labels[i] for i in test]
        scores.append(float(f1_score(truth, predicted, pos_label="spam")))
    return {"f1": scores}


CHILDREN: dict[str, Callable[[str, str], dict[str, Any]]] = {
    function.__name__: function
    for function in (train_imdb, score_imdb, train_news, score_news, cross_validate)
}


def bench_imdb(folder: str, rounds: int, fasttext: str) -> Iterator[dict[str, Any]]:
    """Both systems in turn."""
    write_lines(Path(folder))
    for _ in range(rounds):
        for system in SYSTEMS:
            python = fasttext if system == "fastText" else sys.executable
            trained = run_child(__file__, "train_imdb", system, folder, python=python)
            tested = run_child(__file__, "score_imdb", system, folder, python=python)
            yield {"system": system, **trained, "accuracy": tested["accuracy"]}


def bench_news(folder: str) -> Iterator[dict[str, Any]]:
    """Seed by seed."""
    for seed in SEEDS:
        trained = run_child(__file__, "train_news", seed, folder)
        tested = run_child(__file__, "score_news", seed, folder)
        yield {"seed": seed, **trained, "accuracy": tested["accuracy"]}


def imdb_table(runs: list[dict[str, Any]]) -> str:
    """Lay out the medians of both systems, and the ratio of each alternation."""
    lines = [
        f"IMDb, {SIZE} dimensions, (1, {NGRAMS})-grams, {EPOCHS} epochs, {threads()} threads",
        "",
        "| system | training | whole process | accuracy | peak memory |",
        "|---|---|---|---|---|",
    ]
    sides = [[run for run in runs if run["system"] == system] for system in SYSTEMS]
    for system, side in zip(SYSTEMS, sides, strict=True):
        accuracies = sorted(run["accuracy"] for run in side)
        shown = "-".join(f"{accuracy:.4f}" for accuracy in {accuracies[0]: 0, accuracies[-1]: 0})
        training, seconds, peak = (
            median(run[name] for run in side) for name in ("training", "seconds", "peak_mb")
        )
        lines.append(f"| {system} | {training:.1f} s | {seconds:.1f} s | {shown} | {peak:.0f} MB |")
    for name in ("training", "seconds"):
        ratios = sorted(a[name] / b[name] for a, b in zip(*sides, strict=True))
        times = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        part = "whole process" if name == "seconds" else name
        lines += ["", f"{part}: speed-up of textdl over fastText {times} x."]
    return "\n".join(lines)


def news_table(runs: list[dict[str, Any]]) -> str:
    """Lay out one row per seed."""
    lines = ["20 newsgroups, defaults", "", "| seed | whole process | accuracy |", "|---|---|---|"]
    lines += [f"| {run['seed']} | {run['seconds']:.1f} s | {run['accuracy']:.4f} |" for run in runs]
    seconds, accuracy = (mean(run[name] for run in runs) for name in ("seconds", "accuracy"))
    return "\n".join([*lines, f"| mean | {seconds:.1f} s | {accuracy:.4f} |"])


def main() -> None:
    """Run what was asked for, and print the results."""
    os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "0"  # every run compiles, as the first one does
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", nargs="*", help="imdb, 20news, smsspam (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fasttext", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, *arguments = options.child
        print(json.dumps(CHILDREN[name](*arguments)))
        return
    what = options.what or ["imdb", "20news", "smsspam"]
    results: dict[str, Any] = {}
    print(headline())
    with tempfile.TemporaryDirectory(prefix="textdl-") as folder:
        if "imdb" in what:
            results["imdb"] = list(bench_imdb(folder, options.rounds, options.fasttext))
            print(f"\n{imdb_table(results['imdb'])}", flush=True)
        if "20news" in what:
            results["20news"] = list(bench_news(folder))
            print(f"\n{news_table(results['20news'])}", flush=True)
        if "smsspam" in what:
            results["smsspam"] = run_child(__file__, "cross_validate", 0, folder)
            scores = results["smsspam"]["f1"]
            folds = ", ".join(f"{score:.4f}" for score in scores)
            print(f"\nSMS spam, defaults, {FOLDS} folds: F1 of spam {mean(scores):.4f} ({folds})")
    write_results("classify", results)


if __name__ == "__main__":
    main()
