"""The parameters of a sequence tagger, and of files in columns: each once.

Nothing here needs NumPy or JAX, so that the command line can show its help at once.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from textdl.classify.sequence_models.config import SEQUENCE_MODELS, SequenceModelParameters
from textdl.parameters import another_default, parameter


@dataclass(eq=False, repr=False)
class TaggerParameters(SequenceModelParameters):
    """The parameters of `SequenceTagger`."""

    model: str = parameter(
        "lstm", "kind of network; a recurrent one reads both ways", choices=SEQUENCE_MODELS
    )
    _: KW_ONLY
    vector_size: int = another_default(SequenceModelParameters, "vector_size", 100)
    units: int = parameter(
        100, "filters of a convolution, or numbers of a recurrent state per direction", minimum=1
    )
    dropout: float = another_default(SequenceModelParameters, "dropout", 0.5)
    epochs: int = parameter(10, "passes over the sentences", minimum=1)
    batch_size: int = parameter(32, "sentences per step", minimum=1)
    learning_rate: float = another_default(SequenceModelParameters, "learning_rate", 0.005)
    min_count: int = parameter(
        2, "a word that occurs less often is read as unknown, by its shape", minimum=1
    )
    vectors: Any = parameter(
        None, "the word vectors to begin with: `Vectors`, or the path of their file"
    )


@dataclass(kw_only=True, frozen=True)
class ColumnFormat:
    """How tokens and tags stand in a file: a token per line, and an empty line between sentences.

    Columns are divided by tabs in a file whose first line has one, and by white space in others.

    Example:
        >>> ColumnFormat(tag_column=4).word_column
        1
    """

    word_column: int = parameter(1, "column of the token, from 1; negative: from the last, -1")
    tag_column: int = parameter(-1, "column of the tag, from 1; negative: from the last, -1")
    comment: str | None = parameter(
        None, "a line that begins with this is left out, as with # in CoNLL-U (default: none)"
    )
