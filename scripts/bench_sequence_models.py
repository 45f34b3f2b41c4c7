"""Networks that read texts word by word: accuracy on short and long reviews.

    python scripts/bench_sequence_models.py rtpolarity --vectors wiki17m.safetensors
    python scripts/bench_sequence_models.py rtpolarity --folds 2 --seeds 3
    python scripts/bench_sequence_models.py imdb --models gru lstm

rtpolarity: the mean accuracy over folds of ten (stratified, shuffled with seed 0), from drawn
vectors and, with --vectors, from given ones. imdb: its own split. All but the seed is at the
defaults. With several seeds also what scikit-learn's `VotingClassifier(voting="soft")` makes of
them: the accuracy of the mean of their probabilities. Prints Markdown tables and writes
``bench/sequence_models-NAME.json``.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from measuring import find_data, headline, write_results
from sklearn.model_selection import StratifiedKFold

from textdl import TextClassifier
from textdl.classify.examples import ExampleFormat, read_examples

FOLDS = 10


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=("rtpolarity", "imdb"))
    parser.add_argument("--models", nargs="+", default=["cnn"])
    parser.add_argument("--vectors", type=Path, help="trained on wiki17m")
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the ten")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each fold")
    options = parser.parse_args()
    print(headline())
    print("| model | vectors | accuracy | of each seed | their vote | CPU s of a training |")
    print("|---|---|---|---|---|---|")
    results = []
    for model in options.models:
        for vectors in (None, options.vectors) if options.vectors else (None,):
            row = measure(options.data, model, vectors, options.folds, options.seeds)
            results.append(row)
            shown = "given" if vectors else "drawn"
            of_seeds = ", ".join(f"{accuracy:.4f}" for accuracy in row["seeds"])
            print(
                f"| {model} | {shown} | {row['accuracy']:.4f} | {of_seeds} | {row['vote']:.4f} "
                f"| {row['seconds']:.0f} |",
                flush=True,
            )
    write_results(f"sequence_models-{options.data}", results)


def measure(data: str, model: str, vectors: Path | None, folds: int, seeds: int) -> dict[str, Any]:
    """The mean accuracy over folds, and the process time of a training.

    Args:
        data: the name of the set.
        model: of `TextClassifier`.
        vectors: to begin with; None: they are drawn.
        folds: how many of the ten.
        seeds: trainings of each fold.

    Returns:
        JSON values by name.
    """
    votes = []
    accuracies = []  # of each fold, seed by seed
    seconds = []
    for train, (texts, labels) in SPLITS[data](folds):
        probabilities = []
        for seed in range(1, seeds + 1):
            began = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that texts are cut
                classifier = TextClassifier(model=model, vectors=vectors, seed=seed).fit(*train)
                seconds.append(time.process_time() - began)
                probabilities.append(classifier.predict_proba(texts))
        chosen = classifier.classes_[np.argmax([*probabilities, np.mean(probabilities, 0)], -1)]
        *single, vote = (chosen == np.array(labels)).mean(-1).tolist()
        accuracies.append(single)
        votes.append(vote)
        print(
            f"{model}, fold {len(votes)}: {', '.join(f'{each:.4f}' for each in single)}; "
            f"vote {vote:.4f}",
            file=sys.stderr,
            flush=True,
        )
    return {
        "model": model,
        "vectors": vectors is not None,
        "accuracy": mean(map(mean, accuracies)),
        "seeds": [mean(each) for each in zip(*accuracies, strict=True)],
        "vote": mean(votes),
        "folds": accuracies,
        "votes": votes,
        "seconds": mean(seconds),
    }


Part = tuple[list[str], list[str]]


def rtpolarity(folds: int) -> Iterator[tuple[Part, Part]]:
    """Training and test parts of the first folds of ten."""
    texts, labels = read("rtpolarity")
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    splits = list(splitter.split(texts, labels))[:folds]
    for train, test in splits:
        yield (
            ([texts[i] for i in train], [labels[i] for i in train]),
            ([texts[i] for i in test], [labels[i] for i in test]),
        )


def imdb(folds: int) -> Iterator[tuple[Part, Part]]:
    """Its own split."""
    del folds
    yield read("imdb", ("split", "train")), read("imdb", ("split", "test"))


def read(name: str, where: tuple[str, str] | None = None) -> Part:
    """The texts and the label of each."""
    columns = ("split", "label", "text") if where else ("label", "text")
    format = ExampleFormat(columns=columns, where=where)
    examples = read_examples(find_data(f"labelled/{name}.tsv.gz"), format)
    return examples.texts, [str(np.asarray(label)[0]) for label in examples.labels]


SPLITS = {"rtpolarity": rtpolarity, "imdb": imdb}

if __name__ == "__main__":
    main()
