"""Small problems, where starting and compiling are most of the time: textdl against scikit-learn.

Each task runs in processes of its own, system by system in turn. Of textdl the compilation cache is
first empty (cold), then it has what the run before left there (warm). Prints what a task took in
its process, without imports, the first and the second time, and the whole process, all in seconds
of the processor, since a busy machine changes these less; and the first time by the clock. Writes
``bench/small.json``.

    python scripts/bench_small.py                   # about 3 minutes on two cores
    python scripts/bench_small.py iris --rounds 1   # one of: iris, sentences, documents, iris-grid,
                                                    # document-grid, transforms
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

from measuring import find_data, headline, run_child, write_results

SYSTEMS = ("scikit-learn", "textdl cold", "textdl warm")
TFIDF: dict[str, Any] = {"sublinear_tf": True, "ngram_range": (1, 2)}
GRID_C = (0.1, 0.3, 1.0, 3.0)
MLP_GRID = {"alpha": [1e-5, 1e-4, 1e-3], "learning_rate_init": [0.001, 0.003, 0.01]}


def sentences(count: int) -> tuple[list[str], list[str]]:
    """The first sentences of each class of rtpolarity, and their labels."""
    with gzip.open(find_data("labelled/rtpolarity.tsv.gz"), "rt", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    classes = [[row for row in rows if row[0] == label] for label in ("pos", "neg")]
    chosen = [row for rows in classes for row in rows[: count // 2]]
    return [text for _, text in chosen], [label for label, _ in chosen]


def iris(is_ours: bool) -> Callable[[], Any]:
    """A network on 150 rows of 4 numbers."""
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    kind = network(is_ours)
    return lambda: kind(random_state=0).fit(x, y)


def network(is_ours: bool) -> Any:
    """The class of either side."""
    if is_ours:
        from textdl import MLPClassifier as Ours

        return Ours
    from sklearn.neural_network import MLPClassifier as Theirs

    return Theirs


def linear_model(is_ours: bool) -> Any:
    """TF-IDF of words and pairs, and a linear support vector machine."""
    if is_ours:
        from textdl import TextClassifier

        return TextClassifier(model="linear")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    return make_pipeline(TfidfVectorizer(**TFIDF), LinearSVC())


def sentences_5000(is_ours: bool) -> Callable[[], Any]:
    """A linear model of sentences."""
    texts, labels = sentences(5_000)
    model = linear_model(is_ours)
    return lambda: model.fit(texts, labels)


def documents_200(is_ours: bool) -> Callable[[], Any]:
    """A linear model of few texts."""
    texts, labels = sentences(200)
    model = linear_model(is_ours)
    return lambda: model.fit(texts, labels)


def iris_grid(is_ours: bool) -> Callable[[], Any]:
    """27 fits of a network: 9 settings, 3 folds."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV

    x, y = load_iris(return_X_y=True)
    search = GridSearchCV(network(is_ours)(random_state=0), MLP_GRID, cv=3)
    return lambda: search.fit(x, y)


def document_grid(is_ours: bool) -> Callable[[], Any]:
    """12 fits of a linear model on 1,500 texts: 4 settings, 3 folds."""
    from sklearn.model_selection import GridSearchCV

    texts, labels = sentences(1_500)
    name = "C" if is_ours else "linearsvc__C"
    search = GridSearchCV(linear_model(is_ours), {name: list(GRID_C)}, cv=3)
    return lambda: search.fit(texts, labels)


def transforms(is_ours: bool) -> Callable[[], Any]:
    """200 times the matrix of one text."""
    if is_ours:
        from textdl import TfidfVectorizer as Ours

        kind: Any = Ours
    else:
        from sklearn.feature_extraction.text import TfidfVectorizer as Theirs

        kind = Theirs
    texts, _ = sentences(1_500)
    vectorizer = kind(**TFIDF).fit(texts)
    return lambda: [vectorizer.transform(texts[:1]) for _ in range(200)]


TASKS = {
    "iris": iris,
    "sentences": sentences_5000,
    "documents": documents_200,
    "iris-grid": iris_grid,
    "document-grid": document_grid,
    "transforms": transforms,
}


def run_task(system: str, task: str) -> dict[str, float]:
    """Run a task twice in this process."""
    warnings.simplefilter("ignore")
    is_ours = system != "scikit-learn"
    if is_ours:
        from textdl.io.compilation_cache import enable_compilation_cache

        enable_compilation_cache()
    work = TASKS[task](is_ours)
    found = {}
    for name in ("first", "second"):
        began = time.perf_counter()
        processor = time.process_time()
        work()
        found[f"{name}_cpu"] = time.process_time() - processor
        found[name] = time.perf_counter() - began
    return found


def measure(task: str, rounds: int) -> list[dict[str, Any]]:
    """All systems in turn, round by round."""
    found: list[dict[str, Any]] = []
    for _ in range(rounds):
        cache = tempfile.mkdtemp(prefix="textdl-cache-")
        os.environ["TEXTDL_CACHE"] = cache
        try:
            found += [
                {"task": task, "system": system, **run_child(__file__, system, task)}
                for system in SYSTEMS
            ]
        finally:
            shutil.rmtree(cache)
    return found


def table(runs: list[dict[str, Any]]) -> str:
    """Medians, and how many times as long as scikit-learn's."""
    lines = [
        "| task | system | first, CPU s | times | by the clock, s | second, CPU s | times | "
        "whole process, CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in dict.fromkeys(run["task"] for run in runs):
        base: dict[str, float] = {}
        for system in SYSTEMS:
            own = [run for run in runs if (run["task"], run["system"]) == (task, system)]
            first, clock, second, whole = (
                median(run[name] for run in own)
                for name in ("first_cpu", "first", "second_cpu", "cpu_seconds")
            )
            base = base or {"first": first, "second": second}
            lines.append(
                f"| {task} | {system} | {first:.3f} | {first / base['first']:.1f} | {clock:.3f} | "
                f"{second:.3f} | {second / base['second']:.1f} | {whole:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"default: {' '.join(TASKS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_task(*options.child)))
        return
    unknown = set(options.tasks) - set(TASKS)
    if unknown:
        parser.error(f"unknown task {unknown.pop()!r}; expected one of {', '.join(TASKS)}")
    runs = [run for task in options.tasks or TASKS for run in measure(task, options.rounds)]
    write_results("small", runs)
    print(f"{headline()}\n\n{table(runs)}")


if __name__ == "__main__":
    main()
