"""A language model of characters against Keras on JAX: the same network, text and steps.

    python scripts/bench_language_model.py
    python scripts/bench_language_model.py --megabytes 1 --epochs 1

The text is the beginning of wiki-raw-20mb; what follows is held out. Both sides read 64 streams in
segments of 64 characters, with the state carried over, and train a GRU by Adam with a rate that
falls to 0 and gradients clipped to norm 1. The softmax has weights of its own on both sides; the
last row is textdl's default, where they are the vectors (tied). Keras's weights are copied into the
same evaluation, which Keras's own loss on the first segment is compared with. Prints a Markdown
table and writes ``bench/language_model.json``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")  # before Keras is imported

import jax
import numpy as np
from measuring import find_data, headline, write_results
from numpy.typing import NDArray

from textdl import LanguageModel
from textdl.language_model.network import LanguageParams
from textdl.language_model.streams import Streams
from textdl.language_model.symbols import END, Symbols
from textdl.nn.layers.embedding import EmbeddingParams
from textdl.nn.layers.recurrent import RecurrentParams

STREAMS = 64
SEGMENT = 64
HELD_OUT = 250_000  # characters
RATE = 0.003
CLIP_NORM = 1.0


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    train, held_out = read(round(options.megabytes * 1e6))
    print(headline())
    print("| system | seed | bits per character | process time | wall time |")
    print("|---|---|---|---|---|")
    results = []
    for seed in options.seeds:
        for name, fit in SYSTEMS.items():
            row = {"system": name, "seed": seed} | measure(fit, train, held_out, options, seed)
            results.append(row)
            print(
                f"| {name} | {seed} | {row['bits']:.4f} | {row['cpu_seconds']:.0f} s | "
                f"{row['seconds']:.0f} s |",
                flush=True,
            )
    write_results("language_model", results)


def read(size: int) -> tuple[list[str], list[str]]:
    """The lines to train on, whose characters and ends fill whole steps; and those held out."""
    with gzip.open(find_data("wiki-raw-20mb.txt.gz"), "rt", encoding="utf-8") as file:
        text = file.read(size + HELD_OUT)
    size -= (size + 1) % (STREAMS * SEGMENT)  # the last line ends, too
    return text[:size].split("\n"), text[size:].split("\n")


def measure(
    fit: Callable[..., LanguageModel],
    train: list[str],
    held_out: list[str],
    options: argparse.Namespace,
    seed: int,
) -> dict[str, Any]:
    """Train one system, and measure it on the text that was held out.

    Args:
        fit: trains a model on lines.
        train: the lines.
        held_out: other lines.
        options: of the command line.
        seed: of the training.

    Returns:
        JSON values by name.
    """
    began = time.perf_counter()
    cpu_began = time.process_time()
    model = fit(train, options, seed)
    seconds = time.perf_counter() - began
    cpu_seconds = time.process_time() - cpu_began
    scores = model.evaluate(held_out)
    return {"bits": scores.bits, "seconds": seconds, "cpu_seconds": cpu_seconds}


def new_model(options: argparse.Namespace, seed: int, *, tied: bool) -> LanguageModel:
    """The model of ours."""
    return LanguageModel(
        cell="gru",
        hidden_size=options.hidden_size,
        tied=tied,
        epochs=options.epochs,
        streams=STREAMS,
        segment_length=SEGMENT,
        learning_rate=RATE,
        clip_norm=CLIP_NORM,
        seed=seed,
    )


def fit_textdl(train: list[str], options: argparse.Namespace, seed: int) -> LanguageModel:
    """The same network as Keras."""
    return new_model(options, seed, tied=False).fit(train)


def fit_tied(train: list[str], options: argparse.Namespace, seed: int) -> LanguageModel:
    """The default, in which the softmax shares its weights with the vectors."""
    return new_model(options, seed, tied=True).fit(train)


def fit_keras(train: list[str], options: argparse.Namespace, seed: int) -> LanguageModel:
    """Keras, its weights put into a model of ours."""
    import keras

    symbols = Symbols(vocabulary(train), "")
    ids = np.concatenate([np.append(symbols.ids(line), END) for line in train]).astype(np.int32)
    streams = Streams(ids, STREAMS, SEGMENT)
    keras.utils.set_random_seed(seed)
    size = options.hidden_size
    rnn = keras.layers.GRU(size, return_sequences=True, stateful=True)
    network = keras.Sequential(
        [
            keras.layers.Input(batch_shape=(STREAMS, SEGMENT), dtype="int32"),
            keras.layers.Embedding(len(symbols), size),
            rnn,
            keras.layers.Dense(len(symbols)),
        ]
    )
    rate = keras.optimizers.schedules.PolynomialDecay(RATE, options.epochs * len(streams), 0.0)
    network.compile(
        keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for _ in range(options.epochs):
        rnn.reset_state()
        network.fit(batches(streams), steps_per_epoch=len(streams), shuffle=False, verbose=0)
    rnn.reset_state()
    model = in_textdl(network.get_weights(), symbols, options, seed)
    first = streams.batch(0)
    loss = network.evaluate(first.inputs, first.targets, batch_size=STREAMS, verbose=0)
    check_first_loss(model, streams, float(loss))
    return model


def batches(streams: Streams) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Inputs and targets of the steps of an epoch."""
    for number in range(len(streams)):
        batch = streams.batch(number)
        yield batch.inputs, batch.targets


def vocabulary(train: list[str]) -> list[str]:
    """The characters that occur as often as a model of ours asks for."""
    from collections import Counter

    counts = Counter("".join(train))
    return [name for name, count in counts.most_common() if count >= LanguageModel.min_count]


def in_textdl(
    weights: list[NDArray[np.float32]],
    symbols: Symbols,
    options: argparse.Namespace,
    seed: int,
) -> LanguageModel:
    """A model of ours with the weights of Keras, whose gates stand in the order z, r, n."""
    table, kernel, recurrent, biases, output, output_bias = weights
    size = options.hidden_size

    def reordered(columns: NDArray[np.float32]) -> NDArray[np.float32]:
        z, r, n = np.split(columns, 3, axis=-1)
        return np.concatenate([r, z, n], axis=-1)

    gru = RecurrentParams(*map(reordered, (kernel, recurrent, biases[0], biases[1])))  # type: ignore[arg-type]
    model = new_model(options, seed, tied=False)
    model._symbols = symbols
    model._params = LanguageParams(EmbeddingParams(table), (gru,), None, output.T, output_bias)  # type: ignore[arg-type]
    assert table.shape[1] == size
    return model


def check_first_loss(model: LanguageModel, streams: Streams, loss: float) -> None:
    """The loss of the first segment must be the one that Keras says, or the copy is wrong.

    Raises:
        AssertionError: it is not.
    """
    from textdl.language_model.network import segment_loss

    network = model._network(len(model._symbols))
    batch = streams.batch(0)
    params = jax.device_put(model._params)
    total, _ = segment_loss(network, params, network.initial_carry(STREAMS), batch)
    ours = float(total) / batch.targets.size
    assert abs(ours - loss) < 1e-4, f"{ours} nats by textdl, {loss} by Keras"


SYSTEMS: dict[str, Callable[..., LanguageModel]] = {
    "Keras on JAX": fit_keras,
    "textdl, the same network": fit_textdl,
    "textdl, tied weights": fit_tied,
}

if __name__ == "__main__":
    main()
