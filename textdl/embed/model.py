"""A trained model: what it takes to train on, and its file.

Vectors alone cannot be trained on: it takes all tables, the counts of all words, those too that are
too rare for a row, and how many epochs there were, so that their draws are not drawn again.

A model file is an archive of the kind that its class is called, with a part ``vectors``, which is
what a file of vectors holds, and a part ``rare``; where the vectors are those of documents, a part
``words``, too. Its arrays are the tables, but for what the vectors have already: a table that is
their matrix, and the rows of n-grams at the end of a table of subwords.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.archive import (
    Archive,
    ArchiveContent,
    ArchiveKind,
    ArraySpec,
    check_offsets,
    open_archive,
    parse_archive,
    write_archive,
)
from textdl.io.checksums import array_checksums, checksum
from textdl.io.safetensors import open_mapped
from textdl.string_array import StringArray
from textdl.text.vocabulary import Vocabulary
from textdl.vectors import formats
from textdl.vectors.formats.native import VECTORS, content_of, decode
from textdl.vectors.vectors import Vectors

RARE = "rare"  # a part
WORDS = "words"  # a part, where the vectors are those of documents
TABLE = "table."  # before the name of a table
ROW_IDS = "row_ids."
OBJECTIVE_COUNTS = "objective_counts"
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which is no UTF-8
RARE_KIND = ArchiveKind(
    "WordCounts",
    {
        "label_offsets": ArraySpec(("I64",), ("V + 1",)),
        "counts": ArraySpec(("I64",), ("V",)),
        "labels": ArraySpec(("U8",), ("bytes of labels",)),
    },
)


class ModelState(NamedTuple):
    """A trained model."""

    vocabulary: Vocabulary  # V words by row, with their occurrences in all texts
    rare: Vocabulary  # the words without a row
    tables: Mapping[str, NDArray[np.float32]]
    row_ids: Mapping[str, NDArray[np.int64]]  # as in `EmbeddingObjective`
    #: The counts that the objective was made from; those of a tree never change.
    objective_counts: NDArray[np.int64]  # (V,)
    texts: tuple[str, ...]  # fingerprints of the texts whose words are counted
    words: int  # of those texts
    epochs: int  # that it was trained for
    #: Of a model that has vectors of documents: what those are called.
    tags: Sequence[str] | None = None

    def fingerprint(self) -> str:
        """A digest of all that decides what training on makes of it."""
        arrays: list[NDArray[Any]] = [np.asarray(table) for table in self.tables.values()]
        arrays += [self.vocabulary.counts, self.rare.counts, self.objective_counts]
        words = chain(self.vocabulary.words, ["\0"], self.rare.words)
        facts = (*self.tables, *self.texts, str(self.epochs), *array_checksums(arrays), *words)
        return checksum("\n".join(facts).encode("utf-8", "surrogatepass"))


def row_labels(
    vocabulary: Vocabulary, tags: Sequence[str] | None
) -> tuple[Sequence[str], NDArray[np.int64] | None]:
    """What the vectors that are kept are called, and their counts: tags, or else words."""
    return (vocabulary.words, vocabulary.counts) if tags is None else (tags, None)


class SavedModel(NamedTuple):
    """What a model file holds."""

    parameters: Mapping[str, Any]
    state: ModelState
    vectors: Vectors
    history: Mapping[str, list[float]]

    @property
    def words(self) -> int:
        """Of the text that it was trained on last."""
        words = self.vectors.config.get("words")
        return words if isinstance(words, int) else self.state.words


def write_model(path: str | os.PathLike[str], kind: str, saved: SavedModel) -> None:
    """Write a model file, complete or not at all.

    Args:
        path: of the file, which ends in ``.safetensors``.
        kind: the name of the class.
        saved: what it is to hold.

    Raises:
        OutputError: the file cannot be written.
        ParameterError: the name is of another format, or a parameter cannot be saved.
    """
    require_model_name(path)
    vectors, state = saved.vectors, saved.state
    is_matrix = (
        name
        for name, table in state.tables.items()
        if table.shape == vectors.matrix.shape and np.array_equal(table, vectors.matrix)
    )
    shared = next(is_matrix, None)
    own = {name: table for name, table in state.tables.items() if name != shared}
    arrays: dict[str, NDArray[Any] | None] = {}
    arrays |= {TABLE + name: table for name, table in own.items()}
    tail = _table_of_ngrams(own, vectors)
    if tail is not None and vectors.subwords is not None:
        arrays[TABLE + tail] = own[tail][: -len(vectors.subwords)]
    arrays |= {ROW_IDS + name: ids for name, ids in state.row_ids.items()}
    if state.objective_counts is not state.vocabulary.counts:
        arrays[OBJECTIVE_COUNTS] = state.objective_counts
    facts = {
        "epochs": state.epochs,
        "texts": state.texts,
        "words": state.words,
        "tables": list(state.tables),
        "matrix": shared,
        "ngrams": tail,
        "history": {name: list(values) for name, values in saved.history.items()},
    }
    parts = {VECTORS: content_of(vectors._as_data()), RARE: _encode_words(state.rare)}
    if state.tags is not None:
        parts[WORDS] = _encode_words(state.vocabulary)
    write_archive(path, ArchiveContent(ArchiveKind(kind), saved.parameters, facts, arrays, parts))


def _table_of_ngrams(tables: Mapping[str, NDArray[np.float32]], vectors: Vectors) -> str | None:
    """The name of the table that ends in the vectors of n-grams; None if there is none."""
    if vectors.subwords is None or not len(vectors.subwords):
        return None
    ngrams = vectors.subwords.matrix
    found = (name for name, table in tables.items() if _ends_in(table, ngrams))
    return next(found, None)


def _ends_in(table: NDArray[np.float32], rows: NDArray[np.float32]) -> bool:
    return len(table) >= len(rows) and np.array_equal(table[len(table) - len(rows) :], rows)


def require_model_name(path: str | os.PathLike[str]) -> None:
    """Refuse a name that no model file can have; worth asking before hours of work.

    Raises:
        ParameterError: it does not end in ``.safetensors``.
    """
    if Path(path).suffix != ".safetensors":
        raise ParameterError(
            f"cannot write a model to {str(path)!r}; expected a name that ends in .safetensors, as "
            "other formats hold vectors alone"
        )


def model_kind(path: str | os.PathLike[str], kinds: Iterable[str]) -> str:
    """The name of the class that a model file is of, by its header alone.

    Args:
        path: of the file.
        kinds: the names of the classes that it may be of.

    Raises:
        FileFormatError: it is missing, damaged, or holds something else, such as vectors alone.
    """
    path = Path(path)
    if formats.detect_format(path) != "safetensors":
        raise _vectors_alone(path)
    archive = parse_archive(open_mapped(path), "a model")
    if archive.kind == "Vectors":
        raise _vectors_alone(path)
    return archive.require(*map(ArchiveKind, kinds)).name


def read_model(path: str | os.PathLike[str], kind: str) -> SavedModel:
    """Read a model file; its tables are mapped.

    Args:
        path: of the file.
        kind: the name of its class.

    Raises:
        FileFormatError: it is missing, damaged, or holds something else, such as vectors alone.
    """
    model_kind(path, [kind])
    archive = open_archive(path, expected="a model")
    with archive.decoding():
        return _decode_model(archive)


def _vectors_alone(path: Path) -> FileFormatError:
    return FileFormatError(
        f"{str(path)!r} holds vectors alone, without the context vectors that training on needs; "
        "expected a model, saved by model.save(path) (--save-model PATH); or begin a new model "
        "with these vectors: init_vectors (--init-vectors)"
    )


def _decode_model(archive: Archive) -> SavedModel:
    vectors = Vectors._from_data(decode(archive.part(VECTORS)))
    state = archive.state
    arrays = archive.arrays
    labels = list(vectors.labels.key_to_index)
    tags = labels if WORDS in archive.part_headers else None
    vocabulary = (
        Vocabulary(labels, np.asarray(vectors.counts))
        if tags is None
        else _decode_words(archive.part(WORDS))
    )
    stored = {name: arrays.pop(TABLE + name, None) for name in state["tables"]}
    tables = {name: _whole_table(name, table, vectors, state) for name, table in stored.items()}
    if any(it.dtype != np.float32 or it.ndim != 2 for it in tables.values()):
        raise ValueError("a table is not float32 (rows, D)")
    objective_counts = arrays.pop(OBJECTIVE_COUNTS, vocabulary.counts)
    row_ids = {name.removeprefix(ROW_IDS): ids for name, ids in arrays.items()}
    if any(len(tables[name]) != len(ids) for name, ids in row_ids.items()):
        raise ValueError("a table has other rows than are described")
    if objective_counts.shape != vocabulary.counts.shape:
        raise ValueError("its counts are not one per word")
    epochs, words = state["epochs"], state["words"]
    if type(epochs) is not int or type(words) is not int or epochs < 0:
        raise ValueError(f"it claims {epochs} epochs of {words} words")
    history = {str(name): [float(it) for it in values] for name, values in state["history"].items()}
    texts = tuple(map(str, state["texts"]))
    rare = _decode_words(archive.part(RARE))
    model = ModelState(
        vocabulary, rare, tables, row_ids, objective_counts, texts, words, epochs, tags
    )
    return SavedModel(archive.parameters, model, vectors, history)


def _whole_table(
    name: str, stored: NDArray[Any] | None, vectors: Vectors, state: Mapping[str, Any]
) -> NDArray[Any]:
    """A table, of which a part may stand in the vectors."""
    if name == state["matrix"]:
        return vectors.matrix
    if stored is None:
        raise ValueError(f"its table {name!r} is missing")
    if name != state.get("ngrams"):  # older files have no such entry, and the whole table
        return stored
    if vectors.subwords is None:
        raise ValueError(f"its table {name!r} lacks the rows of n-grams")
    return np.concatenate([stored, vectors.subwords.matrix])


def _encode_words(vocabulary: Vocabulary) -> ArchiveContent:
    """Words and their counts, but for those that no file can hold."""
    writable = [not LONE_SURROGATE.search(word) for word in vocabulary.words]
    words = StringArray.from_strings(compress(vocabulary.words, writable))
    counts = vocabulary.counts[np.array(writable, bool)]
    arrays = {"label_offsets": words.offsets, "counts": counts, "labels": words.blob}
    return ArchiveContent(RARE_KIND, arrays=arrays)


def _decode_words(archive: Archive) -> Vocabulary:
    archive.require(RARE_KIND)
    arrays = archive.arrays
    check_offsets(arrays["label_offsets"], len(arrays["labels"]), "words")
    words = StringArray(arrays["labels"], arrays["label_offsets"])
    return Vocabulary(list(words.key_to_index), np.asarray(arrays["counts"]))


def describe_model(path: Path, kinds: Iterable[str]) -> dict[str, Any]:
    """What a model file holds, for ``textdl info``."""
    kind = model_kind(path, kinds)
    saved = read_model(path, kind)
    loss = saved.history.get("loss")
    return {
        "kind": kind,
        "vocab": len(saved.vectors),
        "vector_size": saved.vectors.vector_size,
        "rare_words": len(saved.state.rare),
        "tables": {name: list(table.shape) for name, table in saved.state.tables.items()},
        "words": saved.state.words,
        "epochs": saved.state.epochs,
        "mean_loss": loss[-1] if loss else None,
        "config": dict(saved.parameters),
    }
