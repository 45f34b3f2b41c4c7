"""The parameters of the sequence classifier: each with its default, range and description.

Nothing here needs JAX or scikit-learn, so that the command line can show its help at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from textdl.parameters import parameter

SEQUENCE_MODELS: Mapping[str, str] = {
    "cnn": "a convolutional network with maximum pooling, beside the mean of the word vectors",
    "rnn": "a simple recurrent network, in both directions",
    "gru": "gated recurrent units, in both directions",
    "lstm": "long short-term memory, in both directions",
}


@dataclass(eq=False, repr=False)
class SequenceModelParameters:
    """The parameters that a classifier and a tagger of sequences share."""

    model: str = parameter("cnn", "kind of network", choices=SEQUENCE_MODELS)
    _: KW_ONLY
    vector_size: int = parameter(
        200, "dimensions D of the vector of a word, where none are given", minimum=1
    )
    units: int = parameter(
        100,
        "filters per width of a convolution, or numbers of a recurrent state per direction",
        minimum=1,
    )
    tune_vectors: bool = parameter(True, "go on training the given word vectors")
    dropout: float = parameter(
        0.6, "share of pooled numbers left out at a step; of word vectors, half of it", minimum=0
    )
    epochs: int = parameter(6, "passes over the examples", minimum=1)
    batch_size: int = parameter(64, "examples per step", minimum=1)
    learning_rate: float = parameter(
        0.002, "learning rate at the first step; it falls to 0", minimum=0
    )
    seed: int = parameter(
        1, "seed of every random draw; the same seed gives the same bits", minimum=0
    )
    verbose: bool = parameter(False, "show a progress bar on stderr")


@dataclass(eq=False, repr=False)
class SequenceClassifierParameters(SequenceModelParameters):
    """The parameters of `SequenceClassifier`."""

    _: KW_ONLY
    word_dropout: float = parameter(
        0.1, "share of the words of a text that are read as unknown ones at a step", minimum=0
    )
    average_weights: bool = parameter(
        True,
        "keep the mean of the weights over the steps, in which later ones count more, instead of "
        "those of the last step",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class TokenParameters:
    """The parameters of `TokenSequences` that no vectorizer has."""

    max_length: int = parameter(
        512, "tokens of a text that are read, from its beginning", minimum=1, maximum=4_096
    )
    vector_scale: float = parameter(
        1.0,
        "how large given vectors become, in units of drawn ones; the larger they are, the less "
        "does training change them",
        above=0,
    )
