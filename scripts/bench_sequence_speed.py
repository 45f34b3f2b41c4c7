"""Networks that read texts word by word: time of an epoch against Keras on JAX and PyTorch.

    python scripts/bench_sequence_speed.py                   # about 30 minutes on two cores
    python scripts/bench_sequence_speed.py cnn --texts 6400 --rounds 1

The first texts of a shuffled imdb, cut at 256 words, the 20,000 most common words; vectors of 100
numbers, which are trained; batches of 64; Adam. cnn: 100 filters of each of the widths 3, 4 and 5,
the maximum over the text, a dense layer. gru: 128 units in one direction, the last state, a dense
layer. Every system runs in a process of its own, in turn, for three epochs, of which the first
compiles. textdl pads a batch to 16, 32, 64, 128 or 256 words; PyTorch pads it to its longest text,
and packs it for the gru; Keras pads all to 256 and masks for the gru. Prints a Markdown table and
writes ``bench/sequence_speed.json``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from measuring import find_data, headline, installed, run_child, write_results
from numpy.typing import NDArray

NETWORKS = ("cnn", "gru")
EPOCHS = 3
TEXTS = 25_000
BATCH = 64
WORDS = 20_000  # known; ids from 2 on, 1 is for all others and 0 for padding
LONGEST = 256
SIZE = 100  # of a word vector
FILTERS, WIDTHS = 100, (3, 4, 5)
UNITS = 128
ROUNDS = 2


class Reviews(NamedTuple):
    """Texts as ids of words."""

    sequences: list[NDArray[np.int32]]
    classes: NDArray[np.int32]

    def padded(self) -> NDArray[np.int32]:
        """`(N, LONGEST)`, padded with 0."""
        table = np.zeros((len(self.sequences), LONGEST), np.int32)
        for row, ids in zip(table, self.sequences, strict=True):
            row[: len(ids)] = ids
        return table


class Epoch(NamedTuple):
    """What an epoch took."""

    seconds: float
    cpu_seconds: float


def read_reviews(texts: int) -> Reviews:
    """So many training texts of imdb, in a random order."""
    with gzip.open(find_data("labelled/imdb.tsv.gz"), "rt", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    rows = [row for row in rows if row[0] == "train"]
    chosen = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:texts]]
    words = [re.findall(r"\w+", text.lower())[:LONGEST] for _, _, text in chosen]
    common = Counter(word for text in words for word in text).most_common(WORDS)
    ids = {word: number for number, (word, _) in enumerate(common, start=2)}
    sequences = [np.array([ids.get(word, 1) for word in text], np.int32) for text in words]
    labels = [label for _, label, _ in chosen]
    return Reviews(sequences, np.unique(labels, return_inverse=True)[1].astype(np.int32))


class Clock:
    """The time from epoch to epoch."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []
        self._start()

    def _start(self) -> None:
        self._began = time.perf_counter()
        self._cpu = time.process_time()

    def tick(self, *_: Any) -> None:
        """Note the end of an epoch."""
        found = Epoch(time.perf_counter() - self._began, time.process_time() - self._cpu)
        self.epochs.append(found)
        self._start()


def train_textdl(network: str, reviews: Reviews) -> Clock:
    """Train with this package's layers."""
    import jax

    from textdl import nn

    readers = {
        "cnn": nn.Parallel(
            tuple(
                nn.sequential(nn.Conv1D(SIZE, FILTERS, width, activation="relu"), nn.MaxPooling())
                for width in WIDTHS
            )
        ),
        "gru": nn.GRU(SIZE, UNITS, return_sequence=False),
    }
    width = FILTERS * len(WIDTHS) if network == "cnn" else UNITS
    layers = nn.sequential(nn.Embedding(WORDS + 2, SIZE), readers[network], nn.Dense(width, 2))
    data = nn.make_dataset(nn.pack_sequences(reviews.sequences), reviews.classes)
    clock = Clock()
    nn.fit(
        layers.init(jax.random.key(0)),
        data,
        nn.Objective(layers, nn.softmax_loss),
        nn.TrainingConfig(epochs=EPOCHS, batch_size=BATCH),
        key=jax.random.key(1),
        callbacks=[clock.tick],
    )
    return clock


def train_torch(network: str, reviews: Reviews) -> Clock:
    """Train with PyTorch, with its fused Adam."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

    table = torch.nn.Embedding(WORDS + 2, SIZE)
    filters = [torch.nn.Conv1d(SIZE, FILTERS, width, padding=width // 2) for width in WIDTHS]
    gru = torch.nn.GRU(SIZE, UNITS, batch_first=True)
    dense = torch.nn.Linear(FILTERS * len(WIDTHS) if network == "cnn" else UNITS, 2)

    def read_cnn(vectors: Any, _: Any) -> Any:
        columns = vectors.transpose(1, 2)
        return torch.cat([torch.relu(it(columns)).amax(2) for it in filters], dim=1)

    def read_gru(vectors: Any, lengths: Any) -> Any:
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        return gru(packed)[1][0]

    read = read_cnn if network == "cnn" else read_gru
    modules = [table, dense, *(filters if network == "cnn" else [gru])]
    parameters = [parameter for module in modules for parameter in module.parameters()]
    adam = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    loss = torch.nn.CrossEntropyLoss()
    sequences = [torch.from_numpy(ids) for ids in reviews.sequences]
    classes = torch.from_numpy(reviews.classes).long()
    clock = Clock()
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(classes)), BATCH):
            batch = [sequences[row] for row in rows.tolist()]
            lengths = torch.tensor([len(ids) for ids in batch])
            adam.zero_grad()
            vectors = table(pad_sequence(batch, batch_first=True))
            loss(dense(read(vectors, lengths)), classes[rows]).backward()
            adam.step()
        clock.tick()
    return clock


def train_keras(network: str, reviews: Reviews) -> Clock:
    """Train with Keras on JAX."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    layers = keras.layers
    inputs = keras.Input((LONGEST,), dtype="int32")
    is_masked = network == "gru"
    vectors = layers.Embedding(WORDS + 2, SIZE, mask_zero=is_masked)(inputs)
    if network == "cnn":
        filters = [
            layers.Conv1D(FILTERS, width, activation="relu", padding="same") for width in WIDTHS
        ]
        read = layers.concatenate([layers.GlobalMaxPooling1D()(it(vectors)) for it in filters])
    else:
        read = layers.GRU(UNITS)(vectors)
    model = keras.Model(inputs, layers.Dense(2)(read))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    ids = reviews.padded()
    clock = Clock()
    for _ in range(EPOCHS):
        model.fit(ids, reviews.classes, batch_size=BATCH, epochs=1, verbose=0)
        clock.tick()
    return clock


SYSTEMS: dict[str, Callable[[str, Reviews], Clock]] = {
    "textdl": train_textdl,
    "keras": train_keras,
    "torch": train_torch,
}


def table(runs: list[dict[str, Any]]) -> str:
    """The first epoch, and the median of the later ones."""
    lines = [
        "| network | system | first epoch, s | later epochs, s | CPU s | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for network, system in dict.fromkeys((run["network"], run["system"]) for run in runs):
        own = [run for run in runs if (run["network"], run["system"]) == (network, system)]
        first = median(run["epochs"][0][0] for run in own)
        later = [Epoch(*epoch) for run in own for epoch in run["epochs"][1:]]
        seconds = median(epoch.seconds for epoch in later)
        processor = median(epoch.cpu_seconds for epoch in later)
        peak = max(run["peak_mb"] for run in own)
        lines.append(
            f"| {network} | {system} | {first:.1f} | {seconds:.1f} | {processor:.1f} | "
            f"{peak:.0f} MB |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=" or ".join(NETWORKS))
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        system, network, texts = options.child
        clock = SYSTEMS[system](network, read_reviews(int(texts)))
        print(json.dumps({"epochs": clock.epochs}))
        return
    systems = [it for it in options.systems if it == "textdl" or installed(it)]
    runs = []
    for network in options.networks or NETWORKS:
        for _ in range(options.rounds):
            for system in systems:
                found = run_child(__file__, system, network, options.texts)
                runs.append({"network": network, "system": system, **found})
                print(json.dumps(runs[-1]), file=sys.stderr)
    write_results("sequence_speed", runs)
    print(f"{headline()}, {options.texts:,} texts\n\n{table(runs)}")


if __name__ == "__main__":
    main()
