"""Averaged documents: how well a logistic regression tells classes from each kind of average.

    python scripts/bench_documents.py              # about 15 minutes on two cores
    python scripts/bench_documents.py --seeds 1    # 5 minutes

Word vectors (100 dimensions) are trained on wiki17m, for `EPOCHS` epochs, once per seed. The texts
of IMDb and 20 newsgroups are split as they come, the sentences of rtpolarity by their number.
Components are learned from the training texts. Prints a Markdown table of accuracies, means over
seeds with the standard deviation, and of seconds of `fit_transform` on the training texts; writes
``bench/documents.json``.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Iterator
from statistics import mean, pstdev
from typing import Any, NamedTuple

from measuring import find_data, headline, write_results
from sklearn.linear_model import LogisticRegression

from textdl import AveragedVectors, Vectors, Word2Vec
from textdl.classify.weightings import WEIGHTINGS

EPOCHS = 2
TEST_EVERY = 5  # of the sentences that are not split
TOKENIZER = "wordpunct"
SETTINGS: dict[str, dict[str, Any]] = {
    **{name: {"weighting": name} for name in WEIGHTINGS},
    "sif, nothing removed": {"weighting": "sif", "remove_components": 0},
    "usif, nothing removed": {"weighting": "usif", "remove_components": 0},
    "mean, 1 component removed": {"weighting": "mean", "remove_components": 1},
}


class LabeledTexts(NamedTuple):
    """Texts to learn from and to test on."""

    train_texts: list[str]
    train_labels: list[str]
    test_texts: list[str]
    test_labels: list[str]


def read_rows(name: str) -> Iterator[tuple[bool, str, str]]:
    """Whether a text is to be trained on, its label, and the text."""
    with gzip.open(find_data(f"labelled/{name}.tsv.gz"), "rt", newline="\n") as lines:
        for number, line in enumerate(lines):
            *split, label, text = line.rstrip("\n").split("\t")
            yield split == ["train"] if split else number % TEST_EVERY > 0, label, text


def read_texts(name: str) -> LabeledTexts:
    """A data set."""
    parts = LabeledTexts([], [], [], [])
    for is_train, label, text in read_rows(name):
        texts, labels = parts[:2] if is_train else parts[2:]
        texts.append(text)
        labels.append(label)
    return parts


def measure(vectors: Vectors, texts: LabeledTexts, setting: dict[str, Any]) -> dict[str, float]:
    """Accuracy of a logistic regression, and the seconds of making its features."""
    averages = AveragedVectors(vectors, TOKENIZER, **setting)
    began = time.perf_counter()
    features = averages.fit_transform(texts.train_texts)
    seconds = time.perf_counter() - began
    model = LogisticRegression(max_iter=1000).fit(features, texts.train_labels)
    accuracy = model.score(averages.transform(texts.test_texts), texts.test_labels)
    return {"accuracy": float(accuracy), "seconds": seconds}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="default %(default)s")
    options = parser.parse_args()
    datasets = {name: read_texts(name) for name in ("imdb", "20news_stripped", "rtpolarity")}
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for seed in range(1, options.seeds + 1):
        model = Word2Vec(epochs=EPOCHS, seed=seed, tokenizer="whitespace", verbose=False)
        vectors = model.fit(find_data("wiki17m.txt.gz")).vectors_
        for name, texts in datasets.items():
            for label, setting in SETTINGS.items():
                measured = measure(vectors, texts, setting)
                found.setdefault(label, {}).setdefault(name, []).append(measured)
                print(f"seed {seed}, {name}, {label}: {measured}", flush=True)
    print(f"\n{headline()}, {options.seeds} seeds\n")
    print(f"| average | {' | '.join(datasets)} | seconds of imdb |")
    print("|---" * (len(datasets) + 2) + "|")
    for label, rows in found.items():
        cells = [_shown([it["accuracy"] for it in runs]) for runs in rows.values()]
        print(
            f"| {label} | {' | '.join(cells)} | {mean(it['seconds'] for it in rows['imdb']):.1f} |"
        )
    write_results("documents", found)


def _shown(accuracies: list[float]) -> str:
    return f"{mean(accuracies):.4f} ± {pstdev(accuracies):.4f}"


if __name__ == "__main__":
    main()
