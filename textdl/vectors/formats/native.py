"""The native file of vectors: an archive that is mapped rather than read.

Opening looks at the header alone, whatever the size of the file, and at the buckets of subwords. A
word is found by a binary search over the rows in the order of their words. What is one number or
one word per row (labels, counts, norms) is checked, its values and its checksums, when all of it is
used for the first time: `VectorData.check`. The matrices, which are most of the file, are compared
with their checksums on request, by `formats.load`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.io.archive import (
    Archive,
    ArchiveContent,
    ArchiveKind,
    ArraySpec,
    check_offsets,
    open_archive,
    write_archive,
)
from textdl.io.mapped_file import MappedFile
from textdl.io.safetensors import is_safetensors, without_checksums
from textdl.string_array import StringArray
from textdl.vectors import query
from textdl.vectors.formats.precision import DTYPES, FLOAT32, CompactMatrix, compact, expand
from textdl.vectors.formats.rows import Format, ReadOptions, VectorData
from textdl.vectors.subwords import SubwordVectors

MATRIX = "vectors"
VECTORS = "vectors"  # the part of an archive that has vectors among others, such as a model
LABEL_ORDER = "label_order"  # rows by rising bytes of their labels; older files lack it
COLUMNS = ("label_offsets", "labels", LABEL_ORDER, "counts", "norms")  # checked when they are used
SCALES = "scales"  # of the rows of an int8 matrix
SUBWORD_MATRIX = "subword_vectors"
SUBWORD_SCALES = "subword_scales"
SUBWORD_BUCKETS = "subword_buckets"
TOKENIZER = "tokenizer"  # a tokenizer.json, as UTF-8
SUBWORDS = "subwords"  # in the state: how words are cut, and into how many buckets
KIND = ArchiveKind(
    "Vectors",
    {
        "label_offsets": ArraySpec(("I64",), ("V + 1",)),
        "counts": ArraySpec(("I64",), ("V",), required=False),
        MATRIX: ArraySpec(("F32", "F16", "BF16", "I8"), ("V", "D")),
        SCALES: ArraySpec(("F32",), ("V",), required=False),
        "norms": ArraySpec(("F32",), ("V",), required=False),
        "labels": ArraySpec(("U8",), ("bytes of labels",)),
        LABEL_ORDER: ArraySpec(("I32",), ("V",), required=False),
        SUBWORD_MATRIX: ArraySpec(("F32", "F16", "BF16", "I8"), ("U", "D"), required=False),
        SUBWORD_SCALES: ArraySpec(("F32",), ("U",), required=False),
        SUBWORD_BUCKETS: ArraySpec(("I32",), ("U",), required=False),
        TOKENIZER: ArraySpec(("U8",), ("bytes of the tokenizer",), required=False),
    },
)


def save(table: VectorData, path: Path, dtype: str = FLOAT32) -> None:
    """Write `table` to `path`, complete or not at all.

    Args:
        table: to be written.
        path: of the file.
        dtype: of the matrices, a name in `precision.DTYPES`.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: the config holds what no file can, or `dtype` cannot hold a number.
    """
    write_archive(path, content_of(table, dtype))


def content_of(table: VectorData, dtype: str = FLOAT32) -> ArchiveContent:
    """Vectors as an archive, or as a part of one.

    Raises:
        ParameterError: `dtype` is unknown, or cannot hold a number.
    """
    subwords = table.subwords
    rows = compact(table.matrix, dtype)
    ngrams = None if subwords is None else compact(subwords.matrix, dtype)
    arrays = {
        "label_offsets": table.labels.offsets,
        "counts": table.counts,
        MATRIX: rows.values,
        SCALES: rows.scales,
        "norms": table.norms if dtype == FLOAT32 else None,  # those of other rows
        "labels": table.labels.blob,
        LABEL_ORDER: table.labels.sorted_rows(),
        SUBWORD_MATRIX: None if ngrams is None else ngrams.values,
        SUBWORD_SCALES: None if ngrams is None else ngrams.scales,
        SUBWORD_BUCKETS: None if subwords is None else subwords.buckets,
        TOKENIZER: None if table.tokenizer is None else _as_bytes(table.tokenizer),
    }
    state = {} if subwords is None else {SUBWORDS: _sizes(subwords)}
    return ArchiveContent(KIND, parameters=table.config or {}, state=state, arrays=arrays)


def load(path: Path, options: ReadOptions = ReadOptions()) -> VectorData:  # noqa: B008  # immutable
    """Map the file at `path`: its arrays are read-only views, read from disk when touched.

    Of a model it is the vectors; the other tables are not looked at. A matrix of fewer bytes than
    float32 is read. Words are UTF-8 by definition; what is not is damage.

    Raises:
        FileFormatError: the file is damaged, truncated, or holds something else; or it is to be
            verified, but has no checksums.
    """
    archive = open_archive(
        path, expected="word vectors", unverified=[MATRIX, SUBWORD_MATRIX, *COLUMNS], part=VECTORS
    )
    table = decode(archive)
    if options.verify:
        if not archive.file.digests:
            raise without_checksums(path)
        archive.file.verify()
        _check_columns(archive)
        table = table._replace(check=None)
    return _first_rows(table, options.limit)


def _first_rows(table: VectorData, limit: int | None) -> VectorData:
    if limit is None or limit >= len(table.labels):
        return table
    if table.check is not None:
        table.check()
    offsets = table.labels.offsets[: limit + 1]
    return table._replace(
        labels=StringArray(table.labels.blob[: offsets[-1]], offsets),
        matrix=table.matrix[:limit],
        counts=None if table.counts is None else table.counts[:limit],
        norms=None if table.norms is None else table.norms[:limit],
        check=None,
    )


def decode(archive: Archive) -> VectorData:
    """The vectors of an archive.

    Raises:
        FileFormatError: it is damaged, or holds something else.
    """
    archive.require(KIND)
    arrays = archive.arrays
    if not arrays[MATRIX].shape[1]:
        raise archive.damaged("its vectors have no dimensions")
    matrix = _expanded(archive, MATRIX, SCALES)
    norms = arrays.get("norms")
    if norms is None:
        norms = _norms(archive, matrix)
    return VectorData(
        labels=StringArray(arrays["labels"], arrays["label_offsets"], arrays.get(LABEL_ORDER)),
        matrix=matrix,
        counts=arrays.get("counts"),
        norms=norms,
        config=archive.parameters,
        subwords=_subwords(archive),
        tokenizer=_tokenizer(archive),
        source=MappedFile(archive.path, archive.file.mapped),
        check=partial(_check_columns, archive),
    )


def _as_bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def _tokenizer(archive: Archive) -> str | None:
    """The tokenizer that texts are cut by, if the file has one."""
    raw = archive.arrays.get(TOKENIZER)
    if raw is None:
        return None
    with archive.decoding():
        return raw.tobytes().decode()


def _sizes(subwords: SubwordVectors) -> dict[str, int]:
    return {"min_n": subwords.min_n, "max_n": subwords.max_n, "bucket": subwords.bucket}


def _subwords(archive: Archive) -> SubwordVectors | None:
    """The vectors of n-grams, if the file has some."""
    arrays = archive.arrays
    names = {SUBWORD_MATRIX, SUBWORD_BUCKETS} & arrays.keys() | {SUBWORDS} & archive.state.keys()
    if not names:
        return None
    if len(names) < 3:
        raise archive.damaged(f"of its subwords it only has {', '.join(sorted(names))}")
    with archive.decoding():
        return SubwordVectors(
            arrays[SUBWORD_BUCKETS],
            _expanded(archive, SUBWORD_MATRIX, SUBWORD_SCALES),
            **archive.state[SUBWORDS],
        )


def _expanded(archive: Archive, name: str, scales_name: str) -> NDArray[np.float32]:
    """A matrix in single precision: mapped if it is stored so, read if it is not."""
    values = archive.arrays[name]
    scales = archive.arrays.get(scales_name)
    if (values.dtype == DTYPES["int8"]) != (scales is not None):
        raise archive.damaged(f"{name!r} is {values.dtype}, which does not go with its scales")
    if scales is not None and not np.isfinite(scales).all():
        raise archive.damaged(f"a number of {scales_name!r} is not finite")
    return expand(CompactMatrix(values, scales))


def _norms(archive: Archive, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    try:
        return query.row_norms(matrix)
    except ParameterError as error:
        raise archive.damaged(str(error)) from None


def _check_columns(archive: Archive) -> None:
    """Look at all that is one number or one word per row; the vectors themselves are not touched.

    Raises:
        FileFormatError: a checksum or a value is wrong.
    """
    arrays = archive.arrays
    archive.file.verify(archive.prefix + name for name in COLUMNS if name in arrays)
    with archive.decoding():
        check_offsets(arrays["label_offsets"], len(arrays["labels"]), "labels")
    norms = arrays.get("norms", np.zeros(0, np.float32))
    is_sound = (norms >= 0) & np.isfinite(norms)
    if not is_sound.all():
        row = int(np.argmin(is_sound))
        raise archive.damaged(f"the norm of row {row:,} is {norms[row]}")
    counts = arrays.get("counts")
    if counts is not None and (counts < 0).any():
        raise archive.damaged(
            f"the word of row {int(np.argmax(counts < 0)):,} has a negative count"
        )


FORMAT = Format(
    is_safetensors,
    load,
    save,
    suffixes=(".safetensors",),
    dtypes=tuple(DTYPES),
    is_compressible=False,  # mapped
    keeps_subwords=True,
)
