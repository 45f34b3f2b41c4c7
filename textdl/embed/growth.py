"""How a model grows with text that it is trained on: new words, and rows for them.

The rows that are there keep their places, whatever the counts become. New words follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.model import ModelState
from textdl.errors import CorpusError, ParameterError
from textdl.text.store import TokenStore
from textdl.text.vocabulary import Vocabulary


class TrainedWords(NamedTuple):
    """The words of a model that is trained on, whose rows keep their places."""

    vocabulary: Vocabulary  # V words by row, the new ones last, with their occurrences in all texts
    rare: Vocabulary
    rows: NDArray[np.int32]  # of each word of the new text; V where it has none
    counts: NDArray[np.int64]  # (V,) occurrences in the new text
    objective_counts: NDArray[np.int64]  # (V,)
    texts: tuple[str, ...]
    all_words: int  # of the texts
    epochs: int  # that the model was trained for


def grow_vocabulary(model: ModelState, store: TokenStore, config: EmbeddingConfig) -> TrainedWords:
    """Count the words of a text on top of those of a model, and give new ones a row.

    A word gets a row if it occurs in the text and `min_count` times in all texts; the rows that
    are there keep their places. A text that was counted before is not counted again.

    Args:
        model: that is trained on.
        store: the text.
        config: has `min_count`, `max_vocab_size` and the loss.

    Returns:
        The words of both.

    Raises:
        CorpusError: the text has no word of the model.
        ParameterError: there are new words, and the rows of the model belong to a tree.
    """
    is_new_text = store.fingerprint not in model.texts
    words = store.vocabulary.words
    old = len(model.vocabulary)
    row_of = model.vocabulary.key_to_index
    rows = np.fromiter((row_of.get(word, -1) for word in words), np.int32, len(words))
    unknown = np.flatnonzero(rows < 0).tolist()
    rare = dict(zip(model.rare.words, model.rare.counts.tolist(), strict=True))
    if is_new_text:
        for word in unknown:
            rare[words[word]] = rare.get(words[word], 0) + int(store.vocabulary.counts[word])
    new = _new_words({words[word] for word in unknown}, rare, old, config)
    size = old + len(new)
    place = {word: row for row, word in enumerate(new.words, start=old)}
    rows[unknown] = [place.get(words[word], size) for word in unknown]
    counts = np.zeros(size + 1, np.int64)
    counts[rows] = store.vocabulary.counts
    counts = counts[:size]
    if counts.sum() < 2:
        raise CorpusError(
            f"the text has none of the {old:,} words of the model; train on with text of the same "
            "language and tokenizer"
        )
    total = np.append(model.vocabulary.counts + is_new_text * counts[:old], new.counts)
    vocabulary = Vocabulary([*model.vocabulary.words, *new.words], total)
    return TrainedWords(
        vocabulary=vocabulary,
        rare=_sorted({word: count for word, count in rare.items() if word not in place}),
        rows=rows,
        counts=counts,
        objective_counts=model.objective_counts if config.loss == "hs" else total,
        texts=(*model.texts, store.fingerprint) if is_new_text else model.texts,
        all_words=model.words + is_new_text * len(store.tokens),
        epochs=model.epochs,
    )


def _new_words(
    unknown: set[str], rare: Mapping[str, int], old: int, config: EmbeddingConfig
) -> Vocabulary:
    """The words of a text that get a row, by falling count."""
    new = _sorted({word: rare[word] for word in unknown if rare.get(word, 0) >= config.min_count})
    room = len(new) if config.max_vocab_size is None else max(0, config.max_vocab_size - old)
    new = Vocabulary(new.words[:room], new.counts[:room])
    if new.words and config.loss == "hs":
        raise ParameterError(
            f"the text has {len(new):,} new words, such as {new.words[0]!r}, for which the Huffman "
            f"tree of loss='hs' has no place; pass max_vocab_size={old} (--max-vocab-size {old}) "
            "to train on with the words that it has, or fit anew"
        )
    return new


def _sorted(counts: Mapping[str, int]) -> Vocabulary:
    return Vocabulary.sorted(list(counts), np.array(list(counts.values()), np.int64))[0]


def grow_tables(
    model: ModelState,
    start: Mapping[str, Any],
    row_ids: Mapping[str, NDArray[np.int64]],
    words: int,
) -> dict[str, NDArray[np.float32]]:
    """The tables of a model with room for new rows.

    Args:
        model: that is trained on.
        start: the tables of a new model of the same parameters and all words.
        row_ids: of the new model, as in `EmbeddingObjective`.
        words: of the new model.

    Returns:
        The start, in which the rows of the model are those that were trained.

    Raises:
        ParameterError: the model does not have such tables.
    """
    grown = {}
    for name, table in start.items():
        old = model.tables.get(name)
        if old is None:
            raise ParameterError(
                f"the model has no table {name!r} (it has {', '.join(model.tables)}), which these "
                "parameters need; train on with the loss and arch that it was trained with"
            )
        if old.shape[1] != table.shape[1]:
            raise ParameterError(
                f"the model has {old.shape[1]} dimensions in its table {name!r}, with "
                f"vector_size={table.shape[1]} it would have {table.shape[1]}; train on with the "
                "same parameters, or fit anew"
            )
        rows = _rows_of_old(name, model, len(table), row_ids, words)
        grown[name] = np.array(table)
        grown[name][rows] = old
    return grown


def _rows_of_old(
    name: str,
    model: ModelState,
    size: int,
    row_ids: Mapping[str, NDArray[np.int64]],
    words: int,
) -> Any:
    """Where the rows of a table are in a table of `size` rows."""
    old = len(model.tables[name])
    if name in row_ids and name in model.row_ids:
        rows = np.searchsorted(row_ids[name], model.row_ids[name])
        if np.array_equal(row_ids[name][np.minimum(rows, size - 1)], model.row_ids[name]):
            return rows
    elif old == size or (size == words and old == len(model.vocabulary)):
        return np.arange(old)
    raise ParameterError(
        f"the model has {old:,} rows in its table {name!r}, which do not fit the {size:,} that "
        "these parameters and this text make; train on with the parameters that it was trained with"
    )
