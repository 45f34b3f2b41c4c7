"""The parameters of a language model: each with its default, range and description, once.

Nothing here needs NumPy or JAX, so that the command line can show its help at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from textdl.parameters import another_default, parameter
from textdl.text.source import TextParameters
from textdl.text.tokenizers import TOKENIZERS, Tokenizer

UNITS: Mapping[str, str] = {"char": "characters", "word": "words, as the tokenizer cuts them"}
CELLS: Mapping[str, str] = {
    "rnn": "a simple recurrent network",
    "gru": "gated recurrent units",
    "lstm": "long short-term memory",
}
DEFAULT_TOKENIZER = "nltk"


@dataclass(kw_only=True, eq=False, repr=False)
class LanguageModelParameters(TextParameters):
    """The parameters of `LanguageModel`."""

    unit: str = parameter(
        "char",
        "what is predicted, one after the other ("
        + "; ".join(f"{name}: {description}" for name, description in UNITS.items())
        + ")",
        choices=UNITS,
    )
    tokenizer: str | Tokenizer | None = parameter(  # type: ignore[assignment]
        None,
        f"how text is cut, with unit word (default: {DEFAULT_TOKENIZER})",
        choices=TOKENIZERS,
        allows_callable=True,
    )
    lowercase: bool = another_default(TextParameters, "lowercase", False)
    min_count: int = parameter(
        5, "a character or word that occurs less often is read as unknown", minimum=1
    )
    max_vocab_size: int | None = parameter(
        None, "most characters or words that are known, the most frequent (default: all)", minimum=1
    )
    cell: str = parameter(
        "gru",
        "kind of recurrence ("
        + "; ".join(f"{name}: {description}" for name, description in CELLS.items())
        + ")",
        choices=CELLS,
    )
    hidden_size: int = parameter(256, "numbers of the state of a recurrent layer", minimum=1)
    layers: int = parameter(1, "recurrent layers, one upon the other", minimum=1, maximum=16)
    vector_size: int | None = parameter(
        None, "dimensions of the vector of a character or word (default: hidden_size)", minimum=1
    )
    tied: bool = parameter(True, "the weights of the softmax are the vectors that are read")
    dropout: float = parameter(
        0.0, "share of vectors and states left out at a step of training", minimum=0, below=1
    )
    epochs: int = parameter(5, "passes over the text", minimum=1)
    streams: int = parameter(64, "parts of the text that are read in parallel", minimum=1)
    segment_length: int = parameter(
        64,
        "characters or words of a stream per step of training: so far back gradients go; the state "
        "goes on",
        minimum=1,
        maximum=4096,
    )
    learning_rate: float = parameter(
        0.003, "learning rate of Adam at the first step; it falls to 0", above=0
    )
    clip_norm: float | None = parameter(
        1.0, "gradients are scaled down to this norm, all entries together; None: never", above=0
    )
    seed: int = parameter(
        1, "seed of every random draw; the same seed gives the same bits", minimum=0
    )
    checkpoint: str | os.PathLike[str] | None = parameter(
        None, "a folder to write checkpoints to (default: none)"
    )
    checkpoint_every: str = parameter("60s", "time or steps between checkpoints: 60s, 5000steps")
    resume: bool = parameter(False, "go on from the checkpoint in that folder, if there is one")
    verbose: bool = parameter(False, "show a progress bar on stderr")
