"""What comes next: recurrent networks that learn to write, against counted n-grams."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpora.pydocs import build as pydocs
from corpora.toyworld.build import sentences
from textdl import LanguageModel, plot

from .ngrams import KneserNey
from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ORDERS = (2, 3, 5, 7)  # of the n-gram models
END = 1  # the id of the end of a line, which both kinds of models predict, too


class Text(NamedTuple):
    """Lines to learn from, and others to measure with."""

    train: list[str]
    held_out: list[str]


class Comparison(NamedTuple):
    """A network and n-gram models on the same text, with the same symbols."""

    model: LanguageModel
    network: float  # perplexity on the text that was held out
    ngrams: dict[int, float]  # likewise, by order


def toyworld() -> Text:
    """20,000 sentences of a small grammar, and 1,000 others of it."""
    lines = list(sentences(21_000, seed=1))
    return Text(lines[:20_000], lines[20_000:])


@cache
def prose() -> Text:
    """Python's own documentation: 400,000 characters, and every fortieth paragraph beside them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pydocs.txt")
        pydocs.build(path)
        lines = path.read_text("utf-8").splitlines()
    train: list[str] = []
    held_out: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        if size > 400_000:
            break
        (train if number % 40 else held_out).append(line)
        size += len(line) + 1
    return Text(train, held_out)


@cache
def words() -> Comparison:
    """A GRU over the words of toyworld."""
    model = LanguageModel(
        unit="word",
        tokenizer="whitespace",
        min_count=1,
        hidden_size=128,
        segment_length=16,
        learning_rate=0.005,
        epochs=4,
    )
    return compare(model, toyworld())


@cache
def characters() -> Comparison:
    """A GRU over the characters of the documentation."""
    return compare(LanguageModel(hidden_size=128, streams=32, epochs=4), prose())


def compare(model: LanguageModel, text: Text) -> Comparison:
    """Train a network, and count n-grams, on the same text."""
    model.fit(text.train)
    train, held_out = (encode(model, lines) for lines in text)
    ngrams = {order: math.exp(KneserNey(train, order).loss(held_out)) for order in ORDERS}
    return Comparison(model, model.perplexity(text.held_out), ngrams)


def encode(model: LanguageModel, lines: Sequence[str]) -> list[list[int]]:
    """The ids of lines, with what the model does not know as one symbol."""
    index = {name: number for number, name in enumerate(model.vocabulary_, 2)}
    cut = str.split if model.unit == "word" else list
    return [[*(index.get(symbol, 0) for symbol in cut(line)), END] for line in lines]


def picture() -> Figure:
    """Perplexity in training, epoch by epoch, and that of the n-gram models."""
    figure, axes = plot.new_figure(2, width=5.2, height=3.8)
    titled = (("toyworld, words", words()), ("pydocs, characters", characters()))
    for place, (title, found) in zip(axes, titled, strict=True):
        losses = found.model.history_["loss"]
        perplexities = [math.exp(loss) for loss in losses]
        place.plot(range(1, len(losses) + 1), perplexities, "o-", label="GRU, in training")
        place.axhline(found.network, linestyle="--", label="GRU, held out")
        best = min(found.ngrams, key=lambda order: found.ngrams[order])
        place.axhline(found.ngrams[best], color="black", linestyle=":", label=f"{best}-grams")
        place.set_title(title)
        place.set_xlabel("epoch")
        place.set_ylabel("perplexity")
        place.set_xticks(range(1, len(losses) + 1))
        place.legend()
    return figure


def show(folder: Path) -> None:
    """Print what both kinds of models say of held-out text, and what the networks write."""
    heading("What comes next")
    for name, found in (("words of toyworld", words()), ("characters of pydocs", characters())):
        rows: list[tuple[str, float, float]] = [
            (f"{order}-grams, Kneser-Ney", perplexity, math.log2(perplexity))
            for order, perplexity in found.ngrams.items()
        ]
        rows.append(("GRU of 128", found.network, math.log2(found.network)))
        table([name, "perplexity", "bits"], sorted(rows, key=itemgetter(1)))
    print("The network, reading words, writes:\n")
    print("  " + "\n  ".join(words().model.generate(30, seed=2).splitlines()[:4]) + "\n")
    print("and reading characters, at temperature 0.5:\n")
    text = characters().model.generate(160, "The function ", temperature=0.5)
    print("  " + ("The function " + text).replace("\n", "\n  ") + "\n")
    keep(picture(), folder, "language_model")
