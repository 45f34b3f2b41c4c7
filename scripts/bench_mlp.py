"""Networks: textdl against scikit-learn on sparse text, against PyTorch and Keras on dense input.

    python scripts/bench_mlp.py             # about 5 minutes on two cores
    python scripts/bench_mlp.py sparse      # one of the two: sparse, dense

Sparse: `MLPClassifier((128,), batch_size=128, max_iter=5)` on TF-IDF of 20 newsgroups, the same
matrix for both sides, in alternating processes, seed by seed; `fit` is timed, compilation included.
Dense: 60,000 x 784 random inputs, layers 784-512-512-10, batches of 128, Adam; the seconds of each
epoch, shuffling included. Prints Markdown tables and writes ``bench/mlp.json``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import time
from importlib import import_module
from itertools import pairwise
from statistics import mean, median
from typing import Any

import numpy as np
from measuring import find_data, headline, installed, run_child, write_results
from numpy.typing import NDArray

SEEDS = (1, 2, 3)
SIZES = (784, 512, 512, 10)
EXAMPLES = 60_000
BATCH = 128
EPOCHS = 4
Arrays = tuple[NDArray[np.float32], NDArray[np.int64]]


def newsgroups() -> tuple[Any, list[str], Any, list[str]]:
    """TF-IDF of 20 newsgroups: training and test matrix, and their labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    with gzip.open(find_data("labelled/20news_stripped.tsv.gz"), "rt", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    train, test = ([row for row in rows if row[0] == part] for part in ("train", "test"))
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
    x = vectorizer.fit_transform([row[2] for row in train])
    x_test = vectorizer.transform([row[2] for row in test])
    return x, [row[1] for row in train], x_test, [row[1] for row in test]


def fit_sparse(system: str, seed: int) -> dict[str, float]:
    """Fit one network on sparse text, and score it."""
    home = {"textdl": "textdl", "scikit-learn": "sklearn.neural_network"}[system]
    classifier = import_module(home).MLPClassifier
    x, y, x_test, y_test = newsgroups()
    began = time.perf_counter()
    model = classifier((128,), batch_size=128, max_iter=5, random_state=seed).fit(x, y)
    return {"fit": time.perf_counter() - began, "accuracy": model.score(x_test, y_test)}


def random_images() -> Arrays:
    """Random inputs `(60000, 784)` and classes: only time is measured."""
    draw = np.random.default_rng(0)
    inputs = draw.standard_normal((EXAMPLES, SIZES[0]), np.float32)
    return inputs, draw.integers(0, SIZES[-1], EXAMPLES)


def epochs_textdl() -> list[float]:
    """Seconds of every epoch."""
    import jax

    from textdl import nn

    network = nn.mlp(SIZES, "relu")
    data = nn.make_dataset(*random_images())
    times = [time.perf_counter()]
    nn.fit(
        network.init(jax.random.key(0)),
        data,
        nn.Objective(network, nn.softmax_loss),
        nn.TrainingConfig(epochs=EPOCHS, batch_size=BATCH),
        key=jax.random.key(1),
        callbacks=[lambda _: times.append(time.perf_counter())],
    )
    return [after - before for before, after in pairwise(times)]


def epochs_torch() -> list[float]:
    """The same in PyTorch, with its fused Adam."""
    import torch

    inputs, classes = map(torch.from_numpy, random_images())
    layers: list[Any] = []
    for number, (before, after) in enumerate(pairwise(SIZES)):
        layers += [torch.nn.ReLU()] * (number > 0) + [torch.nn.Linear(before, after)]
    model = torch.nn.Sequential(*layers)
    loss = torch.nn.CrossEntropyLoss()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    seconds = []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        for rows in torch.split(torch.randperm(EXAMPLES), BATCH):
            adam.zero_grad()
            loss(model(inputs[rows]), classes[rows]).backward()
            adam.step()
        seconds.append(time.perf_counter() - began)
    return seconds


def epochs_keras() -> list[float]:
    """The same in Keras on JAX."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    x, y = random_images()
    layers = [keras.layers.Dense(units, "relu") for units in SIZES[1:-1]]
    model = keras.Sequential([keras.Input(SIZES[:1]), *layers, keras.layers.Dense(SIZES[-1])])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    seconds = []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - began)
    return seconds


DENSE = {"textdl": epochs_textdl, "torch": epochs_torch, "keras": epochs_keras}


def bench_sparse() -> dict[str, Any]:
    """Both systems in turn, seed by seed."""
    systems = ("scikit-learn", "textdl")
    runs = []
    for seed in SEEDS:
        for system in systems:
            runs.append({"system": system, **run_child(__file__, "sparse", system, seed)})
            print(json.dumps(runs[-1]), file=sys.stderr)
    print("| 20 newsgroups | fit, s | accuracy | peak MB |\n|---|---|---|---|")
    for system in systems:
        own = [run for run in runs if run["system"] == system]
        print(
            f"| {system} | {median(run['fit'] for run in own):.1f} | "
            f"{mean(run['accuracy'] for run in own):.4f} | "
            f"{max(run['peak_mb'] for run in own):.0f} |"
        )
    ratios = [a["fit"] / b["fit"] for a, b in zip(runs[::2], runs[1::2], strict=True)]
    print(f"\nspeed-up of textdl: {median(ratios):.1f} x ({sorted(ratios)})\n")
    return {"runs": runs, "ratios": ratios}


def bench_dense() -> dict[str, Any]:
    """The systems in turn, three times."""
    systems = ["textdl", *installed("torch", "keras")]
    epochs: dict[str, list[list[float]]] = {system: [] for system in systems}
    for _ in SEEDS:
        for system in systems:
            epochs[system].append(run_child(__file__, "dense", system)["epochs"])
            print(system, epochs[system][-1], file=sys.stderr)
    print("| dense | first epoch, s | later epochs, s |\n|---|---|---|")
    for system, runs in epochs.items():
        later = median(seconds for run in runs for seconds in run[1:])
        print(f"| {system} | {median(run[0] for run in runs):.2f} | {later:.2f} |")
    return {"epochs": epochs}


def main() -> None:
    """Run what is asked for, and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("sparse", "dense"), help="default: both")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        what, system, *seed = options.child
        found = {"epochs": DENSE[system]()} if what == "dense" else fit_sparse(system, int(seed[0]))
        print(json.dumps(found))
        return
    print(f"{headline()}\n")
    benches = {"sparse": bench_sparse, "dense": bench_dense}
    chosen = [options.what] if options.what else list(benches)
    write_results("mlp", {name: benches[name]() for name in chosen})


if __name__ == "__main__":
    main()
