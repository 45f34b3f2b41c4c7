"""fastText's models, `.bin` and quantized `.ftz`, as its version 12 writes them.

One after another, little-endian, without gaps:

    magic, version                     int32
    12 sizes (`_ARGUMENTS`)            int32
    t, the threshold of sampling       double
    words + labels, words, labels      int32
    tokens, pruned n-grams or -1       int64
    for each: its bytes, a NUL, its count (int64), and 0 for a word or 1 for a label (int8)
    for each pruned n-gram: its bucket, and its row behind those of words (int32)
    is the input quantized (int8), the input matrix, the same of the output

The input matrix has a row for every word, and one for every bucket of n-grams, or for those that
pruning left. A word's vector is the mean of its row and those of its n-grams. The rows of n-grams
stay where they are, in the mapped file, unless they are quantized.

Reference: Bojanowski et al. 2017, "Enriching word vectors with subword information"; Joulin et al.
2016, "FastText.zip: Compressing text classification models" (quantization).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.vectors.formats.mapped_records import MappedRecords
from textdl.vectors.formats.rows import (
    LARGEST_VECTOR,
    Format,
    ReadOptions,
    VectorData,
    check_labels,
    decode_labels,
)
from textdl.vectors.subwords import SubwordVectors

MAGIC = b"\xba\x16\x4f\x2f"
_VERSION = 12
_OLDEST_VERSION = 11  # whose classifiers have no n-grams of characters
_ARGUMENTS = (
    *("dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "loss", "model", "bucket"),
    *("minn", "maxn", "lrUpdateRate"),
)
LOSSES = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
MODELS = {1: "cbow", 2: "skipgram", 3: "supervised"}
_NEGATIVE_SAMPLING = 2
_SKIPGRAM = 2
_NOT_PRUNED = -1
_CENTROIDS = 256  # of each part of a quantized row
_LARGEST_EXPANSION = 50  # times the file, beside `_ALWAYS_EXPANDED` bytes
_ALWAYS_EXPANDED = 1 << 25
_WORDS_PER_BLOCK = 1 << 12
_ROWS_PER_BLOCK = 1 << 14


class _Dictionary(NamedTuple):
    words: list[bytes]
    counts: NDArray[np.int64]
    labels: list[bytes]  # of texts
    label_counts: NDArray[np.int64]
    pruned: NDArray[np.int32] | None  # (U, 2) buckets and their rows


class FastTextFile(NamedTuple):
    """What a file has up to its output matrix."""

    records: MappedRecords  # which go on with it
    arguments: dict[str, int]
    threshold: float
    dictionary: _Dictionary
    matrix: NDArray[np.float32]  # (words and buckets, D)


def read(path: Path, options: ReadOptions) -> VectorData:
    """Map the model at `path`: words and their vectors, and those of n-grams.

    Raises:
        FileFormatError: the file is truncated or damaged, or of a version that is not known.
    """
    records, arguments, threshold, dictionary, matrix = open_model(path)
    subwords = _subwords(records, arguments, dictionary, matrix)
    words = dictionary.words[: options.limit]
    labels = decode_labels(words, options.errors, path)
    vectors = _compose(list(labels), matrix[: len(words)], subwords)
    if not np.isfinite(vectors).all():
        row = int(np.argmin(np.isfinite(vectors).all(axis=1)))
        raise records.damaged(f"the vector of {labels[row]!r} is not finite")
    return VectorData(
        labels,
        vectors,
        counts=dictionary.counts[: len(words)],
        config={"fasttext": _shown(arguments, threshold)},
        subwords=subwords,
        source=records.source,
        is_finite=True,
    )


def open_model(path: Path) -> FastTextFile:
    """Read a file up to its output matrix.

    Raises:
        FileFormatError: it is missing, truncated or damaged, no model of fastText, or of a version
            that is not known.
    """
    records = MappedRecords(path)
    if records.array("u1", len(MAGIC)).tobytes() != MAGIC:
        raise FileFormatError(f"{str(path)!r} is not a model of fastText; load it as what it is")
    (version,) = records.array("<i4", 1).tolist()
    if not _OLDEST_VERSION <= version <= _VERSION:
        raise FileFormatError(
            f"{str(path)!r} is a fastText model of version {version}, expected {_VERSION}; convert "
            "it with the program that wrote it"
        )
    arguments = dict(zip(_ARGUMENTS, records.array("<i4", len(_ARGUMENTS)).tolist(), strict=True))
    threshold = float(records.array("<f8", 1)[0])
    if version == _OLDEST_VERSION and MODELS.get(arguments["model"]) == "supervised":
        arguments["maxn"] = 0
    dictionary = _read_dictionary(records)
    matrix = read_matrix(records)
    if matrix.shape[1] != arguments["dim"] or len(matrix) < len(dictionary.words):
        raise records.damaged(
            f"its input matrix has the shape {matrix.shape} for {len(dictionary.words):,} words "
            f"and dim={arguments['dim']}"
        )
    return FastTextFile(records, arguments, threshold, dictionary, matrix)


def _shown(arguments: dict[str, int], threshold: float) -> dict[str, object]:
    """Its parameters, by the names that fastText has for them."""
    named = {"loss": LOSSES, "model": MODELS}
    shown: dict[str, object] = {
        name: named[name].get(value, value) if name in named else value
        for name, value in arguments.items()
    }
    return shown | {"t": threshold if np.isfinite(threshold) else None}


def _read_dictionary(records: MappedRecords) -> _Dictionary:
    size, word_count, label_count = records.array("<i4", 3).tolist()
    _, pruned_count = records.array("<i8", 2).tolist()
    if min(size, word_count, label_count) < 0 or size != word_count + label_count:
        raise records.damaged(
            f"it claims {word_count:,} words and {label_count:,} labels, {size:,} in all"
        )
    entries = records.terminated(size, 9)
    facts = np.frombuffer(b"".join(entries.after), [("count", "<i8"), ("is_label", "i1")])
    is_word = facts["is_label"] == 0
    if (is_word != (np.arange(size) < word_count)).any():
        raise records.damaged(f"its first {word_count:,} entries are not its words")
    if (facts["count"] < 0).any():
        raise records.damaged("the count of a word is negative")
    pruned = None
    if pruned_count != _NOT_PRUNED:
        pruned = records.array("<i4", 2 * max(pruned_count, 0)).reshape(-1, 2)
    counts = facts["count"]
    return _Dictionary(
        entries.strings[:word_count],
        counts[:word_count],
        entries.strings[word_count:],
        counts[word_count:],
        pruned,
    )


def read_matrix(records: MappedRecords) -> NDArray[np.float32]:
    """A matrix: mapped if it is dense, read if it is quantized.

    Raises:
        FileFormatError: the file is truncated or damaged.
    """
    if not records.flag():
        rows, size = records.array("<i8", 2).tolist()
        return records.array("<f4", _checked(records, rows) * _width(records, size)).reshape(
            rows, size
        )
    has_norms = records.flag()
    rows, size = records.array("<i8", 2).tolist()
    code_count = int(records.array("<i4", 1)[0])
    codes = records.array("u1", _checked(records, code_count))
    if _checked(records, rows) * _width(records, size) * 4 > (
        records.size * _LARGEST_EXPANSION + _ALWAYS_EXPANDED
    ):
        raise records.damaged(f"its {code_count:,} codes stand for a matrix {rows:,} x {size:,}")
    matrix = np.zeros((rows, size), np.float32)
    _decode(records, codes, matrix)
    if has_norms:
        norms = np.zeros((rows, 1), np.float32)
        _decode(records, records.array("u1", rows), norms)
        matrix *= norms
    return matrix


def _decode(records: MappedRecords, codes: NDArray[np.uint8], matrix: NDArray[np.float32]) -> None:
    """Fill `matrix`, `(R, D)`, from the codes of its rows and the centroids that follow here.

    A row is cut into parts of `width` numbers, the last of which may be shorter; each part is one
    of 256 centroids.
    """
    rows, size = matrix.shape
    dim, parts, width, last_width = records.array("<i4", 4).tolist()
    fits = dim == size and parts > 0 and width > 0 and (parts - 1) * width + last_width == dim
    if not fits or not 0 < last_width <= width or parts * rows != len(codes):
        raise records.damaged(
            f"its {len(codes):,} codes do not fit a matrix {rows:,} x {size:,} in {parts:,} parts "
            f"of {width:,} numbers"
        )
    centroids = records.array("<f4", _CENTROIDS * dim)
    by_row = codes.reshape(rows, parts)
    for part in range(parts):
        begin = part * width
        columns = min(width, size - begin)
        table = centroids[_CENTROIDS * begin :][: _CENTROIDS * columns]
        matrix[:, begin : begin + columns] = table.reshape(_CENTROIDS, columns)[by_row[:, part]]


def _checked(records: MappedRecords, rows: int) -> int:
    if rows < 0:
        raise records.damaged(f"it claims a matrix of {rows:,} rows")
    return rows


def _width(records: MappedRecords, size: int) -> int:
    if not 1 <= size <= LARGEST_VECTOR:
        raise records.damaged(
            f"it claims vectors of {size:,} numbers, expected 1 to {LARGEST_VECTOR:,}"
        )
    return size


def _subwords(
    records: MappedRecords,
    arguments: dict[str, int],
    dictionary: _Dictionary,
    matrix: NDArray[np.float32],
) -> SubwordVectors | None:
    """The vectors of n-grams; None where words have none."""
    bucket = arguments["bucket"]
    if arguments["maxn"] <= 0 or bucket == 0:
        return None
    rows = matrix[len(dictionary.words) :]
    if dictionary.pruned is None:
        if not 0 <= bucket <= len(rows):
            raise records.damaged(f"it has {len(rows):,} rows of n-grams for bucket={bucket}")
        buckets = np.arange(bucket, dtype=np.int32)
    else:
        order = np.argsort(dictionary.pruned[:, 0])
        buckets, places = dictionary.pruned[order].T
        if not len(places):
            return None
        if places.min() < 0 or places.max() >= len(rows):
            raise records.damaged(f"a row of its n-grams is not among {len(rows):,}")
        rows = rows[places]
    try:
        shortest = max(arguments["minn"], 1)
        return SubwordVectors(buckets, rows[: len(buckets)], shortest, arguments["maxn"], bucket)
    except ParameterError as error:
        raise records.damaged(str(error)) from None


def _compose(
    words: list[str], own: NDArray[np.float32], subwords: SubwordVectors | None
) -> NDArray[np.float32]:
    """The vectors of words `(V, D)` from their own rows, and those of their n-grams."""
    if subwords is None:
        return np.require(own, requirements="A")
    vectors = np.empty(own.shape, np.float32)
    for block in _blocks(len(words), _WORDS_PER_BLOCK):
        ngrams = subwords.sum_ngrams(words[block])
        vectors[block] = (own[block] + ngrams.vectors) / (1 + ngrams.counts[:, None])
    return vectors


def write(table: VectorData, path: Path) -> None:
    """Write `table` as a model of fastText, which gives the same vectors to words.

    The row of a word is chosen so that its mean with those of its n-grams is its vector. A bucket
    that no word has, which counts for nothing here, is a row of zeros there: the vector of an
    unseen word has the same direction, and is the shorter the fewer of its n-grams are known.
    There is no output matrix: such a model cannot be trained on.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds a NUL.
    """
    check_labels(table.labels, path, b"\0")
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        _write_arguments(file, table)
        _write_dictionary(file, table)
        _write_input(file, table)
        file.write(b"\0" + np.array([0, table.matrix.shape[1]], "<i8").tobytes())


def _write_arguments(file: IO[bytes], table: VectorData) -> None:
    subwords = table.subwords
    values = {
        "dim": table.matrix.shape[1],
        "ws": 5,
        "epoch": 5,
        "minCount": 1,
        "neg": 5,
        "wordNgrams": 1,
        "loss": _NEGATIVE_SAMPLING,
        "model": _SKIPGRAM,
        "lrUpdateRate": 100,
        "bucket": 0 if subwords is None else subwords.bucket,
        "minn": 0 if subwords is None else subwords.min_n,
        "maxn": 0 if subwords is None else subwords.max_n,
    }
    file.write(MAGIC + np.array([_VERSION, *map(values.__getitem__, _ARGUMENTS)], "<i4").tobytes())
    file.write(np.array([1e-4], "<f8").tobytes())


def _write_dictionary(file: IO[bytes], table: VectorData) -> None:
    rows = len(table.labels)
    counts = np.arange(rows, 0, -1) if table.counts is None else np.maximum(table.counts, 1)
    file.write(np.array([rows, rows, 0], "<i4").tobytes())
    file.write(np.array([counts.sum(), _NOT_PRUNED], "<i8").tobytes())
    for word, count in zip(table.labels.encoded(), counts.tolist(), strict=True):
        file.write(word + b"\0" + count.to_bytes(8, "little") + b"\0")


def _write_input(file: IO[bytes], table: VectorData) -> None:
    rows, size = table.matrix.shape
    subwords = table.subwords
    bucket = 0 if subwords is None else subwords.bucket
    file.write(b"\0" + np.array([rows + bucket, size], "<i8").tobytes())
    for block in _blocks(rows, _WORDS_PER_BLOCK):
        own: NDArray[Any] = table.matrix[block]
        if subwords is not None:
            ngrams = subwords.sum_ngrams(table.labels[block])
            own = own * (1.0 + ngrams.counts[:, None]) - ngrams.vectors
        file.write(own.astype("<f4").tobytes())
    if subwords is None:
        return
    for block in _blocks(bucket, _ROWS_PER_BLOCK):
        first, last = np.searchsorted(subwords.buckets, [block.start, block.stop])
        vectors = np.zeros((block.stop - block.start, size), "<f4")
        vectors[subwords.buckets[first:last] - block.start] = subwords.matrix[first:last]
        file.write(vectors.tobytes())


def _blocks(rows: int, step: int) -> Iterator[slice]:
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


FORMAT = Format(
    lambda head: head.startswith(MAGIC),
    read,
    lambda table, path, dtype: write(table, path),
    is_compressible=False,  # mapped
    keeps_subwords=True,
)
