"""A map of words: those of a nursery apart from those of a library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textdl import plot

from .page import heading, keep, table
from .text_vectors import PLACES, THINGS, VERBS, embedding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOMS = ("nursery", "library")


def groups() -> dict[str, list[str]]:
    """The words of either room."""
    rooms = zip(ROOMS, THINGS, VERBS, PLACES, strict=True)
    return {room: [*things, *verbs, *places] for room, things, verbs, places in rooms}


def neighbors() -> dict[str, str]:
    """The word most similar to one of either room."""
    return {word: embedding().most_similar(word, topn=1)[0][0] for word in ("blanket", "letter")}


def picture() -> Figure:
    """Their vectors in the plane where they are furthest apart."""
    figure = plot.word_map(embedding(), groups())
    figure.axes[0].set_title("Words of two rooms")
    return figure


def show(folder: Path) -> None:
    """Print neighbors, and draw the map."""
    heading("A map of words")
    print("The vectors of the nursery and the library, of 8 dimensions, in the plane of their")
    print("first two principal components: words in similar contexts are close together.\n")
    table(["word", "most similar"], list(neighbors().items()))
    keep(picture(), folder, "word_map")
