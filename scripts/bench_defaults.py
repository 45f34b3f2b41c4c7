"""`TextClassifier()` at its defaults against linear models of scikit-learn: accuracy and time.

    python scripts/bench_defaults.py                        # the shared sets
    python scripts/bench_defaults.py reviews.tsv news.tsv   # files of your own
    python scripts/bench_defaults.py reviews.tsv --folds 10

A file has a label and a text per line, divided by a tab, and is measured on stratified folds
(shuffled with seed 0); or a split, train or test, before them, which is then used. The others are
`LinearSVC()` and `LogisticRegression(C=10)` on
`TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))`. All see the same folds, one after the
other, in one process. Prints Markdown tables and writes ``bench/defaults.json``.
"""

from __future__ import annotations

import argparse
import gzip
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from measuring import find_data, headline, write_results
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from textdl import TextClassifier
from textdl.io.compilation_cache import enable_compilation_cache

SHARED = ("imdb", "20news_stripped", "smsspam", "rtpolarity")
FOLDS = 5
DEFAULT = "default"


def linear_svc() -> Any:
    """A linear support vector machine on words and pairs of words."""
    return make_pipeline(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)), LinearSVC())


def logistic_regression() -> Any:
    """Logistic regression on the same."""
    model = LogisticRegression(C=10, max_iter=1_000)
    return make_pipeline(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)), model)


SYSTEMS: dict[str, Callable[[], Any]] = {
    DEFAULT: TextClassifier,
    "LinearSVC": linear_svc,
    "LogisticRegression": logistic_regression,
}
Part = tuple[list[str], list[str]]  # texts and labels


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=list(SHARED), help="names, or files of lines")
    parser.add_argument("--folds", type=int, default=FOLDS)
    options = parser.parse_args()
    enable_compilation_cache()
    warnings.simplefilter("ignore")
    print(headline())
    print(f"\n| set | {' | '.join(SYSTEMS)} | took | fit, CPU s: {' | '.join(SYSTEMS)} |")
    print("|---" * (2 + 2 * len(SYSTEMS)) + "|")
    rows = []
    for name in options.sets:
        rows.append(measure(name, options.folds))
        print(table_row(rows[-1]), flush=True)
        write_results("defaults", rows)
    averages = (f"{mean(row['accuracy'][name] for row in rows):.4f}" for name in SYSTEMS)
    print(f"| mean | {' | '.join(averages)} |" + " |" * (1 + len(SYSTEMS)))


def measure(name: str, folds: int) -> dict[str, Any]:
    """All systems on all folds of a set.

    Args:
        name: of a shared set, or the path of a file.
        folds: of a set without a split.

    Returns:
        JSON values by name.
    """
    accuracies: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    seconds: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    comparisons = []
    for train, test in splits(read_rows(name), folds):
        for system, make in SYSTEMS.items():
            began = time.process_time()
            model = make().fit(*train)
            seconds[system].append(time.process_time() - began)
            accuracies[system].append(float(model.score(*test)))
            if system == DEFAULT:
                comparisons.append(model.comparison_)
    return {
        "set": Path(name).stem,
        "accuracy": {system: mean(found) for system, found in accuracies.items()},
        "seconds": {system: mean(found) for system, found in seconds.items()},
        "folds": accuracies,
        "comparisons": comparisons,
    }


def read_rows(name: str) -> list[tuple[str, ...]]:
    """The columns of a set: a label and a text, or a split before them."""
    path = Path(name) if Path(name).is_file() else find_data(f"labelled/{name}.tsv.gz")
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [tuple(line.rstrip("\n").split("\t")) for line in lines]


def splits(rows: list[tuple[str, ...]], folds: int) -> Iterator[tuple[Part, Part]]:
    """Training and test parts.

    Args:
        rows: of a set, as `read_rows` gives them.
        folds: of a set without a split.

    Yields:
        Texts and labels to train on, and to test on.
    """
    if len(rows[0]) == 3:
        yield part(rows, "train"), part(rows, "test")
        return
    labels = [label for label, _ in rows]
    texts = [text for _, text in rows]
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    for train, test in splitter.split(texts, labels):
        yield (
            ([texts[i] for i in train], [labels[i] for i in train]),
            ([texts[i] for i in test], [labels[i] for i in test]),
        )


def part(rows: list[tuple[str, ...]], name: str) -> Part:
    """The texts and labels of a part of a set."""
    chosen = [row for row in rows if row[0] == name]
    return [text for _, _, text in chosen], [label for _, label, _ in chosen]


def table_row(row: dict[str, Any]) -> str:
    """A row of the Markdown table."""
    accuracies = " | ".join(f"{row['accuracy'][name]:.4f}" for name in SYSTEMS)
    seconds = " | ".join(f"{row['seconds'][name]:.1f}" for name in SYSTEMS)
    chosen = Counter(title(it) for found in row["comparisons"] for it in found if it["chosen"])
    took = ", ".join(f"{name} {times}" for name, times in chosen.most_common())
    return f"| {row['set']} | {accuracies} | {took} | {seconds} |"


def title(candidate: dict[str, Any]) -> str:
    """Features and model of a candidate."""
    return f"{candidate['features']} {candidate['model']}"


if __name__ == "__main__":
    main()
