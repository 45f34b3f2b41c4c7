"""Text as vectors: one-hot against embedding, and the pairs that an embedding learns from."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from textdl import Vectors, Word2Vec, nn, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORDS = ("soft", "teddy_bear", "book")
SENTENCE = "a cute teddy bear is reading"

# A nursery and a library: what is said of one is not said of the other.
THINGS = (("soft", "teddy_bear", "blanket", "pillow"), ("book", "letter", "magazine", "newspaper"))
VERBS = (("hug", "squeeze", "cuddle", "hold"), ("read", "write", "print", "open"))
PLACES = (("cot", "bed", "nursery", "sofa"), ("desk", "shelf", "library", "office"))


def one_hot() -> Vectors:
    """A word is a 1 in a place of its own, so all words are equally different."""
    return Vectors(list(WORDS), np.eye(len(WORDS), dtype=np.float32))


def corpus() -> list[list[str]]:
    """Every sentence of the form "a thing, a thing, to verb in the place", of either room."""
    return [
        ["a", first, second, "to", verb, "in", "the", place]
        for things, verbs, places in zip(THINGS, VERBS, PLACES, strict=True)
        for first, second, verb, place in product(things, things, verbs, places)
        if first != second
    ]


@cache
def embedding() -> Vectors:
    """Vectors in which words are alike that are seen with the same words."""
    model = Word2Vec(
        vector_size=8, window=3, min_count=1, sample=0, epochs=20, workers=1, verbose=False
    )
    return model.fit(corpus()).vectors_


def cosines(vectors: Vectors) -> NDArray[np.float64]:
    """cos(u, v) = u · v / |u| |v| of the words, `(3, 3)`."""
    rows = [[vectors.similarity(a, b) for b in WORDS] for a in WORDS]
    return np.array(rows)


def looked_up() -> NDArray[np.float32]:
    """The embeddings `(3, D)` as a dense layer gives them: a one-hot row times E is a row of E."""
    chosen = np.stack([embedding()[word] for word in WORDS])
    layer = nn.DenseParams(jnp.asarray(chosen), jnp.zeros(chosen.shape[1]))
    return np.asarray(nn.affine(layer, jnp.asarray(one_hot().matrix)))


def pairs(window: int) -> list[tuple[str, str]]:
    """(word_i, word_j) for all 0 < |i - j| <= window."""
    words = SENTENCE.split()
    return [
        (word, words[j])
        for i, word in enumerate(words)
        for j in range(max(0, i - window), min(len(words), i + window + 1))
        if i != j
    ]


def picture() -> Figure:
    """The cosines of both, side by side."""
    figure, axes = plot.new_figure(2, width=4.4, height=3.8)
    for place, title, vectors in zip(
        axes, ("one-hot", "embedding"), (one_hot(), embedding()), strict=True
    ):
        _draw_cosines(place, cosines(vectors))
        place.set_title(title)
    return figure


def _draw_cosines(axes: Axes, matrix: NDArray[np.float64]) -> None:
    axes.imshow(matrix, cmap="RdBu_r", vmin=-1.3, vmax=1.3)
    names = [word.replace("_", " ") for word in WORDS]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    for (row, column), cosine in np.ndenumerate(matrix):
        axes.text(column, row, f"{cosine + 0:.2f}", ha="center", va="center", fontsize=13)


def show(folder: Path) -> None:
    """Print the cosines and the pairs, and draw the cosines."""
    heading("Text as vectors")
    for title, vectors in (("one-hot", one_hot()), ("embedding", embedding())):
        rows = zip(WORDS, cosines(vectors), strict=True)
        table([f"cos, {title}", *WORDS], [(word, *(f"{c:.2f}" for c in row)) for word, row in rows])
    print(
        f"The embedding learned from {len(corpus())} sentences such as {' '.join(corpus()[0])!r}.\n"
    )
    for window in (1, 2):
        found = pairs(window)
        print(f"{len(found)} pairs of {SENTENCE!r} for a window of {window}:")
        print("  " + "\n  ".join(_wrapped(found)) + "\n")
    keep(picture(), folder, "text_vectors")


def _wrapped(found: list[tuple[str, str]]) -> list[str]:
    """A line for every center word."""
    centers = dict.fromkeys(center for center, _ in found)
    return [f"{c}: " + ", ".join(other for center, other in found if center == c) for c in centers]
